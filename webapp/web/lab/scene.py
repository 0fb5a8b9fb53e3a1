"""What an act of the theatre leaves to be drawn and told: lanes, requests, the session row beneath them, a story."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Hit(NamedTuple):
    """One request in the drawing: in lane `lane`, sent at `sent`, answered at `answered` (both in beats)."""

    lane: int
    sent: float
    answered: float
    kind: str
    number: int | str
    lost: bool = False


class Band(NamedTuple):
    """What the session row held, from one beat to another."""

    start: float
    end: float
    words: str
    ended: bool = False


@dataclass(slots=True)
class Scene:
    """What happened, ready to be told and drawn."""

    lanes: list[str]
    hits: list[Hit] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    story: list[tuple[str, str]] = field(default_factory=list)
    """Steps: how each is marked (kind), and its sentence."""
    verdict: str = ""
    as_expected: bool = False
    beats: float = 4.0
