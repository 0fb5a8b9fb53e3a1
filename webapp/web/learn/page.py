"""`/learn`: from a password to two tokens and out again in ten steps, with the visitor's own claims as examples.

A real token never appears in HTML. The page shows a token of the same claims, signed with a secret that is on the
page. Nothing here is stored, because every choice is a radio button that the stylesheet follows, or a part of
the address.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, render_template, request

from webapp.core.base64url import encode_base64url
from webapp.core.decision import case_of
from webapp.core.inspector.take_apart import by_kind, explain, json_text, take_apart
from webapp.core.jws import read_token, sign_with, signature_is_right, write_segment
from webapp.core.lifetimes import DAY
from webapp.services import services
from webapp.web.inspector.examples import DEMO_SECRET, example
from webapp.web.learn import quiz as questions
from webapp.web.learn.words import ALGORITHMS, CHANGES, STEPS
from webapp.web.marks import public
from webapp.web.person import Auth, current_auth
from webapp.web.words.lifetimes import life
from webapp.web.words.tokens import COLUMN

blueprint = Blueprint("learn", __name__, url_prefix="/learn")

MAX_TEXT = 120
"""Characters of the text to encode that are looked at."""

HEADER = {"alg": "HS256", "kid": "demo", "typ": "at+jwt"}
YEAR = 365 * DAY


class Lesson(NamedTuple):
    """The example token, and the same token with a change that its signature does not cover."""

    own: bool
    """Are the claims the visitor's?"""
    token: str
    header: dict[str, Any]
    claims: dict[str, Any]
    change: str
    """One of CHANGES, or empty."""
    changed: str
    """The token after `change`; the same text without one."""
    valid: bool
    """Is the signature of `changed` correct?"""


@blueprint.get("")
@public
def show() -> str:
    """`GET /learn?change=…&text=…`: an ordinary request, open to strangers."""
    application = services()
    auth = current_auth()
    assert auth is not None
    case = case_of(auth.judgement.access.state, auth.judgement.refresh.state) if auth.person is not None else None
    text = request.args.get("text", "")[:MAX_TEXT]
    lesson = make_lesson(auth, request.args.get("change", ""), application.clock())
    return render_template(
        "learn/lesson.html",
        steps=STEPS,
        lesson=lesson,
        claims=explain(lesson.claims),
        changes=CHANGES,
        algorithms=ALGORITHMS,
        signs_with=application.settings.access_algorithm,
        text=text.encode("utf-8", "replace").decode(),
        max_text=MAX_TEXT,
        encoded=encode_base64url(text.encode("utf-8", "replace")),
        current_case=case.number if case else None,
        row=auth.person.auth_session if auth.person is not None else None,
        life=life(),
        production=application.settings.production,
        by_kind=by_kind,
        json_text=json_text,
    )


@blueprint.get("/words")
@public
def words() -> str:
    """`GET /learn/words`: every term of this site in a sentence."""
    return render_template("learn/words.html")


@blueprint.get("/quiz")
@public
def quiz() -> str:
    """`GET /learn/quiz?draw=…&q1=…`: ten situations; each answered one with its reason."""
    draw, asked = questions.ask()
    return render_template(
        "learn/quiz.html",
        draw=draw,
        most_draws=questions.MOST_DRAWS,
        questions=asked,
        answers=questions.ANSWERS,
        columns=COLUMN,
    )


def make_lesson(auth: Auth, change: str, now: int) -> Lesson:
    """The token to show: of the visitor's own claims where they are known, else the example of the inspector."""
    own = _own_claims(auth)
    claims = own or take_apart(example("good", now)).payload or {}
    token = sign_with(HEADER, claims, DEMO_SECRET.encode(), "HS256")
    header, payload, signature = token.split(".")
    if change == "role":
        payload = write_segment(claims | {"role": "admin" if claims.get("role") != "admin" else "owner"})
    elif change == "year":
        payload = write_segment(claims | {"exp": claims["exp"] + YEAR})
    elif change == "none":
        header, signature = write_segment(HEADER | {"alg": "none"}), ""
    else:
        change = ""
    changed = f"{header}.{payload}.{signature}"
    valid = signature_is_right(changed, DEMO_SECRET.encode(), "HS256")
    return Lesson(own is not None, token, HEADER, claims, change, changed, valid)


def _own_claims(auth: Auth) -> dict[str, Any] | None:
    """The claims of the visitor's own access token, its identifiers replaced; None without an authentic one."""
    text = auth.sent[0].value
    if auth.person is None or auth.judgement.access.claims is None or text is None:
        return None
    _header, claims = read_token(text)
    # So that no part of what is shown is a part of the real token.
    return claims | {"jti": "example-jti", "sid": "example-sid"}
