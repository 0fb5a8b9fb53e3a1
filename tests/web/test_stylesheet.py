"""The one stylesheet: nothing in it is dead, and it does not grow without end."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STYLES = ROOT / "static/css/tokenroom.css"
MOST_BYTES = 82_514
"""A page is read on phones, so an old component has to give the room that a new one needs."""


def sources() -> str:
    files = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "static/js").glob("*.js"),
        *(ROOT / "webapp/web").rglob("*.py"),
    ]
    return "\n".join(path.read_text() for path in files)


def test_each_class_is_used_somewhere() -> None:
    """In a template, a script or a view; or with a beginning that a template completes (`case-{{ number }}`)."""
    text = sources()
    rules = re.sub(r"/\*.*?\*/", "", STYLES.read_text(), flags=re.DOTALL)
    classes = {name for rule in re.findall(r"([^{};]+)\{", rules) for name in re.findall(r"\.([a-zA-Z][\w-]*)", rule)}
    begun = tuple(set(re.findall(r"([a-z]+-)(?:\{\{|' ~|\" ~|\$\{)", text)))
    dead = {
        c for c in classes if not re.search(rf"(?<![\w-]){re.escape(c)}(?![\w-])", text) and not c.startswith(begun)
    }
    assert len(classes) > 150
    assert dead == set()


def test_it_stays_small() -> None:
    """The stylesheet is not larger than its limit."""
    assert len(STYLES.read_bytes()) <= MOST_BYTES
