"""Before the view: verify two tokens, load one row, judge. Reads only."""

from __future__ import annotations

from webapp.core import judgement
from webapp.core.decision import PAGES, Matrix
from webapp.core.judgement import Judgement, named_session
from webapp.core.session import Channel
from webapp.core.tokens import Tokens
from webapp.store import auth_sessions


def judge(
    tokens: Tokens, access: str | None, refresh: str | None, channel: Channel, now: int, *, matrix: Matrix = PAGES
) -> Judgement:
    """Judge two presented token texts (None: not sent) at `now` (Unix seconds). Raises DatabaseUnavailable."""
    access_verdict = tokens.verify_access(access, channel, now)
    refresh_verdict = tokens.verify_refresh(refresh, channel, now)
    sid = named_session(access_verdict, refresh_verdict)
    row = auth_sessions.load(sid) if sid is not None else None
    return judgement.judge(
        access_verdict,
        refresh_verdict,
        row,
        channel=channel,
        now=now,
        lifetimes=tokens.lifetimes,
        demands=tokens.demands,
        matrix=matrix,
    )
