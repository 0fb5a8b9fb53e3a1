"""TLS to PostgreSQL by the database's address: verified in full, or no connection at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.browser import Browser, case_of
from tests.support.cluster import Cluster, programs
from tests.support.databases import need
from tests.support.nginx import make_certificate
from tests.support.server import Server

pytestmark = pytest.mark.faults

PASSWORD = "only-for-the-database"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two self-signed ones, both for `localhost`: the server's, and a stranger's."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("right", "wrong"):
        (folder / name).mkdir()
        make_certificate(folder / name)
    return folder


@pytest.fixture(scope="module")
def cluster(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    need("PostgreSQL's initdb", there=programs() is not None)
    with Cluster(tmp_path_factory.mktemp("tls") / "postgres", certificates / "right") as cluster:
        with psycopg.connect(cluster.address, sslmode="require", autocommit=True) as admin:
            admin.execute(f"ALTER ROLE postgres PASSWORD '{PASSWORD}'")
        yield cluster


class Addresses:
    """What may stand in WEBAPP_DATABASE_URL."""

    def __init__(self, cluster: Cluster, certificates: Path) -> None:
        place = f"{cluster.port}/postgres?sslmode=verify-full&sslrootcert={certificates}"
        self.right = f"postgresql://postgres:{PASSWORD}@localhost:{place}/right/cert.pem"
        self.wrong_authority = f"postgresql://postgres:{PASSWORD}@localhost:{place}/wrong/cert.pem"
        self.wrong_name = f"postgresql://postgres:{PASSWORD}@db.internal:{place}/right/cert.pem&hostaddr=127.0.0.1"
        self.no_certificate = f"postgresql://postgres:{PASSWORD}@localhost:{place}/nowhere/cert.pem"


@pytest.fixture(scope="module")
def addresses(cluster: Cluster, certificates: Path) -> Addresses:
    return Addresses(cluster, certificates)


@pytest.fixture
def server(cluster: Cluster, addresses: Addresses, tmp_path: Path) -> Iterator[Server]:
    """Migrated over TLS, at a PostgreSQL that lets nobody in without it."""
    cluster.allow("hostssl all all 127.0.0.1/32 scram-sha-256")
    with Server(tmp_path / "server", addresses.right, workers=2, fresh=True) as server:
        yield server


def connections(cluster: Cluster) -> list[tuple[bool, str | None]]:
    """Of the application: encrypted or not, and how."""
    with psycopg.connect(cluster.address, password=PASSWORD, sslmode="require") as admin:
        return admin.execute(
            "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE application_name = 'tokenroom'"
        ).fetchall()


def test_everything_the_application_says_is_encrypted(cluster: Cluster, server: Server) -> None:
    """Sign up, log in, refresh: over TLS, each connection of each worker; and PostgreSQL takes nothing else."""
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(cluster.address, password=PASSWORD, sslmode="disable")
    assert server.browser().get("/readyz").status_code == 200
    visitor = server.browser()
    name = visitor.sign_up()
    visitor.log_out()
    assert visitor.log_in(name).status_code == 303
    server.clock.advance(601)
    assert case_of(visitor.get("/test/me")) == "case 2: access reissued"
    seen = connections(cluster)
    assert len(seen) >= 2
    assert {encrypted for encrypted, _ in seen} == {True}
    assert {version for _, version in seen} == {"TLSv1.3"}


@pytest.mark.parametrize("mistake", ["wrong_authority", "wrong_name", "no_certificate"])
def test_a_server_that_cannot_prove_itself_gets_no_connection(
    cluster: Cluster, server: Server, addresses: Addresses, mistake: str
) -> None:
    """503 and cookies as they were, although this PostgreSQL would take plain connections and any password: neither
    an unencrypted nor an unverified one is made instead. Nothing secret is logged, and mending the address heals."""
    visitor = server.browser()
    name = visitor.sign_up()
    assert visitor.get("/test/me").status_code == 200
    cluster.allow("host all all 127.0.0.1/32 trust")
    settle_at(server, getattr(addresses, mistake))
    assert server.browser().get("/readyz").json() == {
        "status": "not ready",
        "reason": "the database does not respond",
    }
    before = visitor.access, visitor.refresh
    for browser, path in ((visitor, "/test/me"), (visitor, "/account"), (visitor, "/")):
        refused(browser, path)
    server.clock.advance(601)
    refused(visitor, "/test/me")
    assert (visitor.access, visitor.refresh) == before
    stranger = server.browser()
    fields = stranger.read_form("/login").fields
    assert stranger.post("/login", fields | {"username": name, "password": "whatever it is"}).status_code == 503
    assert connections(cluster) == []
    assert PASSWORD not in server.log.read_text()
    settle_at(server, addresses.right)
    assert visitor.get("/test/me").json()["username"] == name


def refused(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "set-cookie" not in answer.headers


def settle_at(server: Server, address: str) -> None:
    """Restart with another database address; same keys, same port."""
    server.stop()
    server.settings["WEBAPP_DATABASE_URL"] = address
    server.start()
