"""No honest session ends, nothing lives after a logout, nobody shares a session, and no copy becomes fresh.

In every reachable state, of one honest browser (I1 to I4) or of an owner and a thief (I5), with step-ups (I6, I7).

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
    "step-ups, one at once": ({"one": True, "most": 2, "step_up": True}, 4_000),
    "step-ups, two at once": ({"tabs": 2, "most": 1, "step_up": True}, 19_000),
}
LONGER: tuple[dict[str, Any], ...] = (
    {"tabs": 2, "most": 5, "case3": True},
    {"tabs": 3, "most": 2, "case3": True},
    {"tabs": 3, "most": 2, "case3": True, "skew": True},
    {"tabs": 4, "most": 2},
    {"tabs": 2, "most": 1, "case3": True, "skew": True, "step_up": True},
    {"tabs": 3, "most": 1, "step_up": True},
    {"tabs": 3, "most": 1, "case3": True, "step_up": True},
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
    "any access confirms": ({}, "I4"),  # the abandoned successor's token confirms its better, whatever its `iat`
    "abandoned never renews": ({}, "I4"),  # it is asked to log in even while nobody has used its better
    "as first decided": ({}, "I4"),  # the same, and its access token goes on opening everything
    "clears the abandoned": ({}, "I4"),  # served with a valid access token, and the refresh cookie taken away
    "step-up rotates at once": ({"step_up": True}, "I1"),  # whether the refresh token was confirmed long ago or not
    "step-up rotates within the skew": ({"step_up": True, "skew": True}, "I1"),  # confirmed long ago, by this clock
    "step-up forgets the logout": (
        {"step_up": True},
        "I2",
    ),  # the proof's UPDATE does not ask whether the session lives
}
BROKEN_SHARED = (
    "no fork",  # the successor goes out again however late
    "as first decided",
    "abandoned access opens",  # the thief forks his own successor and watches with the first one's access token
    "access by the clock",  # redelivered and in-grace access tokens live their full life from now
    "log-in clears first",  # the login page takes the cookies away, so the login ends no session
)
BROKEN_STEP_UP = {
    "inherits from the row": "I6",  # a reissued token says when the row was last proved, whoever asks
    "fresh by the row": "I6",  # the row decides, and not the token that is presented
    "reissue forgets the proof": "I7",  # the owner is asked again after every refresh
}


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


@pytest.mark.parametrize(("most", "proofs", "turns"), [(1, 1, 7), (1, 2, 9), (2, 1, 9)])
def test_no_copy_becomes_fresh(most: int, proofs: int, turns: int) -> None:
    """I6, I7: the owner steps up, and only the owner gets fresh tokens; I5 holds, with some more turns."""
    with rules(most) as ours:
        states, _steps, found = share(Shared(ours, proofs=proofs))
    assert states > 3_000, "the walk got nowhere"
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


@pytest.mark.parametrize("name", BROKEN_STEP_UP)
def test_broken_rules_of_freshness_are_found(name: str) -> None:
    """Else the walk would prove nothing."""
    with rules(1, name) as ours, pytest.raises(Broken, match=BROKEN_STEP_UP[name]):
        share(Shared(ours, proofs=1))


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
    for most, proofs in ((1, 1), (1, 2), (2, 1), (3, 1), (2, 2), (5, 1)):
        with rules(most) as ours:
            states, steps, turns = share(Shared(ours, proofs=proofs))
        print(
            f"{most} forks, a thief, {proofs} step-ups: I5 to I7 hold in {states:,} states, {steps:,} steps; "
            f"at most {turns} turns"
        )
    print(f"{time.time() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(everything())
