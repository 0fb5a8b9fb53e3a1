"""Part 2: a thief beside the owner, from a copied pair on, each doing whatever they can with all they ever got.

Owner and thief act in turns, each request with its answer in one step. A state is
`(row, spent, owner, thief, issuer, watched, proofs)`.
  spent    the life of the access token that went with the current successor is over
  owner    (refresh, access or None, the proof that their last access token shows)
  thief    (refresh tokens, living access tokens)
  access   (age, number, end, proof); end: (age, number, more) of the successor with which it ends: flows/refresh.py
           mints it with that successor's time, so they end together
  issuer   whose request made the current successor; watched: could the thief see the owner's request that made it?
           STEPPED: only because a step-up rotates while access tokens of the generation before live on
  proofs   how often the owner has proved who they are; a token shows the login (0), or the first, second … step-up
An edge is `((who renewed or None, kind), state)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.model.rules import FRESH, NO, OLD, Broken, Row, Rules
from webapp.core import freshness, rotation
from webapp.core.decision import SERVED, Outcome
from webapp.core.rotation import Refreshed
from webapp.core.standing import Standing

OWNER, THIEF = "owner", "thief"
STEPPED = "stepped"
LOGIN, APART, WITHIN = 1_000, 10_000, 600
"""When the session began; between two proofs, in seconds; and how long a proof counts."""
State = Any
Edge = tuple[tuple[str | None, str], State]


class Shared:
    """Its successors are what either may do next."""

    def __init__(self, rules: Rules, *, proofs: int = 0) -> None:
        """`proofs`: how often the owner steps up at most."""
        self.rules, self.broken, self.most_proofs = rules, rules.broken, proofs
        token = (0, 0, (0, 0, 0), 0)
        owner, thief = ((0, 0), token, 0), (frozenset([(0, 0)]), frozenset([token]))
        self.starts = [((0, seen, False, 0, False), False, owner, thief, None, False, 0) for seen in (OLD, FRESH, NO)]

    def successors(self, s: State) -> Iterator[Edge]:
        row, spent, owner, thief, issuer, watched, proofs = s
        forks, confirmed, late, parent, _ = row
        rest = (issuer, watched, proofs)
        if any(self.is_fresh(t[3], proofs) for t in thief[1]):
            raise Broken("I6: a copy from before the step-up became fresh")
        if confirmed == NO and not late:
            yield (None, "burst"), ((forks, NO, True, parent, False), spent, owner, thief, *rest)
        if confirmed == FRESH:
            yield (None, "grace"), ((forks, OLD, late, parent, False), spent, owner, thief, *rest)
        living = [*thief[1], *([owner[1]] if owner[1] else [])]
        ends = {t[2] for t in living} | ({(0, forks, 0)} if not spent else set())
        if ends:  # the earliest end comes first
            end = min(ends, key=lambda e: (-e[0], e[1], e[2]))
            keep = frozenset(t for t in thief[1] if t[2] != end)
            mine = owner[1] if owner[1] and owner[1][2] != end else None
            over = spent or end == (0, forks, 0)
            older = (forks, confirmed, late or (over and confirmed == NO), parent, False)
            yield (None, "access ends"), (older, over, (owner[0], mine, owner[2]), (thief[0], keep), *rest)
        yield from self.page(s, OWNER, owner[0], owner[1])
        if proofs < self.most_proofs:
            yield from self.page(s, OWNER, owner[0], owner[1], proves=True)
        for refresh in thief[0]:
            yield from self.page(s, THIEF, refresh, None)
        for access in thief[1]:
            if self.opens(row, access) and self.confirms(row, access):
                seen = (forks, FRESH, False, parent, False)
                yield (None, "thief confirms"), (seen, spent, owner, thief, *rest)

    def opens(self, row: Row, access: Any) -> bool:
        """Whether this access token alone is served."""
        return self.rules.judge(row, (9, 9), access[:2]).counts_as == "valid"

    def confirms(self, row: Row, access: Any) -> bool:
        return self.rules.judge(row, (1, -1), access[:2]).confirms

    def page(self, s: State, who: str, refresh: Any, access: Any, *, proves: bool = False) -> Iterator[Edge]:
        row, spent, owner, thief, issuer, watched, proofs = s
        forks, confirmed, _late, parent, _ = row
        judged = self.rules.judge(row, refresh, access and access[:2])
        if judged.outcome is Outcome.REUSE:
            return  # found out: the session ends
        if judged.confirms:
            row = (forks, FRESH, False, parent, False)
        if judged.outcome is Outcome.PROCEED and not proves:
            if row != s[0]:
                yield (None, "owner confirms"), (row, spent, owner, thief, issuer, watched, proofs)
            return
        if judged.outcome not in SERVED:
            left = any(self.rules.judge(row, token, None).standing is Standing.CURRENT for token in thief[0])
            if who == OWNER and self.broken == "log-in clears first" and left:
                raise Broken("I5: the owner has logged in again and the thief is left with the session")
            return  # the owner logs in, and that ends the session; the thief may try as often as he likes
        sees = self.sees(s) if who == OWNER else False
        more = 1 if self.broken == "access by the clock" else 0
        # Nothing lies between judgement and hand-out here; with `more` an access token does not end with its successor.
        over = spent and not more
        if proves:
            s, proofs, sees = (*s[:6], proofs + 1), proofs + 1, STEPPED if sees else False
            grant = self.rules.hand_out_proved(judged.outcome, judged.column, row, refresh, over=over)
        elif judged.outcome is Outcome.ROTATE:
            grant = rotation.rotated(judged.outcome)
        else:
            grant = self.rules.hand_out(judged.outcome, row, refresh, over=over)
        shows = proofs if proves else self.inherited(s, who)
        if grant.what is Refreshed.ROTATED:
            row = (0, NO, False, forks, False)
            token = (0, 0, (0, 0, 0), shows)
            yield from self.handed(who, rotated(s), row, False, (0, 0), token, who, sees, "rotate")
        elif grant.what is Refreshed.PROVED:
            token = (0, forks, (0, forks, 1), shows)  # issued now, so it outlives the others of its generation
            yield (who, "proved"), self.got(who, s, row, spent, None, token, issuer, watched)
            yield (None, "proved, lost"), (row, spent, owner, thief, issuer, watched, proofs)
        elif grant.what is Refreshed.ACCESS_ONLY:
            token = (1, 0, (0, forks, 2 * more), shows)
            if token[2] > (0, forks, 0):
                raise Broken("I5: access only outlives the successor's own access token")
            yield (who, "access only"), self.got(who, s, row, spent, None, token, issuer, watched)
        elif grant.what is Refreshed.FORKED:
            if confirmed != NO:
                raise Broken("I5: a successor in use was replaced")
            row, new = (forks + 1, NO, False, parent, False), (0, forks + 1)
            yield from self.handed(who, s, row, False, new, (*new, (*new, 0), shows), who, sees, "fork")
        elif grant.what is Refreshed.REDELIVERED:
            kind, late = "again", row[2]
            if issuer not in (None, who) and not late:
                kind = "luck" if who != THIEF or not watched else STEPPED if watched == STEPPED else "watched"
            new = (0, forks)
            yield from self.handed(who, s, row, spent, new, (*new, (*new, more), shows), issuer, watched, kind)

    def sees(self, s: State) -> Any:
        """Could the thief see it if the owner renewed now: by a token that is served and confirms nothing?

        STEPPED: only by one of a generation that a step-up has rotated before its tokens ended.
        """
        eyes = [t for t in s[3][1] if self.opens(s[0], t) and not self.confirms(s[0], t)]
        return STEPPED if eyes and s[6] and all(t[2][0] >= 1 for t in eyes) else bool(eyes)

    def inherited(self, s: State, who: str) -> int:
        """The proof that a reissued access token shows: that of the token which is presented with the request."""
        _, _, owner, thief, _, _, proofs = s
        if self.broken == "inherits from the row":
            return int(proofs)
        held = owner[2] if who == OWNER else max((t[3] for t in thief[1]), default=None)
        auth_time = freshness.inherited(None if held is None else proved_at(held), LOGIN)
        return (auth_time - LOGIN) // APART

    def is_fresh(self, shows: int, proofs: int) -> bool:
        """Whether a token lets its holder through, some seconds after the last step-up."""
        now = proved_at(proofs) + WITHIN
        return proofs > 0 and freshness.is_fresh(proved_at(shows), proved_at(proofs), now=now, within=WITHIN)

    def handed(
        self,
        who: str,
        s: State,
        row: Row,
        spent: bool,
        refresh: Any,
        access: Any,
        issuer: Any,
        watched: Any,
        kind: str,
    ) -> Iterator[Edge]:
        yield (who, kind), self.got(who, s, row, spent, refresh, access, issuer, watched)
        if who == OWNER:
            yield (None, kind + ", lost"), (row, spent, s[2], s[3], issuer, watched, s[6])

    def got(
        self, who: str, s: State, row: Row, spent: bool, refresh: Any, access: Any, issuer: Any, watched: Any
    ) -> State:
        _, _, owner, thief, _, _, proofs = s
        if who == OWNER:
            if self.is_fresh(owner[2], proofs) and not self.is_fresh(access[3], proofs):
                raise Broken("I7: the owner proved who they are, and a reissue has lost it")
            owner = (refresh or owner[0], access, access[3])
        else:
            thief = (thief[0] | ({refresh} if refresh else set()), thief[1] | {access})
        # Forgotten: tokens whose showing is always reuse, and those abandoned long ago.
        thief = (frozenset(t for t in thief[0] if t[0] == 0 or t == (1, row[3])), thief[1])
        return (row, spent, owner, thief, issuer, watched, proofs)


def proved_at(proof: int) -> int:
    """The `auth_time` of a proof, in seconds."""
    return LOGIN + proof * APART


def rotated(s: State) -> State:
    row, spent, owner, thief, *rest = s

    def older(t: Any) -> Any:
        return (1, t[1]) if t[0] == 0 else (2, 0)

    def access(t: Any) -> Any:
        return t and (1, 0, (1, *t[2][1:]) if t[2][0] == 0 else (2, 0, 0), t[3])

    thief = (frozenset(map(older, thief[0])), frozenset(map(access, thief[1])))
    return (row, spent, (older(owner[0]), access(owner[1]), owner[2]), thief, *rest)


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
