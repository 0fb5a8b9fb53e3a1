"""What the inspector says: about keys, about tokens that cannot be read, and why our verifier refuses one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from webapp.core.claims import Refusal
from webapp.core.decision import TokenState

NOT_AN_OBJECT = _l("This is not a valid JSON object. Check the brackets, quotes and commas.")

TOKEN = {
    "empty": _l("Paste a token, or choose one of the examples."),
    "too_long": _l("This is longer than 16,384 characters, which is too long for a token."),
    "not_three": _l("This is not a signed token. A signed token has three parts, separated by dots: xxxx.yyyy.zzzz."),
    "header": _l("The first part is not a base64url-encoded JSON object."),
    "payload": _l("The second part is not a base64url-encoded JSON object."),
}

KEY = {
    "empty": _l("Signing needs a key. Enter a secret, paste a private key, or generate one."),
    "too_long": _l("This key is too long. RSA keys may have up to 4096 bits; a set may have 32,768 characters."),
    "not_json": _l("It looks like a JWK but is not valid JSON. Check the brackets, quotes and commas."),
    "no_key_inside": _l("This JSON contains no key. Paste a JWK, a set of JWKs, or certificates by kid."),
    "none_fits": _l("None of these keys fits the token's algorithm."),
    "other_kind": _l(
        "This key is for another algorithm. HS… needs a secret, RS… and PS… an RSA key, "
        "ES… a key on its curve, EdDSA an Ed25519 or Ed448 key."
    ),
    "other_alg": _l("This JWK is for another algorithm: its alg says so."),
    "other_use": _l("This JWK must not be used for this: its use or key_ops says so."),
    "malformed": _l("This key cannot be read. Part of it is missing, or its parts do not belong together."),
    "encrypted": _l("This key is protected with a password. Decrypt it first or, better, use a test key."),
    "openssh": _l("This is a private key in OpenSSH format. Convert it with ssh-keygen -p -m PEM."),
    "public_as_secret": _l(
        "A PEM key is not a shared secret. Using a public key as one is a classic "
        "vulnerability: anyone who knows it could sign."
    ),
    "neither": _l("This algorithm needs a key pair: paste a PEM, a JWK, a certificate or its base64."),
    "needs_private": _l("Signing needs a private key; this is a public one."),
    "rsa_size": _l("Use an RSA key of 1024 to 4096 bits."),
    "curve": _l("This key is on another curve. ES256 needs P-256, ES384 P-384 and ES512 P-521."),
}

OTHER_KEYS = _l("Not verified: none of these keys is the one that the token's kid names.")
UNSIGNED = _l("Not signed. Anyone could have written it.")
OTHER_ALGORITHM = _l("Signed with an algorithm this page cannot verify.")
NO_KEY = _l("No key given, so the signature was not verified.")
UNUSABLE_KEY = _l("Not verified: this key cannot be used with this token.")
WRONG_SIGNATURE = _l("Invalid: this key did not sign this token, or the token was changed afterwards.")
RIGHT_SIGNATURE = _l("Valid: signed with this key and not changed since.")
RIGHT_BUT_SHORT = _l("Valid, but the secret is shorter than its hash (32 bytes with HS256) and could be guessed.")
OURS = _l("Valid: signed with one of this site's keys.")

VERDICT = {
    TokenState.VALID: ("ok", _l("accepted")),
    TokenState.EXPIRED: ("warn", _l("expired, otherwise valid")),
    TokenState.INVALID: ("bad", _l("rejected")),
}

REASON = {
    Refusal.TOO_LONG: _l("It is longer than 3,072 characters; our tokens never are."),
    Refusal.NOT_THREE_PARTS: _l("It does not have three non-empty parts."),
    Refusal.NOT_BASE64URL: _l("One part is not canonical base64url."),
    Refusal.NOT_JSON: _l("The header or payload is not a JSON object."),
    Refusal.REPEATED_NAME: _l("The JSON contains the same name twice; two programs could read different values."),
    Refusal.HEADER_MEMBERS: _l("The header must contain alg, kid and typ, and nothing else."),
    Refusal.WRONG_TYPE: _l("The typ in the header is not that of our tokens."),
    Refusal.UNKNOWN_KEY: _l("Its kid does not match any of our keys."),
    Refusal.WRONG_ALGORITHM: _l("The algorithm in the header is not the key's algorithm."),
    Refusal.WRONG_SIGNATURE: _l("The signature was not made with our key, or the token was changed."),
    Refusal.WRONG_ISSUER: _l("It was issued by someone else (iss)."),
    Refusal.WRONG_AUDIENCE: _l("It was issued for someone else (aud)."),
    Refusal.EXPIRES_EARLY: _l("It expires before it is issued."),
    Refusal.FROM_THE_FUTURE: _l("Its issue time (iat) is in the future."),
    Refusal.NOT_YET_VALID: _l("It is not valid yet."),
    Refusal.CLAIM: _l("The %(name)s claim is missing or has the wrong type."),
    Refusal.UNSTORABLE_TEXT: _l("It contains a character that cannot be stored."),
    Refusal.LIVES_TOO_LONG: _l("It would live longer than our tokens ever do."),
    Refusal.UNREADABLE: _l("It can't be read."),
}
"""Why the verifier refused, for people. A test demands words for each."""


def reason(refusal: Refusal, claim: str = "") -> str:
    """Why the verifier refused, in the reader's language; `claim` is the claim that the refusal is about."""
    words = str(REASON[refusal])
    return words % {"name": claim} if claim else words


FINDING = {
    "unsigned": _l("alg is none: accepting it means accepting anything."),
    "key_inside": _l(
        "The header contains its own key. A forger would do the same, so that key must not be used to verify the token."
    ),
    "never_expires": _l("It has no exp: once stolen, it works forever."),
    "expired": _l("It has expired: exp is in the past."),
    "not_yet": _l("It is not valid yet: nbf is in the future."),
    "from_the_future": _l("Its iat is more than a minute in the future: a wrong clock, or a forgery."),
    "untyped": _l("It has no typ, so it could be mistaken for another kind of token."),
    "for_anybody": _l("It has no aud, so it does not say who it is for."),
}
