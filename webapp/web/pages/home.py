"""The front page: what this is, in one look; for the signed-in, their account at a glance."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from webapp.core.decision import case_of
from webapp.dates import moment
from webapp.web.marks import public

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@public
def index() -> str:
    """`GET /`."""
    auth = g.auth
    if auth.person is None:
        return render_template("home.html")
    session = auth.person.auth_session
    case = case_of(auth.judgement.access.state, auth.judgement.refresh.state)
    return render_template(
        "home.html",
        current_case=case.number if case else None,
        signed_in_at=moment(session.created_at),
        session_ends_at=moment(session.expires_at),
        persistent=session.persistent,
    )
