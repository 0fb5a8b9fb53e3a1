"""No honest session ends, nothing lives after a logout, and nobody shares a session: in every reachable state.

python -m tests.model.test_exploration     walks further, for minutes: up to four requests at once, five forks
"""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from tests.support.model.honest import Honest, walk
from tests.support.model.rules import Broken, rules
from tests.support.model.shared import Shared, share

RUNS: dict[str, tuple[dict[str, Any], int]] = {
    "one at once": ({"one": True, "most": 5}, 11_478),
    "two at once, case 3, skew": ({"tabs": 2, "most": 1, "case3": True, "skew": True}, 18_000),
    "three at once": ({"tabs": 3, "most": 1}, 20_000),
}
LONGER: tuple[dict[str, Any], ...] = (
    {"tabs": 2, "most": 5, "case3": True},
    {"tabs": 3, "most": 2, "case3": True},
    {"tabs": 3, "most": 2, "case3": True, "skew": True},
    {"tabs": 4, "most": 2},
)
BROKEN_HONEST: dict[str, tuple[dict[str, Any], str]] = {
    "grace by clock": ({}, "I1"),  # the parent is honest for some seconds after the rotation, seen or not
    "no rule for slow views": ({"case3": True}, "I1"),  # a view longer than the grace hands out what the row says
    "abandoned is reuse": ({}, "I1"),  # an abandoned successor counts as the parent for ever
    "no skew in the grace": ({"skew": True}, "I1"),  # another host's clock decides, to the second
    "rotates at the door": ({}, "I1|I2"),  # the rotation comes before the view, its answer after it
    "exit forgets the logout": ({}, "I2"),  # nobody looks again after the view
    "fork without revoked": ({}, "I2"),  # the fork's UPDATE lacks a condition
    "fork without jti": ({}, "I3"),
    "fork without confirmed": ({}, "I5"),
    "confirmation without jti": ({}, "I4"),  # SELECT, then another request forks, then the UPDATE
    "any access confirms": ({}, "I4"),  # whatever its `iat`, the abandoned successor's token confirms its better
    "abandoned never renews": ({}, "I4"),  # it is asked to log in even while nobody has used its better
    "as first decided": ({}, "I4"),  # the same, and its access token goes on opening everything
    "clears the abandoned": ({}, "I4"),  # served with a valid access token, and the refresh cookie taken away
}
BROKEN_SHARED = (
    "no fork",  # the successor goes out again however late
    "as first decided",
    "abandoned access opens",  # the thief forks his own successor and watches with the first one's access token
    "access by the clock",  # redelivered and in-grace access tokens live their full life from now
    "log-in clears first",  # the login page takes the cookies away, so the login ends no session
)


@pytest.mark.parametrize(("options", "at_least"), RUNS.values(), ids=RUNS)
def test_no_honest_session_ends_and_nothing_lives_after_a_logout(options: dict[str, Any], at_least: int) -> None:
    """I1 to I4: any number of generations, lost and late answers, slow views, forks, two hosts' clocks."""
    with rules(options["most"]) as ours:
        states, _steps = walk(Honest(ours, **options))
    assert states >= at_least, "the walk got nowhere"


@pytest.mark.parametrize(("most", "turns"), [(1, 4), (2, 5)])
def test_nobody_shares_a_session(most: int, turns: int) -> None:
    """I5: without luck in every generation, owner and thief take turns a few times and then one of them is out."""
    with rules(most) as ours:
        states, _steps, found = share(Shared(ours))
    assert states > 500, "the walk got nowhere"
    assert found == turns


@pytest.mark.parametrize("name", BROKEN_HONEST)
def test_broken_rules_for_one_browser_are_found(name: str) -> None:
    """Else the walk would prove nothing."""
    options, invariants = BROKEN_HONEST[name]
    with rules(2, name) as ours, pytest.raises(Broken, match=invariants):
        walk(Honest(ours, most=2, **options))


@pytest.mark.parametrize("name", BROKEN_SHARED)
def test_broken_rules_against_a_thief_are_found(name: str) -> None:
    """Else the walk would prove nothing."""
    with rules(2, name) as ours, pytest.raises(Broken, match="I5"):
        share(Shared(ours))


def everything() -> None:
    began = time.time()
    for options in (RUNS["one at once"][0], *LONGER):
        with rules(options["most"]) as ours:
            model = Honest(ours, **options)
            states, steps = walk(model)
        print(f"{options}: I1 to I4 hold in {states:,} states, {steps:,} steps; logins: {dict(model.log_ins)}")
    for most in (1, 2, 3, 5):
        with rules(most) as ours:
            states, steps, turns = share(Shared(ours))
        print(f"{most} forks, a thief: I5 holds in {states:,} states, {steps:,} steps; at most {turns} turns")
    print(f"{time.time() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(everything())
