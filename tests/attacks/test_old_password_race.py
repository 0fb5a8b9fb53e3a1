"""A login with the old password races the change of the password: no live session is left of it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from tests.support.browser import Browser
from tests.support.crowd import at_once
from tests.support.server import Server

ROUNDS = 50


def test_fifty_rounds(server: Server) -> None:
    """In each round a login with the password of before and the change start at the same moment. In either order,
    afterwards the browser that changed it is in, and the other is not."""
    owner = server.browser()
    passwords = [f"the sentence of round {number}" for number in range(ROUNDS + 1)]
    name = owner.sign_up(password=passwords[0])
    thief = server.browser()
    for old, new in pairwise(passwords):
        change = owner.read_form("/account/password").fields | {"current_password": old, "new_password": new}
        entry = thief.read_form("/login").fields | {"username": name, "password": old}

        posts = [partial(owner.post, "/account/password", change), partial(thief.post, "/login", entry)]
        changed, entered = at_once(2, lambda number, posts=posts: posts[number]())  # type: ignore[misc]
        assert changed.status_code == 303, changed.text
        assert changed.headers["location"] == "/account/sessions?notice=password"
        assert entered.status_code in (303, 422)
        assert owner.get("/test/me").json()["username"] == name
        assert thief.get("/test/me").status_code == 303
        thief = server.browser()  # its cookies would be cleared, and so spoil nothing; but a clean one proves more
    assert live_sessions(owner) == 1


def live_sessions(browser: Browser) -> int:
    page = browser.get("/account/sessions").text.partition('id="ended"')[0]
    return page.count('class="row"')
