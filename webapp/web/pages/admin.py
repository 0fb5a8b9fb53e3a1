"""For administrators: people, their sessions, and what may be done to both. Everything done here is in the trail."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_login import current_user

from webapp.core.logins import username_key
from webapp.core.session import EndReason
from webapp.dates import datetime_text
from webapp.flows import end_sessions, manage_people
from webapp.services import services
from webapp.store import events, factors, passkeys, session_list, users
from webapp.store.database import read
from webapp.store.driver import look
from webapp.store.people_search import MAX_QUERY, SEARCHED, search
from webapp.web.answers import see_other
from webapp.web.requests import client, event_number
from webapp.web.roles import role_required
from webapp.web.sensitive import sensitive
from webapp.web.texts import gettext as _
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.events import shown_events
from webapp.web.words.sessions import ENDED_SHOWN_FOR, shown

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

PAGE = 25
"""People on a page, and events of a person."""
MAX_AFTER = 64
"""Characters of a folded username."""

NOTICES = {
    "ended": ("ok", _l("Session ended.")),
    "all": ("ok", _l("All of this user's sessions have ended.")),
    "disabled": ("ok", _l("The account has been disabled and logged out everywhere.")),
    "factors": ("ok", _l("All second steps of this user were removed, and all sessions have ended.")),
    "self": ("bad", _l("Remove your own second steps on your own pages.")),
    "enabled": ("ok", _l("The account is enabled again.")),
    "role": ("ok", _l("The role was changed. It applies from the user's next request.")),
    "reset": ("ok", _l("A link to choose a new password is on its way.")),
    "guest": ("bad", _l("Guests of the lab are deleted after a day, so a guest can't become an administrator.")),
    "last": ("bad", _l("This is the only active administrator. Make another user an administrator first.")),
}


@blueprint.get("", endpoint="people")
@role_required("admin")
def list_people() -> str:
    """`GET /admin?q=…&after=…`: users by username, from the one behind `after` on.

    Neither counted nor numbered, so a page costs the same among a million users as among ten.
    """
    query, after = request.args.get("q", "").strip()[:MAX_QUERY], request.args.get("after", "")[:MAX_AFTER]
    exact = read(lambda tx: users.find(tx, query)) if query and not after else None
    found, further = read(lambda tx: search(tx, query, after=after, limit=PAGE + 1))
    is_full = len(found) > PAGE
    listed = [person for person in found[:PAGE] if person != exact]
    return render_template(
        "admin_people.html",
        people=[exact, *listed] if exact else listed,
        query=query,
        first=not after,
        more=username_key(found[PAGE - 1].username) if is_full else further,
        searched=SEARCHED if further and not is_full else None,
    )


@blueprint.get("/people/<user_id>")
@role_required("admin")
def person(user_id: str) -> str:
    """`GET /admin/people/<id>`: one person, their sessions and events."""
    return _person_page(user_id, NOTICES.get(request.args.get("notice", "")))


def _person_page(user_id: str, notice: tuple[str, object] | None) -> str:
    now = services().clock()
    before = event_number("before")
    account = read(lambda tx: users.get(tx, user_id))
    if account is None:
        abort(404)
    listed = look(lambda tx: session_list.of_user(tx, user_id, ended_since=now - ENDED_SHOWN_FOR))
    rows = read(lambda tx: events.newest(tx, user_id, before=before, limit=PAGE + 1))
    lab = read(lambda tx: events.lab_sids(tx, user_id, {row.sid for row in rows if row.sid}))
    names = read(lambda tx: users.names(tx, {str(row.detail["by"]) for row in rows if "by" in row.detail}))
    alive, ended = shown(listed, now, current_user.auth_session.sid)
    return render_template(
        "admin_person.html",
        person=account,
        alive=alive,
        ended=ended,
        events=shown_events(rows[:PAGE], names=names, lab=lab),
        older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        first=before is None,
        notice=notice,
        factors=_factor_words(user_id),
    )


def _factor_words(user_id: str) -> list[str]:
    """Kind and date of each second step of a user; nothing secret."""
    app = read(lambda tx: factors.app_of(tx, user_id))
    since = [_("authenticator app since %(when)s", when=datetime_text(app.created_at))] if app else []
    return since + [
        _("passkey since %(when)s", when=datetime_text(row.created_at))
        for row in read(lambda tx: passkeys.of_person(tx, user_id))
    ]


@blueprint.post("/people/<user_id>/disable")
@role_required("admin")
@sensitive("admin.person")
def disable(user_id: str) -> Response | tuple[str, int]:
    """`POST /admin/people/<id>/disable`."""
    return _manage(user_id, "disabled", manage_people.disable)


@blueprint.post("/people/<user_id>/enable")
@role_required("admin")
@sensitive("admin.person")
def enable(user_id: str) -> Response | tuple[str, int]:
    """`POST /admin/people/<id>/enable`."""
    return _manage(user_id, "enabled", manage_people.enable)


@blueprint.post("/people/<user_id>/send-reset")
@role_required("admin")
@sensitive("admin.person")
def send_reset(user_id: str) -> Response | tuple[str, int]:
    """`POST /admin/people/<id>/send-reset`: mails a link. Not to oneself, not without mail."""
    if not services().settings.mail.is_on or user_id == current_user.id:
        abort(404)
    return _manage(user_id, "reset", manage_people.send_reset)


@blueprint.post("/people/<user_id>/role")
@role_required("admin")
@sensitive("admin.person")
def change_role(user_id: str) -> Response | tuple[str, int]:
    """`POST /admin/people/<id>/role`: `role` is `user` or `admin`."""
    role = request.form.get("role", "")
    if role not in manage_people.ROLES:
        abort(400)
    return _manage(user_id, "role", lambda whose, **who: manage_people.change_role(whose, role, **who))


@blueprint.post("/people/<user_id>/reset-factors")
@role_required("admin")
@sensitive("admin.person")
def reset_factors(user_id: str) -> Response | tuple[str, int]:
    """`POST /admin/people/<id>/reset-factors`: for a user who has lost all second steps."""
    try:
        return _manage(user_id, "factors", manage_people.reset_factors)
    except manage_people.OneSelf:
        return _person_page(user_id, NOTICES["self"]), 422


def _manage(user_id: str, done: str, act: Callable[..., None]) -> Response | tuple[str, int]:
    try:
        act(user_id, by=current_user.id, client=client(), now=services().clock())
    except manage_people.NoSuchPerson:
        abort(404)
    except manage_people.NotAdmin:
        abort(403)
    except manage_people.GuestStaysUser:
        return _person_page(user_id, NOTICES["guest"]), 422
    except manage_people.LastAdmin:
        return _person_page(user_id, NOTICES["last"]), 422
    return see_other(url_for("admin.person", user_id=user_id, notice=done))


@blueprint.post("/people/<user_id>/sessions/<sid>/revoke")
@role_required("admin")
@sensitive("admin.person")
def revoke(user_id: str, sid: str) -> Response:
    """`POST /admin/people/<id>/sessions/<sid>/revoke`."""
    ended = end_sessions.end_one(
        sid,
        reason=EndReason.ADMIN,
        client=client(),
        now=services().clock(),
        owner=user_id,
        by=current_user.id,
    )
    if not ended:
        abort(404)
    return see_other(url_for("admin.person", user_id=user_id, notice="ended"))


@blueprint.post("/people/<user_id>/sessions/revoke-all")
@role_required("admin")
@sensitive("admin.person")
def revoke_all(user_id: str) -> Response:
    """`POST /admin/people/<id>/sessions/revoke-all`: logins in flight included."""
    if read(lambda tx: users.get(tx, user_id)) is None:
        abort(404)
    end_sessions.end_all(user_id, reason=EndReason.ADMIN, client=client(), now=services().clock(), by=current_user.id)
    return see_other(url_for("admin.person", user_id=user_id, notice="all"))
