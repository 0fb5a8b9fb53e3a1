"""A browser logs in: what its request says, and what the answer gives it. For every page that starts a session."""

from __future__ import annotations

from flask import Response, g

from webapp.core.session import SessionRow
from webapp.flows.arrival import Arrival
from webapp.services import services
from webapp.web import device_cookie, pending
from webapp.web.cookies import write_tokens
from webapp.web.csrf import form_id
from webapp.web.requests import client


def arrival(*, persistent: bool = False) -> Arrival:
    """This request, as the flows of a login want it. `persistent`: the session outlives the browser's window."""
    application = services()
    tokens = application.tokens
    return Arrival(
        "web",
        client(),
        application.clock(),
        tokens.lifetimes,
        tokens.demands,
        persistent,
        presented=g.auth.judgement.sids,
        knows=device_cookie.people,
        form=form_id(),
    )


def sign_in(answer: Response, session: SessionRow) -> Response:
    """Give the browser both tokens of its session, and remember that it knows the account."""
    tokens = services().tokens
    access = tokens.mint_access(
        session, gen=session.refresh_generation, now=session.created_at, auth_time=session.created_at
    )
    write_tokens(answer, session, access=access, refresh=tokens.mint_refresh(session))
    device_cookie.remember(answer, session)
    pending.forget(answer)
    return answer
