"""Korean is complete: every text in the code and the templates has a translation, compiled."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
KOREAN = ROOT / "webapp/translations/ko/LC_MESSAGES"
METHODS = [("webapp/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}


def messages() -> set[str]:
    found = set()
    for *_, message, _comments, _context in extract_from_dir(str(ROOT), METHODS, keywords=KEYWORDS):
        found.add(message if isinstance(message, str) else message[0])
    return found - {""}


def test_every_text_is_translated() -> None:
    """Each message in the sources has a Korean translation that is not fuzzy."""
    with (KOREAN / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="ko")
    translated = {
        (entry.id if isinstance(entry.id, str) else entry.id[0])
        for entry in catalog
        if entry.id and entry.string and not entry.fuzzy
    }
    wanted = messages()
    assert len(wanted) > 100
    assert wanted - translated == set()


def test_the_compiled_catalog_is_the_written_one() -> None:
    """The compiled catalogue has the texts of the written one."""
    with (KOREAN / "messages.po").open("rb") as po, (KOREAN / "messages.mo").open("rb") as mo:
        written, compiled = read_po(po, locale="ko"), read_mo(mo)
    assert texts(compiled) == texts(written)


def texts(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Text (the singular of a plural) -> translations."""
    return {
        entry.id if isinstance(entry.id, str) else entry.id[0]: (
            (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
        )
        for entry in catalog
        if entry.id and entry.string
    }


def test_placeholders_survive_translation() -> None:
    """Each translation has the placeholders of its message."""
    with (KOREAN / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="ko")
    for entry in catalog:
        if not entry.id:
            continue
        source = entry.id if isinstance(entry.id, str) else entry.id[1]
        target = entry.string if isinstance(entry.string, str) else entry.string[0]
        names = re.compile(r"%\((\w+)\)")
        assert set(names.findall(source)) == set(names.findall(target)), source


def test_no_particle_follows_a_bracket() -> None:
    """A browser may break the line between the two, whatever the stylesheet says of Korean, so no line may begin with
    a particle there."""
    with (KOREAN / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="ko")
    shown = [unescape(re.sub(r"%\(\w+\)s", "0", text)) for told in texts(catalog).values() for text in told]
    assert [text for text in shown if re.search(r"[)\]>}′_]`?[가-힣]", text)] == []
