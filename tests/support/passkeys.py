"""A browser with a passkey, for tests: it reads the options off a page, answers them, and posts the form."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import httpx
from flask import Flask

from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, Form, FormReader
from tests.support.server import Server

NEW = "/account/factors/passkeys/new"


def browser_at_a_name(place: Flask | Server) -> Browser:
    """A browser that opens `localhost`, because at a number there are no passkeys."""
    if isinstance(place, Server):
        return Browser.of_server(place.url.replace("127.0.0.1", "localhost"))
    return Browser.of_app(place, "http://localhost:8000")


def device_of(browser: Browser) -> Authenticator:
    """An authenticator on the device of this browser."""
    url = browser.http.base_url
    return Authenticator(url.host, f"{url.scheme}://{url.netloc.decode()}")


def form_of(page: str, path: str) -> tuple[Form, str]:
    """The form that a passkey answers and that posts to `path`, and the options that it brings."""
    for tag in re.findall(r"<form[^>]*data-passkey=[^>]*>", page):
        if f'action="{path}"' in tag or f'formaction="{path}"' in page:
            action = re.search(r'action="([^"]*)"', tag)
            options = re.search(r'data-passkey="([^"]*)"', tag)
            assert action
            assert options
            form = next(f for f in FormReader(page).forms if f.action == action[1] and "ceremony" in f.fields)
            form.action = path
            return form, html.unescape(options[1])
    raise AssertionError(f"no passkey for {path} in {page[:3000]}")


def answered(form: Form, answer: dict[str, Any] | str, **more: str) -> dict[str, str]:
    """The fields that the browser posts."""
    return form.fields | {"credential": answer if isinstance(answer, str) else json.dumps(answer)} | more


def add_passkey(browser: Browser, device: Authenticator, **bent: Any) -> httpx.Response:
    """Add a passkey on the account pages."""
    form, options = form_of(browser.get(NEW).text, NEW)
    return browser.post(NEW, answered(form, device.create(options, **bent)))


def use_passkey(
    browser: Browser, device: Authenticator, page: str = "/login", path: str = "/login/passkey", **bent: Any
) -> httpx.Response:
    """Answer the passkey form on `page` that posts to `path`. `bent`: see the authenticator."""
    form, options = form_of(browser.get(page).text, path)
    return browser.post(path, answered(form, device.get(options, **bent)))
