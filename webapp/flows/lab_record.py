"""Remember what a request was, for the lab. Best effort: no page waits for it, and none breaks over it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from webapp.core.judgement import Judgement
from webapp.core.session import SessionRow
from webapp.core.tokens import Tokens
from webapp.flows.refresh import Issued
from webapp.store import lab_requests, lab_sessions
from webapp.store.database import DatabaseUnavailable, read, transact
from webapp.store.lab_requests import Record

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds a record may wait for the database."""

STAGE_PATH = "/lab/stage"
"""Where the theatre plays. Its requests collect cells of the matrix but are not the visitor's own history."""


def watch(row: SessionRow, now: int) -> None:
    """Begin to keep this session's requests. Never raises."""
    if row.watched_from is None:
        _try(lambda tx: lab_sessions.watch(tx, row.sid, now))


def keep(
    tokens: Tokens,
    judgement: Judgement,
    issued: Issued | None,
    *,
    sid: str,
    user_id: str,
    held: tuple[str | None, str | None],
    cookies_set: Mapping[str, str],
    method: str,
    path: str,
    seconds: float,
    now: int,
) -> None:
    """Keep one request under session `sid`. Never raises.

    `held` are the token texts the browser has after the answer, `cookies_set` the cookies that answer set (empty:
    cleared). Of both only times and generations are kept. `seconds` is what authentication took.
    """
    access = tokens.verify_access(held[0], "web", now).claims
    refresh = tokens.verify_refresh(held[1], "web", now).claims
    before = judgement.row.refresh_generation if judgement.row else 0
    record = Record(
        sid=sid,
        user_id=user_id,
        at=now,
        method=method[:8],
        path=path[:80],
        access=judgement.access.state.value,
        refresh=judgement.refresh.state.value,
        standing=judgement.standing.value if judgement.standing else None,
        cell=judgement.column.value,
        outcome=judgement.outcome.value,
        what=issued.what if issued else None,
        generation_before=before,
        generation_after=max(
            before,
            issued.row.refresh_generation if issued and issued.row else before,
            refresh.gen if refresh else before,
        ),
        cookies=" ".join(
            f"{'+' if text else '-'}{name.removesuffix('_token')}" for name, text in sorted(cookies_set.items())
        ),
        microseconds=int(seconds * 1_000_000),
        access_gen=access.gen if access else None,
        access_iat=access.iat if access else None,
        access_exp=access.exp if access else None,
        refresh_gen=refresh.gen if refresh else None,
        refresh_iat=refresh.iat if refresh else None,
        refresh_exp=refresh.exp if refresh else None,
    )
    _try(lambda tx: lab_requests.add(tx, record))


def recall(sid: str, user_id: str) -> tuple[list[Record], set[tuple[str, str]]]:
    """A session's requests, newest first, and the cells its person has collected. Raises DatabaseUnavailable."""
    return read(lambda tx: (lab_requests.of_session(tx, sid, besides=STAGE_PATH), lab_requests.cells_of(tx, user_id)))


def _try(work: Callable[[Connection], object]) -> None:
    try:
        transact(work, patience=PATIENCE)
    except DatabaseUnavailable:
        log.info("the lab's memory is busy, nothing kept")
