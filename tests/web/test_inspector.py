"""The inspector: open to strangers, tells the truth, keeps nothing, and signs with nobody's key but the one pasted."""

from __future__ import annotations

import json
import logging
import re

import pytest
from flask import Flask

from tests.support.browser import Browser, cookies_set
from webapp.core.jws import SIGNATURES, sign_with
from webapp.core.keys import encode_base64url
from webapp.services import services_of
from webapp.store.database import db
from webapp.web.inspector.examples import EXAMPLES


def work(visitor: Browser, **fields: str) -> tuple[int, str]:
    form = visitor.read_form("/inspector")
    answer = visitor.post("/inspector", {"csrf_token": form.fields["csrf_token"]} | fields)
    return answer.status_code, answer.text


def checks(page: str) -> list[tuple[str, str, str]]:
    """Rows of the verdict: (kind, title, words)."""
    return re.findall(r'check-row check-(\w+)">.*?<b>(.*?)</b><p>(.*?)</p>', page, re.DOTALL)


def area(page: str, name: str) -> str:
    from html import unescape

    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("example", "given", "ours", "noticed"),
    [
        ("good", "ok", "Its kid does not match any of our keys.", None),
        ("expired", "ok", "The signature was not made with our key, or the token was changed.", "It has expired"),
        ("tampered", "bad", "The signature was not made with our key, or the token was changed.", None),
        ("wrong_key", "bad", "The signature was not made with our key, or the token was changed.", None),
        ("none", "bad", "It does not have three non-empty parts.", "alg is none"),
        ("wrong_type", "ok", "The typ in the header is not that of our tokens.", None),
    ],
)
def test_every_example_says_what_is_wrong_with_it(
    visitor: Browser, example: str, given: str, ours: str, noticed: str | None
) -> None:
    status, page = work(visitor, example=example)
    rows = checks(page)
    assert status == 200
    assert rows[0][0] == given
    assert rows[1][2] == ours
    assert rows[2][0] == "bad"
    assert any(noticed in row[2] for row in rows[3:]) if noticed else len(rows) == 3
    assert set(EXAMPLES) == {"good", "expired", "tampered", "wrong_key", "none", "wrong_type"}


def test_our_own_tokens_are_known(app: Flask, visitor: Browser, clock: object) -> None:
    """A valid access token, then the same one expired, then a refresh token: each with our verifier's verdict."""
    visitor.sign_up()
    access, refresh = visitor.access or "", visitor.refresh or ""
    _status, page = work(Browser.of_app(app), token=access)
    assert [row[0] for row in checks(page)] == ["info", "ok", "ok"]
    _status, page = work(Browser.of_app(app), token=refresh)
    assert [row[0] for row in checks(page)] == ["info", "ok", "ok"]
    services_of(app).clock.advance(601)  # type: ignore[attr-defined]
    _status, page = work(Browser.of_app(app), token=access)
    assert [row[0] for row in checks(page)][:3] == ["info", "ok", "warn"]


@pytest.mark.parametrize("alg", SIGNATURES)
def test_build_with_every_algorithm(visitor: Browser, alg: str) -> None:
    """Generate a key and sign; then build again with that key; each is checked as right at once."""
    claims = json.dumps({"sub": "나", "n": 1})
    status, page = work(visitor, do="generate", alg=alg, header='{"typ":"JWT"}', claims=claims)
    assert (status, checks(page)[0][0]) == (200, "ok")
    key = area(page, "key")
    assert ("BEGIN PUBLIC KEY" in page) == (not alg.startswith("HS"))
    status, page = work(visitor, do="build", alg=alg, header="{}", claims=claims, key=key)
    assert (status, checks(page)[0][0]) == (200, "ok")
    assert json.loads(area(page, "header")) == {"alg": alg}
    assert "나" in area(page, "claims")


def test_it_never_signs_with_our_keys(app: Flask, visitor: Browser) -> None:
    """Without a key nothing is signed; naming our kid signs with the pasted key, and our verifier refuses it."""
    tokens = services_of(app).tokens
    kid = tokens.ring.active("access").kid
    header = json.dumps({"kid": kid, "typ": "at+jwt"})
    status, page = work(visitor, do="build", alg="HS256", header=header, claims="{}", key="")
    assert status == 422
    assert "Signing needs a key" in page
    assert area(page, "token") == ""
    status, page = work(visitor, do="build", alg="HS256", header=header, claims="{}", key=kid)
    assert checks(page)[1][0] == checks(page)[2][0] == "bad"
    assert tokens.ring.active("access").secret.hex() not in page
    assert encode_base64url(tokens.ring.active("access").secret) not in page


def test_nothing_is_kept(app: Flask, visitor: Browser, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log, not in any table, not in an address or cookie."""
    caplog.set_level(logging.DEBUG)
    mark = "jti-that-nobody-else-uses"
    pasted = sign_with({"alg": "HS256"}, {"jti": mark}, b"k", "HS256")
    form = visitor.read_form("/inspector")
    answer = visitor.post("/inspector", {"csrf_token": form.fields["csrf_token"], "token": pasted, "key": mark})
    assert mark in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert not any(pasted[:20] in value for value in cookies_set(answer).values())
    assert mark not in caplog.text
    assert pasted not in caplog.text
    with app.app_context():
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(table.select()):
                assert mark not in str(row)
                assert pasted not in str(row)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"token": "x"},
        {"token": "a.b.c"},
        {"token": "." * 3000},
        {"token": "é.\x00.한"},
        {"token": "x" * 30_000},
        {"do": "build", "header": "[" * 5000, "claims": "{" * 5000, "key": "k"},
        {"do": "build", "header": '{"a":' * 200 + "1" + "}" * 200, "claims": "{}", "key": "k"},
        {"do": "build", "header": "{}", "claims": '{"exp":' + "9" * 5000 + "}", "key": "k"},
        {"do": "build", "header": "{}", "claims": "{}", "key": "-----BEGIN PRIVATE KEY-----\nx", "alg": "RS256"},
        {"do": "build", "header": "{}", "claims": '{"exp":1e999}', "key": "k", "alg": "HS256"},
        {"do": "build", "header": "{}", "claims": "NaN", "key": "k", "alg": "HS256"},
        {"do": "build", "header": "{}", "claims": "[]", "key": "{}", "alg": "ES256"},
    ],
)
def test_bad_input_is_told_beside_its_field(visitor: Browser, fields: dict[str, str]) -> None:
    status, page = work(visitor, **fields)
    assert status == 422
    assert 'aria-invalid="true"' in page
    assert re.search(r'class="error"><span>\w', page)


@pytest.mark.parametrize(
    "claims",
    [
        '{"exp":1e308}',
        '{"exp":' + "9" * 4000 + "}",
        '{"iat":-1,"exp":true,"nbf":"x"}',
        '{"\\ud800":"\\udc00"}',
        '{"aud":["a"],"iss":{"x":1}}',
        '{"<script>":"</textarea><script>alert(1)</script>"}',
        '{"exp":1.5}',
    ],
)
def test_odd_claims_are_shown_and_break_nothing(visitor: Browser, claims: str) -> None:
    status, page = work(visitor, do="build", alg="HS256", header='{"kid":7,"typ":["x"]}', claims=claims, key="k")
    assert status == 200
    assert "<script>alert" not in page
    status, page = work(visitor, do="inspect", token=area(page, "token"))
    assert status == 200


def test_a_body_beyond_the_limit_is_413(visitor: Browser) -> None:
    assert work(visitor, token="x" * 70_000)[0] == 413


def test_a_get_takes_nothing_from_the_address(visitor: Browser) -> None:
    page = visitor.get("/inspector?token=aaaa.bbbb.cccc&key=zzzz").text
    assert "aaaa.bbbb" not in page
    assert "zzzz" not in page
