"""The lab: the four cases happen to the visitor's own tokens, and the deployed code decides.

Every control answers with the page itself instead of a redirect. A redirect would be the next request, and would take
the lit case before anybody had seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, render_template, request, url_for

from webapp.core.ceremony import STEP_UP
from webapp.core.decision import RefreshColumn
from webapp.core.freshness import MULTIPLE, acr_of
from webapp.core.inspector.take_apart import by_kind
from webapp.core.judgement import Judgement
from webapp.core.session import SessionRow
from webapp.core.tokens import Tokens
from webapp.dates import clock_text
from webapp.flows import lab_levers, lab_record
from webapp.flows.judge import judge
from webapp.flows.lab_levers import FAST, Held
from webapp.services import services
from webapp.store import factors, guests
from webapp.store.database import read
from webapp.web.cookies import held_after, write_tokens
from webapp.web.hooks import settle
from webapp.web.lab.acts import ACTS
from webapp.web.lab.board import Board, foretell, fresh_until, kind_of
from webapp.web.lab.cells import REACHABLE, TABLE
from webapp.web.lab.recorder import remember
from webapp.web.lab.sentence import PULLED, said, strip_of
from webapp.web.lab.timeline import draw
from webapp.web.lab.tour import STEPS, step_asked_for
from webapp.web.lab.witness import STAGE_PATH
from webapp.web.marks import peek, public
from webapp.web.passkey_forms import offer_proof
from webapp.web.person import Auth, Person
from webapp.web.templates import know
from webapp.web.words import tokens as words
from webapp.web.words.lifetimes import duration

blueprint = Blueprint("lab", __name__, url_prefix="/lab")
blueprint.record(lambda state: know(state.app, lab_words=words, lab_acts=ACTS))

CARDS = 20
"""Requests told in full; older ones are on the timeline."""


@blueprint.get("", strict_slashes=False)
def show() -> Response:
    """`GET /lab`: an ordinary request. `step` opens the tour at one of its steps, `large` fits a projector."""
    return page()


@blueprint.post("/send")
def send() -> Response:
    """`POST /lab/send`: an ordinary request, whose answer shows what it was."""
    return page()


@blueprint.post("/expire/<any(access, refresh, both):which>")
def expire(which: str) -> Response:
    """`POST /lab/expire/…`: end one token of this browser's session, or both."""
    access, refresh = which != "refresh", which != "access"
    return _pull(lambda *known: lab_levers.let_expire(*known, access=access, refresh=refresh), which)


@blueprint.post("/clock/<any(fast, normal):pace>")
def pace(pace: str) -> Response:
    """`POST /lab/clock/…`: short lifetimes for this session, and back."""
    return _pull(lambda *known: lab_levers.set_pace(*known, fast=pace == "fast"), pace)


@blueprint.post("/reset")
def reset() -> Response:
    """`POST /lab/reset`: two new tokens, normal lifetimes, and nothing seen yet."""

    def start_anew(tokens: Tokens, judgement: Judgement, now: int) -> Held | None:
        held = lab_levers.set_pace(tokens, judgement, now, fast=False)
        if held is not None:
            lab_record.forget(held.row.user_id)
        return held

    return _pull(start_anew, "reset")


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
        "fresh_until": fresh_until(board, services().settings.step_up_ttl),
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


def _pull(lever: Callable[[Tokens, Judgement, int], Held | None], name: str) -> Response:
    """Let this request be an ordinary one first, case and all; then pull the lever on the pair that came of it."""
    answer = settled()
    tokens, now = services().tokens, services().clock()
    held = lever(tokens, judge(tokens, *held_after(g.auth), "web", now), now)
    if held is not None:
        write_tokens(answer, held.row, access=held.access, refresh=held.refresh)
    return fill(answer, lever=name if held else "nothing")


def page(**more: Any) -> Response:
    """The lab as the answer to this request, with what a view of it has to show besides."""
    return fill(settled(), **more)


def settled() -> Response:
    """An answer whose cookies are settled before its page is written, so that the page can tell of them."""
    answer = current_app.response_class(mimetype="text/html")
    g.auth.recorded = True  # by `fill`, because a control acts after the settling
    settle(g.auth, answer, services())
    return answer


def _ways_to_prove(row: SessionRow) -> dict[str, Any]:
    # A session without `mfa` is of a user without a factor, because the first factor ends all other sessions.
    if MULTIPLE not in row.amr.split():
        return {"has_factor": False, "has_app": False, "passkey": None}
    has = read(lambda tx: factors.of_person(tx, row.user_id))
    passkey = offer_proof(STEP_UP, row.sid, row.user_id) if has.passkeys else None
    return {"has_factor": has.any, "has_app": has.has_app, "passkey": passkey}


def _end_of_guest(person: Person | None) -> int | None:
    """When this guest's account is deleted (Unix seconds); None for everybody else."""
    return read(lambda tx: guests.until(tx, person.id)) if person is not None and person.is_guest else None


def fill(answer: Response, lever: str = "", tried: object = None, status: int = 200) -> Response:
    """Write the lab into a settled answer. `lever`: the control that acted after the request was decided."""
    auth: Auth = g.auth
    tokens, now = services().tokens, services().clock()
    row = auth.judgement.row
    assert row is not None
    lab_record.watch(row, now)
    remember(auth, lever)
    board = foretell(tokens, *held_after(auth), now)
    requests, collected = lab_record.recall(row.sid, row.user_id, besides=STAGE_PATH)
    current = board.judgement.row or row
    strip = strip_of(requests[0]) if requests else None
    view: dict[str, Any] = {name: request.args[name] for name in ("step", "large") if name in request.args}
    answer.status_code = status
    answer.set_data(
        render_template(
            "lab/lab.html",
            board=board,
            fresh_until=fresh_until(board, services().settings.step_up_ttl),
            acr=acr_of(current.amr),
            **_ways_to_prove(current),
            is_unproved=lever == "unproved",
            state=_state(board, now),
            row=current,
            now=now,
            fast=current.access_ttl is not None,
            fast_seconds=FAST,
            guest_until=_end_of_guest(auth.person),
            strip=strip,
            said=said(strip, board),
            requests=requests[:CARDS],
            earlier=requests[CARDS:],
            line=draw(requests, now, foresee=tokens.lifetimes.of(current).access_token),
            matrix=TABLE,
            columns=tuple(RefreshColumn),
            collected=collected & REACHABLE,
            reachable=REACHABLE,
            tried=tried,
            view=view,
            large={name: view[name] for name in view if name == "large"},
            step=step_asked_for(requests),
            steps=STEPS,
            counts_for=duration(services().settings.step_up_ttl),
            kind_of=kind_of,
            words=words,
            lever_words=PULLED,
            clock_text=clock_text,
            by_kind=by_kind,
            here=url_for("lab.show", **view),
        )
    )
    return answer
