"""Creating and using passkeys (WebAuthn Level 3). The only import of `webauthn`, and only where it is used.

A page begins a ceremony (core/passkey_options.py) and a form ends it. A signed field carries its challenge, what it is
for, whom it is bound to and when it began. Here is what is checked; `store/spent.py` lets each challenge count once.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.errors import WrongPassword
from webapp.core.strict_json import NotStrictJson, read_object

LIFE = 30 * 60
"""Seconds from page to form. The page may wait for a choice in the browser's own list."""
MAX_ANSWER_LENGTH = 16 * 1024
"""Characters of the browser's answer. Longer ones are refused unread."""
MAX_CREDENTIAL_ID = 1023
"""Bytes of a credential id (WebAuthn section 4)."""
ALGORITHMS = (-8, -7, -257)
"""EdDSA, ES256, RS256 (COSE)."""

LOG_IN, SECOND, STEP_UP, REGISTER = "log_in", "second", "step_up", "register"


class Refused(WrongPassword):
    """The browser's answer does not prove what it should. `code`: `slow` for an old page, else `refused`.

    Limits count it as they count a wrong password.
    """

    def __init__(self, code: str, evidence: str) -> None:
        super().__init__(evidence)
        self.code = code


class Ceremony(NamedTuple):
    """What the signed field holds. `bound_to` is "" (log in), a session id, or the nonce of a pending login."""

    challenge: str
    purpose: str
    bound_to: str
    began_at: int


class Site(NamedTuple):
    """Whose passkeys: the exact origin of the page, and the RP ID they belong to for ever."""

    origin: str
    rp_id: str
    name: str


class NewPasskey(NamedTuple):
    """What is stored of a passkey."""

    credential_id: str
    public_key: bytes
    sign_count: int
    transports: str
    backed_up: bool


class Used(NamedTuple):
    """A proof by passkey that was right."""

    sign_count: int
    backed_up: bool


def begin(purpose: str, bound_to: str, now: int) -> Ceremony:
    """A new ceremony with 32 random bytes of challenge."""
    return Ceremony(encode_base64url(secrets.token_bytes(32)), purpose, bound_to, now)


def sign(ceremony: Ceremony, secret: str) -> str:
    """The ceremony as a form field."""
    return str(_serializer(secret).dumps(list(ceremony)))


def read(text: str, secret: str, *, purpose: str, bound_to: str, now: int) -> Ceremony:
    """The ceremony of a form field. Raises Refused."""
    if len(text) > 1000:
        raise Refused("refused", "the ceremony is too long")
    try:
        ceremony = Ceremony(*_serializer(secret).loads(text))
    except (BadData, TypeError):
        raise Refused("refused", "the ceremony was not begun here") from None
    if (ceremony.purpose, ceremony.bound_to) != (purpose, bound_to):
        raise Refused("refused", "the ceremony was begun for something else")
    if not 0 <= now - ceremony.began_at <= LIFE:
        raise Refused("slow", "the ceremony took too long")
    return ceremony


def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="tokenroom ceremony")


def read_answer(text: str) -> dict[str, Any]:
    """The browser's answer as an object. Raises Refused."""
    if len(text) > MAX_ANSWER_LENGTH:
        raise Refused("refused", "the answer is too long")
    try:
        return read_object(text.encode())
    except (NotStrictJson, UnicodeEncodeError):
        raise Refused("refused", "the answer is not a JSON object") from None


def credential_id_of(answer: dict[str, Any]) -> str:
    """Which passkey answers, base64url. Raises Refused."""
    name = answer.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_CREDENTIAL_ID * 4 // 3 + 1:
        raise Refused("refused", "the answer names no credential")
    try:
        decode_base64url(name)
    except ValueError:
        # Also for the database's sake: PostgreSQL takes no NUL.
        raise Refused("refused", "the name of the credential is no base64url") from None
    return name


def verify_creation(answer: dict[str, Any], ceremony: Ceremony, site: Site) -> NewPasskey:
    """The passkey that was made. Raises Refused, whatever is wrong."""
    import webauthn
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=decode_base64url(ceremony.challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
        )
    except Exception as error:  # noqa: BLE001 - the library also lets errors of its parsers through
        raise Refused("refused", f"the new passkey was refused ({type(error).__name__})") from None
    _refuse_other_frames(answer)
    if len(made.credential_id) > MAX_CREDENTIAL_ID:
        raise Refused("refused", "the credential id is too long")
    return NewPasskey(
        encode_base64url(made.credential_id),
        made.credential_public_key,
        made.sign_count,
        _transports(answer),
        made.credential_backed_up,
    )


def verify_use(
    answer: dict[str, Any], ceremony: Ceremony, site: Site, *, public_key: bytes, user_id: str, needs_handle: bool
) -> Used:
    """That this passkey of this person answered the challenge. Raises Refused, whatever is wrong.

    `needs_handle`: must the answer name the person, as a login by passkey alone does? The counter is not judged here,
    because synced passkeys stay at 0, and some fall back to it.
    """
    import webauthn

    try:
        used = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=decode_base64url(ceremony.challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,  # else the library would refuse a counter that fell
            require_user_verification=True,
        )
    except Exception as error:  # noqa: BLE001 - the library also lets errors of its parsers through
        raise Refused("refused", f"the passkey was refused ({type(error).__name__})") from None
    _refuse_other_frames(answer)
    response = answer.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if handle is None and needs_handle:
        raise Refused("refused", "the answer names nobody")
    if handle is not None and handle != handle_of(user_id):
        raise Refused("refused", "the answer names another user")
    return Used(used.new_sign_count, used.credential_backed_up)


def handle_of(user_id: str) -> str:
    """What an authenticator knows a person by: the 16 bytes of their id, which is random and never given out again."""
    return encode_base64url(bytes.fromhex(user_id))


def _refuse_other_frames(answer: dict[str, Any]) -> None:
    """Refuse an answer that was given inside another site's page. The library does not look."""
    try:
        client = read_object(decode_base64url(answer["response"]["clientDataJSON"]))
    except (KeyError, TypeError, ValueError, NotStrictJson):
        raise Refused("refused", "the client data cannot be read") from None
    if client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise Refused("refused", "the answer was given inside another site's page")


def _transports(answer: dict[str, Any]) -> str:
    """How the browser says the passkey can be reached: known words only, for its own later use."""
    response = answer.get("response")
    told = response.get("transports") if isinstance(response, dict) else None
    known = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")
    return " ".join(word for word in known if isinstance(told, list) and word in told)
