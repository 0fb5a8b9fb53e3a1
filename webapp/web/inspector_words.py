"""What the inspector says: about keys, about tokens that cannot be read, and why our verifier refuses one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from webapp.core.decision import TokenState

NOT_AN_OBJECT = _l("This is not a JSON object. Check brackets, quotes and commas.")

TOKEN = {
    "empty": _l("Paste a token first, or take one of the examples."),
    "too_long": _l("This is longer than 16,384 characters. No token we know is."),
    "not_three": _l("A signed token has three parts with two dots between them; this has not."),
    "header": _l("The first part is not a JSON object in base64url."),
    "payload": _l("The second part is not a JSON object in base64url."),
}

KEY = {
    "empty": _l("A key is needed to sign. Type a secret, paste a private key, or generate one."),
    "too_long": _l("This is longer than any key we check (4096 characters)."),
    "not_json": _l("It begins like a JWK but is not JSON. Check brackets, quotes and commas."),
    "many": _l("This set does not hold exactly one key for this algorithm. Paste that key alone."),
    "other_kind": _l(
        "This key is for another algorithm. HS256 needs a secret, RS256 and PS256 "
        "an RSA key, ES256 one on P-256, EdDSA an Ed25519 key."
    ),
    "malformed": _l("This key cannot be read. Paste the whole of it, its BEGIN and END lines included."),
    "encrypted": _l(
        "This key is protected with a password. Decrypt a copy first, and better use one made for trying things out."
    ),
    "public_as_secret": _l(
        "A PEM key is no shared secret. Taking a public key for one is a "
        "classic hole: everybody who knows it could sign."
    ),
    "neither": _l("This algorithm needs a key pair: paste a PEM or a JWK."),
    "needs_private": _l("Signing needs the private key; this is the public one."),
    "rsa_size": _l("Use an RSA key of 1024 to 4096 bits."),
    "curve": _l("ES256 needs a key on the curve P-256."),
}

UNSIGNED = _l("Not signed at all. Anybody could have written it.")
OTHER_ALGORITHM = _l("Signed in a way this page cannot check.")
NO_KEY = _l("No key given, so the signature was not checked.")
UNUSABLE_KEY = _l("Not checked: the key given cannot be used with this token.")
WRONG_SIGNATURE = _l("Wrong: this key did not sign this token, or it was changed afterwards.")
RIGHT_SIGNATURE = _l("Right: signed with this key and not changed since.")
RIGHT_BUT_SHORT = _l("Right, but the secret is shorter than 32 bytes, so it could be guessed.")
OURS = _l("Right: one of this application's keys signed it.")

VERDICT = {
    TokenState.VALID: ("ok", _l("accepted: valid")),
    TokenState.EXPIRED: ("warn", _l("expired: all else about it is right")),
    TokenState.INVALID: ("bad", _l("refused")),
}

REASON = {
    "too long": _l("It is longer than 3072 characters, and no token of ours is."),
    "not three parts": _l("It does not have three non-empty parts."),
    "not canonical base64url": _l("A part is not base64url in its one canonical spelling."),
    "not a JSON object": _l("Header or payload is not a JSON object."),
    "repeated name in JSON": _l("A name occurs twice in the JSON, and two readers might pick different ones."),
    "header members other than alg, kid, typ": _l("The header is not exactly alg, kid and typ."),
    "wrong type of token": _l("The type in the header is not that of our tokens."),
    "unknown key": _l("Its kid names no key of ours."),
    "algorithm is not the key's": _l("The algorithm in the header is not the one its key is for."),
    "wrong signature": _l("The signature is not by our key, or the token was changed."),
    "wrong issuer": _l("It was issued by somebody else."),
    "wrong audience": _l("It is meant for somebody else."),
    "expires before it was issued": _l("It expires before it was issued."),
    "issued in the future": _l("It was issued in the future."),
    "not valid yet": _l("It is not valid yet."),
    "unreadable": _l("It cannot be read."),
}
"""The verifier's fixed phrases, for people."""

MISSING = "missing or mistyped claim: "
_missing = _l("The claim %(name)s is missing or of the wrong type.")


def reason(phrase: str) -> str:
    """Why the verifier refused, in the reader's language."""
    if phrase.startswith(MISSING):
        return str(_missing) % {"name": phrase.removeprefix(MISSING)}
    return str(REASON[phrase])


FINDING = {
    "unsigned": _l("alg is none: whoever accepts it accepts anything."),
    "key_inside": _l("The header brings its own key along. A forger would do the same, so no reader may use it."),
    "never_expires": _l("It has no exp: once stolen, it is good for ever."),
    "expired": _l("Its exp has passed: it has expired."),
    "not_yet": _l("Its nbf lies ahead: it is not valid yet."),
    "from_the_future": _l("Its iat lies ahead by more than a minute: a wrong clock, or a forgery."),
    "untyped": _l("It has no typ: another kind of token could be taken for it."),
    "for_anybody": _l("It has no aud: it does not say for whom it is meant."),
}
