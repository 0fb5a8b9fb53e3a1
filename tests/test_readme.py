"""The README says what the code does."""

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


def test_paths_it_names_exist() -> None:
    """Files in links and pictures."""
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", README):
        assert (ROOT / target).exists(), target
