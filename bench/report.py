"""The figures as a table and a chart. Only what stands between the marks of docs/performance.md is replaced."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from bench import own_pages

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- figures: written by ./dev bench -->", "<!-- end of figures -->"


PAGES = {
    "templates": "A signed-in page of 2 kB, from a template",
    "pages": "The same as plain text, without a template",
}


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = [f"Machine: {found['machine']}."]
    bare = f"bare pages of {found['templates']['bare page']['cpu']:.0f} µs" if "templates" in found else "bare pages"
    for kind, words in PAGES.items():
        if kind not in found:
            continue
        lines += ["", f"**{words}** (1.00 is the page without any authentication)", ""]
        lines += ["| | requests per second, ratio | processor time, ratio | µs of it | requests per second |"]
        lines += ["|---|---|---|---|---|"]
        ranked = sorted(found[kind].items(), key=lambda item: -item[1]["cpu_ratio"])
        for name, page in ranked:
            lines.append(
                f"| {_bold(name)} | {page['rate_ratio']:.2f} | {page['cpu_ratio']:.2f} | {page['cpu']:.0f} "
                f"| {page['rate']:.0f} |"
            )
    if "refreshes" in found:
        lines += ["", f"**A refresh**, in {bare} of processor time (less is better; ours includes the page)", ""]
        lines += ["| | processor time | time on the wire |", "|---|---|---|"]
        for name, cost in sorted(found["refreshes"].items(), key=lambda item: item[1]["cpu"]):
            lines.append(f"| {_bold(name)} | {cost['cpu']:.1f} | {cost['wall']:.1f} |")
    if "account" in found:
        lines += ["", f"**Our own account page, with its forms**, in {bare} of processor time", ""]
        lines += ["| | processor time | time on the wire | µs of processor time |", "|---|---|---|---|"]
        for name, cost in found["account"].items():
            lines.append(f"| {name} | {cost['cpu']:.1f} | {cost['wall']:.1f} | {cost['micro']:.0f} |")
    if "own_pages" in found:
        lines += [
            "",
            "**Our own pages, inside one process**, without a server",
            "",
            *own_pages.table(found["own_pages"]),
        ]
    if "log_ins" in found:
        lines += ["", "**A login** (argon2id, 19 MiB, twice)", ""]
        lines += ["| | ms of processor time | of that the hash |", "|---|---|---|"]
        for name, cost in found["log_ins"].items():
            lines.append(f"| {name} | {cost['cpu']:.1f} | {cost['hash']:.1f} |")
    if "start" in found:
        start = found["start"]
        lines += ["", "**A worker**: "
                  f"first answer {start['seconds']:.2f} s after the start of gunicorn; {start['rss']:.0f} MB resident, "
                  f"{start['pss']:.0f} MB of them its own share."]  # fmt: skip
    for kind, name in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        if f"commits_{kind}" in found:
            c = found[f"commits_{kind}"]
            lines += ["", f"**{name}**: {c['commits']:.0f} commits per second of one bare UPDATE; "
                      f"{c['rotations']:.0f} whole rotations (verify, SELECT, UPDATE, commit, sign): "
                      f"{c['rotations'] / c['commits']:.2f} of it."]  # fmt: skip
            lines += ["", "| sessions in the table | µs per look-up | µs per rotation, durable |", "|---|---|---|"]
            for size, lookup, rotation in found[f"growth_{kind}"]:
                lines.append(f"| {size:,} | {lookup * 1e6:.0f} | {rotation * 1e6:.0f} |")
    return "\n".join(lines) + "\n"


def _bold(name: str) -> str:
    return f"**{name}**" if name.startswith("Tokenroom") else name


def write(text: str, found: dict[str, Any]) -> None:
    """Put the table between its marks, and the chart beside it."""
    document = DOCS / "performance.md"
    before, _, rest = document.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", "utf-8")
    (DOCS / "performance.svg").write_text(chart(found["templates"]), "utf-8")


def chart(pages: dict[str, dict[str, float]]) -> str:
    """Bars of processor time relative to the bare page; readable on light and dark ground."""
    ranked = sorted(pages.items(), key=lambda item: -item[1]["cpu_ratio"])
    row, left, width = 30, 400, 400
    height = row * len(ranked) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>Pages for the same processor time, as a ratio to the page without authentication</title>",
        "<style>text{fill:#1f2328}.own{fill:#0f766e}.peer{fill:#8c959f}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.own{fill:#2dd4bf}.peer{fill:#6e7681}}</style>",
        '<text x="10" y="22" font-weight="600">Pages for the same processor time (bare page = 1.00)</text>',
    ]
    for number, (name, page) in enumerate(ranked):
        top = 40 + number * row
        kind = "own" if name.startswith("Tokenroom") else "peer"
        bar = page["cpu_ratio"] * width
        weight = ' font-weight="600"' if kind == "own" else ""
        parts.append(f'<text x="{left - 8}" y="{top + 14}" text-anchor="end"{weight}>{escape(name)}</text>')
        parts.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{bar:.1f}" height="20" rx="3"/>')
        parts.append(f'<text x="{left + bar + 6:.1f}" y="{top + 14}">{page["cpu_ratio"]:.2f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
