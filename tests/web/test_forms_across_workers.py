"""Forms and their tokens are good in every worker, whatever happens to the key ring in between."""

from __future__ import annotations

from pathlib import Path

import httpx
from flask import Flask

from tests.support.app import build_app
from tests.support.browser import Browser
from webapp.core.keys import REFRESH
from webapp.core.lifetimes import Lifetimes
from webapp.flows.rotate_keys import retire_key, rotate_keys
from webapp.services import services_of
from webapp.store.database import db
from webapp.store.key_file import KeyFile


def test_workers_agree_after_the_oldest_refresh_key_was_retired(app: Flask, visitor: Browser) -> None:
    """One worker has signed forms before, the other has not. Both must follow the ring, or posts fail at random."""
    settings = services_of(app).settings
    other = build_app(settings.instance_path, {"WEBAPP_DATABASE_URL": settings.database_url})
    visitor.sign_up()  # this worker has signed a form
    file = KeyFile(Path(settings.keys_file))
    oldest = file.read().active(REFRESH).kid
    rotate_keys(file, {REFRESH: "HS256"}, Lifetimes(), services_of(app).clock())
    retire_key(file, oldest)
    newcomer = Browser.of_app(app)
    name = newcomer.sign_up()
    form = newcomer.read_form("/", "/logout")
    newcomer.http._transport = httpx.WSGITransport(app=other)
    assert newcomer.post("/logout", form.fields).status_code == 303
    assert newcomer.log_in(name).status_code == 303
    with other.app_context():
        db.engine.dispose()
