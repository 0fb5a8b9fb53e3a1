"""What `flask doctor` has to say of one thing."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Grade(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    FAILING = "failing"


class Finding(NamedTuple):
    """One line of the report."""

    grade: Grade
    topic: str
    words: str
    remedy: str = ""
