"""What the inspector says: about keys, about tokens that cannot be read, and why our verifier refuses one."""

from __future__ import annotations

from flask_babel.speaklater import LazyString

from webapp.core.claims import Refusal
from webapp.web.texts import lazy_gettext as _l

NOT_AN_OBJECT = _l("This is not a valid JSON object. Check the brackets, quotes and commas.")

TOKEN = {
    "empty": _l("Paste a token, or choose one of the examples."),
    "too_long": _l("This is longer than 16,384 characters, which is too long for a token."),
    "not_three": _l("This is not a signed token. A signed token has three parts, separated by dots: xxxx.yyyy.zzzz."),
    "header": _l("The first part is not a base64url-encoded JSON object."),
    "payload": _l("The second part is not a base64url-encoded JSON object."),
    "shortened": _l("This token is cut: something was replaced by dots when it was copied. Copy all of it."),
    "encrypted": _l(
        "This is an encrypted token (JWE, five parts). Only its recipient can read it; the header is all that shows."
    ),
    "paseto": _l("This is a PASETO token, not a JWT."),
    "opaque": _l(
        "This is not a JWT. If it is an opaque token, a random text, then only its issuer can look up what it means."
    ),
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
    "other_alg": _l("The alg of this JWK says that it is for another algorithm."),
    "other_use": _l("The use or key_ops of this JWK says that it must not be used for this."),
    "malformed": _l("This key cannot be read. Part of it is missing, or its parts do not belong together."),
    "encrypted": _l("This key is protected with a password. Decrypt it first or, better, use a test key."),
    "openssh": _l("This is a private key in OpenSSH format. Convert it with ssh-keygen -p -m PEM."),
    "public_as_secret": _l(
        "A PEM key is not a shared secret. Using a public key as one is a classic vulnerability, "
        "because anyone who knows it could sign."
    ),
    "neither": _l("This algorithm needs a key pair: paste a PEM, a JWK, a certificate or its base64."),
    "needs_private": _l("Signing needs a private key; this is a public one."),
    "rsa_size": _l("Use an RSA key of 1024 to 4096 bits."),
    "curve": _l("This key is on another curve. ES256 needs P-256, ES384 P-384 and ES512 P-521."),
}

GIVEN_KEY = {
    "right": ("ok", _l("Valid: signed with this key and not changed since.")),
    "right_but_short": (
        "warn",
        _l("Valid, but the secret is shorter than its hash (32 bytes with HS256) and could be guessed."),
    ),
    "wrong": ("bad", _l("Invalid: this key did not sign this token, or the token was changed afterwards.")),
    "unsigned": ("bad", _l("Not signed. Anyone could have written it.")),
    "other_algorithm": ("bad", _l("Signed with an algorithm this page cannot verify.")),
    "none": ("info", _l("No key given, so the signature was not verified.")),
    "unusable": ("info", _l("Not verified: this key cannot be used with this token.")),
    "other_keys": ("info", _l("Not verified: none of these keys is the one that the token's kid names.")),
}
"""What came of the pasted key. Only `right` and `wrong` say something about the token."""

FORM = {
    "unquoted": _l("The quotes, or the name in front of the secret, were left out."),
    "hex": _l("The secret was read as hex."),
    "base64": _l("The secret was read as base64."),
    "base64url": _l("The secret was read as base64url."),
    "certificate": _l("The key was taken from the certificate."),
}
"""How the key that fitted was read, where it was not as it stands there."""

HEADLINE = {
    "accepted": ("ok", _l("This site issued this token, and accepts it.")),
    "expired": ("warn", _l("This site issued this token. It has expired.")),
    "row_refuses": ("bad", _l("This site issued this token, but would refuse it now.")),
    "refused": ("bad", _l("This site refuses this token.")),
    "right": ("ok", _l("Correctly signed with the given key, but not by this site.")),
    "right_but_short": ("warn", _l("Correctly signed, but with a secret that is too short.")),
    "right_but_refused": ("bad", _l("Correctly signed, but refused at this step: %(step)s.")),
    "wrong": ("bad", _l("The signature and the key do not fit together.")),
    "unsigned": ("bad", _l("Nobody signed this token.")),
    "unverified": ("info", _l("Not a token of this site. Its signature was not verified.")),
    "not_built": ("warn", _l("No token was built. The lines below are about the token above.")),
    "unreadable": ("info", _l("There is no signed token to check.")),
}
"""The one sentence that comes first."""

STEP = {
    "form": _l("Form"),
    "key": _l("Key"),
    "signature": _l("Signature"),
    "type": _l("Type"),
    "audience": _l("Audience"),
    "times": _l("Times"),
}
STATE = {
    "passed": ("ok", _l("passed")),
    "failed": ("bad", _l("failed")),
    "told": ("info", _l("not judged")),
    "not_reached": ("none", _l("not reached")),
}
PASSED = {
    "form": _l("Three parts of base64url, the first two with JSON."),
    "key": _l("There is a key that fits its algorithm."),
    "signature": _l("Made with this key. Nothing was changed since."),
    "type": _l("typ is what the recipient expects."),
    "audience": _l("iss and aud name the right issuer and recipient."),
    "times": _l("Issued in the past and not expired."),
}
TOLD = {
    "none": _l("No key given."),
    "unusable": _l("This key cannot be used with this token."),
    "other_keys": _l("None of these keys is the one that kid names."),
}
FOREIGN_FAILED = {
    "unsigned": _l("alg is none, so there is no signature, and no key could check it."),
    "other_algorithm": _l("Signed with an algorithm this page cannot verify."),
    "wrong": _l("The signature does not fit: another key made it, or the token was changed afterwards."),
    "typ": _l("typ is not that of an access token (at+jwt)."),
    "aud": _l("aud names another recipient, so this one must refuse it."),
    "no_number": _l("A time is not a number of seconds (NumericDate)."),
    "expired": _l("It has expired, because exp is in the past."),
    "not_yet": _l("It is not valid yet, because nbf is in the future."),
    "from_the_future": _l("Its iat is more than a minute in the future: a wrong clock, or a forgery."),
}
TYPE_TOLD = _l("typ is %(value)s. Its recipient knows which one it expects.")
NO_TYPE = _l("There is no typ.")
AUDIENCE_TOLD = _l("It is for %(value)s. Only that recipient accepts it.")
NO_AUDIENCE = _l("There is no aud.")

FOREIGN = (
    "info",
    _l("Its kid names none of this site's keys, so this site would refuse it. That is no fault of the token."),
)

ROW = {
    "missing": ("bad", _l("Its session is not in the database: refused.")),
    "ended": ("bad", _l("Its session ended %(ago)s: refused.")),
    "too_old": ("bad", _l("Its session reached its maximum length %(ago)s: refused.")),
    "disabled": ("bad", _l("The account is disabled: refused.")),
    "credentials": ("bad", _l("All sessions of the account were ended: refused.")),
    "live": ("ok", _l("Its session is active.")),
    "live_expired": ("info", _l("Its session is active. With its refresh token, the next request gets a new one.")),
    "current": ("ok", _l("It is the current refresh token of its session.")),
    "superseded": (
        "warn",
        _l("It was replaced, and the new one has not been used yet. Sending it again gets the new one, or another."),
    ),
    "in grace": (
        "warn",
        _l("It was replaced, and the new one was first used seconds ago. It still gets an access token."),
    ),
    "abandoned": (
        "warn",
        _l("A better one took its place and is in use. Sending it asks you to log in, and ends nothing."),
    ),
    "reused": ("bad", _l("It was replaced, and the new one has long been in use. Sending it would end the session.")),
    "unknown": ("bad", _l("Its session never had this refresh token: refused.")),
}
"""What the session's row says of a token that is ours."""

REASON: dict[str, LazyString] = {
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
    Refusal.WRONG_ISSUER: _l("It was issued by another issuer (iss)."),
    Refusal.WRONG_AUDIENCE: _l("It was issued for another audience (aud)."),
    Refusal.UNSTORABLE_TEXT: _l("A claim contains characters that cannot be stored."),
    Refusal.LIVES_TOO_LONG: _l("It is valid for longer than any token of this site."),
    Refusal.EXPIRES_EARLY: _l("It expires before it is issued."),
    Refusal.FROM_THE_FUTURE: _l("Its issue time (iat) is in the future."),
    Refusal.NOT_YET_VALID: _l("It is not valid yet."),
    "expired": _l("It has expired, because exp is in the past."),
    Refusal.UNREADABLE: _l("It can't be read."),
}
"""The verifier's fixed phrases, for people."""

CLAIM_REASON = _l("The %(name)s claim is missing or has the wrong type.")


def reason(why: str) -> str:
    """Why the verifier refused (a Refusal, or one with the claim it is about), in the reader's language."""
    refusal, _colon, claim = why.partition(": ")
    if claim:
        return str(CLAIM_REASON) % {"name": claim}
    return str(REASON[refusal])


FINDING = {
    "unsigned": _l("alg is none: accepting it means accepting anything."),
    "key_inside": _l(
        "The header contains its own key. A forger would do the same, so that key must not be used to verify the token."
    ),
    "never_expires": _l("It has no exp: once stolen, it works forever."),
    "expired": _l("It has expired, because exp is in the past."),
    "not_yet": _l("It is not valid yet, because nbf is in the future."),
    "from_the_future": _l("Its iat is more than a minute in the future: a wrong clock, or a forgery."),
    "in_milliseconds": _l(
        "A time is in milliseconds. JWTs count seconds, so verifiers read a date thousands of years away."
    ),
    "time_as_text": _l("A time is written as text. JWTs need a number, so most verifiers refuse it."),
    "padded": _l("A part ends in =. JWTs use base64url without padding, and strict verifiers refuse it."),
    "other_alphabet": _l("A part contains + or /. JWTs use base64url, where - and _ stand for them."),
    "untyped": _l("It has no typ, so it could be mistaken for another kind of token."),
    "for_anybody": _l("It has no aud, so it does not say who it is for."),
}
