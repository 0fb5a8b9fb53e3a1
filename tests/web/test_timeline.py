"""The lab's timeline: where there is no room for every mark, the everyday ones stand together."""

from __future__ import annotations

from webapp.store.lab_requests import Record
from webapp.web.lab.timeline import draw

NOW = 1_000_000


def record(at: int, access: str = "valid", outcome: str = "proceed") -> Record:
    return Record(
        at=at, method="GET", path="/", access=access, refresh="valid", standing="current", cell="current",
        outcome=outcome, what=None, generation_before=0, generation_after=0, cookies=[], microseconds=1,
    )  # fmt: skip


def test_what_reissued_keeps_its_mark_in_a_crowd() -> None:
    """Thirty requests within a few seconds, one of them case 2 and one a theft, neither of them first."""
    crowd = [record(NOW - 10 + n // 10) for n in range(30)]
    crowd[20] = record(NOW - 8, access="expired", outcome="rotate")
    crowd[25] = record(NOW - 8, outcome="reuse")
    marks = draw(list(reversed(crowd)), NOW, foresee=600).marks
    kinds = [mark.kind for mark in marks]
    assert kinds.count("case-2") == kinds.count("theft") == 1
    assert sum(mark.count for mark in marks) == 30
    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)


def test_marks_never_touch() -> None:
    """Two marks in one row are at least 24 units apart."""
    marks = draw([record(NOW - n) for n in range(60)], NOW, foresee=600).marks
    for one in marks:
        for other in marks:
            assert one is other or one.row != other.row or abs(one.x - other.x) >= 24
