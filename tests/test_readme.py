"""The README says what the code does, and no document names a file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from webapp.core.decision import FOUR_CASES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_four_cases() -> None:
    """The table of the README is the table of the code."""
    rows = re.findall(r"^\|\s*(\d)\s*\|\s*([\w ]+?)\s*\|\s*([\w ]+?)\s*\|\s*(.+?)\s*\|\s*$", README, re.MULTILINE)
    assert [(int(number), access, refresh, action) for number, access, refresh, action in rows[:4]] == [
        (case.number, case.access.value, case.refresh.value, case.action) for case in FOUR_CASES
    ]


def test_paths_the_documents_name_exist() -> None:
    """Files in links and pictures, from the folder of the document that names them."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "tests" / "README.md"]
    for document in documents:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_tests_the_documents_name_exist() -> None:
    """A document that says what a test shows names one that is there: `folder/test_file.py::test_name`."""
    named = 0
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for file, name in re.findall(r"([\w/]+\.py)::(\w+)", document.read_text("utf-8")):
            path = ROOT / "tests" / file
            assert path.exists(), f"{document.name}: {file}"
            assert re.search(rf"^ *def {name}\(", path.read_text("utf-8"), re.MULTILINE), (
                f"{document.name}: {file}::{name}"
            )
            named += 1
    assert named > 30
