"""Header members and claims in a phrase each."""

from __future__ import annotations

from webapp.web.texts import lazy_gettext as _l

KIND = {
    "registered": (_l("Registered claims"), _l("the seven names of RFC 7519 itself (section 4.1)")),
    "public": (
        _l("Public claims"),
        _l("registered with IANA later, like sid, or named by a URI (section 4.2)"),
    ),
    "private": (_l("Private claims"), _l("agreed between issuer and recipient, registered nowhere (section 4.3)")),
}

HEADER = {
    "alg": _l("signature algorithm; the verifier decides which ones it accepts"),
    "kid": _l("ID of the signing key, looked up among the verifier's own keys"),
    "typ": _l("token type, so that another kind cannot be used in its place"),
    "cty": _l("content type, used when the payload is itself a token"),
    "crit": _l("extensions the verifier must understand, or reject the token"),
    "jku": _l("where to get a key: never follow it"),
    "jwk": _l("a key included in the token: never trust it"),
    "x5u": _l("where to get a certificate: never follow it"),
    "x5c": _l("a certificate included in the token"),
    "b64": _l("an unencoded payload: not a JWT"),
    "zip": _l("compressed: not allowed in signed tokens"),
    "enc": _l("how it is encrypted: this is a JWE, not a signed token"),
}

CLAIM = {
    "iss": _l("issuer of the token"),
    "sub": _l("the user this token is about: their ID"),
    "aud": _l("who it is for; everyone else must reject it"),
    "exp": _l("expiry time: not valid from this moment on"),
    "nbf": _l("not valid before this time"),
    "iat": _l("time of issue"),
    "jti": _l("unique ID, never used twice"),
    "name": _l("display name"),
    "email": _l("email address"),
    "email_verified": _l("whether the address was proved to be theirs"),
    "role": _l("what the user is allowed to do"),
    "sid": _l("session ID: one row in the database"),
    "gen": _l("generation: how many times the refresh token has been replaced"),
    "auth_time": _l("when the user last proved who they are: by a login or a step-up"),
    "amr": _l("what they proved it by: pwd a password, otp a code, pop a passkey, mfa more than one factor"),
    "acr": _l("the level in one word: 1fa, 2fa, or phr, which withstands phishing"),
    "scope": _l("the permissions granted"),
    "client_id": _l("the application it was issued to"),
    "azp": _l("the party it was issued to"),
    "nonce": _l("ties it to one login attempt"),
    "at_hash": _l("hash of the access token issued with it"),
    "preferred_username": _l("the name the user prefers"),
    "roles": _l("what the user is allowed to do"),
    "admin": _l("a made-up name: proves nothing without a valid signature"),
}


def phrase(name: str) -> object:
    """What a claim means, in a phrase; None for one we have never heard of."""
    if name.endswith("/claims/preferences"):
        return _PREFERENCES
    return CLAIM.get(name)


_PREFERENCES = _l("theme and language, named by a URI to avoid collisions")
