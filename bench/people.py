"""Prepare this application for a bench: an instance, a migrated database, and people with sessions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flask_migrate import upgrade
from sqlalchemy import Connection

from webapp import create_app
from webapp.cli import add_migrations
from webapp.core.demands import NOTHING
from webapp.core.passwords import hash_password
from webapp.core.session import SessionRow
from webapp.flows.arrival import Arrival
from webapp.flows.client import Client
from webapp.flows.open_session import open_session
from webapp.services import services_of
from webapp.store import users
from webapp.store.database import db, transact

HOST = "bench.example"
PASSWORD = "a perfectly fine sentence"


class Signed(NamedTuple):
    """One browser: its session and what its cookies hold."""

    row: SessionRow
    access: str
    expired: str
    """An access token that is right but for its age."""
    refresh: str

    def cookies(self, *, expired: bool = False) -> dict[str, str]:
        return {"__Host-access_token": self.expired if expired else self.access, "__Host-refresh_token": self.refresh}


def prepare(folder: Path, database_url: str | None) -> dict[str, str]:
    """Make keys and tables in `folder`; the settings to serve them as in production."""
    settings = {"WEBAPP_INSTANCE_PATH": str(folder), "WEBAPP_RATE_LIMITS": "off", "WEBAPP_LOG_LEVEL": "warning"}
    if database_url:
        settings["WEBAPP_DATABASE_URL"] = database_url
    app = create_app(settings)  # as in development, so that the keys are made
    add_migrations(app)
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return settings | {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": f"https://{HOST}"}


def sign_in(settings: Mapping[str, str], count: int) -> list[Signed]:
    """`count` people with one session each, already confirmed. All share a password, and `ada0` is the first's name."""
    app = create_app(settings)
    tokens = services_of(app).tokens
    hashed = hash_password(PASSWORD)
    now = int(time.time())
    found = []
    with app.app_context():
        for number in range(count):
            name = f"ada{number}x{secrets.token_hex(3)}" if number else "ada0"

            def work(tx: Connection, name: str = name) -> SessionRow:
                user = users.add(
                    tx, username=name, email=f"{name}@example.com", name="Ada Lovelace", password_hash=hashed, now=now
                )
                client = Client("127.0.0.1", "bench")
                arrival = Arrival("web", client, now, tokens.lifetimes, NOTHING, persistent=True)
                return open_session(tx, arrival, user_id=user, credential_epoch=0)

            row = transact(work)
            found.append(
                Signed(
                    row,
                    tokens.mint_access(row, gen=0, now=now, auth_time=row.auth_time),
                    tokens.mint_access(
                        row, gen=0, now=now - tokens.lifetimes.access_token - 60, auth_time=row.auth_time
                    ),
                    tokens.mint_refresh(row),
                )
            )
        db.engine.dispose()
    return found
