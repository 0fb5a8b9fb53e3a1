"""The inspector: open to strangers, tells the truth, keeps nothing, and signs with nobody's key but the one pasted."""

from __future__ import annotations

import json
import logging
import re
from html import unescape

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


ROW = r'check-row check-(\w+)">.*?<b>(.*?)</b>(?: <span\s+class="check-state">.*?</span>)?<p>(.*?)</p>'


def checks(page: str) -> list[tuple[str, str, str]]:
    """Rows of the verdict: (kind, title, words)."""
    return [(kind, unescape(title), unescape(words)) for kind, title, words in re.findall(ROW, page, re.DOTALL)]


def steps(page: str) -> str:
    """The verifier's six steps as letters: passed, FAILED, told, not reached (-)."""
    rows = checks(page)[:6]
    assert [title for _kind, title, _words in rows] == ["Form", "Key", "Signature", "Type", "Audience", "Times"]
    return "".join({"ok": "p", "bad": "F", "info": "t", "none": "-"}[kind] for kind, _title, _words in rows)


def headline(page: str) -> tuple[str, str]:
    found = re.search(r'class="verdict check-(\w+)">.*?<b>(.*?)</b>', page, re.DOTALL)
    assert found
    return found[1], unescape(found[2])


def area(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("example", "kind", "said", "why"),
    [
        ("good", "ok", "pppppp", ""),
        ("expired", "bad", "pppppF", "It has expired, because exp is in the past."),
        ("tampered", "bad", "ppF---", "The signature does not fit"),
        ("wrong_key", "bad", "ppF---", "The signature does not fit"),
        ("none", "bad", "pF----", "alg is none"),
        ("wrong_type", "bad", "pppF--", "typ is not that of an access token"),
        ("wrong_audience", "bad", "ppppF-", "aud names another recipient"),
    ],
)
def test_every_example_says_which_check_caught_it(
    visitor: Browser, example: str, kind: str, said: str, why: str
) -> None:
    """Each is checked with the key on the page: one step fails, none behind it is reached; its button is pressed."""
    status, page = work(visitor, example=example)
    assert status == 200
    assert headline(page)[0] == kind
    assert steps(page) == said
    if why:
        assert checks(page)[said.index("F")][2].startswith(why)
    else:
        assert not [row for row in checks(page) if row[0] in ("bad", "warn")]
    assert re.findall(r'value="(\w+)" aria-pressed="true"', page) == [example]
    assert set(EXAMPLES) == {"good", "expired", "tampered", "wrong_key", "none", "wrong_type", "wrong_audience"}


def test_the_page_opens_with_a_good_example_that_is_not_red(visitor: Browser) -> None:
    """Its key is not ours, and that is no fault: one sentence first, all steps passed, this site neutral."""
    page = visitor.get("/inspector").text
    assert headline(page) == ("ok", "Correctly signed with the given key, but not by this site.")
    assert steps(page) == "pppppp"
    assert checks(page)[6][:2] == ("info", "This site")
    assert page.index('class="verdict') < page.index("verifier-steps")


def test_our_own_tokens_are_known(app: Flask, visitor: Browser) -> None:
    """A valid access token, then a refresh token, then the access token expired: the verifier first, then the row."""
    visitor.sign_up()
    access, refresh = visitor.access or "", visitor.refresh or ""
    for token, row in (
        (access, "Its session is active."),
        (refresh, "It is the current refresh token of its session."),
    ):
        _status, page = work(Browser.of_app(app), token=token)
        assert headline(page) == ("ok", "This site issued this token, and accepts it.")
        assert steps(page) == "pppppp"
        assert checks(page)[6] == ("ok", "What the session's row says", row)
    services_of(app).clock.advance(601)  # type: ignore[attr-defined]
    _status, page = work(Browser.of_app(app), token=access)
    assert headline(page)[0] == "warn"
    assert steps(page) == "pppppF"
    assert checks(page)[6][2].startswith("Its session is active. With its refresh token")


def test_a_token_whose_session_ended_is_not_called_accepted(app: Flask, visitor: Browser) -> None:
    """The verifier passes it, the row refuses it, and the page says both."""
    visitor.sign_up()
    access, refresh = visitor.access or "", visitor.refresh or ""
    visitor.post("/logout", {"csrf_token": visitor.read_form("/account").fields["csrf_token"]})
    services_of(app).clock.advance(180)  # type: ignore[attr-defined]
    for token in (access, refresh):
        _status, page = work(Browser.of_app(app), token=token)
        assert headline(page) == ("bad", "This site issued this token, but would refuse it now.")
        assert steps(page) == "pppppp"
        assert checks(page)[6][2] == "Its session ended 3 minutes ago: refused."


def test_a_replaced_refresh_token_is_told_from_the_current_one(app: Flask, visitor: Browser) -> None:
    """Superseded, then in grace, then reused: what the row says of the same text."""
    visitor.sign_up()
    clock, old = services_of(app).clock, visitor.refresh or ""
    clock.advance(601)  # type: ignore[attr-defined]
    visitor.get("/account")
    assert checks(work(Browser.of_app(app), token=old)[1])[6][2].startswith("It was replaced, and the new one has not")
    visitor.get("/account")
    assert "first used seconds ago" in checks(work(Browser.of_app(app), token=old)[1])[6][2]
    clock.advance(71)  # type: ignore[attr-defined]
    page = work(Browser.of_app(app), token=old)[1]
    assert (headline(page)[0], checks(page)[6][0]) == ("bad", "bad")
    assert visitor.get("/account").status_code == 200, "looking ends nothing"


def test_a_foreign_token_is_told_and_not_judged(visitor: Browser) -> None:
    """Without a key nothing is said of its signature; with a key its type and audience are told, and times judged."""
    foreign = sign_with(
        {"alg": "HS512", "typ": "JWT"}, {"iss": "x", "aud": ["a", "b"], "exp": 9**10}, b"k" * 64, "HS512"
    )
    _status, page = work(visitor, token=foreign)
    assert headline(page) == ("info", "Not a token of this site. Its signature was not verified.")
    assert steps(page) == "pt----"
    _status, page = work(visitor, token=f"Authorization: bearer {foreign}", key="k" * 64)
    assert headline(page)[0] == "ok"
    assert steps(page) == "pppttp"
    assert "a, b" in checks(page)[4][2]


def test_no_verdict_where_the_doubt_is_about_the_key(visitor: Browser) -> None:
    """Keys of another kid, an unusable key: neutral, and said beside the key."""
    token = sign_with({"alg": "HS256", "kid": "b"}, {}, b"k" * 32, "HS256")
    keys = json.dumps({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "b"}]})
    status, page = work(visitor, token=token, key=keys)
    assert (status, headline(page)[0], steps(page)) == (422, "info", "pt----")
    one = json.dumps([{"kty": "oct", "k": encode_base64url(b"x" * 32), "kid": "a"}])
    status, page = work(visitor, token=token, key=one)
    assert status == 200
    assert headline(page)[0] == "bad"


def test_the_page_says_how_the_key_was_read(visitor: Browser) -> None:
    """The page names the form in which it has read the key."""
    token = sign_with({"alg": "HS256"}, {}, b"\x01" * 32, "HS256")
    for key, words in (("01" * 32, "hex"), (encode_base64url(b"\x01" * 32) + "=", "base64")):
        _status, page = work(visitor, token=token, key=key)
        assert ("info", "How your key was read", f"The secret was read as {words}.") in checks(page)


def test_the_first_wrong_field_is_focused(visitor: Browser) -> None:
    """An error below the fold would be out of sight, so the field it belongs to takes the focus."""
    _status, page = work(visitor, do="build", alg="HS256", header="{}", claims="{nope", key="k")
    assert re.findall(r'name="(\w+)"[^>]*autofocus', page) == ["claims"]
    assert headline(page)[1].startswith("No token was built.")
    assert "autofocus" not in visitor.get("/inspector").text


@pytest.mark.parametrize("alg", SIGNATURES)
def test_build_with_every_algorithm(visitor: Browser, alg: str) -> None:
    """Generate a key and sign; then build again with that key; each is checked as right at once."""
    claims = json.dumps({"sub": "나", "n": 1})
    status, page = work(visitor, do="generate", alg=alg, header='{"typ":"JWT"}', claims=claims)
    assert (status, headline(page)[0]) == (200, "ok")
    key = area(page, "key")
    assert ("BEGIN PUBLIC KEY" in page) == (not alg.startswith("HS"))
    status, page = work(visitor, do="build", alg=alg, header="{}", claims=claims, key=key)
    assert (status, headline(page)[0]) == (200, "ok")
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
    assert headline(page) == ("bad", "This site refuses this token.")
    assert steps(page) == "ppF---"
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
    """Bad input is a 422 with the reason at its field."""
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
    """Odd claims are signed, shown and read again, and never run."""
    status, page = work(visitor, do="build", alg="HS256", header='{"kid":7,"typ":["x"]}', claims=claims, key="k")
    assert status == 200
    assert "<script>alert" not in page
    status, page = work(visitor, do="inspect", token=area(page, "token"))
    assert status == 200


def test_a_body_beyond_the_limit_is_413(visitor: Browser) -> None:
    """A body above 64 kB is a 413."""
    assert work(visitor, token="x" * 70_000)[0] == 413


def test_a_get_takes_nothing_from_the_address(visitor: Browser) -> None:
    """A token or key in the address is not read."""
    page = visitor.get("/inspector?token=aaaa.bbbb.cccc&key=zzzz").text
    assert "aaaa.bbbb" not in page
    assert "zzzz" not in page
