"""What the lab remembers of a request and tells the stage, once the request's cookies are settled."""

from __future__ import annotations

import logging
from typing import Any

from flask import request

from webapp.core.claims import Verdict
from webapp.core.decision import SERVED
from webapp.flows import lab_record
from webapp.services import services
from webapp.store.lab_requests import Life, Record
from webapp.web.cookies import held_after
from webapp.web.lab.witness import STAGE_PATH, WITNESS, Witness
from webapp.web.person import Auth

log = logging.getLogger(__name__)


def record(auth: Auth) -> None:
    """Keep this request if its session is watched, or if it is played on the stage. Never raises."""
    if not auth.recorded:
        remember(auth)


def remember(auth: Auth, lever: str = "") -> None:
    """Keep the request as it stands now, and which control acted after it. Never raises."""
    auth.recorded = True
    try:
        _remember(auth, lever)
    except Exception:
        log.exception("the lab remembers nothing of this request")


def _remember(auth: Auth, lever: str) -> None:
    witness: Witness | None = request.environ.get(WITNESS)
    row = auth.judgement.row
    if witness is not None:
        witness.note(auth)
        sid, user_id = witness.audience
    elif row is not None and auth.judgement.live and (row.watched_from is not None or request.blueprint == "lab"):
        sid, user_id = row.sid, row.user_id
    else:
        return
    record = _record(auth, request.path if witness is None else STAGE_PATH)
    lab_record.keep(sid, user_id, record._replace(lever=lever))


def _record(auth: Auth, path: str) -> Record:
    judgement, issued, now = auth.judgement, auth.issued, auth.judged_at
    tokens = services().tokens
    held = held_after(auth)
    access = tokens.verify_access(held[0], "web", now).claims
    refresh = tokens.verify_refresh(held[1], "web", now).claims
    before = judgement.row.refresh_generation if judgement.row else 0
    after = issued.row.refresh_generation if issued and issued.row else refresh.gen if refresh else before
    return Record(
        at=now,
        method=request.method[:8],
        path=path[:80].replace("\0", "\N{REPLACEMENT CHARACTER}"),  # PostgreSQL keeps no NUL
        access=judgement.access.state.value,
        refresh=judgement.refresh.state.value,
        standing=judgement.standing.value if judgement.standing else None,
        cell=judgement.column.value,
        outcome=auth.outcome.value,
        what=issued.what if issued else None,
        generation_before=before,
        generation_after=max(before, after),
        cookies=tuple(
            f"{'+' if text else '-'}{name.removesuffix('_token')}"
            for name, text in sorted((auth.cookies_set or {}).items())
        ),
        microseconds=int(auth.elapsed * 1_000_000),
        confirmed=judgement.confirms and auth.outcome in SERVED,
        sent=(_generation(judgement.access), _generation(judgement.refresh)),
        access_token=Life(access.gen, access.iat, access.exp) if access else None,
        refresh_token=Life(refresh.gen, refresh.iat, refresh.exp) if refresh else None,
    )


def _generation(verdict: Verdict[Any]) -> int | None:
    return verdict.claims.gen if verdict.claims else None
