"""Mint and verify.

PyJWT signs and checks signatures (core/jws.py). Everything else about a token is decided here, because a library in
its usual mode raises "expired" before it looks at `iss`, `aud` and `typ`. An expired token of the wrong kind would
then count as an expired refresh token. So expiry is compared last, and only it can turn VALID into EXPIRED (RFC 8725).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Final

from webapp.core import jws
from webapp.core.claims import (
    ABSENT,
    AccessClaims,
    Invalid,
    RefreshClaims,
    Refusal,
    Verdict,
    access_claims,
    preferences_claim,
    refresh_claims,
    whole_number,
)
from webapp.core.decision import TokenState
from webapp.core.demands import NOTHING, Demands
from webapp.core.freshness import acr_of
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, REFRESH, RETIRED, Key
from webapp.core.lifetimes import IAT_LEEWAY, MAX_TOKEN_LENGTH, Lifetimes
from webapp.core.remembered import Authenticated, Remembered
from webapp.core.session import Channel, SessionRow, new_jti

TYP: Final = {ACCESS: "at+jwt", REFRESH: "rt+jwt"}
"""Explicit typing (RFC 8725 section 3.11; `at+jwt` is RFC 9068 section 2.1)."""

REMEMBERED = 4096
"""Authentic tokens a worker remembers: some 2 kB each."""

_HEADER_MEMBERS = {"alg", "kid", "typ"}


class Tokens:
    """One issuer with one key ring: mints tokens and is the one verifier of every token.

    Immutable but for its memory of tokens that were found authentic. A new ring means a new `Tokens`.
    """

    def __init__(
        self,
        ring: KeyRing,
        issuer: str,
        lifetimes: Lifetimes,
        demands: Demands = NOTHING,
        *,
        remember: int = REMEMBERED,
    ) -> None:
        self.ring = ring
        self.issuer = issuer
        self.lifetimes = lifetimes
        self.demands = demands
        self._signers = {key.kid: Signer(key) for key in ring.keys if key.purpose in TYP}
        self._by_header = {
            (signer.key.purpose, signer.header): signer
            for signer in self._signers.values()
            if signer.key.state != RETIRED
        }
        self._authentic = Remembered(remember)

    # -- minting ---------------------------------------------------------------------------------------------------

    def mint_access(self, session: SessionRow, *, gen: int, now: int, auth_time: int, until: int | None = None) -> str:
        """A new access token that says which refresh generation it was issued with.

        `auth_time`: when the person last proved who they are, as far as this token may say so (core/freshness.py).
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
            "email_verified": session.email_verified_at is not None,
            preferences_claim(self.issuer): {"theme": session.theme, "language": session.language},
            "role": session.role,
            "sid": session.sid,
            "gen": gen,
            "auth_time": auth_time,
            "amr": session.amr.split(),
            "acr": acr_of(session.amr),
        }
        return self._sign(claims, ACCESS)

    def mint_refresh(self, session: SessionRow) -> str:
        """The refresh token of the row's current generation. The same row always gives the same text."""
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
        signer = self._signers[self.ring.active(purpose).kid]
        token = jws.sign_segments(signer.header, jws.write_segment(claims), signer.signing_key, signer.key.alg)
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
                payload = self.check_signature(text, purpose)
                known = self._judge_claims(payload, purpose, channel)
                self._authentic.keep((purpose, channel, text), known)
            if known.issued_at > now + IAT_LEEWAY:
                raise Invalid(Refusal.FROM_THE_FUTURE)
            if known.not_before is not None and known.not_before > now:
                raise Invalid(Refusal.NOT_YET_VALID)
        except Invalid as invalid:
            return Verdict(TokenState.INVALID, None, invalid.refusal, invalid.claim)
        except Exception:  # noqa: BLE001 - whatever a hostile token provokes in a library, the answer is INVALID
            return Verdict(TokenState.INVALID, None, Refusal.UNREADABLE)
        return known.expired if now >= known.expires_at else known.valid

    def check_signature(self, text: str, purpose: str) -> dict[str, Any]:
        """The payload of a token whose form, header and signature are right for `purpose`. Raises Invalid.

        The payload's claims are not judged here.
        """
        return jws.verify(text, partial(self._key_named_by, purpose))

    def _key_named_by(self, purpose: str, header: str) -> tuple[Any, str]:
        # Every token of a key that we mint has the same header segment; another spelling of it is read.
        signer = self._by_header.get((purpose, header)) or self._read_header(purpose, jws.read_segment(header))
        return signer.verifying_key, signer.key.alg

    def _read_header(self, purpose: str, header: dict[str, Any]) -> Signer:
        if set(header) != _HEADER_MEMBERS:
            raise Invalid(Refusal.HEADER_MEMBERS)
        if header["typ"] != TYP[purpose]:
            raise Invalid(Refusal.WRONG_TYPE)
        kid = header["kid"]
        key = self.ring.verifying(kid, purpose) if isinstance(kid, str) else None
        if key is None:
            raise Invalid(Refusal.UNKNOWN_KEY)
        if header["alg"] != key.alg:
            raise Invalid(Refusal.WRONG_ALGORITHM)
        return self._signers[key.kid]

    def _judge_claims(self, payload: dict[str, Any], purpose: str, channel: Channel) -> Authenticated:
        if payload.get("iss") != self.issuer:
            raise Invalid(Refusal.WRONG_ISSUER)
        expected = f"{self.issuer}/{channel}" + ("/refresh" if purpose == REFRESH else "")
        if payload.get("aud") != expected:
            raise Invalid(Refusal.WRONG_AUDIENCE)
        not_before = whole_number(payload, "nbf") if "nbf" in payload else None
        claims: Any = access_claims(payload, self.issuer) if purpose == ACCESS else refresh_claims(payload)
        if claims.exp <= claims.iat:
            raise Invalid(Refusal.EXPIRES_EARLY)
        if purpose == ACCESS and claims.exp - claims.iat > self.lifetimes.longest_access_token:
            # A stolen signing key must not make tokens that outlive its removal by a year.
            raise Invalid(Refusal.LIVES_TOO_LONG)
        return Authenticated(
            claims.iat,
            not_before,
            claims.exp,
            Verdict(TokenState.VALID, claims),
            Verdict(TokenState.EXPIRED, claims),
        )


class Signer:
    """A key of the ring, ready to use. Its key objects are made when they are first needed: RSA takes its time."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.header = jws.write_segment({"typ": TYP[key.purpose], "alg": key.alg, "kid": key.kid})
        """The first segment of every token that this key signs."""

    @cached_property
    def signing_key(self) -> Any:
        return self.key.secret if self.key.alg == "HS256" else jws.key_of_jwk(self.key.to_jwk(), self.key.alg)

    @cached_property
    def verifying_key(self) -> Any:
        return (
            self.signing_key if self.key.alg == "HS256" else jws.key_of_jwk(self.key.public_jwk() or {}, self.key.alg)
        )
