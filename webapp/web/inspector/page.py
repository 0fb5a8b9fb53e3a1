"""The inspector's page: the fields, what is wrong with them, and what came of them.

A pasted token is looked at and forgotten. It is in no log, no database and no address. Tokens are signed with
the key on the page only, never with one of the application's.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import format_timedelta

from webapp.core.inspector.key_texts import KeyProblem
from webapp.core.inspector.signatures import generate, sign
from webapp.core.inspector.take_apart import Parts, by_kind, explain, findings, json_text, parse_leniently, take_apart
from webapp.core.jws import SIGNATURES
from webapp.services import services
from webapp.web.inspector import phrases, words
from webapp.web.inspector.desk import FIELDS, Desk
from webapp.web.inspector.examples import DEMO_SECRET, EXAMPLES, example
from webapp.web.inspector.verdict import Shown, inspect, said
from webapp.web.limits import limited
from webapp.web.marks import public
from webapp.web.templates import know
from webapp.web.texts import gettext as _

blueprint = Blueprint("inspector", __name__)
blueprint.record(lambda state: know(state.app, phrases=phrases))


@blueprint.get("/inspector")
@public
def show() -> Response:
    """`GET /inspector`: a good example, checked with the key it was made with."""
    return _page(_laid_out("good"))


@blueprint.post("/inspector")
@public
@limited("inspector")
def work() -> Response:
    """`POST /inspector`: `do` is inspect, build or generate; or `example` names one."""
    if (name := request.form.get("example")) in EXAMPLES:
        return _page(_laid_out(str(name)))
    desk = Desk({name: request.form.get(name, "").replace("\r\n", "\n") for name in FIELDS})
    if desk.fields["alg"] not in SIGNATURES:
        desk.fields["alg"] = "HS256"
    action = request.form.get("do")
    if action in ("build", "generate"):
        _build(desk, new_key=action == "generate")
        if desk.problems:
            return _page(desk, not_built=True)
    else:
        desk.parts = take_apart(desk.fields["token"])
        if desk.parts.problem is None:
            _copy_to_builder(desk)
    return _page(desk)


def _laid_out(name: str) -> Desk:
    token = example(name, services().clock())
    desk = Desk({"token": token, "key": DEMO_SECRET, "alg": "HS256"}, example=name)
    desk.parts = take_apart(token)
    _copy_to_builder(desk)
    return desk


def _copy_to_builder(desk: Desk) -> None:
    parts = desk.parts
    assert parts is not None
    assert parts.header is not None
    desk.fields["header"] = json_text(parts.header, indent=True)
    desk.fields["claims"] = json_text(parts.payload, indent=True)
    if parts.header.get("alg") in SIGNATURES:
        desk.fields["alg"] = parts.header["alg"]


def _build(desk: Desk, *, new_key: bool) -> None:
    """Sign header and claims with the key on the desk, or a new one; the new token takes the place of the old one."""
    fields = desk.fields
    header, claims = parse_leniently(fields["header"] or "{}"), parse_leniently(fields["claims"] or "{}")
    for name, value in (("header", header), ("claims", claims)):
        if value is None:
            desk.problems[name] = str(words.NOT_AN_OBJECT)
    if new_key and not desk.problems:  # else the key on the desk, which fits the token above, would be lost
        fields["key"], desk.public_key = generate(fields["alg"])
    header = {**(header or {}), "alg": fields["alg"]}
    try:
        token = sign(header, claims or {}, fields["key"], like=fields["token"])
    except KeyProblem as problem:
        desk.problems["key"] = str(words.KEY[problem.code])
        return
    if not desk.problems:
        fields["header"], fields["claims"] = json_text(header, indent=True), json_text(claims, indent=True)
        fields["token"] = token


def _page(desk: Desk, *, not_built: bool = False) -> Response:
    now = services().clock()
    parts = desk.parts = desk.parts or take_apart(desk.fields["token"])
    if parts.problem and not not_built:
        desk.problems.setdefault("token", str(words.TOKEN[parts.problem]))
    verdict = inspect(desk, now)
    if not_built:
        verdict = verdict._replace(headline=said(words.HEADLINE["not_built"]))
    page = render_template(
        "inspector.html",
        desk=desk,
        parts=parts,
        verdict=verdict,
        header=explain(parts.header or {}),
        claims=explain(parts.payload or {}),
        findings=[words.FINDING[name] for name in _worth_a_word(parts, verdict, now)],
        # Where the focus goes: to the first field that needs another look.
        focused=next((name for name in ("token", "key", "header", "claims") if name in desk.problems), None),
        examples=EXAMPLES,
        algorithms=SIGNATURES,
        by_kind=by_kind,
        json_text=json_text,
        here=url_for("inspector.show"),
        ago=lambda instant: relative(instant, now),
    )
    return make_response(page, 422 if desk.problems else 200)


def _worth_a_word(parts: Parts, verdict: Shown, now: int) -> list[str]:
    """What a reader should notice and no step has said."""
    if parts.payload is None:
        return []
    told = {"times": {"expired", "not_yet", "from_the_future"}, "key": {"unsigned"}}
    failed = [told.get(step.name, set()) for step in verdict.steps if step.kind == "bad"]
    return [name for name in findings(parts, now) if not any(name in names for names in failed)]


def relative(instant: int, now: int) -> str:
    """A moment as seen from `now`, both Unix seconds: "3 minutes ago"."""
    if abs(instant - now) < 2:
        return str(_("now"))
    return str(format_timedelta(timedelta(seconds=instant - now), add_direction=True))
