"""The tour: six steps beside the board. Which one, is in the address, so that it works without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask import request

from webapp.store.lab_requests import Record
from webapp.web.lab.board import kind_of

STEPS = ("case-4", "case-2", "case-3", "theft", "case-1", "proved")
"""What each step shows, in order."""


class Step(NamedTuple):
    """Where the reader is in the tour."""

    number: int
    done: frozenset[int]
    """Steps whose case has been seen since the history began."""


def step_asked_for(requests: Sequence[Record]) -> Step | None:
    """The step named by `?step=`; None where there is no tour."""
    asked = request.args.get("step", "")
    if asked not in {str(number) for number in range(1, len(STEPS) + 1)}:
        return None
    # The case of a control's own request is no merit of the reader's, unless it was sent to see just that.
    seen = {kind_of(record) for record in requests if not record.lever}
    seen |= {"proved" for record in requests if record.lever.startswith("proved")}
    return Step(int(asked), frozenset(number for number, kind in enumerate(STEPS, start=1) if kind in seen))
