"""The project's own rules, asked about abstract rows and tokens; and what breaks when one of them is changed.

A row is `(forks, confirmed, late, parent, ended)`. `late`: longer than the burst since its refresh token was made;
`parent`: the number of that successor of the generation before which was rotated. A refresh token is `(age, number)`:
how many generations it is behind, and which successor of its generation it is. An access token is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from tests.support.rows import session_row
from webapp.core import freshness, judgement, rotation, standing
from webapp.core.claims import AccessClaims, RefreshClaims, Verdict
from webapp.core.decision import Outcome, RefreshColumn, TokenState
from webapp.core.judgement import Judgement
from webapp.core.lifetimes import REDELIVERY_BURST, Lifetimes
from webapp.core.rotation import Grant
from webapp.core.session import SessionRow
from webapp.core.standing import Standing

Row = tuple[int, int, bool, int, bool]
Token = tuple[int, int]

NO, FRESH, OLD = 0, 1, 2
"""The current generation: not confirmed, confirmed within the grace, confirmed longer ago."""

GENERATION, START, GRACE, TTL = 10, 1_000_000, 10, 100_000
APART = 60
"""Seconds by which the clocks of two hosts may differ (PROTOCOL section 5)."""
LIFETIMES = Lifetimes(access_token=TTL, grace=GRACE)


class Broken(Exception):
    """An invariant does not hold."""


class Rules:
    """What the application says. `broken` names a change that must be found; `ahead`: this host's clock is."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.judge = cache(self._judge)
        self.hand_out = cache(self._hand_out)
        self.hand_out_proved = cache(self._hand_out_proved)

    def _judge(
        self,
        row: Row,
        refresh: Token,
        access: Token | None,
        gone: bool = False,
        ahead: bool = False,
        over: bool = False,
    ) -> Judgement:
        now = now_at(row, over)
        held, sent = access_claims(access), refresh_claims(refresh, now if gone else now + TTL)
        return judgement.judge(
            Verdict(TokenState.EXPIRED if access is None else TokenState.VALID, held),
            Verdict(TokenState.EXPIRED if gone else TokenState.VALID, sent),
            session(row, now, ahead),
            channel="web",
            now=now,
            lifetimes=LIFETIMES,
        )

    def _hand_out(
        self, outcome: Outcome, row: Row, refresh: Token, slow: bool = False, ahead: bool = False, over: bool = False
    ) -> Grant:
        now = now_at(row, over)
        if self.broken == "exit forgets the logout":
            row = (*row[:4], False)
        late = slow and self.broken != "no rule for slow views"
        judged_at = now - GRACE - 1 if late else now
        return rotation.hand_out(
            outcome,
            refresh_claims(refresh, now + TTL),
            session(row, now, ahead),
            judged_at=judged_at,
            now=now,
            lifetimes=LIFETIMES,
        )

    def _hand_out_proved(
        self,
        outcome: Outcome,
        column: RefreshColumn,
        row: Row,
        refresh: Token,
        slow: bool = False,
        ahead: bool = False,
        over: bool = False,
    ) -> Grant:
        now = now_at(row, over)
        return rotation.hand_out_proved(
            outcome,
            column,
            refresh_claims(refresh, now + TTL),
            session(row, now, ahead),
            judged_at=now - GRACE - 1 if slow else now,
            now=now,
            lifetimes=LIFETIMES,
        )


def made_at(number: int) -> int:
    """When a successor of the current generation was made: later ones later, and never two within a burst."""
    return START + number * (REDELIVERY_BURST + 1)


def now_at(row: Row, over: bool = False) -> int:
    """The time at which the row is `late` or not; `over`: at which the access token of its successor has ended."""
    return made_at(row[0]) + (TTL if over else REDELIVERY_BURST + 1 if row[2] else REDELIVERY_BURST)


def session(row: Row, now: int, ahead: bool) -> SessionRow:
    forks, confirmed, _late, parent, ended = row
    ages = {NO: None, FRESH: GRACE + (APART if ahead else 0), OLD: GRACE + APART + 1}
    age = ages[confirmed]
    return session_row(
        sid="s",
        user_id="u",
        expires_at=START + 10 * TTL,
        revoked_at=1 if ended else None,
        refresh_generation=GENERATION,
        refresh_jti=f"0.{forks}",
        previous_refresh_jti=f"1.{parent}",
        refresh_issued_at=made_at(forks),
        refresh_confirmed_at=None if age is None else now - age,
        refresh_forks=forks,
    )


@cache
def access_claims(token: Token | None) -> AccessClaims:
    age, number = token or (1, 0)
    made = made_at(number) if age == 0 else START - 100
    return AccessClaims("", "u", "", START + 9 * TTL, made, "", "", "", {}, "user", "s", GENERATION - age, 0)


def refresh_claims(token: Token, exp: int) -> RefreshClaims:
    age, number = token
    return RefreshClaims("", "u", "", exp, 0, f"{age}.{number}", "s", GENERATION - age)


@contextmanager
def rules(most: int, broken: str = "") -> Iterator[Rules]:
    """The rules with `most` forks a generation, and with what `broken` changes in them."""
    with ExitStack() as changed:
        changed.enter_context(patch.object(standing, "MOST_FORKS", most))
        for module, name, value in CHANGES.get(broken, ()):
            changed.enter_context(patch.object(module, name, value))
        yield Rules(broken)


def _classify(change: Callable[[Standing, int, SessionRow, int], Standing]) -> Any:
    real = standing.classify

    def changed(gen: int, jti: str, row: SessionRow, *, now: int, grace: int) -> Standing:
        return change(real(gen, jti, row, now=now, grace=grace), row.refresh_generation - gen, row, now)

    return changed


def _everywhere(function: Any) -> tuple[tuple[Any, str, Any], ...]:
    return (judgement, "classify", function), (rotation, "classify", function)


def _grace_by_clock(found: Standing, behind: int, row: SessionRow, now: int) -> Standing:
    if behind != 1 or found is Standing.ABANDONED:
        return found
    return Standing.SUPERSEDED if standing.is_in_burst(row, now) else Standing.REUSED


def _abandoned_is_reuse(found: Standing, behind: int, row: SessionRow, now: int) -> Standing:
    used = row.refresh_confirmed_at is not None
    return Standing.REUSED if found is Standing.ABANDONED and behind == 0 and used else found


def _never_renews(found: Standing, behind: int, row: SessionRow, now: int) -> Standing:
    return Standing.ABANDONED if behind == 0 and found is not Standing.CURRENT else found


def _counts_always(access: Verdict[AccessClaims], _standing: object, _row: object) -> TokenState:
    return access.state


def _any_confirms(access: Verdict[AccessClaims], found: Standing | None, row: SessionRow) -> bool:
    valid = access.state is TokenState.VALID and access.claims is not None
    return found is Standing.CURRENT or (valid and access.claims.gen == row.refresh_generation)  # type: ignore[union-attr]


_ALWAYS_IN_BURST = (rotation, "is_in_burst", lambda row, now: True), (standing, "is_in_burst", lambda row, now: True)

CHANGES: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    "grace by clock": _everywhere(_classify(_grace_by_clock)),
    "abandoned is reuse": _everywhere(_classify(_abandoned_is_reuse)),
    "no skew in the grace": ((standing, "SKEW", 0),),
    "any access confirms": ((judgement, "confirms", _any_confirms),),
    "abandoned never renews": _everywhere(_classify(_never_renews)),
    "as first decided": (*_everywhere(_classify(_never_renews)), (judgement, "counts", _counts_always)),
    "abandoned access opens": ((judgement, "counts", _counts_always),),
    "no fork": _ALWAYS_IN_BURST,
    "fresh by the row": (
        (freshness, "is_fresh", lambda token, row_auth_time, *, now, within: now - row_auth_time <= within),
    ),
    "reissue forgets the proof": ((freshness, "inherited", lambda token, created_at: created_at),),
    "step-up rotates at once": ((rotation, "rotates_early", lambda row, *, now, grace: True),),
    "step-up rotates within the skew": ((rotation, "SKEW", 0),),
}
"""Broken variants that are a change of one of our functions. Others are a change of the statements, or of the order."""
