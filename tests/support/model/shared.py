"""Part 2: a thief beside the owner, from a copied pair on, each doing whatever they can with all they ever got.

Owner and thief act in turns, each request with its answer in one step. A state is
`(row, spent, owner, thief, issuer, watched)`.
  spent    the life of the access token that went with the current successor is over
  owner    (refresh, access or None)      thief: (refresh tokens, living access tokens)
  access   (age, number, end); end: (age, number, more) of the successor with which it ends: flows/refresh.py mints it
           with that successor's time, so they end together
  issuer   whose request made the current successor; watched: could the thief see the owner's request that made it?
An edge is `((who renewed or None, kind), state)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.model.rules import FRESH, NO, OLD, Broken, Row, Rules
from webapp.core.decision import SERVED, Outcome
from webapp.core.rotation import Refreshed
from webapp.core.standing import Standing

OWNER, THIEF = "owner", "thief"
State = Any
Edge = tuple[tuple[str | None, str], State]


class Shared:
    """Its successors are what either may do next."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.broken = rules, rules.broken
        token = (0, 0, (0, 0, 0))
        owner, thief = ((0, 0), token), (frozenset([(0, 0)]), frozenset([token]))
        self.starts = [((0, seen, False, 0, False), False, owner, thief, None, False) for seen in (OLD, FRESH, NO)]

    def successors(self, s: State) -> Iterator[Edge]:
        row, spent, owner, thief, issuer, watched = s
        forks, confirmed, late, parent, _ = row
        if confirmed == NO and not late:
            yield (None, "burst"), ((forks, NO, True, parent, False), spent, owner, thief, issuer, watched)
        if confirmed == FRESH:
            yield (None, "grace"), ((forks, OLD, late, parent, False), spent, owner, thief, issuer, watched)
        living = [*thief[1], *([owner[1]] if owner[1] else [])]
        ends = {t[2] for t in living} | ({(0, forks, 0)} if not spent else set())
        if ends:  # the earliest end comes first
            end = min(ends, key=lambda e: (-e[0], e[1], e[2]))
            keep = frozenset(t for t in thief[1] if t[2] != end)
            mine = owner[1] if owner[1] and owner[1][2] != end else None
            over = spent or end == (0, forks, 0)
            older = (forks, confirmed, late or (over and confirmed == NO), parent, False)
            yield (None, "access ends"), (older, over, (owner[0], mine), (thief[0], keep), issuer, watched)
        yield from self.page(s, OWNER, owner[0], owner[1])
        for refresh in thief[0]:
            yield from self.page(s, THIEF, refresh, None)
        for access in thief[1]:
            if self.opens(row, access) and self.confirms(row, access):
                seen = (forks, FRESH, False, parent, False)
                yield (None, "thief confirms"), (seen, spent, owner, thief, issuer, watched)

    def opens(self, row: Row, access: Any) -> bool:
        """Whether this access token alone is served."""
        return self.rules.judge(row, (9, 9), access[:2]).counts_as == "valid"

    def confirms(self, row: Row, access: Any) -> bool:
        return self.rules.judge(row, (1, -1), access[:2]).confirms

    def page(self, s: State, who: str, refresh: Any, access: Any) -> Iterator[Edge]:
        row, spent, owner, thief, issuer, watched = s
        forks, confirmed, _late, parent, _ = row
        judged = self.rules.judge(row, refresh, access and access[:2])
        if judged.outcome is Outcome.REUSE:
            return  # found out: the session ends
        if judged.confirms:
            row = (forks, FRESH, False, parent, False)
        if judged.outcome is Outcome.PROCEED:
            if row != s[0]:
                yield (None, "owner confirms"), (row, spent, owner, thief, issuer, watched)
            return
        if judged.outcome not in SERVED:
            left = any(self.rules.judge(row, token, None).standing is Standing.CURRENT for token in thief[0])
            if who == OWNER and self.broken == "log-in clears first" and left:
                raise Broken("I5: the owner has logged in again and the thief is left with the session")
            return  # the owner logs in, and that ends the session; the thief may try as often as he likes
        sees = who == OWNER and any(self.opens(s[0], t) and not self.confirms(s[0], t) for t in thief[1])
        more = 1 if self.broken == "access by the clock" else 0
        if judged.outcome is Outcome.ROTATE:
            row = (0, NO, False, forks, False)
            yield from self.handed(who, rotated(s), row, False, (0, 0), (0, 0, (0, 0, 0)), who, sees, "rotate")
            return
        # Nothing lies between judgement and hand-out here; with `more` an access token does not end with its successor.
        grant = self.rules.hand_out(judged.outcome, row, refresh, over=spent and not more)
        if grant.what is Refreshed.ACCESS_ONLY:
            token = (1, 0, (0, forks, 2 * more))
            if token[2] > (0, forks, 0):
                raise Broken("I5: access only outlives the successor's own access token")
            yield (who, "access only"), self.got(who, s, row, spent, None, token, issuer, watched)
        elif grant.what is Refreshed.FORKED:
            if confirmed != NO:
                raise Broken("I5: a successor in use was replaced")
            row, token = (forks + 1, NO, False, parent, False), (0, forks + 1)
            yield from self.handed(who, s, row, False, token, (*token, (*token, 0)), who, sees, "fork")
        elif grant.what is Refreshed.REDELIVERED:
            kind, late = "again", row[2]
            if issuer not in (None, who) and not late:
                kind = "watched" if watched and who == THIEF else "luck"
            token = (0, forks)
            yield from self.handed(who, s, row, spent, token, (*token, (*token, more)), issuer, watched, kind)

    def handed(
        self,
        who: str,
        s: State,
        row: Row,
        spent: bool,
        refresh: Any,
        access: Any,
        issuer: Any,
        watched: bool,
        kind: str,
    ) -> Iterator[Edge]:
        yield (who, kind), self.got(who, s, row, spent, refresh, access, issuer, watched)
        if who == OWNER:
            yield (None, kind + ", lost"), (row, spent, s[2], s[3], issuer, watched)

    def got(
        self, who: str, s: State, row: Row, spent: bool, refresh: Any, access: Any, issuer: Any, watched: bool
    ) -> State:
        _, _, owner, thief, _, _ = s
        if who == OWNER:
            owner = (refresh or owner[0], access)
        else:
            thief = (thief[0] | ({refresh} if refresh else set()), thief[1] | {access})
        # What nobody in his right mind would show any more is forgotten: reuse, and what was abandoned long ago.
        thief = (frozenset(t for t in thief[0] if t[0] == 0 or t == (1, row[3])), thief[1])
        return (row, spent, owner, thief, issuer, watched)


def rotated(s: State) -> State:
    row, spent, owner, thief, issuer, watched = s

    def older(t: Any) -> Any:
        return (1, t[1]) if t[0] == 0 else (2, 0)

    def access(t: Any) -> Any:
        return t and (1, 0, (1, *t[2][1:]) if t[2][0] == 0 else (2, 0, 0))

    thief = (frozenset(map(older, thief[0])), frozenset(map(access, thief[1])))
    return (row, spent, (older(owner[0]), access(owner[1])), thief, issuer, watched)


def components(graph: dict[State, list[Edge]]) -> list[list[State]]:
    """Strongly connected components (Tarjan, without recursion), in reverse topological order."""
    index: dict[State, int] = {}
    low: dict[State, int] = {}
    on: set[State] = set()
    stack: list[State] = []
    out: list[list[State]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, it = work[-1]
            for _, n in it:
                if n not in index:
                    index[n] = low[n] = len(index)
                    stack.append(n)
                    on.add(n)
                    work.append((n, iter(graph[n])))
                    break
                if n in on:
                    low[node] = min(low[node], index[n])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    comp = []
                    while True:
                        n = stack.pop()
                        on.discard(n)
                        comp.append(n)
                        if n == node:
                            break
                    out.append(comp)
    return out


def share(model: Shared) -> tuple[int, int, int]:
    """How many states, steps, and turns without luck there are. Raises Broken if both can renew for ever."""
    graph: dict[State, list[Edge]] = {}
    todo = list(model.starts)
    steps = 0
    while todo:
        s = todo.pop()
        if s in graph:
            continue
        graph[s] = list(model.successors(s))
        steps += len(graph[s])
        todo += [n for _, n in graph[s] if n not in graph]
    turns = 0
    for without in (("watched", "luck"), ("luck",), ()):
        cut = {s: [(label, n) for label, n in edges if label[1] not in without] for s, edges in graph.items()}
        both, comps = False, components(cut)
        place = {n: i for i, comp in enumerate(comps) for n in comp}
        for i, comp in enumerate(comps):
            inner = [label for n in comp for label, m in cut[n] if place[m] == i]
            if {OWNER, THIEF} <= {label[0] for label in inner} and any(label[1] == "access ends" for label in inner):
                both = True
                break
        if without == ("watched", "luck"):
            if both:
                raise Broken("I5: both renew for ever")
            # the longest way, counted in changes of who renews; components come children first
            best: dict[tuple[int, str], int] = {}
            for comp in comps:
                for last in (OWNER, THIEF):
                    value = 0
                    # within a component at most one of them renews, or only repeats itself without time
                    for n in comp:
                        for label, m in cut[n]:
                            now = label[0] or last
                            gain = int(label[0] not in (None, last))
                            if place[m] != place[n]:
                                value = max(value, gain + best[place[m], now])
                    best[place[comp[0]], last] = value
            turns = max(best[place[s], w] for s in model.starts for w in (OWNER, THIEF))
        elif without == ("luck",):
            if both or any(label[1] == "watched" for edges in graph.values() for label, _ in edges):
                words = ", and both renew for ever" if both else ""
                raise Broken("I5: the thief can watch for the owner" + words)
        elif not both:
            raise Broken("the walk got nowhere: with luck in every generation both could renew for ever")
    return len(graph), steps, turns
