"""What the inspector says of a token: one sentence, the verifier's six steps, and the session's row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from flask_babel import format_timedelta

from webapp.core.decision import TokenState
from webapp.core.inspector.key_texts import KeyProblem
from webapp.core.inspector.signatures import Checked, check_signature
from webapp.core.inspector.steps import Step, foreign_steps, named_key, own_steps
from webapp.core.inspector.take_apart import Parts
from webapp.core.judgement import Judgement
from webapp.core.jws import SIGNATURES
from webapp.core.keys import ACCESS, REFRESH
from webapp.core.session import Channel
from webapp.core.standing import Standing
from webapp.flows.judge import judge
from webapp.services import services
from webapp.web.inspector import words
from webapp.web.inspector.desk import Desk
from webapp.web.inspector.examples import RECIPIENT


class Said(NamedTuple):
    """A sentence, and how it is meant: ok, warn, bad, info or none."""

    kind: str
    text: str


class ShownStep(NamedTuple):
    name: str
    title: Any
    kind: str
    state: Any
    text: str


class Shown(NamedTuple):
    """All that is said of a token."""

    headline: Said
    steps: list[ShownStep]
    key: Said | None = None
    """Of the pasted key, where the steps are those of another one."""
    form: str = ""
    """How the pasted key was read, where it is worth a word."""
    row: Said | None = None
    foreign: Said | None = None


def inspect(desk: Desk, now: int) -> Shown:
    """Judge the token on the desk at `now` (Unix seconds). Raises DatabaseUnavailable if it is ours."""
    parts = desk.parts
    assert parts is not None
    if parts.header is None or parts.payload is None or len(parts.segments) != 3:
        steps = foreign_steps(parts, "none", now, None) if parts.segments else []
        return Shown(said(words.HEADLINE["unreadable"]), [_shown(step, words.TOKEN) for step in steps])
    text = ".".join(parts.segments)
    purpose = REFRESH if parts.header.get("typ") == "rt+jwt" else ACCESS
    given, form = _with_given_key(desk, text, parts.header)
    if named_key(services().tokens, parts.header, purpose) is not None:
        return _ours(text, parts, purpose, now)._replace(
            key=said(words.GIVEN_KEY[given]) if desk.fields["key"].strip() else None, form=form
        )
    recipient = RECIPIENT if parts.payload.get("iss") == RECIPIENT.issuer else None
    steps = foreign_steps(parts, given.replace("right_but_short", "right"), now, recipient)
    failed = next((step.name for step in steps if step.state == "failed"), "")
    headline = {"other_algorithm": "unverified", "none": "unverified", "unusable": "unverified"}.get(given, given)
    if given == "other_keys":
        headline = "unverified"
    elif failed and given.startswith("right"):
        headline = "right_but_refused"
    return Shown(
        said(words.HEADLINE[headline], step=str(words.STEP[failed]) if failed else ""),
        [_shown(step, words.FOREIGN_FAILED) for step in steps],
        form=form,
        foreign=said(words.FOREIGN),
    )


def _with_given_key(desk: Desk, text: str, header: dict[str, Any]) -> tuple[str, str]:
    """What came of the pasted key (a key of GIVEN_KEY), and how it was read."""
    key, alg = desk.fields["key"].strip(), header.get("alg")
    if alg not in SIGNATURES:
        return ("unsigned" if str(alg).lower() == "none" else "other_algorithm"), ""
    if not key:
        return "none", ""
    try:
        checked: Checked = check_signature(text, str(alg), key, header.get("kid"))
    except KeyProblem as problem:
        desk.problems.setdefault("key", str(words.KEY[problem.code]))
        return "unusable", ""
    if checked.signer is None:
        return ("wrong" if checked.named else "other_keys"), ""
    form = str(words.FORM.get(checked.signer.form, ""))
    return ("right_but_short" if checked.signer.is_short else "right"), form


def _ours(text: str, parts: Parts, purpose: str, now: int) -> Shown:
    tokens = services().tokens
    audience = str((parts.payload or {}).get("aud")).removesuffix("/refresh")
    channel: Channel = "api" if audience.endswith("/api") else "web"
    access, refresh = (text, None) if purpose == ACCESS else (None, text)
    judgement = judge(tokens, access, refresh, channel, now)
    verdict: Any = judgement.access if purpose == ACCESS else judgement.refresh
    steps = [_shown(step, None) for step in own_steps(tokens, text, parts, verdict, purpose)]
    if verdict.claims is None:
        return Shown(said(words.HEADLINE["refused"]), steps)
    row = _row(judgement, verdict.state, now)
    headline = "accepted" if verdict.state is TokenState.VALID else "expired"
    return Shown(said(words.HEADLINE["row_refuses" if row.kind == "bad" else headline]), steps, row=row)


def _row(judgement: Judgement, state: TokenState, now: int) -> Said:
    """What the database knows of the session that the token names."""
    row = judgement.row
    if row is None:
        return said(words.ROW["missing"])
    if not judgement.live:
        if row.revoked_at is not None:
            return said(words.ROW["ended"], ago=_ago(row.revoked_at, now))
        if row.disabled_at is not None:
            return said(words.ROW["disabled"])
        if now >= row.expires_at:
            return said(words.ROW["too_old"], ago=_ago(row.expires_at, now))
        return said(words.ROW["credentials"])
    if judgement.refresh.claims is not None:
        return said(words.ROW[(judgement.standing or Standing.UNKNOWN).value])
    return said(words.ROW["live" if state is TokenState.VALID else "live_expired"])


def _ago(instant: int, now: int) -> str:
    return str(format_timedelta(timedelta(seconds=min(instant - now, -1)), add_direction=True))


def said(meant: tuple[str, Any], **values: str) -> Said:
    kind, text = meant
    return Said(kind, str(text) % values if values else str(text))


def _shown(step: Step, failures: dict[str, Any] | None) -> ShownStep:
    """A step in words. `failures`: why a step fails, by its word; None for the refusals of our own verifier."""
    kind, state = words.STATE[step.state]
    text = ""
    if step.state == "passed":
        text = str(words.PASSED[step.name])
    elif step.state == "failed":
        text = words.reason(step.why) if failures is None else str(failures[step.why])
    elif step.state == "told":
        text = _told(step)
    return ShownStep(step.name, words.STEP[step.name], kind, state, text)


def _told(step: Step) -> str:
    if step.name == "key":
        return str(words.TOLD[step.why])
    known, unknown = {
        "type": (words.TYPE_TOLD, words.NO_TYPE),
        "audience": (words.AUDIENCE_TOLD, words.NO_AUDIENCE),
    }[step.name]
    return str(known) % {"value": step.why} if step.why else str(unknown)
