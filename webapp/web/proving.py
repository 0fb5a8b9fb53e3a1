"""A step-up by what was typed, for every door that takes one: its own page, the lab, the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g

from webapp.core.ceremony import Refused
from webapp.core.errors import TooManyTries, WrongPassword
from webapp.flows import step_up as flow
from webapp.flows.prove_factor import Typed
from webapp.flows.refresh import Issued
from webapp.services import services
from webapp.web import metrics
from webapp.web.gates import FactorGate, PasswordGate
from webapp.web.limits import count
from webapp.web.requests import client


def prove(password: str, typed: Typed, *, judged_at: int, knows_browsers: bool = True) -> Issued:
    """Prove the password, and the code where there is a second factor. Counted for the limits and for /metrics.

    `judged_at`: when the request was judged, Unix seconds. `knows_browsers`: does this door read cookies? Raises as
    flows/step_up.py does.
    """
    factor_gate = FactorGate(knows_browsers=knows_browsers)
    with counted():
        return flow.step_up(
            asked(judged_at), password, typed, safe=services().safe, gate=PasswordGate(), factor_gate=factor_gate
        )


def asked(judged_at: int) -> flow.Asked:
    """This request, as the flows of a step-up want it."""
    application = services()
    return flow.Asked(application.tokens, g.auth.judgement, judged_at, application.clock(), client())


@contextmanager
def counted() -> Iterator[None]:
    """Count a step-up of this request's session, and what becomes of it. Raises TooManyTries."""
    try:
        count("step_up", g.auth.judgement.row.sid)
        yield
    except flow.ProvedAlready:
        raise
    except (WrongPassword, Refused):
        metrics.count_step_up("wrong")
        raise
    except TooManyTries:
        metrics.count_step_up("limited")
        raise
    metrics.count_step_up("passed")
