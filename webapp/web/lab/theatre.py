"""The theatre: acts and cells, played with a temporary session of the visitor's against the real hooks."""

from __future__ import annotations

from flask import Flask, Response, abort, render_template, request
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from webapp.core.decision import RefreshColumn, TokenState
from webapp.services import services, services_of
from webapp.web.lab.acts import ACTS, BY_NAME
from webapp.web.lab.cells import REACHABLE, try_cell
from webapp.web.lab.page import blueprint, page
from webapp.web.lab.prove import prove
from webapp.web.lab.recorder import record
from webapp.web.lab.scene import drawings
from webapp.web.lab.stage import Stage
from webapp.web.lab.witness import WITNESS
from webapp.web.limits import count
from webapp.web.login_page import NOTICES
from webapp.web.requests import client

blueprint.post("/prove")(prove)


def register(app: Flask) -> None:
    """The lab's pages and these, and the memory behind them. Only where the lab is on; else none of them exists."""
    app.register_blueprint(blueprint)
    services_of(app).recorder = record


@blueprint.get("/acts/<name>")
def act(name: str) -> str:
    """`GET /lab/acts/…`: play an act, and show it. Each visit plays it anew."""
    chosen = BY_NAME.get(name) or abort(404)
    with _stage() as stage:
        scene = chosen.play(stage)
    number = ACTS.index(chosen)
    return render_template(
        "lab/act.html",
        act=chosen,
        acts=ACTS,
        next_act=ACTS[(number + 1) % len(ACTS)],
        scene=scene,
        drawings=drawings(scene),
        notice=NOTICES[scene.notice] if scene.notice else None,
    )


@blueprint.post("/cell")
def cell() -> Response:
    """`POST /lab/cell`: send a request that falls into one cell of the matrix, with a temporary session."""
    access, _slash, column = request.form.get("cell", "").partition("/")
    if (access, column) not in REACHABLE:
        abort(400)
    wanted = TokenState(access), RefreshColumn(column)
    with _stage() as stage:
        tried = try_cell(stage, *wanted)
    return page(tried=tried)


@blueprint.get("/stage")
def stage() -> str:
    """Where the acts send their requests. From outside it does not exist."""
    witness = request.environ.get(WITNESS) or abort(404)
    witness.in_view()
    return generate_csrf() if witness.wants_form else ""


def _stage() -> Stage:
    count("acts", current_user.id)
    return Stage(services().tokens, current_user.auth_session, client(), services().clock())
