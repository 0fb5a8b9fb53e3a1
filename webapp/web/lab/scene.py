"""What an act of the theatre leaves to be drawn and told, and where everything stands in its drawing.

Pure arithmetic; a template turns it into SVG twice: time runs from left to right and, for phones, from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Hit(NamedTuple):
    """One request: in lane `lane`, sent at `sent`, answered at `answered` (both in beats)."""

    lane: int
    sent: float
    answered: float
    kind: str
    line: int
    """Line of the story that tells of it, from 1: it appears with it."""
    lost: bool = False
    """The answer never arrived."""
    answer_line: int = 0
    """Line that tells of its answer, where a later one does: such a request asks the row early, and waits."""


class Copy(NamedTuple):
    """Tokens that are copied from one lane to another."""

    source: int
    target: int
    at: float
    words: str
    line: int


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
    copies: list[Copy] = field(default_factory=list)
    story: list[tuple[str, str]] = field(default_factory=list)
    """Lines: how each is marked (kind), and its sentence."""
    verdict: str = ""
    as_expected: bool = False
    beats: float = 4.0
    notice: str = ""
    """Name of the notice that the login page showed; empty where nobody was sent there."""


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float


class DrawnHit(NamedTuple):
    kind: str
    line: int
    bar: Box
    mark: tuple[float, float]
    told: tuple[float, float]
    """Where the number of its line is written."""
    asks: str
    """The arrow to the session row."""
    takes: str
    """The arrow back."""
    answer_line: int
    cross: tuple[float, float] | None
    """Where the answer was lost."""


class DrawnBand(NamedTuple):
    words: str
    ended: bool
    line: int
    box: Box
    text: tuple[float, float]


class DrawnCopy(NamedTuple):
    words: str
    line: int
    path: str
    text: tuple[float, float]


@dataclass(slots=True)
class Drawing:
    """One drawing. All numbers are pixels."""

    upright: bool
    width: float
    height: float
    lanes: list[tuple[str, float, float, str]]
    """Name, where it is written, and the lane's line."""
    row: tuple[float, float]
    """Where "Session row" is written."""
    hits: list[DrawnHit]
    bands: list[DrawnBand]
    copies: list[DrawnCopy]


def drawings(scene: Scene) -> tuple[Drawing, Drawing]:
    """The scene from left to right, and from top to bottom."""
    return _draw(scene, upright=False), _draw(scene, upright=True)


def _draw(scene: Scene, *, upright: bool) -> Drawing:
    count = len(scene.lanes)
    crowded = count > 4
    if upright:
        start, lane, first, beat, thick = (
            34.0,
            280 / count if crowded else 236 / count,
            4.0,
            96.0,
            14 if crowded else 20,
        )
        row = 292.0 if crowded else 256.0
        size = (352.0, start + scene.beats * beat + 8)
    else:
        start, lane, first, thick = 118.0, 28.0 if crowded else 50.0, 14.0, 18 if crowded else 22
        row = first + lane * count + 16
        beat = (960 - start - 14) / scene.beats
        size = (960.0, row + 40)

    def at(beats: float) -> float:
        return round(start + beats * beat, 1)

    def middle(number: int) -> float:
        return round(first + lane * (number + 0.5), 1)

    def point(time: float, across: float) -> tuple[float, float]:
        return (across, time) if upright else (time, across)

    def box(begin: float, end: float, edge: float, breadth: float) -> Box:
        along = round(end - begin, 1)
        return Box(edge, begin, breadth, along) if upright else Box(begin, edge, along, breadth)

    def arrow(time: float, source: float, target: float) -> str:
        (x, y), (to_x, to_y) = point(time, source), point(time, target)
        back = -5 if target > source else 5
        head = f"m{back} -4l{-back} 4l{back} 4" if upright else f"m-4 {back}l4 {-back}l4 {back}"
        return f"M{x} {y}L{to_x} {to_y}{head}"

    lanes = []
    for number, name in enumerate(scene.lanes):
        (x, y), (to_x, to_y) = point(start - 6, middle(number)), point(size[1 if upright else 0] - 6, middle(number))
        text = (x, 16.0) if upright else (14.0, y + 4.5)
        lanes.append((name, *text, f"M{x} {y}L{to_x} {to_y}"))
    hits = []
    for hit in scene.hits:
        across, sent, answered = middle(hit.lane), at(hit.sent), at(hit.answered)
        asked = round(sent + (answered - sent) * (0.2 if hit.answer_line else 0.5), 1)
        hits.append(
            DrawnHit(
                hit.kind,
                hit.line,
                box(sent, answered + 6, across - thick / 2, thick),
                point(sent, across),
                (across, sent + 27) if upright else (sent + (answered - sent) / 2 + 8, across + 4),
                arrow(asked, across + thick / 2, row - 2),
                arrow(answered - 4, row - 2, across + thick / 2 + 2),
                hit.answer_line or hit.line,
                point(answered + 6, across) if hit.lost else None,
            )
        )
    bands = []
    for band in scene.bands:
        begin, end = at(band.start), at(band.end) - 3
        lines = [hit.line for hit in scene.hits if hit.answered <= band.start]
        text = (row + 8, begin + 19) if upright else (begin + 10, row + 18)
        bands.append(
            DrawnBand(
                band.words,
                band.ended,
                max(lines, default=0),
                box(begin, end, row, 88 if upright and not crowded else 56 if upright else 28),
                text,
            )
        )
    copies = []
    for copy in scene.copies:
        (x, y), (to_x, to_y) = point(at(copy.at), middle(copy.source)), point(at(copy.at + 0.35), middle(copy.target))
        copies.append(DrawnCopy(copy.words, copy.line, f"M{x} {y}L{to_x} {to_y}", (to_x, to_y)))
    return Drawing(upright, *size, lanes, (row, 16.0) if upright else (14.0, row + 18), hits, bands, copies)
