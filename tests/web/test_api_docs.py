"""The document and the manual: true to the application, and every example in them runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from flask import Flask

from tests.support.api import ApiClient
from tests.support.app import build_app
from tests.support.browser import PASSWORD, Browser
from tests.support.databases import need
from tests.support.server import ROOT, Server

EXAMPLES = ("curl.sh", "with_requests.py", "with_httpx.py", "httpx_auth.py", "with_fetch.mjs")
RUN = {
    "curl.sh": ["sh"],
    "with_requests.py": [sys.executable, "-W", "error"],
    "with_httpx.py": [sys.executable, "-W", "error"],
    "with_fetch.mjs": ["node"],
}


def document(app: Flask) -> dict[str, object]:
    found = Browser.of_app(app).get("/api/v1/openapi.json")
    assert found.status_code == 200
    return dict(found.json())


def test_the_document_tells_of_every_endpoint_and_of_no_other(app: Flask) -> None:
    """The OpenAPI document describes exactly the routes that exist."""
    paths = document(app)["paths"]
    assert isinstance(paths, dict)
    described = {(path, method.upper()) for path, item in paths.items() for method in item if method != "parameters"}
    real = {
        (rule.rule.replace("<sid>", "{sid}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == real


def test_every_closed_operation_says_so(app: Flask) -> None:
    """Each operation states its security, its 401 and its 503."""
    found = document(app)
    assert found["openapi"] == "3.1.0"
    assert found["security"] == [{"bearer": []}]
    paths = found["paths"]
    assert isinstance(paths, dict)
    for path, item in paths.items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            open_one = path in ("/api/v1/login", "/api/v1/openapi.json")
            assert (operation.get("security") == []) == open_one, path
            assert ("401" in operation["responses"]) == (path != "/api/v1/openapi.json")
            assert "503" in operation["responses"]


def test_examples_name_this_site(tmp_path: Path, migrated_sqlite: Path) -> None:
    """The manual and the document show the address in use; in production always the public one."""
    shutil.copytree(migrated_sqlite, tmp_path / "instance")
    here = Browser.of_app(build_app(tmp_path / "instance", {}), "http://127.0.0.1:8310")
    there = {"WEBAPP_ENV": "production", "WEBAPP_PUBLIC_URL": "https://login.example.com"}
    away = Browser.of_app(build_app(tmp_path / "instance", there), "https://login.example.com")
    for browser, address in ((here, "http://127.0.0.1:8310"), (away, "https://login.example.com")):
        page = browser.get("/api/docs").text
        assert page.count(address) >= len(EXAMPLES) - 1
        assert "127.0.0.1:8000" not in page
        assert browser.get("/api/v1/openapi.json").json()["servers"] == [{"url": address}]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_manual_is_a_page_under_the_content_policy(app: Flask, language: str) -> None:
    """The manual is served in both languages, under the strict policy, with all examples."""
    browser = Browser.of_app(app)
    page = browser.get("/api/docs", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text
    assert "style=" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text), "no script stands in the page"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/api/v1/login", "/api/v1/refresh", "/api/v1/sessions/{sid}"):
        assert path in page.text
    for name in EXAMPLES:
        first = (ROOT / "examples" / name).read_text().splitlines()[0]
        assert first.split("'")[0] in page.text.replace("&#34;", '"')


def test_the_manual_speaks_korean_throughout(app: Flask) -> None:
    """The document is English; the texts that the page shows go through gettext, where no extractor sees them."""
    from babel.messages.pofile import read_po

    from webapp.web.api.docs import endpoints, members_of

    found = document(app)
    texts = {member.description for member in members_of(found, {"$ref": "#/components/schemas/Problem"})}
    for point in endpoints(found):
        texts |= {point.summary, point.description} | {member.description for member in point.takes + point.query}
        for answer in point.good + point.problems:
            texts |= {answer.description} | {member.description for member in answer.members}
    with (ROOT / "webapp/translations/ko/LC_MESSAGES/messages.po").open("rb") as file:
        translated = {entry.id for entry in read_po(file, locale="ko") if entry.string}
    assert len(texts) > 50
    assert texts - translated - {""} == set()


def test_the_manual_knows_who_is_signed_in(app: Flask) -> None:
    """The manual shows the name of a user who is logged in."""
    browser = Browser.of_app(app)
    name = browser.sign_up()
    assert name in browser.get("/api/docs").text


@pytest.mark.parametrize("name", EXAMPLES)
def test_docs_clients_md_holds_the_example_as_it_is(name: str) -> None:
    """docs/clients.md contains each example word for word."""
    assert f"\n{(ROOT / 'examples' / name).read_text()}```\n" in (ROOT / "docs" / "clients.md").read_text()


def test_docs_clients_md_holds_the_matrix_as_it_is() -> None:
    """docs/clients.md contains the statuses of the API's matrix."""
    from webapp.core.decision import API_REFRESH
    from webapp.web.api.docs import ANSWER_WORDS

    lines = (ROOT / "docs" / "clients.md").read_text().splitlines()
    for state, row in API_REFRESH.items():
        line = next(
            li for li in lines if li.startswith(("| valid |", "| expired |", "| absent, invalid |")) and state in li
        )
        statuses = [int(cell.strip()[:3]) for cell in line.split("|")[2:-1]]
        assert statuses == [ANSWER_WORDS[answer][0] for answer in row.values()]


@pytest.fixture
def username(sqlite_server: Server) -> str:
    return sqlite_server.browser().sign_up()


@pytest.mark.parametrize("name", RUN)
def test_example_runs(sqlite_server: Server, username: str, name: str) -> None:
    """Each example logs in and prints the name against a real server."""
    program = RUN[name][0]
    need(program, there=shutil.which(program) is not None)
    environment = os.environ | {
        "TOKENROOM_URL": sqlite_server.url,
        "TOKENROOM_USER": username,
        "TOKENROOM_PASSWORD": PASSWORD,
    }
    command = [*RUN[name], str(ROOT / "examples" / name)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert username in done.stdout


def load_auth() -> type:
    import importlib.util

    spec = importlib.util.spec_from_file_location("httpx_auth", ROOT / "examples" / "httpx_auth.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type = module.TokenroomAuth
    return found


def test_the_auth_to_copy_refreshes_by_itself(sqlite_server: Server, username: str) -> None:
    """The Python example refreshes whenever the access token has expired."""
    auth = load_auth().log_in(sqlite_server.url, username, PASSWORD)  # type: ignore[attr-defined]
    with httpx.Client(base_url=f"{sqlite_server.url}/api/v1", auth=auth) as api:
        for _ in range(3):
            before = auth.access
            sqlite_server.clock.advance(601)
            assert api.get("/me").json()["username"] == username
            assert auth.access != before


def test_the_auth_to_copy_shares_one_refresh_among_threads(sqlite_server: Server, username: str) -> None:
    """Twelve threads with an expired token are all served."""
    from concurrent.futures import ThreadPoolExecutor

    auth = load_auth().log_in(sqlite_server.url, username, PASSWORD)  # type: ignore[attr-defined]
    refreshes = []

    def count(request: httpx.Request) -> None:
        if request.url.path.endswith("/refresh"):
            refreshes.append(request)

    hooks = {"request": [count]}
    with httpx.Client(base_url=f"{sqlite_server.url}/api/v1", auth=auth, event_hooks=hooks, timeout=30) as api:
        sqlite_server.clock.advance(601)
        with ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(lambda _: api.get("/me").status_code, range(24)))
    assert statuses == [200] * 24


def test_the_auth_to_copy_shares_one_refresh_among_tasks(sqlite_server: Server, username: str) -> None:
    """Sixteen asynchronous requests with an expired token are all served."""
    import asyncio

    auth = load_auth().log_in(sqlite_server.url, username, PASSWORD)  # type: ignore[attr-defined]

    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=f"{sqlite_server.url}/api/v1", auth=auth, timeout=30) as api:
            return [answer.status_code for answer in await asyncio.gather(*(api.get("/me") for _ in range(16)))]

    before = auth.refresh
    sqlite_server.clock.advance(601)
    # In a thread, because the browser tests of this process may have left a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(ask())).result() == [200] * 16
    assert auth.refresh != before


class LosesAnswers(httpx.BaseTransport):
    """Delivers every request, and loses the answer to the refreshes whose numbers are given."""

    def __init__(self, lost: set[int]) -> None:
        self.inner, self.lost, self.refreshes = httpx.HTTPTransport(), lost, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        if request.url.path.endswith("/refresh"):
            self.refreshes += 1
            if self.refreshes in self.lost:
                answer.read()
                raise httpx.ReadError("lost", request=request)
        return answer

    def close(self) -> None:
        self.inner.close()


def test_the_auth_to_copy_survives_lost_answers(sqlite_server: Server, username: str) -> None:
    """Also when the client comes back with the old pair minutes later."""
    auth = load_auth().log_in(sqlite_server.url, username, PASSWORD)  # type: ignore[attr-defined]
    transport = LosesAnswers({1, 2})
    with httpx.Client(base_url=f"{sqlite_server.url}/api/v1", auth=auth, transport=transport) as api:
        sqlite_server.clock.advance(601)
        for _ in range(2):
            with pytest.raises(httpx.ReadError):
                api.get("/me")
            sqlite_server.clock.advance(300)
        assert api.get("/me").status_code == 200
        sqlite_server.clock.advance(601)
        assert api.get("/me").status_code == 200
        assert transport.refreshes == 4


def test_the_auth_to_copy_says_when_the_session_is_over(sqlite_server: Server, username: str) -> None:
    """The example raises an error once its session has ended."""
    auth = load_auth().log_in(sqlite_server.url, username, PASSWORD)  # type: ignore[attr-defined]
    with ApiClient.of_server(sqlite_server.url) as other:
        other.access = auth.access
        other.send("POST", "/logout")
    with (
        httpx.Client(base_url=f"{sqlite_server.url}/api/v1", auth=auth) as api,
        pytest.raises(httpx.HTTPStatusError, match="401"),
    ):
        api.get("/me")


def test_foreign_libraries_verify_our_access_tokens(tmp_path: Path, migrated_sqlite: Path) -> None:
    """PyJWT's PyJWKClient and jose from npm, with every algorithm, across rotations and without a restart."""
    import jwt

    from webapp.core.keys import ACCESS
    from webapp.core.lifetimes import Lifetimes
    from webapp.flows.rotate_keys import rotate_keys
    from webapp.store.key_file import KeyFile

    need("npm", there=shutil.which("npm") is not None)
    jose = install_jose(tmp_path)
    with Server(tmp_path / "instance", workers=2) as server:
        browser = server.browser()
        name = browser.sign_up()
        browser.http.close()
        address = f"{server.url}/.well-known/jwks.json"
        assert httpx.get(address).json() == {"keys": []}
        verifier = jwt.PyJWKClient(address, cooldown_duration=0)  # four rotations within a second
        tokens = []
        with ApiClient.of_server(server.url) as client:
            for alg in ("EdDSA", "ES256", "PS256", "RS256"):
                rotate_keys(KeyFile(server.folder / "keys.json"), {ACCESS: alg}, Lifetimes(), server.clock())
                client.log_in(name)
                token = str(client.access)
                tokens.append(token)
                key = verifier.get_signing_key_from_jwt(token)
                claims = jwt.decode(token, key, algorithms=[alg], audience=f"{server.url}/api", issuer=server.url)
                assert claims["email"] == f"{name}@example.com"
                with pytest.raises(jwt.InvalidSignatureError):
                    jwt.decode(token[:-8] + "AAAAAAAA", key, algorithms=[alg], audience=f"{server.url}/api")
        keys = httpx.get(address)
        assert keys.headers["cache-control"] == "public, max-age=300"
        assert [key["alg"] for key in keys.json()["keys"]] == ["EdDSA", "ES256", "PS256", "RS256"]
        for key in keys.json()["keys"]:
            assert key["use"] == "sig"
            assert key["kid"]
            assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}
        done = subprocess.run(
            ["node", str(jose), address, server.url, *tokens], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == ["EdDSA", "ES256", "PS256", "RS256"]


def install_jose(folder: Path) -> Path:
    """A program of jose's that verifies tokens by a JWK set and prints their algorithms."""
    program = folder / "verify.mjs"
    program.write_text(
        """import { createRemoteJWKSet, jwtVerify } from "jose";
const [address, issuer, ...tokens] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(address));
const found = [];
for (const token of tokens) {
  const options = { issuer, audience: `${issuer}/api`, typ: "at+jwt", currentDate: new Date() };
  found.push((await jwtVerify(token, keys, options)).protectedHeader.alg);
}
console.log(JSON.stringify(found));
"""
    )
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), "jose@6"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    need("jose from npm", there=done.returncode == 0)
    return program
