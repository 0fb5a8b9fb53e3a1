"""The lab's control "Prove it is you": a step-up, by the flow that serves the step-up's own page."""

from __future__ import annotations

from flask import Response, current_app, g

from webapp.core.errors import WrongPassword
from webapp.core.rotation import Refreshed
from webapp.flows.prove_factor import Typed
from webapp.flows.step_up import ProvedAlready, SessionOver
from webapp.web import proving
from webapp.web.cookies import write_tokens
from webapp.web.forms import StepUpForm
from webapp.web.lab.page import fill, page, settled


def prove() -> Response:
    """`POST /lab/prove`: `password`, `otp`. A step-up as on its own page; the answer shows what it moved."""
    form, auth = StepUpForm(), g.auth
    try:
        issued = proving.prove(form.password.data or "", Typed(form.otp.data or ""), judged_at=auth.judged_at)
    except (SessionOver, ProvedAlready):
        return page()  # it shows what is; nothing is handed out here
    except WrongPassword:
        return fill(settled(), lever="unproved", status=422)
    auth.issued = issued
    if issued.row is None:
        return fill(settled(), lever="nothing")
    answer = current_app.response_class(mimetype="text/html")
    write_tokens(answer, issued.row, access=issued.access, refresh=issued.refresh)
    return fill(answer, lever="proved_young" if issued.what is Refreshed.PROVED else "proved")
