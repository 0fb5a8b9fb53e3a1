"""The lab: the four cases happen to one's own tokens, and the deployed code decides.

Every lever answers with the page itself instead of a redirect: a redirect would be the next request, and would take
the lit case before anybody had seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from webapp.core.decision import FOUR_CASES, PAGES, Outcome, RefreshColumn, TokenState
from webapp.core.judgement import Judgement
from webapp.core.tokens import Tokens
from webapp.dates import clock_text
from webapp.flows import lab_levers, lab_record
from webapp.flows.judge import judge
from webapp.flows.lab_levers import FAST, Held
from webapp.services import services, services_of
from webapp.store import guests
from webapp.store.database import read
from webapp.web.cookies import held_after, write_tokens
from webapp.web.hooks import settle
from webapp.web.inspector.phrases import HEADER, KIND, phrase
from webapp.web.lab.acts import ACTS, BY_NAME
from webapp.web.lab.board import Board, foretell, kind_of, lit_case
from webapp.web.lab.cells import REACHABLE, try_cell
from webapp.web.lab.recorder import record, remember
from webapp.web.lab.sentence import said
from webapp.web.lab.stage import STAGE_PATH, WITNESS, Stage
from webapp.web.lab.timeline import draw
from webapp.web.marks import peek, public
from webapp.web.person import Auth
from webapp.web.requests import client
from webapp.web.words import tokens as words

blueprint = Blueprint("lab", __name__, url_prefix="/lab")

CARDS = 20
"""Requests told in full; older ones are on the timeline."""

LEVERS = {
    "access": (
        True,
        False,
        _l("The access token has now expired; the refresh token is still valid. Send a request to see what happens."),
    ),
    "refresh": (
        False,
        True,
        _l("The refresh token has now expired; the access token is still valid. Send a request to see what happens."),
    ),
    "both": (True, True, _l("Both tokens have now expired. Send a request to see what happens.")),
}
PACES = {
    "fast": (
        True,
        _l("From now on, your access tokens last 15 seconds and your refresh tokens 45 seconds."),
    ),
    "normal": (False, _l("Your tokens have their normal lifetimes again.")),
}
OVERTAKEN = ("warn", _l("Another tab got there first, so nothing changed. Try again."))


def register(app: Flask) -> None:
    """The pages, and the memory behind them. Only where the lab is on; else nothing of it exists."""
    app.register_blueprint(blueprint)
    services_of(app).recorder = record


@blueprint.get("", strict_slashes=False)
def show() -> Response:
    """`GET /lab`. An ordinary request: it takes the lit case like any other."""
    return _page()


@blueprint.post("/send")
def send() -> Response:
    """`POST /lab/send`: an ordinary request; the page after it shows what it was."""
    answer = redirect(url_for("lab.show"), 303)
    assert isinstance(answer, Response)
    return answer


@blueprint.post("/expire/<any(access, refresh, both):which>")
def expire(which: str) -> Response:
    """`POST /lab/expire/…`: end one token of this browser's session, or both."""
    access, refresh, done = LEVERS[which]
    return _pull(lambda *known: lab_levers.let_expire(*known, access=access, refresh=refresh), done)


@blueprint.post("/clock/<any(fast, normal):pace>")
def pace(pace: str) -> Response:
    """`POST /lab/clock/…`: the fast clock for this session, and back."""
    fast, done = PACES[pace]
    return _pull(lambda *known: lab_levers.set_pace(*known, fast=fast), done)


@blueprint.post("/act/<name>")
def act(name: str) -> Response:
    """`POST /lab/act/…`: play an act with an extra session of the same person."""
    chosen = BY_NAME.get(name) or abort(404)
    with _stage() as stage:
        scene = chosen.play(stage)
    return _page(played=(chosen, scene))


@blueprint.post("/cell")
def cell() -> Response:
    """`POST /lab/cell`: send a request that falls into one cell of the matrix, with an extra session."""
    access, _slash, column = request.form.get("cell", "").partition("/")
    if (access, column) not in REACHABLE:
        abort(400)
    wanted = TokenState(access), RefreshColumn(column)
    with _stage() as stage:
        tried = try_cell(stage, *wanted)
    return _page(tried=tried)


@blueprint.get("/stage")
def stage() -> str:
    """Where the acts send their requests. From outside it does not exist."""
    witness = request.environ.get(WITNESS) or abort(404)
    witness.in_view()
    return generate_csrf() if witness.wants_form else ""


@blueprint.get("/state")
@public
@peek
def state() -> Response:
    """`GET /lab/state`: what the next request would be, as JSON. Looks only. Says nothing that the cookies do not."""
    access, refresh = g.auth.sent
    now = services().clock()
    board = foretell(services().tokens, access.value, refresh.value, now)
    return jsonify(_state(board, now))


def _state(board: Board, now: int) -> dict[str, Any]:
    row = board.judgement.row
    return {
        "now": now,
        "case": board.case,
        "outcome": board.outcome.value,
        "words": str(words.OUTCOME[board.outcome]),
        "cell": f"{board.judgement.access.state.value}/{board.judgement.column.value}",
        "generation": row.refresh_generation if row else None,
        "live": board.judgement.live,
        **{
            view.name: {
                "state": view.state.value,
                "word": str(words.STATE[view.state]),
                "expires_at": view.expires_at,
                "life": view.life,
            }
            for view in (board.access, board.refresh)
        },
    }


def _stage() -> Stage:
    return Stage(services().tokens, current_user.auth_session, client(), services().clock())


def _pull(lever: Callable[[Tokens, Judgement, int], Held | None], done: object) -> Response:
    """Let this request be an ordinary one first, case and all; then pull the lever on the pair that came of it."""
    answer = _settled()
    tokens, now = services().tokens, services().clock()
    held = lever(tokens, judge(tokens, *held_after(g.auth), "web", now), now)
    if held is not None:
        write_tokens(answer, held.row, access=held.access, refresh=held.refresh)
    return _fill(answer, notice=("ok", done) if held else OVERTAKEN)


def _page(**more: Any) -> Response:
    return _fill(_settled(), **more)


def _settled() -> Response:
    """An answer whose cookies are settled before its page is written, so that the page can tell of them."""
    answer = current_app.response_class(mimetype="text/html")
    settle(g.auth, answer, services())
    return answer


def _fill(answer: Response, notice: tuple[str, object] | None = None, **more: Any) -> Response:
    auth: Auth = g.auth
    tokens, now = services().tokens, services().clock()
    row = auth.judgement.row
    assert row is not None
    remember(auth)
    lab_record.watch(row, now)
    board = foretell(tokens, *held_after(auth), now)
    requests, collected = lab_record.recall(row.sid, row.user_id, besides=STAGE_PATH)
    current = board.judgement.row or row
    page = render_template(
        "lab/lab.html",
        cases=FOUR_CASES,
        board=board,
        state=_state(board, now),
        row=current,
        now=now,
        fast=current.access_ttl is not None,
        fast_seconds=FAST,
        guest_until=read(lambda tx: guests.until(tx, row.user_id)),
        notice=notice,
        said=said(requests[0] if requests else None, notice[1] if notice else None, board),
        requests=requests[:CARDS],
        earlier=requests[CARDS:],
        line=draw(requests, now, foresee=tokens.lifetimes.of(current).access_token),
        matrix=PAGES,
        columns=tuple(RefreshColumn),
        collected=collected,
        reachable=REACHABLE,
        acts=ACTS,
        kind_of=kind_of,
        lit_case=lambda r: lit_case(TokenState(r.access), TokenState(r.refresh), Outcome(r.outcome)),
        words=words,
        clock_text=clock_text,
        claim_kinds=KIND,
        claim_phrase=phrase,
        header_phrases=HEADER,
        here=url_for("lab.show"),
        **{"played": None, "tried": None, **more},
    )
    answer.set_data(page)
    return answer
