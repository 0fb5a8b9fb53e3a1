"""An authenticator app for tests: it reads the secret off the page and computes codes at a time that is set."""

from __future__ import annotations

import base64
import re

import httpx

from tests.support.browser import Browser, FormReader
from webapp.core.totp import STEP, code_at

SECRET = re.compile(r"otpauth://totp/\S+?secret=([A-Z2-7]+)")


def secret_of(page: str) -> bytes:
    """The secret that a page shows, as its link has it."""
    found = SECRET.search(page)
    assert found, page
    return base64.b32decode(found[1])


def code(secret: bytes, now: int, steps: int = 0) -> str:
    """The code at `now`, or some steps of 30 seconds away from it."""
    return code_at(secret, now // STEP + steps)


def codes_of(page: str) -> list[str]:
    """The recovery codes on a page."""
    return re.findall(r"<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</code>", page)


def set_up(browser: Browser, now: int) -> tuple[bytes, httpx.Response]:
    """Set up an authenticator app on the account pages; its secret, and the answer with the recovery codes.

    The code of the step before `now` is used up by it, so the present one is free.
    """
    page = browser.get("/account/factors/totp")
    form = next(f for f in FormReader(page.text).forms if f.action == "/account/factors/totp")
    secret = secret_of(page.text)
    answer = browser.post(form.action, form.fields | {"otp": code(secret, now, -1)})
    return secret, answer
