"""What the lab remembers of a request and tells the stage, once the request's cookies are settled."""

from __future__ import annotations

import logging
from typing import Any

from flask import request

from webapp.core.decision import SERVED
from webapp.core.rotation import shows_successor
from webapp.core.tokens import Verdict
from webapp.flows import lab_record
from webapp.store.lab_requests import Life, Record
from webapp.web.authentication import Auth, tokens_after
from webapp.web.lab.stage import STAGE_PATH, WITNESS, Witness
from webapp.web.services import services

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
    row = auth.evidence.row
    if witness is not None:
        witness.note(auth)
        sid, user_id = witness.audience
    elif row is not None and auth.evidence.live and (row.watched_from is not None or request.blueprint == "lab"):
        sid, user_id = row.sid, row.user_id
    else:
        return
    record = _record(auth, request.path if witness is None else STAGE_PATH)
    lab_record.keep(sid, user_id, record._replace(lever=lever))


def _record(auth: Auth, path: str) -> Record:
    evidence, issued, now = auth.evidence, auth.issued, auth.door
    tokens = services().tokens
    held = tokens_after(auth)
    access = tokens.verify_access(held[0], "web", now).claims
    refresh = tokens.verify_refresh(held[1], "web", now).claims
    before = evidence.row.refresh_generation if evidence.row else 0
    after = issued.row.refresh_generation if issued and issued.row else refresh.gen if refresh else before
    return Record(
        at=now,
        method=request.method[:8],
        path=path[:80],
        access=evidence.access.state.value,
        refresh=evidence.refresh.state.value,
        standing=evidence.standing.value if evidence.standing else None,
        cell=evidence.column.value,
        outcome=auth.outcome.value,
        what=issued.what if issued else None,
        generation_before=before,
        generation_after=max(before, after),
        cookies=[
            f"{'+' if text else '-'}{name.removesuffix('_token')}" for name, text in sorted((auth.handed or {}).items())
        ],
        microseconds=int(auth.elapsed * 1_000_000),
        confirmed=_was_first_use(auth),
        sent=(_generation(evidence.access), _generation(evidence.refresh)),
        access_token=Life(access.gen, access.iat, access.exp) if access else None,
        refresh_token=Life(refresh.gen, refresh.iat, refresh.exp) if refresh else None,
    )


def _was_first_use(auth: Auth) -> bool:
    evidence, row = auth.evidence, auth.evidence.row
    if row is None or row.refresh_confirmed_at is not None or auth.outcome not in SERVED:
        return False
    return shows_successor(
        evidence.access.state, _generation(evidence.access), evidence.standing, row.refresh_generation
    )


def _generation(verdict: Verdict[Any]) -> int | None:
    return verdict.claims.gen if verdict.claims else None
