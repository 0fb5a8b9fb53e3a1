"""What `GET /api/v1/me` costs, beside the same through SimpleJWT and Flask-JWT-Extended, in one run.

    python -m bench.api [requests]

Every application answers the same account to the same kind of request, under gunicorn with one worker and SQLite, and
reads the person from the database. Ours looks up the session too, so that a logout acts at once; Flask-JWT-Extended
does so with its block list; SimpleJWT, as it comes, does not. The peers' environment is that of `./dev bench`. CPU time
of the worker counts, which other programs on the machine disturb less.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bench.run import LOCK, PEERS, python_with

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
TICK = os.sysconf("SC_CLK_TCK")

FLASK_JWT_EXTENDED = """
from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token, current_user, jwt_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///{folder}/peer.db", JWT_SECRET_KEY="k" * 32)
db, jwt = SQLAlchemy(app), JWTManager(app)


class Person(db.Model):
    id = db.Column(db.String(32), primary_key=True)
    username = db.Column(db.String(32))
    email = db.Column(db.String(254))
    name = db.Column(db.String(80))
    role = db.Column(db.String(16))


class Blocked(db.Model):
    jti = db.Column(db.String(36), primary_key=True)


@jwt.user_lookup_loader
def person(_header, data):
    return db.session.get(Person, data["sub"])


@jwt.token_in_blocklist_loader
def blocked(_header, data):
    return db.session.get(Blocked, data["jti"]) is not None


@app.get("/me")
@jwt_required()
def me():
    p = current_user
    return jsonify(id=p.id, username=p.username, email=p.email, name=p.name, role=p.role)


with app.app_context():
    db.create_all()
    if db.session.get(Person, "1") is None:
        db.session.add(Person(id="1", username="ada", email="ada@example.com", name="Ada", role="user"))
        db.session.commit()
    open("{folder}/token", "w").write(create_access_token("1"))
"""

SIMPLE_JWT = """
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="k" * 50, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{folder}/peer.db"}}}},
    REST_FRAMEWORK={{
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    }},
)
django.setup()
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView


class Me(APIView):
    def get(self, request):
        p = request.user
        return Response({{"id": p.pk, "username": p.username, "email": p.email, "name": p.first_name, "role": "user"}})


urlpatterns = [path("me", Me.as_view())]
app = get_wsgi_application()
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import AccessToken

person, _ = User.objects.get_or_create(username="ada", email="ada@example.com", first_name="Ada")
open("{folder}/token", "w").write(str(AccessToken.for_user(person)))
"""


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    peers = str(python_with(LOCK, PEERS))
    rows = []
    for name, source in (("Flask-JWT-Extended", FLASK_JWT_EXTENDED), ("SimpleJWT", SIMPLE_JWT)):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "peer.py").write_text(source.format(folder=folder))
            rows.append((name, *measure(peers, "peer:app", Path(folder), "/me", requests)))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "token").write_text(our_token(Path(folder)))
        rows.append(("Tokenroom", *measure(sys.executable, "wsgi:app", Path(folder), "/api/v1/me", requests)))
    print(f"{'GET me':<22}{'requests/s':>12}{'CPU us/request':>18}{'requests per CPU s':>20}")
    for name, per_second, cpu in rows:
        print(f"{name:<22}{per_second:>12.0f}{cpu * 1e6:>18.0f}{1 / cpu:>20.0f}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "api.json").write_text(json.dumps(rows, indent=2) + "\n")


def our_settings(folder: Path) -> dict[str, str]:
    return {"WEBAPP_INSTANCE_PATH": str(folder), "WEBAPP_LAB": "off", "WEBAPP_LOG_LEVEL": "error"}


def our_token(folder: Path) -> str:
    """The access token of a new account's API session."""
    from flask_migrate import upgrade

    from webapp import create_app
    from webapp.cli import add_migrations
    from webapp.core.demands import NOTHING
    from webapp.core.session import SessionRow
    from webapp.flows.arrival import Arrival
    from webapp.flows.client import Client
    from webapp.flows.log_in import log_in
    from webapp.flows.sign_up import check_account, sign_up
    from webapp.services import services_of

    app = create_app(our_settings(folder))
    add_migrations(app)
    services = services_of(app)
    with app.app_context():
        upgrade()
        now, client, lifetimes = services.clock(), Client("127.0.0.1", "bench"), services.tokens.lifetimes
        account, _ = check_account("ada", "ada@example.com", "Ada", "a perfectly fine sentence")
        assert account is not None
        arrival = Arrival("web", client, now, lifetimes, NOTHING)
        sign_up(account, arrival, password="a perfectly fine sentence")
        arrival = arrival._replace(channel="api")
        row = log_in(arrival, login="ada", password="a perfectly fine sentence", gate=OpenGate())
        assert isinstance(row, SessionRow)
        return services.tokens.mint_access(row, gen=0, now=now, auth_time=row.auth_time)


class OpenGate:
    """Counts no login attempts."""

    def attempt(self, login: str, found: object) -> AbstractContextManager[None]:
        return nullcontext()

    def admit(self, user_id: str) -> None: ...


def measure(python: str, target: str, folder: Path, path: str, requests: int) -> tuple[float, float]:
    """Requests a second and CPU seconds a request of one worker, over one kept connection."""
    port = 18600 + os.getpid() % 1000
    cwd, environment = (folder, {}) if target.startswith("peer") else (ROOT, our_settings(folder))
    command = [python, "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", "1", "--keep-alive", "30"]
    (folder / "conf.py").touch()  # else ours would be read
    command += ["-c", str(folder / "conf.py"), "-b", f"127.0.0.1:{port}", "--log-level", "error", target]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WEBAPP_")}
    server = subprocess.Popen(command, cwd=cwd, env=clean | environment, start_new_session=True)
    try:
        connection = connect(port, path)
        headers = {"Authorization": f"Bearer {(folder / 'token').read_text()}"}
        for _ in range(200):
            assert ask(connection, path, headers) == 200
        worker = int(subprocess.check_output(["pgrep", "-P", str(server.pid)]).split()[0])
        before, started = cpu_seconds(worker), time.perf_counter()
        for _ in range(requests):
            assert ask(connection, path, headers) == 200
        return requests / (time.perf_counter() - started), (cpu_seconds(worker) - before) / requests
    finally:
        server.terminate()
        server.wait(20)


def connect(port: int, path: str) -> http.client.HTTPConnection:
    deadline = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            ask(connection, path, {})
            return connection
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # a process that starts


def ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> int:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    main()
