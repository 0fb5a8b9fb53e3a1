"""The timeline: where every bar, mark and tick stands. Pure arithmetic; a template turns it into SVG.

No two texts may touch, so marks that would are moved to another row, and those that find none share one mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from webapp.store.lab_requests import Life, Record
from webapp.web.lab.board import kind_of

WIDTH, MARGIN = 640, 14
MARK, ROWS = 24, 2
LONGEST_PAST, SHORTEST_PAST = 900, 30
STEPS = (5, 10, 15, 30, 60, 120, 300, 600)
EVERYDAY = ("case-4", "other")
LABEL_WIDTH = 34
"""Pixels a bar must have to carry its label."""


class Bar(NamedTuple):
    kind: str
    generation: int
    x: float
    width: float
    live: bool
    goes_on: bool
    """It ends beyond the right edge."""
    start: int
    end: int

    @property
    def label(self) -> str | None:
        return f"{self.kind[0]}{self.generation}" if self.width >= LABEL_WIDTH else None


@dataclass(slots=True)
class Mark:
    """One request, or several that stand too close to be told apart."""

    x: float
    row: int
    kind: str
    count: int = 1


@dataclass(slots=True)
class Timeline:
    now: int
    start: int
    end: int
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    ticks: list[tuple[float, int]] = field(default_factory=list)
    width: int = WIDTH

    @property
    def scale(self) -> float:
        """Pixels a second."""
        return (WIDTH - 2 * MARGIN) / (self.end - self.start)

    def x(self, at: int) -> float:
        return round(MARGIN + (at - self.start) * self.scale, 1)

    @property
    def now_x(self) -> float:
        return self.x(self.now)


def draw(records: Sequence[Record], now: int, *, foresee: int) -> Timeline:
    """Lay out requests (newest first) and their tokens around `now`. `foresee`: seconds of an access token's life."""
    oldest = min((record.at for record in records), default=now)
    past = min(max(now - oldest + 8, SHORTEST_PAST), LONGEST_PAST)
    line = Timeline(now, now - past, now + min(max(past // 2, 25), foresee))
    oldest_first = list(reversed(records))
    line.bars = [
        *_bars(line, "access", [(record.at, record.access_token) for record in oldest_first]),
        *_bars(line, "refresh", [(record.at, record.refresh_token) for record in oldest_first]),
    ]
    _place(line, [record for record in oldest_first if record.at >= line.start])
    step = next((s for s in STEPS if (line.end - line.start) / s <= 8), 900)
    first = line.start + 4 + (-(line.start + 4)) % step
    line.ticks = [(line.x(at), at) for at in range(first, line.end - 3, step)]
    return line


def _bars(line: Timeline, kind: str, seen: Sequence[tuple[int, Life | None]]) -> list[Bar]:
    # Two answers of the same token are one bar; it ends when it expires, or when another one takes its place.
    tokens: list[tuple[int, Life]] = []
    for at, life in seen:
        if life is not None and (not tokens or tokens[-1][1] != life):
            tokens.append((at, life))
    bars = []
    reached = 0
    for index, (_first, (generation, issued, expiry)) in enumerate(tokens):
        replaced = tokens[index + 1][0] if index + 1 < len(tokens) else None
        start = max(issued, reached)
        end = expiry if replaced is None else min(expiry, replaced)
        reached = max(end, reached)
        if end <= start or end <= line.start:
            continue
        left, right = line.x(max(start, line.start)), line.x(min(end, line.end))
        live = replaced is None and expiry > line.now
        # A gap of two pixels between neighbours, so that one is not taken for the other.
        bars.append(Bar(kind, generation, left, max(right - left - 2, 2), live, end > line.end, start, end))
    return bars


def _place(line: Timeline, records: Sequence[Record]) -> None:
    # Requests that reissued or ended something come first. Where room is short, the everyday ones stand together.
    for record in sorted(records, key=lambda record: kind_of(record) in EVERYDAY):
        x = line.x(record.at)
        kind = kind_of(record)
        free = next((row for row in range(ROWS) if _has_room(line, row, x)), None)
        if free is not None:
            line.marks.append(Mark(x, free, kind))
            continue
        alike = [mark for mark in line.marks if mark.kind == kind] or line.marks
        min(alike, key=lambda mark: abs(mark.x - x)).count += 1
    line.marks.sort(key=lambda mark: (mark.x, mark.row))


def _has_room(line: Timeline, row: int, x: float) -> bool:
    return all(mark.row != row or abs(mark.x - x) >= MARK + 3 for mark in line.marks)
