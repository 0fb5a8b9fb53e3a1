"""A session whose every refresh is asked for twice is counted; ordinary tabs are not."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import SetClock
from webapp.store.shared_sessions import RUN, count_always_redelivered, longest_run

DAY = 24 * 3600


@pytest.mark.parametrize(("numbers", "length"), [(set(), 0), ({4}, 1), ({1, 2, 3, 9}, 3), ({5, 1, 3}, 1)])
def test_longest_run(numbers: set[int], length: int) -> None:
    """The longest run of successive numbers is found."""
    assert longest_run(numbers) == length


def test_only_sessions_that_are_always_redelivered_are_counted(app: Flask, person: Browser, clock: SetClock) -> None:
    """Twenty generations in a row; one fewer is nothing, and a day later it is forgotten."""
    counts = []
    for number in range(RUN + 1):
        clock.advance(601)
        copy = person.another_tab()
        copy.get("/test/me")
        person.get("/test/me")
        if number >= RUN - 2:
            with app.app_context():
                counts.append(count_always_redelivered(clock()))
    assert counts == [0, 1, 1]
    assert "tokenroom_sessions_always_redelivered 1.0" in person.get("/metrics").text
    clock.advance(DAY)
    with app.app_context():
        assert count_always_redelivered(clock()) == 0
