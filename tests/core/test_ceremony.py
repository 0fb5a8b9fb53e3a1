"""What makes a passkey's answer count, and everything that does not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from webapp.core import ceremony
from webapp.core.ceremony import Ceremony, NewPasskey, Refused, Site
from webapp.core.passkey_options import creation_options, request_options

SECRET = "of the forms"
ADA, BOB = "a" * 32, "b" * 32
SITE = Site("http://localhost:8000", "localhost", "Tokenroom")
NOW = 1_800_000_000


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def passkey(device: Authenticator) -> NewPasskey:
    began = ceremony.begin(ceremony.REGISTER, "sid", NOW)
    options = creation_options(began, SITE, user_id=ADA, username="ada", name="", known=[])
    return ceremony.verify_creation(device.create(options), began, SITE)


def ask(device: Authenticator, **bent: Any) -> tuple[dict[str, Any], Ceremony]:
    began = ceremony.begin(ceremony.LOG_IN, "", NOW)
    return device.get(request_options(began, SITE, known=[]), **bent), began


def use(answer: dict[str, Any], began: Ceremony, passkey: NewPasskey, user_id: str = ADA) -> ceremony.Used:
    return ceremony.verify_use(
        answer,
        began,
        SITE,
        public_key=passkey.public_key,
        user_id=user_id,
        needs_handle=began.purpose == ceremony.LOG_IN,
    )


def test_made_and_used(device: Authenticator, passkey: NewPasskey) -> None:
    """The honest way; transports keep known words only."""
    assert (passkey.credential_id, passkey.transports) == (device.id, "internal")
    answer, began = ask(device)
    assert use(answer, began, passkey).sign_count == 1


def test_a_counter_that_falls_is_no_refusal(device: Authenticator, passkey: NewPasskey) -> None:
    """Synced passkeys stay at 0, and some fall back to it."""
    for count in (5, 0, 0):
        answer, began = ask(device, count=count)
        assert use(answer, began, passkey).sign_count == count


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"origin": "http://sub.localhost:8000"},
        {"origin": "http://localhost"},
        {"rp_id": "example.com"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"crossOrigin": True},
        {"topOrigin": "https://evil.example"},
        {"type": "webauthn.create"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"handle": bytes.fromhex(BOB)},
        {"handle": None},
        {"handle": b""},
        {"challenge": "AAAA"},
    ],
    ids=lambda bent: "+".join(f"{name}" for name in bent),
)
def test_what_does_not_count(device: Authenticator, passkey: NewPasskey, bent: dict[str, Any]) -> None:
    """Another place, another person, another key, nobody there."""
    answer, began = ask(device, **bent)
    with pytest.raises(Refused):
        use(answer, began, passkey)


def test_another_users_passkey(device: Authenticator, passkey: NewPasskey) -> None:
    """A right answer of Ada's proves nothing about Bob."""
    answer, began = ask(device)
    with pytest.raises(Refused):
        use(answer, began, passkey, user_id=BOB)


def test_six_thousand_mutations(device: Authenticator, passkey: NewPasskey) -> None:
    """Every answer is refused, and never an error of another kind."""
    chance = random.Random(1)
    answer, began = ask(device)
    whole = json.dumps(answer)
    passed = 0
    for _ in range(6000):
        place, length = chance.randrange(len(whole)), chance.randrange(1, 4)
        bent = (
            whole[:place]
            + "".join(chance.choice('"{}[]:,0Aa\\u\x00é') for _ in range(length))
            + whole[place + length :]
        )
        try:
            use(ceremony.read_answer(bent), began, passkey)
            passed += 1
        except Refused:
            pass
    assert passed < 900  # changes in members that nobody reads


@pytest.mark.parametrize(
    "bent", [{"flags": PRESENT}, {"origin": "http://localhost:1"}, {"crossOrigin": True}, {"rp_id": "x"}]
)
def test_registrations_that_are_refused(device: Authenticator, bent: dict[str, Any]) -> None:
    """The same strictness when a passkey is made."""
    began = ceremony.begin(ceremony.REGISTER, "sid", NOW)
    options = creation_options(began, SITE, user_id=ADA, username="ada", name="", known=[])
    with pytest.raises(Refused):
        ceremony.verify_creation(device.create(options, **bent), began, SITE)


def test_the_field_carries_its_ceremony() -> None:
    """Purpose, binding and age are part of the signature."""
    began = ceremony.begin(ceremony.STEP_UP, "sid", NOW)
    field = ceremony.sign(began, SECRET)

    def read(**changed: Any) -> Ceremony:
        given = {"purpose": ceremony.STEP_UP, "bound_to": "sid", "now": NOW + 10, **changed}
        return ceremony.read(
            changed.pop("field", field),
            changed.pop("secret", SECRET),
            **{k: v for k, v in given.items() if k in ("purpose", "bound_to", "now")},
        )

    assert read() == began
    for changed in (
        {"purpose": ceremony.LOG_IN},
        {"bound_to": "other"},
        {"secret": "other"},
        {"field": field[:-1]},
        {"field": ""},
        {"field": "x" * 9999},
    ):
        with pytest.raises(Refused) as refused:
            read(**changed)
        assert refused.value.code == "refused"
    for now in (NOW - 1, NOW + ceremony.LIFE + 1):
        with pytest.raises(Refused) as refused:
            read(now=now)
        assert refused.value.code == "slow"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"a": 1, "a": 2}',
        "{" * 5000,
        "{}" + " " * 20_000,
        '{"id": "\ud800"}',
        '{"id": "\\u0000"}',
        '{"id": "AB="}',
    ],
)
def test_answers_that_cannot_be_read(text: str) -> None:
    """Length, then form."""
    with pytest.raises(Refused):
        ceremony.credential_id_of(ceremony.read_answer(text))
