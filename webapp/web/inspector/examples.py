"""Ready tokens for the inspector, each broken at one step. Their secret is on the page, so each is checked with it."""

from __future__ import annotations

from typing import Any

from webapp.core.base64url import encode_base64url
from webapp.core.inspector.steps import Recipient
from webapp.core.jws import sign_with
from webapp.web.texts import lazy_gettext as _l

DEMO_SECRET = "this-secret-is-on-the-page-and-guards-nothing"  # noqa: S105 - an example that guards nothing
_ANOTHER = b"some-other-secret-that-is-not-on-the-page-at-all"

RECIPIENT = Recipient(typ="at+jwt", issuer="https://auth.example.com", audience="https://api.example.com")
"""What the API that these tokens are made for demands of them."""

EXAMPLES = {
    "good": _l("Valid token"),
    "expired": _l("Expired token"),
    "tampered": _l("Tampered payload"),
    "wrong_key": _l("Signed with another key"),
    "none": _l("alg none"),
    "wrong_type": _l("Wrong typ"),
    "wrong_audience": _l("For another recipient"),
}


def example(name: str, now: int) -> str:
    """The example token `name` as of `now` (Unix seconds)."""
    header: dict[str, Any] = {"alg": "HS256", "kid": "demo", "typ": RECIPIENT.typ}
    claims: dict[str, Any] = {
        "iss": RECIPIENT.issuer,
        "sub": "user_12345",
        "aud": RECIPIENT.audience,
        "exp": now + 600,
        "iat": now,
        "jti": "jwt-abcde-12345",
        "name": "Kim Jisu",
        "email": "jisu@example.com",
        "https://example.com/claims/preferences": {"theme": "dark", "language": "ko"},
        "role": "user",
        "isPremium": True,
    }
    if name == "expired":
        claims |= {"iat": now - 7200, "exp": now - 6600}
    elif name == "wrong_type":
        header["typ"] = "JWT"
    elif name == "wrong_audience":
        claims["aud"] = "https://shop.example.com"
    key = _ANOTHER if name == "wrong_key" else DEMO_SECRET.encode()
    token = sign_with(header, claims, key, "HS256")
    if name == "tampered":
        head, _payload, signature = token.split(".")
        promoted = sign_with(header, claims | {"role": "admin"}, key, "HS256").split(".")[1]
        return f"{head}.{promoted}.{signature}"
    if name == "none":
        return encode_base64url(b'{"alg":"none","kid":"demo","typ":"at+jwt"}') + "." + token.split(".")[1] + "."
    return token
