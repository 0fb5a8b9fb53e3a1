"""Header members and claims in a phrase each."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

KIND = {
    "registered": (_l("Registered"), _l("defined by RFC 7519, the same everywhere")),
    "public": (_l("Public"), _l("from a public list of names, or under an address somebody owns")),
    "private": (_l("Private"), _l("agreed between who issues and who reads")),
}

HEADER = {
    "alg": _l("how it is signed; the reader decides which ones it accepts"),
    "kid": _l("which key signed it, looked up among the reader's own keys"),
    "typ": _l("what kind of token this is, so that no other kind passes for it"),
    "cty": _l("what is inside, when that is a token again"),
    "crit": _l("members the reader must understand, or refuse the token"),
    "jku": _l("where to fetch a key: never follow it"),
    "jwk": _l("a key that came with the token: never trust it"),
    "x5u": _l("where to fetch a certificate: never follow it"),
    "x5c": _l("a certificate that came with the token"),
    "b64": _l("an unencoded payload: not a JWT"),
    "zip": _l("compressed: not accepted in signed tokens"),
    "enc": _l("how it is encrypted: this is a JWE, not a signed token"),
}

CLAIM = {
    "iss": _l("who issued it"),
    "sub": _l("whom it is about: the user's id"),
    "aud": _l("for whom it is meant; everybody else must refuse it"),
    "exp": _l("from this moment on it has expired"),
    "nbf": _l("not valid before this moment"),
    "iat": _l("when it was issued"),
    "jti": _l("its own name, never used twice"),
    "name": _l("display name"),
    "email": _l("e-mail address"),
    "role": _l("what the person may do"),
    "sid": _l("the session, one row in the database"),
    "gen": _l("generation: how often the refresh token was replaced"),
    "auth_time": _l("when the person last proved who they are"),
    "scope": _l("what the bearer may do"),
    "client_id": _l("the application it was issued to"),
    "azp": _l("the party it was issued to"),
    "nonce": _l("ties it to one log-in attempt"),
    "at_hash": _l("fingerprint of the access token that came along"),
    "preferred_username": _l("the name the person goes by"),
    "roles": _l("what the person may do"),
    "admin": _l("somebody's own: a claim proves nothing unless the signature does"),
}


def phrase(name: str) -> object:
    """What a claim means, in a phrase; None for one we have never heard of."""
    if name.endswith("/claims/preferences"):
        return _PREFERENCES
    return CLAIM.get(name)


_PREFERENCES = _l("theme and language, under an address so that nobody else's name collides")
