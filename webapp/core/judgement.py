"""What a request's two tokens and its session row amount to: one judgement, for pages, API and lab alike.

    verify both tokens -> do they belong together? -> load one row -> is the session live? -> standing
    -> does the access token still count? -> outcome

Only this file decides that a session that is not live is asked to log in. Nothing here reads or writes. The
verdicts and the row come in, and flows and hooks act on what goes out.
"""

from __future__ import annotations

from typing import NamedTuple

from webapp.core.claims import AccessClaims, RefreshClaims, Verdict
from webapp.core.decision import PAGES, Matrix, Outcome, RefreshColumn, TokenState, decide, refresh_column
from webapp.core.demands import NOTHING, Demands, Unmet
from webapp.core.lifetimes import Lifetimes
from webapp.core.rotation import confirms, counts, is_renewable
from webapp.core.session import Channel, SessionRow
from webapp.core.standing import Standing, classify


class Judgement(NamedTuple):
    """Everything that is known about a request's two tokens, and what happens to it."""

    access: Verdict[AccessClaims]
    refresh: Verdict[RefreshClaims]
    outcome: Outcome
    column: RefreshColumn = RefreshColumn.ABSENT
    row: SessionRow | None = None
    live: bool = False
    standing: Standing | None = None
    """What the database knows of the refresh token; None where it was not asked."""
    counts_as: TokenState = TokenState.ABSENT
    """What the access token counts as. That of an abandoned successor is EXPIRED though its verdict says VALID."""
    mismatched: bool = False
    """Both tokens are authentic but of different sessions or users."""
    unmet: Unmet | None = None
    """What the site demands and this session lacks. A session that lacks it is not live."""

    @property
    def claims(self) -> AccessClaims | RefreshClaims | None:
        """Claims of the token that names the session: the refresh token's if it is authentic."""
        return self.refresh.claims or self.access.claims

    @property
    def sids(self) -> frozenset[str]:
        """Every session that an authentic token names: none, one, or the two of a mixed pair."""
        return frozenset(claims.sid for claims in (self.access.claims, self.refresh.claims) if claims)

    @property
    def end_reason(self) -> str | None:
        """Why the session cannot be used, where its row says so: why it ended, or what it lacks."""
        return (self.row.revoked_reason or self.unmet) if self.row is not None and not self.live else None

    @property
    def confirms(self) -> bool:
        """Whether this request is the first to show that the client has the current generation."""
        return (
            self.row is not None
            and self.row.refresh_confirmed_at is None
            and self.live
            and confirms(self.access, self.standing, self.row)
        )


def belong_together(access: Verdict[AccessClaims], refresh: Verdict[RefreshClaims]) -> bool | None:
    """Whether two authentic tokens are of the same session and user; None where fewer than two are authentic."""
    if access.claims is None or refresh.claims is None:
        return None
    return (access.claims.sid, access.claims.sub) == (refresh.claims.sid, refresh.claims.sub)


def named_session(access: Verdict[AccessClaims], refresh: Verdict[RefreshClaims]) -> str | None:
    """Id of the session whose row is to be loaded; None where no token, or a mixed pair, names one."""
    claims = refresh.claims or access.claims
    return None if claims is None or belong_together(access, refresh) is False else claims.sid


def judge(
    access: Verdict[AccessClaims],
    refresh: Verdict[RefreshClaims],
    row: SessionRow | None,
    *,
    channel: Channel,
    now: int,
    lifetimes: Lifetimes,
    demands: Demands = NOTHING,
    matrix: Matrix = PAGES,
) -> Judgement:
    """Judge two verdicts and the row that `named_session` asked for, at `now` (Unix seconds).

    `demands` are the site's; `matrix` is the table of the endpoint: PAGES or API_REFRESH.
    """
    claims = refresh.claims or access.claims
    if claims is None:
        column = refresh_column(refresh.state, None, renewable=False)
        return Judgement(access, refresh, decide(access.state, column, matrix), column, counts_as=access.state)
    if row is not None and (row.sid, row.user_id, row.channel) != (claims.sid, claims.sub, channel):
        row = None
    if row is None or not row.is_live(now) or belong_together(access, refresh) is False:
        outcome, mismatched = _without_session(access, refresh, matrix), belong_together(access, refresh) is False
        return Judgement(access, refresh, outcome, row=row, counts_as=access.state, mismatched=mismatched)
    if (unmet := demands.unmet(row)) is not None:
        outcome = _without_session(access, refresh, matrix)
        return Judgement(access, refresh, outcome, row=row, counts_as=access.state, unmet=unmet)
    standing, renewable = None, False
    if refresh.claims is not None:
        standing = classify(refresh.claims.gen, refresh.claims.jti, row, now=now, grace=lifetimes.grace)
    counts_as = counts(access, standing, row)
    if refresh.state is TokenState.EXPIRED and refresh.claims is not None:
        window = lifetimes.of(row).renewal_window
        renewable = is_renewable(counts_as, access.claims, refresh.claims.exp, now=now, window=window)
    column = refresh_column(refresh.state, standing, renewable=renewable)
    outcome = decide(counts_as, column, matrix)
    return Judgement(access, refresh, outcome, column, row, True, standing, counts_as)


def _without_session(access: Verdict[AccessClaims], refresh: Verdict[RefreshClaims], matrix: Matrix) -> Outcome:
    # A request that lacks a token is told so first, whatever became of the session.
    missing = refresh.state is TokenState.ABSENT and decide(access.state, RefreshColumn.ABSENT, matrix)
    return Outcome.INCOMPLETE if missing is Outcome.INCOMPLETE else Outcome.LOG_IN
