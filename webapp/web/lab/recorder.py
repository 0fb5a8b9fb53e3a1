"""What the lab remembers of a request and tells the stage, once the request's cookies are settled."""

from __future__ import annotations

import logging

from flask import request

from webapp.flows import lab_record
from webapp.services import services
from webapp.web.cookies import held_after
from webapp.web.lab.stage import WITNESS, Witness
from webapp.web.person import Auth

log = logging.getLogger(__name__)


TELL_THEMSELVES = frozenset({"lab.show", "lab.expire", "lab.pace", "lab.act", "lab.cell"})
"""Views that call `remember` when they have done with the tokens: their page tells of it, and the levers come last."""


def record(auth: Auth) -> None:
    """Keep this request if its session is watched, or if it is played on the stage. Never raises."""
    if auth.person is None or request.endpoint not in TELL_THEMSELVES:
        remember(auth)


def remember(auth: Auth) -> None:
    """Keep the request as it stands now. Never raises."""
    try:
        _remember(auth)
    except Exception:
        log.exception("the lab remembers nothing of this request")


def _remember(auth: Auth) -> None:
    witness: Witness | None = request.environ.get(WITNESS)
    row = auth.judgement.row
    if witness is not None:
        witness.note(auth)
        sid, user_id = witness.audience
    elif row is not None and auth.judgement.live and (row.watched_from is not None or request.blueprint == "lab"):
        sid, user_id = row.sid, row.user_id
    else:
        return
    lab_record.keep(
        services().tokens,
        auth.judgement,
        auth.issued,
        sid=sid,
        user_id=user_id,
        held=held_after(auth),
        cookies_set=auth.cookies_set or {},
        method=request.method,
        path=request.path if witness is None else lab_record.STAGE_PATH,
        seconds=auth.elapsed,
        now=auth.judged_at,
    )
