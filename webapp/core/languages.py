"""Which of our languages a visitor reads, by what their browser says (RFC 4647 section 3.4, "lookup")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def look_up(wanted: Iterable[tuple[str, float]], ours: Sequence[str], default: str) -> str:
    """The first wish that one of `ours` fulfils, else `default`.

    `wanted`: language ranges with their quality, 0 to 1. A range fulfils itself by degrees: `ko-Kore-KR` asks for
    `ko-Kore` next, and for `ko` after that. A library that compares whole tags instead answers `ko-KR,en-US;q=0.9` in
    English. A language of quality 0 is never given, and `*` stands for the first of `ours` that is not refused.
    """
    ranges = [(_subtags(tag), quality) for tag, quality in wanted]
    refused = {"-".join(tag) for tag, quality in ranges if quality <= 0}
    welcome = [language for language in ours if language not in refused]
    for tag, quality in sorted(ranges, key=lambda wish: -wish[1]):
        if quality <= 0:
            continue
        if tag == ["*"]:
            return welcome[0] if welcome else default
        while tag:
            if "-".join(tag) in welcome:
                return "-".join(tag)
            tag = tag[:-1]
            if tag and len(tag[-1]) == 1:  # what a single letter introduces means nothing without it
                tag = tag[:-1]
    return default


def _subtags(tag: str) -> list[str]:
    return tag.strip().lower().replace("_", "-").split("-")
