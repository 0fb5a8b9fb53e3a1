"""Part 1: one honest browser, several requests at once, lost and late answers, slow views, logout, two hosts' clocks.

A state is `(row, jar, requests, views, answers, ends)`.
  jar, request  (refresh, access, flag); flag: an abandoned successor came in behind its better (of a browser with one
                request at a time: how many answers were lost in this generation)
  view          (what, refresh, slow, seen); what: an outcome in a word; `proved outcome/column` where the request is
                a step-up whose proof is right
                seen: the successor at the SELECT of a confirmation or fork to be written
  answer        (refresh or None, access or None)
  ends          refresh tokens at or beyond this (age, -number) have passed their `exp` (case 3), or None
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from tests.support.model.rules import FRESH, NO, OLD, Broken, Row, Rules
from webapp.core.decision import Outcome, RefreshColumn
from webapp.core.rotation import Refreshed, is_useful
from webapp.core.standing import Standing

CLEARED, KEPT = (9, 0), (8, 0)

State = Any
WHAT = {
    Outcome.PROCEED: "proceed",
    Outcome.RENEW: "renew",
    Outcome.ROTATE: "rotate",
    Outcome.REDELIVER: "redeliver",
    Outcome.ACCESS_ONLY: "access",
    Outcome.LOG_IN: "log in",
}
PROVED = "proved "
OUTCOME = {what: outcome for outcome, what in WHAT.items()}


class Honest:
    """Its successors are what may happen next. `most`: forks a generation; `tabs`: requests at once."""

    start: State = ((0, OLD, False, 0, False), ((0, 0), (0, 0), 0), (), (), (), None)

    def __init__(
        self,
        rules: Rules,
        *,
        tabs: int = 3,
        most: int = 2,
        case3: bool = False,
        skew: bool = False,
        one: bool = False,
        step_up: bool = False,
    ) -> None:
        self.rules, self.broken, self.step_up = rules, rules.broken, step_up
        self.tabs, self.most, self.case3, self.skew, self.losses = (1 if one else tabs), most, case3, skew, one
        self.log_ins: Counter[str] = Counter()

    def readings(self, row: Row, ends: Any) -> Iterator[tuple[Row, bool]]:
        """What a host may think of the row, and whether its clock is ahead of the one that wrote the confirmation.

        With skew any redelivery may seem late or in the burst, and a confirmation older or younger than it is.
        """
        forks, confirmed, late, parent, ended = row
        if not self.skew or self.expired(ends, (0, forks)):
            yield row, False
        elif confirmed == NO:
            yield (forks, NO, False, parent, ended), False
            yield (forks, NO, True, parent, ended), False
        elif confirmed == OLD:
            yield row, False
            yield (forks, FRESH, late, parent, ended), False
        else:
            yield row, False
            yield row, True

    def expired(self, ends: Any, token: Any) -> bool:
        return ends is not None and (token[0], -token[1]) >= ends

    def successors(self, s: State) -> Iterator[tuple[str, State]]:
        row, jar, requests, views, answers, ends = s
        forks, confirmed, late, parent, ended = row
        busy = len(requests) + len(views) + len(answers)
        if busy < self.tabs and not ended:
            yield "send", (row, jar, add(requests, jar), views, answers, ends)
        for i, q in enumerate(requests):
            for seen, ahead in self.readings(row, ends):
                yield from self.before_view(s, drop(requests, i), q, seen, ahead)
        for i, v in enumerate(views):
            rest = drop(views, i)
            what, _refresh, _slow, seen_at = v
            if what in ("fork", "fork renew"):
                yield from self.fork(s, rest, v)
            elif seen_at is not None:
                yield from self.confirm(s, rest, v)
            else:
                for reading, ahead in self.readings(row, ends):
                    yield from self.after_view(s, rest, v, reading, ahead)
        for i, (r, a) in enumerate(answers):
            rest = drop(answers, i)
            if not ended:
                yield "deliver", (row, self.deliver((0, forks), jar, r, a), requests, views, rest, ends)
            lost = jar if not self.losses or r is None else (jar[0], jar[1], min(jar[2] + 1, self.most + 2))
            yield "lose", (row, lost, requests, views, rest, ends)
        if ended:
            return
        if not late and (confirmed == NO or self.broken == "grace by clock"):
            yield "burst passes", ((forks, confirmed, True, parent, ended), jar, requests, views, answers, ends)
        if not requests and not answers and all(v[3] is None for v in views):
            aged = tuple(sorted(((w, r, True, n) for w, r, _, n in views), key=repr))
            older = (forks, OLD if confirmed else NO, confirmed == NO or self.broken == "grace by clock", parent, ended)
            if older != row or aged != views:
                yield "grace passes", (older, jar, requests, aged, answers, ends)
            if jar[1] is not None:
                yield "access expires", (older, (jar[0], None, jar[2]), requests, aged, answers, ends)
                if self.case3 and jar[0] != CLEARED and not self.expired(ends, jar[0]):
                    yield "refresh expires", (older, jar, requests, aged, answers, (0, -forks))
        yield "log out", ((forks, confirmed, late, parent, True), jar, requests, views, answers, ends)

    def before_view(self, s: State, requests: Any, q: Any, row: Row, ahead: bool) -> Iterator[tuple[str, State]]:
        true, jar, _, views, answers, ends = s
        refresh, access, _ = q
        if refresh == CLEARED:
            if access is None:
                raise Broken("I4: the refresh cookie was cleared: log in")
            yield "door: proceed", (true, jar, requests, views, answers, ends)
            return
        gone = self.expired(ends, refresh)
        judged = self.rules.judge(row, refresh, access, gone, ahead)
        if not judged.live:
            yield "door: ended", (true, jar, requests, views, answers, ends)
            return
        if judged.outcome is Outcome.REUSE:
            raise Broken(f"I1: an honest refresh token {refresh} is {judged.outcome}")
        what, at = WHAT[judged.outcome], judged.standing
        if what == "log in":
            if not gone:
                self.asked(row, jar, q)
            return
        if what == "proceed" and at is Standing.ABANDONED and self.broken == "clears the abandoned":
            answers = add(answers, (CLEARED, KEPT))
        seen = (0, row[0]) if judged.confirms else None
        if self.step_up and is_useful(judged.column):
            proving = (f"{PROVED}{what}/{judged.column.value}", refresh, False, seen)
            yield "door: step-up", (true, jar, requests, add(views, proving), answers, ends)
        if what == "proceed" and seen is None:
            yield "door: proceed", (true, jar, requests, views, answers, ends)
            return
        if what == "rotate" and self.broken == "rotates at the door":
            rotated = self.rotated(true, jar, requests, views, self.aged(answers), ends)
            yield "door: rotate", (*rotated[:3], add(rotated[3], ("early", (0, 0), False, None)), *rotated[4:])
            return
        yield f"door: {what}", (true, jar, requests, add(views, (what, refresh, False, seen)), answers, ends)

    def asked(self, row: Row, jar: Any, q: Any) -> None:
        (age, number), parent = q[0], row[3]
        is_overtaken = age == 1 and number != parent  # its better has been rotated already, by a step-up
        if row[1] == NO and not is_overtaken:
            why = "limit of forks"
            if row[0] < self.most:
                raise Broken("I4: asked to log in before the limit")
            if self.losses and q[2] <= self.most:
                raise Broken(f"I4: asked to log in after {q[2]} lost answers")
        else:
            why = "overtaken while the better successor was in use"
            if not self.losses and not (q[2] or jar[2]):
                raise Broken("I4: asked to log in though no answer was overtaken")
            if self.losses:
                raise Broken("I4: asked to log in, one request at a time, no answer overtaken")
        self.log_ins[why] += 1

    def confirm(self, s: State, views: Any, v: Any) -> Iterator[tuple[str, State]]:
        """One conditional UPDATE: generation, jti, not confirmed, not revoked. It may fail. Then it is skipped."""
        row, jar, requests, _, answers, ends = s
        what, refresh, slow, (age, number) = v
        after = views if what == "proceed" else add(views, (what, refresh, slow, None))
        yield "confirmation skipped", (row, jar, requests, after, answers, ends)
        forks, confirmed, _late, parent, ended = row
        same = number == forks or self.broken == "confirmation without jti"
        if age == 0 and confirmed == NO and not ended and same:
            yield "confirm", ((forks, FRESH, False, parent, ended), jar, requests, after, answers, ends)

    def after_view(self, s: State, views: Any, v: Any, row: Row, ahead: bool) -> Iterator[tuple[str, State]]:
        true, jar, requests, _, answers, ends = s
        what, refresh, slow, _ = v
        forks, ended = row[0], row[4]
        if what == "early":
            if ended:
                raise Broken("I2: a successor handed out after a logout")
            yield "exit: early", (true, jar, requests, views, add(answers, (refresh, refresh)), ends)
            return
        if what.startswith(PROVED):
            yield from self.after_step_up(s, views, v, row, ahead)
            return
        if what in ("rotate", "renew") and refresh == (0, forks) and not ended:  # the rotation's UPDATE finds its row
            brings = ((0, 0), None if what == "renew" else (0, 0))
            yield "exit: rotate", self.rotated(true, jar, requests, views, add(self.aged(answers), brings), ends)
            return
        grant = self.rules.hand_out(OUTCOME[what], row, refresh, slow, ahead)
        if ended and (grant.access or grant.refresh):
            raise Broken(f"I2: {grant.what} after a logout")
        if grant.what is Refreshed.FORKED:
            forking = ("fork renew" if what == "renew" else "fork", refresh, slow, (0, forks))
            yield "exit: must fork", (true, jar, requests, add(views, forking), answers, ends)
        elif grant.refresh:
            answer = ((0, forks), (0, forks) if grant.access else None)
            yield "exit: same successor", (true, jar, requests, views, add(answers, answer), ends)
        elif grant.access:
            yield "exit: access only", (true, jar, requests, views, add(answers, (None, (1, 0))), ends)
        else:
            yield f"exit: {grant.what}", (true, jar, requests, views, answers, ends)

    def after_step_up(self, s: State, views: Any, v: Any, row: Row, ahead: bool) -> Iterator[tuple[str, State]]:
        """One transaction: note the proof in the live row, then rotate, fork or hand out."""
        true, jar, requests, _, answers, ends = s
        what, refresh, slow, _ = v
        forks = row[0]
        before, _, column = what.removeprefix(PROVED).partition("/")
        if row[4] and self.broken != "step-up forgets the logout":
            yield "step-up: ended", (true, jar, requests, views, answers, ends)
            return
        grant = self.rules.hand_out_proved(OUTCOME[before], RefreshColumn(column), row, refresh, slow, ahead)
        if grant.what in (Refreshed.ROTATED, Refreshed.RENEWED):
            brings = add(self.aged(answers), ((0, 0), (0, 0)))
            yield "step-up: rotate", self.rotated(true, jar, requests, views, brings, ends)
        elif grant.what is Refreshed.FORKED:
            forking = ("fork", refresh, slow, (0, forks))
            yield "step-up: must fork", (true, jar, requests, add(views, forking), answers, ends)
        elif grant.access:
            old = grant.what is Refreshed.ACCESS_ONLY
            answer = ((0, forks) if grant.refresh else None, (1, 0) if old else (0, forks))
            yield f"step-up: {grant.what}", (true, jar, requests, views, add(answers, answer), ends)
        else:
            yield f"step-up: {grant.what}", (true, jar, requests, views, answers, ends)

    def fork(self, s: State, views: Any, v: Any) -> Iterator[tuple[str, State]]:
        """One conditional UPDATE: generation, jti, not confirmed, not revoked. 0 rows: ask again."""
        row, jar, requests, _, answers, ends = s
        what, refresh, slow, (age, number) = v
        forks, confirmed, late, parent, ended = row
        renews = what == "fork renew"
        hits = age == 0 and (
            (number == forks or self.broken == "fork without jti")
            and (confirmed == NO or self.broken == "fork without confirmed")
            and (not ended or self.broken == "fork without revoked")
        )
        if not hits:
            again = ("renew" if renews else "redeliver", refresh, slow, None)
            yield "fork: overtaken", (row, jar, requests, add(views, again), answers, ends)
            return
        if ended:
            raise Broken("I2: forked after a logout")
        if not late and not self.skew and confirmed == NO:
            raise Broken("I3: two successors within a burst")
        if confirmed != NO and number == forks:
            raise Broken("I5: a successor in use was replaced")
        new = forks + 1
        row, answer = (new, NO, False, parent, ended), ((0, new), None if renews else (0, new))
        yield "fork", (row, jar, requests, views, add(answers, answer), ends)

    def rotated(self, row: Row, jar: Any, requests: Any, views: Any, answers: Any, ends: Any) -> State:
        if row[4]:
            raise Broken("I2: rotated after a logout")

        def one(q: Any) -> Any:
            return older(q[0]), old_access(q[1]), q[2]

        if self.losses:
            jar = (jar[0], jar[1], 0)
        return (
            (0, NO, False, row[0], False),
            one(jar),
            tuple(sorted(map(one, requests), key=repr)),
            tuple(sorted(((what, older(r), slow, n and (1, 0)) for what, r, slow, n in views), key=repr)),
            answers,
            None if ends is None else (min(ends[0] + 1, 2), ends[1]),
        )

    def aged(self, answers: Any) -> Any:
        return tuple((older(r), old_access(a)) for r, a in answers)

    def deliver(self, current: Any, jar: Any, r: Any, a: Any) -> Any:
        refresh, access, flag = jar
        if r == CLEARED:
            return (CLEARED, access, flag)
        if r is not None:
            if refresh != CLEARED and r[0] > refresh[0]:
                raise Broken(f"I1: a late answer puts an older generation back: {r} into {refresh}")
            if not self.losses:
                if r == current or refresh == CLEARED or r[0] < refresh[0]:
                    flag = 0
                elif r[1] < refresh[1]:
                    flag = 1
            refresh = r
        return (refresh, a if a is not None else access, flag)


def older(t: Any) -> Any:
    return t if t is None or t == CLEARED else (1, t[1]) if t[0] == 0 else (2, 0)


def old_access(t: Any) -> Any:
    return t if t is None or t == KEPT else (1, 0)


def add(t: Any, x: Any) -> Any:
    return tuple(sorted((*t, x), key=repr))


def drop(t: Any, i: int) -> Any:
    return t[:i] + t[i + 1 :]


def walk(model: Honest) -> tuple[int, int]:
    """How many states and steps there are, breadth first. Raises Broken with the way that leads there."""
    came: dict[State, Any] = {model.start: None}
    todo = deque([model.start])
    steps = 0
    while todo:
        s = todo.popleft()
        try:
            for label, n in model.successors(s):
                steps += 1
                if n not in came:
                    came[n] = (s, label)
                    todo.append(n)
        except Broken as broken:
            way, back = [], s
            while back is not None:
                before = came[back]
                way.append(f"  {before[1] if before else 'start':32} {back}")
                back = before[0] if before else None
            raise Broken("\n".join([str(broken), *reversed(way)])) from None
    return len(came), steps
