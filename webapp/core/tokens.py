"""Mint and verify.

PyJWT signs and checks signatures (core/jws.py). Everything else about a token is decided here, because a library in
its usual mode raises "expired" before it looks at `iss`, `aud` and `typ`: an expired token of the wrong kind would
then count as an expired refresh token. So expiry is compared last, and only it can turn VALID into EXPIRED (RFC 8725).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from webapp.core.claims import (
    AccessClaims,
    Invalid,
    RefreshClaims,
    access_claims,
    instant,
    preferences_claim,
    refresh_claims,
)
from webapp.core.decision import TokenState
from webapp.core.jws import key_of_jwk, read_segment, sign_segments, signature_is_right, split_token, write_segment
from webapp.core.keys import ACCESS, REFRESH, Key, KeyRing
from webapp.core.lifetimes import IAT_LEEWAY, MAX_TOKEN_LENGTH, Lifetimes

Channel = Literal["web", "api"]

TYP: Final = {ACCESS: "at+jwt", REFRESH: "rt+jwt"}
"""Explicit typing (RFC 8725 section 3.11; `at+jwt` is RFC 9068 section 2.1)."""

REMEMBERED = 4096
"""Authentic tokens a worker remembers: some 2 kB each."""

_HEADER_MEMBERS = {"alg", "kid", "typ"}


C = TypeVar("C", AccessClaims, RefreshClaims, covariant=True)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[C]):
    """The verifier's answer. `claims` are there exactly when the token is authentic (VALID or EXPIRED)."""

    state: TokenState
    claims: C | None = None
    reason: str | None = None
    """Why it is INVALID: a fixed phrase that holds nothing of the token."""


ABSENT: Final[Verdict[Any]] = Verdict(TokenState.ABSENT)


class SessionFacts(Protocol):
    """What the mint needs to know: the session row joined with its user."""

    @property
    def sid(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def auth_time(self) -> int: ...
    @property
    def expires_at(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def theme(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def access_ttl(self) -> int | None: ...
    @property
    def refresh_ttl(self) -> int | None: ...
    @property
    def refresh_generation(self) -> int: ...
    @property
    def refresh_jti(self) -> str: ...
    @property
    def refresh_issued_at(self) -> int: ...
    @property
    def refresh_expires_at(self) -> int: ...


class Tokens:
    """One issuer with one key ring: mints tokens and is the one verifier of every token.

    Immutable but for a bounded memory of tokens already found authentic. That is a pure function of the token's
    text and the keys, so it may be remembered; the clock is compared each time. A new ring means a new `Tokens`.
    """

    def __init__(self, ring: KeyRing, issuer: str, lifetimes: Lifetimes, *, remember: int = REMEMBERED) -> None:
        self.ring = ring
        self.issuer = issuer
        self.lifetimes = lifetimes
        self._remember = remember
        self._remembering = threading.Lock()
        self._authentic: dict[tuple[str, str, str], _Authentic] = {}
        self._headers: dict[tuple[str, str], Key] = {}
        self._written: dict[str, str] = {}
        self._prepared: dict[tuple[str, str], Any] = {}

    # -- minting ---------------------------------------------------------------------------------------------------

    def mint_access(self, session: SessionFacts, *, gen: int, now: int, until: int | None = None) -> str:
        """A new access token that says which refresh generation it was issued with.

        `until` (Unix seconds) ends it earlier than its lifetime would; never later.
        """
        expiry = self.lifetimes.of(session).access_expiry(now, session.expires_at)
        claims = {
            "iss": self.issuer,
            "sub": session.user_id,
            "aud": f"{self.issuer}/{session.channel}",
            "exp": expiry if until is None else min(expiry, until),
            "iat": now,
            "jti": new_jti(),
            "name": session.name,
            "email": session.email,
            preferences_claim(self.issuer): {"theme": session.theme, "language": session.language},
            "role": session.role,
            "sid": session.sid,
            "gen": gen,
            "auth_time": session.auth_time,
        }
        return self._sign(claims, ACCESS)

    def mint_refresh(self, session: SessionFacts) -> str:
        """The refresh token of the row's current generation: the same row always gives the same text."""
        claims = {
            "iss": self.issuer,
            "sub": session.user_id,
            "aud": f"{self.issuer}/{session.channel}/refresh",
            "exp": session.refresh_expires_at,
            "iat": session.refresh_issued_at,
            "jti": session.refresh_jti,
            "sid": session.sid,
            "gen": session.refresh_generation,
        }
        return self._sign(claims, REFRESH)

    def _sign(self, claims: Mapping[str, Any], purpose: str) -> str:
        key = self.ring.active(purpose)
        token = sign_segments(self._header(key), write_segment(claims), self._key_object(key, "sign"), key.alg)
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError("token would be longer than any that is read")
        return token

    # -- verifying -------------------------------------------------------------------------------------------------

    def verify_access(self, text: str | None, channel: Channel, now: int) -> Verdict[AccessClaims]:
        """Judge an access token sent on `channel` at `now` (Unix seconds). Never raises."""
        return self._verify(text, ACCESS, channel, now)

    def verify_refresh(self, text: str | None, channel: Channel, now: int) -> Verdict[RefreshClaims]:
        """Judge a refresh token sent on `channel` at `now` (Unix seconds). Never raises."""
        return self._verify(text, REFRESH, channel, now)

    def _verify(self, text: str | None, purpose: str, channel: Channel, now: int) -> Verdict[Any]:
        if text is None:
            return ABSENT
        try:
            known = self._authentic.get((purpose, channel, text))
            if known is None:
                known = self._authenticate(text, purpose, channel)
            if known.issued_at > now + IAT_LEEWAY:
                raise Invalid("issued in the future")
            if known.not_before is not None and known.not_before > now:
                raise Invalid("not valid yet")
        except Invalid as refusal:
            return Verdict(TokenState.INVALID, reason=str(refusal))
        except Exception:  # noqa: BLE001 - whatever a hostile token provokes in a library, the answer is INVALID
            return Verdict(TokenState.INVALID, reason="unreadable")
        return known.expired if now >= known.expires_at else known.valid

    def _authenticate(self, text: str, purpose: str, channel: Channel) -> _Authentic:
        payload = self.check_signature(text, purpose)
        if payload.get("iss") != self.issuer:
            raise Invalid("wrong issuer")
        expected = f"{self.issuer}/{channel}" + ("/refresh" if purpose == REFRESH else "")
        if payload.get("aud") != expected:
            raise Invalid("wrong audience")
        not_before = instant(payload, "nbf") if "nbf" in payload else None
        claims: Any = access_claims(payload, self.issuer) if purpose == ACCESS else refresh_claims(payload)
        if claims.exp <= claims.iat:
            raise Invalid("expires before it was issued")
        known = _Authentic.of(claims, not_before)
        with self._remembering:
            if len(self._authentic) >= self._remember:
                # Oldest first. Only authentic tokens get in, so a stranger cannot push anybody out.
                del self._authentic[next(iter(self._authentic))]
            self._authentic[(purpose, channel, text)] = known
        return known

    def check_signature(self, text: str, purpose: str) -> dict[str, Any]:
        """The payload of a token whose form, header and signature are right for `purpose`.

        Raises Invalid otherwise. The payload's claims are not judged here.
        """
        segments = split_token(text)
        known = self._headers.get((purpose, segments.header))
        key = known or self._key_named_by(read_segment(segments.header), purpose)
        payload = read_segment(segments.payload)
        if not signature_is_right(text, self._key_object(key, "verify"), key.alg):
            raise Invalid("wrong signature")
        if known is None:
            # All tokens of a key begin alike. Only what our own signature has covered is remembered.
            self._headers[purpose, segments.header] = key
        return payload

    def _key_named_by(self, header: dict[str, Any], purpose: str) -> Key:
        if set(header) != _HEADER_MEMBERS:
            raise Invalid("header members other than alg, kid, typ")
        if header["typ"] != TYP[purpose]:
            raise Invalid("wrong type of token")
        kid = header["kid"]
        key = self.ring.verifying(kid, purpose) if isinstance(kid, str) else None
        if key is None:
            raise Invalid("unknown key")
        if header["alg"] != key.alg:
            raise Invalid("algorithm is not the key's")
        return key

    def _header(self, key: Key) -> str:
        """The header of tokens that `key` signs, as their first segment."""
        header = self._written.get(key.kid)
        if header is None:
            members = {"typ": TYP[key.purpose], "alg": key.alg, "kid": key.kid}
            header = self._written[key.kid] = write_segment(members)
        return header

    def _key_object(self, key: Key, use: Literal["sign", "verify"]) -> Any:
        cached = self._prepared.get((key.kid, use))
        if cached is None:
            if key.alg == "HS256":
                cached = key.secret
            else:
                members = key.to_jwk() if use == "sign" else key.public_jwk() or {}
                cached = key_of_jwk(members, key.alg)
            self._prepared[(key.kid, use)] = cached
        return cached


class _Authentic(NamedTuple):
    """What is remembered of a token found authentic: the clock alone decides which of two verdicts it gets."""

    issued_at: int
    not_before: int | None
    expires_at: int
    valid: Verdict[Any]
    expired: Verdict[Any]

    @classmethod
    def of(cls, claims: C, not_before: int | None) -> _Authentic:
        valid, expired = Verdict(TokenState.VALID, claims), Verdict(TokenState.EXPIRED, claims)
        return cls(claims.iat, not_before, claims.exp, valid, expired)


def new_jti() -> str:
    """128 random bits, base64url."""
    return secrets.token_urlsafe(16)
