"""The inspector: take a token apart, check its signature, ask our verifier about it, build one.

What is pasted here is looked at and forgotten: it is in no log, no database and no address. Tokens are signed with
the key on the page only, never with one of the application's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _

from webapp.core.claims import Invalid, Verdict
from webapp.core.inspector.key_texts import KeyProblem
from webapp.core.inspector.signatures import check_signature, generate, sign
from webapp.core.inspector.take_apart import Parts, explain, findings, json_text, read_object, take_apart
from webapp.core.jws import SIGNATURES
from webapp.services import services
from webapp.web.inspector import words
from webapp.web.inspector.examples import DEMO_SECRET, EXAMPLES, example
from webapp.web.inspector.phrases import HEADER, KIND, phrase
from webapp.web.limits import limited
from webapp.web.marks import public

blueprint = Blueprint("inspector", __name__)

FIELDS = ("token", "key", "header", "claims", "alg")


@dataclass(slots=True)
class Desk:
    """What lies on the page: the fields, what is wrong with them, and what came of them."""

    fields: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    public_key: str | None = None
    parts: Parts | None = None
    signature: tuple[str, str] | None = None
    """Of the key given: (ok, bad or info, words)."""
    own: tuple[str, str] | None = None
    """Of this application's keys."""
    verdict: Verdict[Any] | None = None


@blueprint.get("/inspector")
@public
def show() -> Response:
    """`GET /inspector`: an empty desk with a good example on it."""
    desk = Desk(_laid_out("good"))
    _inspect(desk)
    return _page(desk)


@blueprint.post("/inspector")
@public
@limited("inspector")
def work() -> Response:
    """`POST /inspector`: `do` is inspect, build or generate; or `example` names one."""
    if (name := request.form.get("example")) in EXAMPLES:
        desk = Desk(_laid_out(str(name)))
        _inspect(desk)
        return _page(desk)
    desk = Desk({name: request.form.get(name, "").replace("\r\n", "\n") for name in FIELDS})
    if desk.fields["alg"] not in SIGNATURES:
        desk.fields["alg"] = "HS256"
    action = request.form.get("do")
    if action == "generate":
        _build(desk, new_key=True)
    elif action == "build":
        _build(desk)
    _inspect(desk)
    if action not in ("build", "generate") and desk.parts and desk.parts.problem is None:
        _copy_to_builder(desk)
    return _page(desk)


def _laid_out(name: str) -> dict[str, str]:
    token = example(name, services().tokens.ring.active("access").kid, services().clock())
    parts = take_apart(token)
    return {
        "token": token,
        "key": DEMO_SECRET,
        "header": json_text(parts.header, indent=2),
        "claims": json_text(parts.payload, indent=2),
        "alg": "HS256",
    }


def _build(desk: Desk, *, new_key: bool = False) -> None:
    """Sign header and claims with the key on the desk, or a new one; the new token takes the place of the old one."""
    fields = desk.fields
    header, claims = read_object(fields["header"] or "{}"), read_object(fields["claims"] or "{}")
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
    if not desk.problems:
        fields["header"], fields["claims"] = json_text(header, indent=2), json_text(claims, indent=2)
        fields["token"] = token


def _copy_to_builder(desk: Desk) -> None:
    parts = desk.parts
    assert parts is not None and parts.header is not None
    desk.fields["header"] = json_text(parts.header, indent=2)
    desk.fields["claims"] = json_text(parts.payload, indent=2)
    if parts.header.get("alg") in SIGNATURES:
        desk.fields["alg"] = parts.header["alg"]


def _inspect(desk: Desk) -> None:
    parts = desk.parts = take_apart(desk.fields["token"])
    if parts.problem:
        desk.problems["token"] = str(words.TOKEN[parts.problem])
    if parts.header is None or parts.payload is None or len(parts.segments) != 3:
        return
    text = ".".join(parts.segments)
    desk.signature = _with_given_key(desk, text, parts.header)
    _with_ours(desk, text, parts)


def _with_given_key(desk: Desk, text: str, header: dict[str, Any]) -> tuple[str, str]:
    key, alg = desk.fields["key"].strip(), header.get("alg")
    if alg not in SIGNATURES:
        return "bad", str(words.UNSIGNED if str(alg).lower() == "none" else words.OTHER_ALGORITHM)
    if not key:
        return "info", str(words.NO_KEY)
    try:
        checked = check_signature(text, str(alg), key, header.get("kid"))
    except KeyProblem as problem:
        desk.problems.setdefault("key", str(words.KEY[problem.code]))
        return "info", str(words.UNUSABLE_KEY)
    if checked.signer is None:
        return ("bad", str(words.WRONG_SIGNATURE)) if checked.named else ("info", str(words.OTHER_KEYS))
    return ("warn", str(words.RIGHT_BUT_SHORT)) if checked.signer.is_short else ("ok", str(words.RIGHT_SIGNATURE))


def _with_ours(desk: Desk, text: str, parts: Parts) -> None:
    tokens, now = services().tokens, services().clock()
    assert parts.header is not None and parts.payload is not None
    refresh = parts.header.get("typ") == "rt+jwt"
    channel: Any = "api" if str(parts.payload.get("aud")).removesuffix("/refresh").endswith("/api") else "web"
    try:
        tokens.check_signature(text, "refresh" if refresh else "access")
        desk.own = ("ok", str(words.OURS))
    except Invalid as refusal:
        desk.own = ("bad", words.reason(str(refusal)))
    except Exception:  # noqa: BLE001 - a header that is valid JSON may still be nonsense to the verifier
        desk.own = ("bad", words.reason("unreadable"))
    desk.verdict = (tokens.verify_refresh if refresh else tokens.verify_access)(text, channel, now)


def _page(desk: Desk) -> Response:
    now = services().clock()
    parts = desk.parts
    page = render_template(
        "inspector.html",
        desk=desk,
        parts=parts,
        header=explain(parts.header or {}) if parts else [],
        claims=explain(parts.payload or {}) if parts else [],
        findings=[words.FINDING[found] for found in findings(parts, now)]
        if parts and parts.payload is not None
        else [],
        examples=EXAMPLES,
        algorithms=SIGNATURES,
        words=words,
        reason=words.reason,
        claim_kinds=KIND,
        claim_phrase=phrase,
        header_phrases=HEADER,
        json_text=json_text,
        here=url_for("inspector.show"),
        ago=lambda instant: _relative(instant, now),
    )
    return make_response(page, 422 if desk.problems else 200)


def _relative(instant: int, now: int) -> str:
    if abs(instant - now) < 2:
        return str(_("now"))
    return str(format_timedelta(timedelta(seconds=instant - now), add_direction=True))
