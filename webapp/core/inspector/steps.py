"""What a verifier makes of a token, step by step: form, key, signature, type, audience, times.

A verifier stops at the first step that fails; the steps after it were not reached. The steps of this site's tokens
are read from the verdict of its one verifier. A token of another issuer is checked with the pasted key alone. Where
only its own recipient could judge it, it is told rather than judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from webapp.core.claims import Refusal, Verdict
from webapp.core.decision import TokenState
from webapp.core.inspector.take_apart import Parts
from webapp.core.jws import key_of_jwk, signature_is_right
from webapp.core.keys import Key
from webapp.core.lifetimes import IAT_LEEWAY
from webapp.core.tokens import Tokens

STEPS = ("form", "key", "signature", "type", "audience", "times")

State = Literal["passed", "failed", "told", "not_reached"]


class Step(NamedTuple):
    """One step. `why`: a stable word for the page; for a step that is told, the token's own value."""

    name: str
    state: State
    why: str = ""


class Recipient(NamedTuple):
    """What the recipient of a token demands of it."""

    typ: str
    issuer: str
    audience: str


_FAILED_AT: dict[str, str] = {
    Refusal.UNKNOWN_KEY: "key",
    Refusal.WRONG_ALGORITHM: "key",
    Refusal.WRONG_SIGNATURE: "signature",
    Refusal.WRONG_TYPE: "type",
    Refusal.WRONG_ISSUER: "audience",
    Refusal.WRONG_AUDIENCE: "audience",
    Refusal.CLAIM: "audience",
    Refusal.UNSTORABLE_TEXT: "audience",
    Refusal.EXPIRES_EARLY: "times",
    Refusal.LIVES_TOO_LONG: "times",
    Refusal.FROM_THE_FUTURE: "times",
    Refusal.NOT_YET_VALID: "times",
}
"""Refusal -> the step it belongs to. All others are about the form."""


def failing_at(name: str, why: str, *, told: Mapping[str, str] | None = None) -> list[Step]:
    """All six steps of a token that fails at `name`, or passes (`name` is empty)."""
    steps, reached = [], True
    for step in STEPS:
        if not reached:
            steps.append(Step(step, "not_reached"))
        elif step == name:
            steps.append(Step(step, "failed", why))
            reached = False
        elif told and step in told:
            steps.append(Step(step, "told", told[step]))
        else:
            steps.append(Step(step, "passed"))
    return steps


def named_key(tokens: Tokens, header: Mapping[str, Any], purpose: str) -> Key | None:
    """The key of this site that a header names, if it still verifies tokens of `purpose`."""
    kid = header.get("kid")
    return tokens.ring.verifying(kid, purpose) if isinstance(kid, str) else None


def own_steps(tokens: Tokens, text: str, parts: Parts, verdict: Verdict[Any], purpose: str) -> list[Step]:
    """The steps of a token that names a key of this site, from what its verifier said."""
    if verdict.state is TokenState.EXPIRED:
        return failing_at("times", "expired")
    refusal = verdict.refusal
    if refusal is None:
        return failing_at("", "")
    name = _FAILED_AT.get(refusal, "form")
    if refusal == Refusal.WRONG_TYPE:
        # Our verifier looks at `typ` first, since that costs nothing. Here the reader's order counts.
        key = named_key(tokens, parts.header or {}, purpose)
        if key is None:
            return failing_at("key", Refusal.UNKNOWN_KEY)
        material = key.secret if key.alg == "HS256" else key_of_jwk(key.public_jwk() or {}, key.alg)
        if not signature_is_right(text, material, key.alg):
            return failing_at("signature", Refusal.WRONG_SIGNATURE)
    if refusal == Refusal.CLAIM and verdict.claim in ("exp", "iat", "nbf"):
        name = "times"
    return failing_at(name, f"{refusal}: {verdict.claim}" if verdict.claim else refusal)


def foreign_steps(parts: Parts, key: str, now: int, recipient: Recipient | None) -> list[Step]:
    """The steps of a token that names no key of ours, as of `now`.

    `key`: what came of the pasted key: right, wrong, unsigned, other_algorithm, none, unusable or other_keys.
    `recipient`: what its recipient demands, where that is known.
    """
    header, payload = parts.header or {}, parts.payload or {}
    if parts.problem:
        return failing_at("form", parts.problem)
    if key in ("unsigned", "other_algorithm"):
        return failing_at("key", key)
    if key in ("none", "unusable", "other_keys"):
        return [Step("form", "passed"), Step("key", "told", key), *(Step(name, "not_reached") for name in STEPS[2:])]
    if key == "wrong":
        return failing_at("signature", "wrong")
    told = {}
    if recipient is None:
        told = {"type": str(header.get("typ", "")), "audience": _audience(payload)}
    elif header.get("typ") != recipient.typ:
        return failing_at("type", "typ")
    elif payload.get("iss") != recipient.issuer or payload.get("aud") != recipient.audience:
        return failing_at("audience", "aud")
    late = _times(payload, now)
    return failing_at("times" if late else "", late, told=told)


def _audience(payload: Mapping[str, Any]) -> str:
    found = payload.get("aud", "")
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found)


def _times(payload: Mapping[str, Any], now: int) -> str:
    times = {name: payload[name] for name in ("exp", "nbf", "iat") if name in payload}
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in times.values()):
        return "no_number"
    if times.get("exp", now + 1) <= now:
        return "expired"
    if times.get("nbf", now) > now:
        return "not_yet"
    return "from_the_future" if times.get("iat", now) > now + IAT_LEEWAY else ""
