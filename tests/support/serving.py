"""What gunicorn loads in tests: the real application, its clock read from a file, and two views of the tests' own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from flask import Flask, request
from flask_login import current_user

from tests.support.clock import SetClock
from tests.support.waiting import until
from webapp import create_app
from webapp.core import passwords
from webapp.services import services_of
from webapp.web import limit_storage
from webapp.web.authentication import public

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


CHEAP_HASHER = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
"""argon2id at almost no cost. A sign-up and a login cost 25 ms each otherwise, in hundreds of tests."""
CHEAP = {"_HASHER": CHEAP_HASHER, "_DUMMY_HASH": f"$argon2id$v=19$m=8,t=1,p=1${'A' * 22}${'A' * 43}"}
"""For `webapp.core.passwords`: an unknown name costs what a known one does."""
REAL = {name: getattr(passwords, name) for name in CHEAP}


def add_test_views(app: Flask) -> None:
    """Views as a copy of the project would add them."""

    @app.get("/test/me")
    def me() -> dict[str, str]:
        return {"id": current_user.id, "username": current_user.username, "pid": str(os.getpid())}

    @app.get("/test/open")
    @public
    def open_page() -> dict[str, object]:
        return {"signed_in": current_user.is_authenticated}

    @app.get("/test/pid")
    @public
    def pid() -> dict[str, str]:
        return {"pid": str(os.getpid())}

    @app.get("/test/counter")
    @public
    def counter() -> dict[str, str]:
        """Look a counter up, wherever this worker counts now."""
        limits = app.extensions["tokenroom limits"]
        if limits is not None:
            limits.count("no such counter", 1, 60)
        return {"pid": str(os.getpid())}

    @app.get("/test/address")
    @public
    def address() -> dict[str, str | None]:
        return {
            "address": request.remote_addr,
            "host": request.host,
            "scheme": request.scheme,
            "root": request.root_path,
        }

    @app.post("/test/echo")
    def echo() -> dict[str, str]:
        return dict(request.form.items())

    @app.get("/test/slow")
    def slow() -> dict[str, str]:
        """Stays in its view until the file named by `until` exists (at most 20 s)."""
        gate = Path(request.args["until"])
        gate.with_suffix(".waiting").touch()
        until(gate.exists, what="the test opens the gate")
        return {"username": current_user.username}


def count_hashes(into: Path) -> None:
    """Append one byte to a file for each password hash that is computed, whatever for, in whichever worker."""
    real: Any = passwords._HASHER

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name in ("verify", "hash"):
                with into.open("ab") as file:
                    file.write(b".")
            return getattr(real, name)

    passwords._HASHER = Counting()  # type: ignore[assignment]


def make_app() -> Flask:
    app = create_app()
    services_of(app).clock = SetClock(Path(os.environ["WEBAPP_TEST_CLOCK"]))
    add_test_views(app)
    if os.environ.get("WEBAPP_TEST_HASHING") == "cheap":
        vars(passwords).update(CHEAP)
    if hashes := os.environ.get("WEBAPP_TEST_HASHES"):
        count_hashes(Path(hashes))
    if rest := os.environ.get("WEBAPP_TEST_REST"):
        limit_storage.REST = float(rest)
    inner = app.wsgi_app

    def may_die(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """`X-Test-Die: before-answer`: everything is done and committed, and the answer never leaves."""
        answer = inner(environ, start_response)
        if environ.get("HTTP_X_TEST_DIE") == "before-answer":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    app.wsgi_app = may_die  # type: ignore[method-assign]
    return app
