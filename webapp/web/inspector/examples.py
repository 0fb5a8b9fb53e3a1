"""Ready tokens for the inspector, some broken on purpose. All are signed with a secret that everybody may know."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp.core.base64url import encode_base64url
from webapp.core.jws import sign_with

DEMO_SECRET = "this-secret-is-on-the-page-and-guards-nothing"  # noqa: S105 - an example that guards nothing
_ANOTHER = b"some-other-secret-that-is-not-on-the-page-at-all"

EXAMPLES = {
    "good": _l("Valid token"),
    "expired": _l("Expired token"),
    "tampered": _l("Tampered payload"),
    "wrong_key": _l("Signed with another key"),
    "none": _l("alg none"),
    "wrong_type": _l("Wrong typ"),
}


def example(name: str, kid: str, now: int) -> str:
    """The example token `name` as of `now` (Unix seconds). The broken ones pretend to be ours: they name our `kid`."""
    header: dict[str, Any] = {"alg": "HS256", "kid": "demo" if name == "good" else kid, "typ": "at+jwt"}
    claims: dict[str, Any] = {
        "iss": "https://auth.example.com",
        "sub": "user_12345",
        "aud": "https://api.example.com",
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
    key = _ANOTHER if name == "wrong_key" else DEMO_SECRET.encode()
    token = sign_with(header, claims, key, "HS256")
    if name == "tampered":
        head, _payload, signature = token.split(".")
        promoted = sign_with(header, claims | {"role": "admin"}, key, "HS256").split(".")[1]
        return f"{head}.{promoted}.{signature}"
    if name == "none":
        return encode_base64url(b'{"alg":"none","kid":"demo","typ":"at+jwt"}') + "." + token.split(".")[1] + "."
    return token
