"""What `flask doctor` has to say of one thing."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

MAKE_SEALING_KEY = "once every host runs this release, run: flask --app wsgi keys rotate --purpose factors"
"""What to do where the key ring seals no secrets. An earlier release refuses a ring that does."""


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
