"""The lab's control "Prove it is you": a step-up, by the flow that serves the step-up's own page."""

from __future__ import annotations

from flask import Response, current_app, g

from webapp.core.errors import WrongPassword
from webapp.core.rotation import Refreshed
from webapp.flows import step_up as flow
from webapp.flows.prove_factor import Typed
from webapp.services import services
from webapp.web import metrics
from webapp.web.cookies import write_tokens
from webapp.web.forms import StepUpForm
from webapp.web.gates import FactorGate, PasswordGate
from webapp.web.lab.page import fill, page, settled
from webapp.web.limits import count
from webapp.web.requests import client


def prove() -> Response:
    """`POST /lab/prove`: `password`, `otp`. A step-up as on its own page; the answer shows what it moved."""
    form, auth = StepUpForm(), g.auth
    count("step_up", auth.judgement.row.sid)
    try:
        issued = flow.step_up(
            services().tokens,
            auth.judgement,
            form.password.data or "",
            Typed(form.otp.data or ""),
            safe=services().safe,
            gate=PasswordGate(),
            factor_gate=FactorGate(),
            judged_at=auth.judged_at,
            now=services().clock(),
            client=client(),
        )
    except WrongPassword:
        metrics.count_step_up("wrong")
        return fill(settled(), lever="unproved", status=422)
    except flow.SessionOver:
        return page()
    metrics.count_step_up("passed")
    auth.issued = issued
    answer = current_app.response_class(mimetype="text/html")
    if issued.row is None:
        return fill(settled(), lever="nothing")
    write_tokens(answer, issued.row, access=issued.access, refresh=issued.refresh)
    return fill(answer, lever="proved_young" if issued.what is Refreshed.PROVED else "proved")
