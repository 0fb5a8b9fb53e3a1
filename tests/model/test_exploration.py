"""Every interleaving of requests, answers, losses, pauses and a thief, through the project's own rules.

The row is in memory; `judge`, `hand_out` and `classify` are the application's. Time is abstract: what is on the wire
takes less than the grace, a view may take for ever, and lifetimes are longer than the grace.

Checked in every reachable state
    honest   as long as no thief has used anything, no request of a live session is theft, unknown, or sent to log in
             before its refresh token's own end; and no late answer puts an older refresh token into the browser
    log-out  whatever is under way at the moment of a log-out is refused at the door, or handed nothing after its view
    thief    once the thief has used the stolen pair, and both go on using what they hold, one of them is found out
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest

from tests.support.rows import session_row
from webapp.core.claims import AccessClaims, RefreshClaims, Verdict
from webapp.core.decision import SERVED, Outcome, TokenState
from webapp.core.judgement import Judgement, judge
from webapp.core.lifetimes import Lifetimes
from webapp.core.rotation import REFRESHING, Grant, Refreshed, hand_out
from webapp.core.session import SessionRow
from webapp.core.standing import Standing, classify

NOW, GRACE, WINDOW = 1_000_000, 10, 600
LIFETIMES = Lifetimes(access_token=WINDOW, grace=GRACE)
OWNER, THIEF = 0, 1
NOTHING = -1
BASE = 3
"""Generations that are told apart: the row's and its three ancestors."""
UNSEEN, FRESH, OVER = 0, 1, 2
"""The current generation: not confirmed · confirmed within the grace · confirmed longer ago."""
CONFIRMED_AT = {UNSEEN: None, FRESH: NOW, OVER: NOW - GRACE - 1}


class Row(NamedTuple):
    gen: int = 0
    seen: int = OVER
    expired: int = -1
    """Refresh tokens up to this generation have passed their `exp`."""
    settled: int = 0
    """Refresh tokens up to this generation may expire: they were issued longer ago than anything stays on the wire and
    than any access token older than them lives. -1: one has just expired, and the next was not born at that moment."""

    def rotated(self) -> Row:
        return self._replace(gen=self.gen + 1, seen=UNSEEN)


class Jar(NamedTuple):
    """What a browser holds, and what a request carries."""

    refresh: int = 0
    access: int = 0
    alive: bool = True
    born: int = -1
    """`Row.expired` when the access token was issued: is it older than a refresh token's end?"""
    under: int = 0
    """`Row.gen` when the access token was issued."""


class View(NamedTuple):
    who: int
    outcome: Outcome
    at_door: Standing
    refresh: int
    slow: bool = False
    rotated: bool = False
    """Only where a broken variant rotates at the door."""


class Answer(NamedTuple):
    who: int
    refresh: int
    """Generation, or NOTHING."""
    access: int
    born: int
    under: int


class State(NamedTuple):
    row: Row = Row()
    owner: Jar = Jar()
    thief: Jar | None = None
    used: bool = False
    """The thief has sent something that the server answered."""
    requests: tuple[tuple[int, Jar], ...] = ()
    views: tuple[View, ...] = ()
    answers: tuple[Answer, ...] = ()


@cache
def record(gen: int, seen: int, revoked: bool) -> SessionRow:
    return session_row(
        sid="s",
        user_id="u",
        expires_at=NOW + 10_000,
        revoked_at=NOW if revoked else None,
        refresh_generation=gen,
        refresh_jti=f"jti {gen}",
        refresh_confirmed_at=CONFIRMED_AT[seen],
        previous_refresh_jti=f"jti {gen - 1}" if gen else None,
    )


def end_of(refresh: int) -> int:
    """`exp` of a generation's refresh token, on a scale on which later generations end later."""
    return NOW - 100 + 10 * refresh


class Rules:
    """The application's rules on a row in memory. Broken variants override one method."""

    rotates_at_the_door = False

    def record(self, row: Row, revoked: bool) -> SessionRow:
        return record(row.gen, row.seen, revoked)

    def late(self, slow: bool) -> bool:
        return slow

    def confirms(self, judgement: Judgement) -> bool:
        return judgement.confirms

    def door(self, row: Row, sent: Jar, revoked: bool = False) -> Judgement:
        refresh = TokenState.EXPIRED if sent.refresh <= row.expired else TokenState.VALID
        return judge(
            Verdict(TokenState.VALID if sent.alive else TokenState.EXPIRED, access_claims(sent.access, sent.born)),
            Verdict(refresh, refresh_claims(sent.refresh)),
            self.record(row, revoked),
            channel="web",
            now=NOW,
            lifetimes=LIFETIMES,
        )

    def exit(self, row: Row, view: View, revoked: bool = False) -> Grant:
        current = view.refresh == row.gen and not revoked  # the condition of the one UPDATE
        now = self.record(row, revoked)
        return hand_out(
            view.outcome,
            rotated=view.rotated or (view.at_door is Standing.CURRENT and current),
            live=now.is_live(NOW),
            late=self.late(view.slow),
            standing=classify(view.refresh, f"jti {view.refresh}", now, now=NOW, grace=GRACE),
        )


@cache
def access_claims(gen: int, born: int) -> AccessClaims:
    return AccessClaims("", "u", "", NOW, end_of(born) + 1, "", "", "", {}, "user", "s", gen, 0)


@cache
def refresh_claims(gen: int) -> RefreshClaims:
    return RefreshClaims("", "u", "", end_of(gen), 0, f"jti {gen}", "s", gen)


class ClockOnly(Rules):
    """The parent is honest for some seconds after the rotation, seen or not: what most libraries do."""

    def record(self, row: Row, revoked: bool) -> SessionRow:
        return record(row.gen, row.seen or FRESH, revoked)


class NoLateRule(Rules):
    """A slow view hands out whatever the row says at its end."""

    def late(self, slow: bool) -> bool:
        return False


class RotatesAtTheDoor(Rules):
    """The rotation happens before the view, the answer comes after it."""

    rotates_at_the_door = True


class NeverConfirms(Rules):
    """Nobody notes that the successor is in use, so its parent stays honest for ever."""

    def confirms(self, judgement: Judgement) -> bool:
        return False


class ForgetsLogOutAtExit(Rules):
    """After the view nobody looks whether the session still lives."""

    def exit(self, row: Row, view: View, revoked: bool = False) -> Grant:
        return super().exit(row, view, revoked=False)


class Broken(Exception):
    """An invariant does not hold."""


class Explorer:
    def __init__(self, rules: Rules, *, at_once: int, case_3: bool = False, thief: bool = False) -> None:
        self.rules, self.at_once, self.case_3, self.with_thief = rules, at_once, case_3, thief
        self.door, self.exit = cache(rules.door), cache(rules.exit)
        self.states = self.steps = 0
        self.found_out: dict[tuple[object, ...], bool] = {}

    def run(self) -> None:
        """Walk through every state. Raises Broken, with the way that leads there."""
        start = State()
        came_from: dict[State, State | None] = {start: None}
        todo = deque([start])
        while todo:
            state = todo.popleft()
            try:
                self.check_log_out(state)
                self.check_thief(state)
                for following in self.successors(state):
                    self.steps += 1
                    following = shifted(following)
                    if following not in came_from:
                        came_from[following] = state
                        todo.append(following)
            except Broken as problem:
                way: list[str] = []
                back: State | None = state
                while back is not None:
                    way.append(repr(back))
                    back = came_from[back]
                raise Broken("\n".join([str(problem), *way])) from None
        self.states = len(came_from)

    # -- what may happen next ------------------------------------------------------------------------------------

    def successors(self, s: State) -> Iterator[State]:
        busy = len(s.requests) + len(s.views) + len(s.answers)
        if busy < self.at_once:
            yield s._replace(requests=add(s.requests, (OWNER, s.owner)))
            if s.thief is not None:
                yield s._replace(requests=add(s.requests, (THIEF, s.thief)))
        if self.with_thief and s.thief is None:
            yield s._replace(thief=s.owner)
        for i, (who, sent) in enumerate(s.requests):
            following = self.at_the_door(s._replace(requests=drop(s.requests, i)), who, sent)
            if following is not None:
                yield following
        for i, view in enumerate(s.views):
            following = self.after_the_view(s._replace(views=drop(s.views, i)), view)
            if following is not None:
                yield following
        for i, answer in enumerate(s.answers):
            rest = s._replace(answers=drop(s.answers, i))
            yield rest  # lost on the way
            yield self.deliver(rest, answer)
        if not s.requests and not s.answers:
            yield from self.time_passes(s)
        if self.case_3:
            gen = s.row.expired + 1
            if gen <= s.row.settled:
                yield s._replace(row=s.row._replace(expired=gen, settled=-1))

    def at_the_door(self, s: State, who: int, sent: Jar) -> State | None:
        judged = self.door(s.row, sent)
        if who == THIEF:
            s = s._replace(used=True)
        if judged.outcome in (Outcome.REUSE, Outcome.LOG_IN):
            own_end = judged.outcome is Outcome.LOG_IN and sent.refresh <= s.row.expired
            if who == OWNER and not s.used and not own_end:
                raise Broken(f"an honest request is answered with {judged}: {sent}")
            return None if judged.outcome is Outcome.REUSE else s
        if judged.outcome not in SERVED:
            raise Broken(f"an honest token is taken for {judged}: {sent}")
        row = s.row
        if self.rules.confirms(judged) and row.seen == UNSEEN:
            row = row._replace(seen=FRESH)
        rotated = False
        if self.rules.rotates_at_the_door and judged.outcome is Outcome.ROTATE:
            row, rotated = row.rotated(), True
        if judged.outcome not in REFRESHING:
            return s._replace(row=row)  # its answer carries no cookie, so when it arrives makes no difference
        assert judged.standing is not None
        view = View(who, judged.outcome, judged.standing, sent.refresh, rotated=rotated)
        return s._replace(row=row, views=add(s.views, view))

    def after_the_view(self, s: State, view: View) -> State | None:
        handout = self.exit(s.row, view)
        row = s.row
        if handout.what in (Refreshed.ROTATED, Refreshed.RENEWED) and not view.rotated:
            row = row.rotated()
        if not (handout.access or handout.refresh):
            return s
        successor = view.refresh + 1 if view.rotated else row.gen
        access = view.refresh if handout.what is Refreshed.ACCESS_ONLY else successor
        answer = Answer(
            view.who,
            successor if handout.refresh else NOTHING,
            access if handout.access else NOTHING,
            row.expired,
            row.gen,
        )
        return s._replace(row=row, answers=add(s.answers, answer))

    def deliver(self, s: State, answer: Answer) -> State:
        jar = s.owner if answer.who == OWNER else s.thief
        assert jar is not None
        if answer.refresh != NOTHING:
            if answer.who == OWNER and not s.used and answer.refresh < jar.refresh:
                raise Broken(f"a late answer puts an old token back: {answer} into {jar}")
            jar = jar._replace(refresh=answer.refresh)
        if answer.access != NOTHING:
            jar = jar._replace(access=answer.access, alive=True, born=answer.born, under=answer.under)
        return s._replace(owner=jar) if answer.who == OWNER else s._replace(thief=jar)

    def time_passes(self, s: State) -> Iterator[State]:
        """More than the grace, so nothing is on the wire any more; views may still be at work."""
        aged = tuple(sorted(view._replace(slow=True) for view in s.views))
        seen = OVER if s.row.seen == FRESH or isinstance(self.rules, ClockOnly) else s.row.seen
        alive = [jar.under for jar in (s.owner, s.thief) if jar is not None and jar.alive]
        row = s.row._replace(seen=seen, settled=min([s.row.gen, *alive]))
        yield s._replace(row=row, views=aged)
        if s.owner.alive:
            yield s._replace(row=row, views=aged, owner=s.owner._replace(alive=False))
        if s.thief is not None and s.thief.alive:
            yield s._replace(row=row, views=aged, thief=s.thief._replace(alive=False))

    # -- what must hold ------------------------------------------------------------------------------------------

    def check_log_out(self, s: State) -> None:
        """The row never changes again after a log-out, so what is under way now is all there is to try."""
        jars = [sent for _, sent in s.requests] + [s.owner] + ([s.thief] if s.thief else [])
        for sent in jars:
            if self.door(s.row, sent, True).live:
                raise Broken(f"served after a log-out: {sent}")
        for view in s.views:
            handout = self.exit(s.row, view, True)
            if handout.access or handout.refresh:
                raise Broken(f"{handout} after a log-out: {view}")

    def check_thief(self, s: State) -> None:
        if not s.used or s.thief is None or s.requests or s.views or s.answers:
            return
        if min(s.owner.refresh, s.thief.refresh) <= s.row.expired:
            return
        key = (s.row, s.owner, s.thief)
        if key not in self.found_out:
            self.found_out[key] = self.one_is_found_out(s)
        if not self.found_out[key]:
            raise Broken("thief and owner go on side by side")

    def one_is_found_out(self, s: State) -> bool:
        """Each in turn lets the access token expire, refreshes, and uses what it got once more."""
        row, jars = s.row, [s.owner, s.thief]
        for turn in range(6):
            who = turn % 2
            jar = jars[who]
            assert jar is not None
            row = row._replace(seen=OVER if row.seen == FRESH else row.seen)
            jar = jar._replace(alive=False)
            for _ in range(2):
                judged = self.door(row, jar)
                if judged.outcome is Outcome.REUSE:
                    return True
                if self.rules.confirms(judged) and row.seen == UNSEEN:
                    row = row._replace(seen=FRESH)
                if judged.outcome in REFRESHING:
                    assert judged.standing is not None
                    handout = self.exit(row, View(who, judged.outcome, judged.standing, jar.refresh))
                    if handout.what is Refreshed.ROTATED:
                        row = row.rotated()
                    access = jar.refresh if handout.what is Refreshed.ACCESS_ONLY else row.gen
                    jar = Jar(row.gen if handout.refresh else jar.refresh, access, True, row.expired, row.gen)
            jars[who] = jar
        return False


def shifted(s: State) -> State:
    """The same state with its generations counted from a little before the row's: only differences matter.

    So the walk ends although sessions may rotate for ever. What is older than everything it is compared with is old.
    """
    by = s.row.gen - BASE
    if by <= 0:
        return s

    def lower(generation: int) -> int:
        return max(generation - by, 0) if generation != NOTHING else NOTHING

    def jar(j: Jar) -> Jar:
        return Jar(lower(j.refresh), lower(j.access), j.alive, max(j.born - by, NOTHING), lower(j.under))

    return State(
        Row(BASE, s.row.seen, max(s.row.expired - by, NOTHING), max(s.row.settled - by, NOTHING)),
        jar(s.owner),
        jar(s.thief) if s.thief else None,
        s.used,
        tuple(sorted((who, jar(sent)) for who, sent in s.requests)),
        tuple(sorted(view._replace(refresh=lower(view.refresh)) for view in s.views)),
        tuple(
            sorted(
                Answer(a.who, lower(a.refresh), lower(a.access), max(a.born - by, NOTHING), lower(a.under))
                for a in s.answers
            )
        ),
    )


def add(things: tuple, thing: object) -> tuple:  # type: ignore[type-arg]
    return tuple(sorted((*things, thing)))


def drop(things: tuple, place: int) -> tuple:  # type: ignore[type-arg]
    return things[:place] + things[place + 1 :]


def test_no_honest_session_ends_and_nothing_lives_after_a_log_out() -> None:
    """Three requests at once, any number of generations, case 3 included."""
    explorer = Explorer(Rules(), at_once=3, case_3=True)
    explorer.run()
    assert explorer.states > 100_000, "the walk got nowhere"


def test_a_thief_beside_the_owner_is_found_out() -> None:
    """Two of the owner's and the thief's requests at once, the pair stolen at any moment.

    `python -m tests.model.test_exploration` walks further, for minutes: three at once, and case 3 beside the thief.
    """
    explorer = Explorer(Rules(), at_once=2, thief=True)
    explorer.run()
    assert explorer.states > 30_000
    assert len(explorer.found_out) > 100, "thief and owner never met"


@pytest.mark.parametrize(
    ("rules", "thief", "words"),
    [
        (ClockOnly(), False, "an honest request is answered with"),
        (NoLateRule(), False, "a late answer puts an old token back"),
        (RotatesAtTheDoor(), False, "after a log-out|puts an old token back"),
        (ForgetsLogOutAtExit(), False, "after a log-out"),
        (NeverConfirms(), True, "side by side"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Rules) else "",
)
def test_broken_rules_are_found(rules: Rules, thief: bool, words: str) -> None:
    """Else the walk would prove nothing."""
    with pytest.raises(Broken, match=words):
        Explorer(rules, at_once=3 if not thief else 2, thief=thief).run()


if __name__ == "__main__":
    for longer in (Explorer(Rules(), at_once=3, thief=True), Explorer(Rules(), at_once=2, case_3=True, thief=True)):
        longer.run()
        print(f"{longer.at_once} at once, case 3: {longer.case_3}: every invariant holds in {longer.states:,} states")
