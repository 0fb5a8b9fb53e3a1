"""Where a person is logged in, how to end that, and what happened to their account."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_login import current_user

from webapp.flows import end_sessions
from webapp.services import services
from webapp.store import events, session_list
from webapp.store.database import read
from webapp.store.driver import look
from webapp.web.answers import see_other
from webapp.web.cookies import clear_tokens
from webapp.web.requests import client, event_number
from webapp.web.sensitive import is_another_session, sensitive
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.events import shown_events
from webapp.web.words.sessions import ENDED_SHOWN_FOR, shown

blueprint = Blueprint("sessions", __name__, url_prefix="/account")

PAGE = 25
"""Events on a page."""

NOTICES = {
    "ended": ("ok", _l("Session ended. That device has to log in again.")),
    "others": ("ok", _l("All other sessions have ended. Only this device is logged in.")),
    "password": (
        "ok",
        _l("Your password was changed. All other sessions have ended; this device stays logged in with a new session."),
    ),
}


@blueprint.get("/sessions")
def show() -> str:
    """`GET /account/sessions`."""
    now, own = services().clock(), current_user.auth_session
    listed = look(lambda tx: session_list.of_user(tx, own.user_id, ended_since=now - ENDED_SHOWN_FOR))
    alive, ended = shown(listed, now, own.sid)
    notice = NOTICES.get(request.args.get("notice", ""))
    return render_template("sessions.html", alive=alive, ended=ended, notice=notice)


@blueprint.post("/sessions/<sid>/revoke")
@sensitive("sessions.show", when=is_another_session)
def revoke(sid: str) -> Response:
    """`POST /account/sessions/<sid>/revoke`. Another user's session, one that has ended and nonsense are all 404."""
    own = current_user.auth_session.sid
    if not end_sessions.end_own(current_user.id, sid, current=own, client=client(), now=services().clock()):
        abort(404)
    if sid != own:
        return see_other(url_for("sessions.show", notice="ended"))
    answer = see_other(url_for("accounts.log_in", notice="logout"))
    clear_tokens(answer)
    return answer


@blueprint.post("/sessions/revoke-others")
@sensitive("sessions.show")
def revoke_others() -> Response:
    """`POST /account/sessions/revoke-others`: only this browser stays logged in."""
    end_sessions.end_others(current_user.id, current_user.auth_session.sid, client=client(), now=services().clock())
    return see_other(url_for("sessions.show", notice="others"))


@blueprint.get("/activity")
def activity() -> str:
    """`GET /account/activity?before=<event number>`: newest first; with `lab`, the lab's experiments as well."""
    before = event_number("before")
    with_lab = "lab" in request.args
    user_id = current_user.id
    rows = read(lambda tx: events.newest(tx, user_id, before=before, limit=PAGE + 1, lab=with_lab))
    sids = {row.sid for row in rows if row.sid}
    lab = read(lambda tx: events.lab_sids(tx, user_id, sids)) if with_lab else frozenset()
    shown = shown_events(rows[:PAGE], lab=lab)
    return render_template(
        "activity.html",
        events=shown,
        worries=[event for event in shown if event.tone == "bad"] if before is None else [],
        older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        first=before is None,
        with_lab=with_lab,
    )
