"""Passkeys: add one, log in with it alone, use it as the second step, rename and remove it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.authenticator import BACKED_UP, ELIGIBLE, PRESENT, VERIFIED, Authenticator
from tests.support.browser import PASSWORD, Browser, FormReader, read_parts
from tests.support.clock import SetClock
from tests.support.mailbox import Outbox
from tests.support.passkeys import NEW, add_passkey, answered, browser_at_a_name, device_of, form_of, use_passkey
from tests.support.sql import execute, query
from tests.support.totp import code, codes_of, set_up
from tests.support.trail import event_names

LIST = "/account/factors"


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """At `localhost`, not at a number."""
    return browser_at_a_name(app)


@pytest.fixture
def owner(app: Flask, person: Browser, username: str) -> Browser:
    """Logged in, with a confirmed address."""
    execute(app, "UPDATE users SET email_verified_at = 1 WHERE username = ?", username)
    return person


@pytest.fixture
def device(visitor: Browser) -> Authenticator:
    return device_of(visitor)


def live(app: Flask, username: str) -> int:
    """How many sessions of the user can still be used."""
    rows = query(
        app,
        "SELECT s.id FROM auth_sessions s JOIN users u ON u.id = user_id"
        " WHERE username = ? AND revoked_at IS NULL AND s.credential_epoch = u.credential_epoch",
        username,
    )
    return len(rows)


def test_from_adding_to_logging_in(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """The first passkey shows ten codes and ends other sessions; then it opens the account by itself."""
    other = Browser.of_app(app)
    other.log_in(username)
    api = ApiClient.of_app(app)
    api.log_in(username, PASSWORD)
    shown = add_passkey(owner, device)
    assert (shown.status_code, len(codes_of(shown.text))) == (200, 10)
    assert "notice=factors" in other.get("/account").headers["location"]
    assert api.get("/me").status_code == 401
    assert owner.get("/account").status_code == 200
    stranger = browser_at_a_name(app)
    done = use_passkey(stranger, device)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert stranger.get("/account").status_code == 200
    assert not stranger.cookie("pending_login")
    claims = read_parts(stranger.access or "")[1]
    assert (claims["amr"], claims["acr"]) == (["pop", "user", "mfa"], "phr")
    assert "Confirmed with a passkey" in stranger.get("/account/sessions").text
    names = event_names(app, user=username)
    assert names.count("factor.added") == 1
    assert "login.challenged" not in names
    subjects = [str(mail["Subject"]) for mail in (Outbox(app).newest(f"{username}@example.com"), *Outbox(app).all())]
    assert "Two-step login: passkey added" in subjects


def test_next_and_remember_come_along(app: Flask, owner: Browser, device: Authenticator) -> None:
    """The password form is the passkey form."""
    add_passkey(owner, device)
    stranger = browser_at_a_name(app)
    page = stranger.get("/login?next=/account/sessions").text
    assert 'autocomplete="username webauthn"' in page
    form, options = form_of(page, "/login/passkey")
    done = stranger.post("/login/passkey", answered(form, device.get(options), remember="y"))
    assert done.headers["location"] == "/account/sessions"
    assert "Max-Age" in next(c for c in done.headers.get_list("set-cookie") if c.startswith("refresh_token"))


def test_as_the_second_step(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """After the password the page offers the person's own passkeys; no code of an app is asked for."""
    add_passkey(owner, device)
    stranger = browser_at_a_name(app)
    assert stranger.log_in(username).headers["location"] == "/login/second"
    page = stranger.get("/login/second").text
    assert device.id in page
    assert 'name="otp"' not in page
    done = use_passkey(stranger, device, "/login/second", "/login/second/passkey")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert read_parts(stranger.access or "")[1]["amr"] == ["pwd", "pop", "user", "mfa"]
    assert "Confirmed with password and passkey" in stranger.get("/account/sessions").text


def test_a_kept_form_comes_along(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """The form that was being sent when the login ended is there after the second step by passkey, too."""
    add_passkey(owner, device)
    form = owner.read_form("/account")
    execute(app, "UPDATE auth_sessions SET revoked_at = 1, revoked_reason = 'ended'")
    kept = owner.post("/account", form.fields | {"name": "Ada"})
    assert kept.status_code == 401
    log_in, _options = form_of(kept.text, "/login/passkey")
    second = owner.post("/login", log_in.fields | {"username": username, "password": PASSWORD})
    step, options = form_of(second.text, "/login/second/passkey")
    done = owner.post("/login/second/passkey", answered(step, device.get(options)))
    assert done.status_code == 200
    assert "Ada" in done.text


def test_a_further_one_ends_nothing(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """Nor does it make codes; the device that has one already is named to the browser."""
    add_passkey(owner, device)
    other = browser_at_a_name(app)
    use_passkey(other, device)
    assert device.id in form_of(owner.get(NEW).text, NEW)[1]
    again = add_passkey(owner, device_of(owner))
    assert (again.status_code, again.headers["location"]) == (303, f"{LIST}?notice=passkey")
    assert other.get("/account").status_code == 200
    assert live(app, username) == 2


def test_renaming_and_removing(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """The list says what is synced; the last one off makes the password enough again, and ends other sessions."""
    add_passkey(owner, device, flags=PRESENT | VERIFIED | ELIGIBLE | BACKED_UP)
    page = owner.get(LIST).text
    assert "synced" in page
    assert "On: your password alone" in page
    (row,) = query(app, "SELECT id, name FROM passkeys")
    path = f"{LIST}/passkeys/{row['id']}"
    assert owner.submit(LIST, f"{path}/rename", name="My key").status_code == 303
    assert "My key" in owner.get(LIST).text
    for name in ("", " ", "a\u202eb", "x" * 81):
        assert owner.submit(LIST, f"{path}/rename", name=name).status_code == 422
    other = browser_at_a_name(app)
    use_passkey(other, device)
    assert owner.submit(LIST, f"{path}/remove").headers["location"] == f"{LIST}?notice=no-passkey"
    assert "notice=factors" in other.get("/account").headers["location"]
    assert owner.get("/account").status_code == 200
    assert "Off: your password alone" in owner.get(LIST).text
    assert query(app, "SELECT number FROM recovery_codes") == []
    assert Browser.of_app(app).log_in(username).headers["location"] == "/"
    assert "factor.removed" in event_names(app, user=username)
    fields = owner.read_form("/account").fields
    assert owner.post(f"{path}/remove", fields).status_code == 303
    assert owner.post(f"{path}/rename", fields | {"name": "x"}).status_code == 303


def test_with_an_app_beside_it(
    app: Flask, owner: Browser, username: str, device: Authenticator, clock: SetClock
) -> None:
    """Either opens the second step; removing one leaves the other, and the codes."""
    secret, _shown = set_up(owner, clock())
    add_passkey(owner, device)
    (row,) = query(app, "SELECT id FROM passkeys")
    assert owner.submit(LIST, f"{LIST}/passkeys/{row['id']}/remove").status_code == 303
    assert len(query(app, "SELECT number FROM recovery_codes")) == 10
    stranger = browser_at_a_name(app)
    stranger.log_in(username)
    assert "data-passkey" not in stranger.get("/login/second").text
    assert stranger.submit("/login/second", otp=code(secret, clock())).status_code == 303


def test_another_language_after_a_refusal(visitor: Browser) -> None:
    """The page that answers a post leads back to the nearest address that can be read."""
    form, _options = form_of(visitor.get("/login").text, "/login/passkey")
    refused = visitor.post("/login/passkey?x=1", answered(form, "{}"))
    assert refused.status_code == 422
    fields = next(f for f in FormReader(refused.text).forms if f.action == "/preferences").fields
    assert fields["next"] == "/login"
    assert visitor.post("/preferences", fields | {"language": "ko"}).headers["location"] == "/login"


def test_at_a_number(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """Nothing is offered at 127.0.0.1, and the page names the address that works; the passkeys are listed."""
    add_passkey(owner, device)
    there = Browser.of_app(app)
    assert "data-passkey" not in there.get("/login").text
    codes = query(app, "SELECT number FROM recovery_codes")
    assert codes
    execute(app, "DELETE FROM passkeys")
    there.log_in(username)
    page = there.get(LIST).text
    assert "not a number. Open http://localhost:8000." in page
    assert f'href="{NEW}"' not in page
    assert "not a number" in there.get(NEW).text
    fields = there.read_form("/account").fields
    assert there.post(NEW, fields | {"name": "x", "credential": "{}", "ceremony": ""}).status_code == 422


def test_another_name(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """A passkey of an earlier host name is listed and never offered; recovery codes open the account."""
    shown = add_passkey(owner, device)
    execute(app, "UPDATE passkeys SET rp_id = 'old.example.com'")
    assert "Belongs to old.example.com and does not work here." in owner.get(LIST).text
    stranger = browser_at_a_name(app)
    assert use_passkey(stranger, device).status_code == 422
    stranger.log_in(username)
    page = stranger.get("/login/second").text
    assert "data-passkey" not in page
    assert stranger.submit("/login/second", recovery_code=codes_of(shown.text)[0]).status_code == 303


def test_an_unconfirmed_address(app: Flask, person: Browser, device: Authenticator) -> None:
    """Without a confirmed address there is no passkey, where mail is on."""
    assert person.get(NEW).headers["location"] == LIST
    assert query(app, "SELECT id FROM passkeys") == []


def test_twenty_are_the_most(app: Flask, owner: Browser, device: Authenticator) -> None:
    """The page offers no twenty-first, and the form refuses it."""
    add_passkey(owner, device)
    form, options = form_of(owner.get(NEW).text, NEW)
    for number in range(19):
        execute(
            app,
            "INSERT INTO passkeys SELECT ?, user_id, ?, public_key, 0, rp_id, '', backed_up, name, 1, NULL"
            " FROM passkeys LIMIT 1",
            f"{number:032}",
            f"id{number}",
        )
    assert f'href="{NEW}"' not in owner.get(LIST).text
    refused = owner.post(NEW, answered(form, device_of(owner).create(options)))
    assert refused.status_code == 422
    assert "twenty passkeys" in refused.text


def test_prove_it_again(app: Flask, owner: Browser, device: Authenticator, clock: SetClock) -> None:
    """Ten minutes later a passkey alone proves that it is still the same person; the session's `amr` grows."""
    set_up(owner, clock())
    add_passkey(owner, device)
    clock.advance(601)
    asked = owner.get(NEW).headers["location"]
    done = use_passkey(owner, device, asked, "/step-up/passkey")
    assert (done.status_code, done.headers["location"]) == (303, NEW)
    claims = read_parts(owner.access or "")[1]
    assert (claims["amr"], claims["auth_time"]) == (["pwd", "otp", "pop", "user", "mfa"], clock())
    assert owner.get(NEW).status_code == 200


def test_an_administrator_takes_all_away(app: Flask, owner: Browser, username: str, device: Authenticator) -> None:
    """The person's page names kind and date; the reset removes every passkey, and says so by mail."""
    add_passkey(owner, device)
    admin = Browser.of_app(app)
    boss = admin.sign_up()
    execute(app, "UPDATE users SET role = 'admin' WHERE username = ?", boss)
    (row,) = query(app, "SELECT id FROM users WHERE username = ?", username)
    page = f"/admin/people/{row['id']}"
    assert "passkey since" in admin.get(page).text
    assert admin.submit(page, f"{page}/reset-factors").status_code == 303
    assert query(app, "SELECT id FROM passkeys") == []
    assert Browser.of_app(app).log_in(username).headers["location"] == "/"
    assert use_passkey(browser_at_a_name(app), device).status_code == 422
    Outbox(app).newest(f"{username}@example.com")
    assert "Two-step login: passkey removed" in [str(mail["Subject"]) for mail in Outbox(app).all()]


class TestRequired:
    """`WEBAPP_EMAIL_VERIFICATION=required`."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_EMAIL_VERIFICATION": "required"}

    def test_an_address_that_is_no_longer_confirmed(self, app: Flask, visitor: Browser, device: Authenticator) -> None:
        """A passkey alone begins no session that the site would not serve, so the password leads to the mailed code."""
        visitor.submit("/signup", username="ada.l", email="ada@example.com", name="", password=PASSWORD)
        execute(app, "UPDATE users SET email_verified_at = 1")
        visitor.log_in("ada.l")
        add_passkey(visitor, device)
        execute(app, "UPDATE users SET email_verified_at = NULL")
        stranger = browser_at_a_name(app)
        assert use_passkey(stranger, device).status_code == 422
        assert len(query(app, "SELECT nonce FROM spent")) == 1  # the registration's
        assert stranger.log_in("ada.l").headers["location"] == "/login/address"


class TestDemanded:
    """`WEBAPP_MFA_REQUIRED=all`, mail off."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_MFA_REQUIRED": "all", "WEBAPP_MAIL_URL": "off"}

    def test_at_the_login(self, app: Flask, visitor: Browser, device: Authenticator) -> None:
        """The step that sets up a factor offers a passkey, too; the last one cannot be removed."""
        name = "ada.l"
        visitor.submit("/signup", username=name, email="ada@example.com", name="", password=PASSWORD)
        visitor.log_in(name)
        form, options = form_of(visitor.get("/login/enrol").text, "/login/enrol")
        refused = visitor.post("/login/enrol", answered(form, device.create(options, flags=PRESENT)))
        assert refused.status_code == 422
        form, options = form_of(refused.text, "/login/enrol")
        done = visitor.post("/login/enrol", answered(form, device.create(options)))
        assert (done.status_code, len(codes_of(done.text))) == (200, 10)
        assert visitor.get("/account").status_code == 200
        assert read_parts(visitor.access or "")[1]["amr"] == ["pwd", "pop", "user", "mfa"]
        (row,) = query(app, "SELECT id FROM passkeys")
        assert "Add another before you remove" in visitor.get(LIST).text
        fields = visitor.read_form("/account").fields
        assert visitor.post(f"{LIST}/passkeys/{row['id']}/remove", fields).status_code == 422
        assert query(app, "SELECT id FROM passkeys")
        assert use_passkey(browser_at_a_name(app), device).status_code == 303


class TestProduction:
    """Origin and name come from the settings alone; the path of the site is no part of them."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {
            "WEBAPP_ENV": "production",
            "WEBAPP_PUBLIC_URL": "https://login.example.com/in",
            "WEBAPP_PASSKEY_RP_ID": "example.com",
            "WEBAPP_MAIL_URL": "off",
        }

    def test_below_a_path_with_a_parent_name(self, app: Flask, clock: SetClock) -> None:
        """Added, used, and asked for at the step-up; an answer for the host's own name is refused."""
        owner = Browser.of_app(app, "https://login.example.com")
        form = {"username": "ada.l", "email": "ada@example.com", "name": "", "password": PASSWORD}
        assert owner.submit("/in/signup", **form).status_code == 303
        device = Authenticator("example.com", "https://login.example.com")
        new, log_in = f"/in{NEW}", "/in/login/passkey"
        form_, options = form_of(owner.get(new).text, new)
        assert owner.post(new, answered(form_, device.create(options))).status_code == 200
        assert query(app, "SELECT rp_id FROM passkeys") == [{"rp_id": "example.com"}]
        stranger = Browser.of_app(app, "https://login.example.com")
        for bent in ({"rp_id": "login.example.com"}, {"origin": "https://example.com"}):
            assert use_passkey(stranger, device, "/in/login", log_in, **bent).status_code == 422
        assert use_passkey(stranger, device, "/in/login", log_in).headers["location"] == "/in/"
        clock.advance(601)
        asked = owner.get(new).headers["location"]
        assert asked == f"/in/step-up?next=%2Fin{NEW.replace('/', '%2F')}"
        assert use_passkey(owner, device, asked, "/in/step-up/passkey").headers["location"] == new
