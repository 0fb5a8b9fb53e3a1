"""PostgreSQL that stops, crashes, comes back and cuts connections, while people work."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.cluster import Cluster, programs
from tests.support.databases import need
from tests.support.server import Server
from tests.support.waiting import until
from tests.support.witnesses import Crowd

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    need("PostgreSQL's initdb", there=programs() is not None)
    with Cluster(tmp_path_factory.mktemp("cluster") / "postgres", max_connections="30") as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["off", "on"], ids=["fork-first", "preload"])
def server(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = {"WEB_PRELOAD": request.param}
    with Server(tmp_path_factory.mktemp("server"), cluster.address, workers=2, settings=settings, fresh=True) as server:
        yield server


def test_each_worker_has_connections_of_its_own(server: Server, cluster: Cluster) -> None:
    """No connection was made before the fork, so none is shared, and answers never mix."""
    crowd = Crowd(server.browser, 6)
    crowd.while_(lambda: None)
    crowd.all_is_well()
    assert crowd.seen.answers.keys() <= {"200", "303"}


def test_restarted_under_load(server: Server, cluster: Cluster) -> None:
    """A quick restart: people see 503 at the worst, and the first request after it is served."""
    crowd = Crowd(server.browser)

    def fault() -> None:
        server.clock.advance(601)
        cluster.stop()
        cluster.start()
        server.clock.advance(601)

    crowd.while_(fault)
    crowd.all_is_well()


def test_crashed_and_stopped_for_a_while(server: Server, cluster: Cluster) -> None:
    """While it is away: 503 with Retry-After and cookies untouched. Afterwards everything is as before."""
    crowd = Crowd(server.browser)
    cluster.stop("immediate")
    try:
        for one, name in crowd.people:
            assert crowd.ask(one, name) == "503"
        stranger = server.browser()
        assert stranger.get("/test/open").status_code == 200
        assert stranger.get("/readyz").status_code == 503
        assert stranger.get("/healthz").status_code == 200
        assert stranger.get("/metrics").status_code == 200
        assert stranger.log_in("nobody").status_code == 503
    finally:
        cluster.start()
    crowd.all_is_well()


def test_connections_cut_again_and_again(server: Server, cluster: Cluster) -> None:
    """Every connection is cut, many times: dead ones are replaced and no user notices more than a 503."""
    crowd = Crowd(server.browser)

    def fault() -> None:
        with psycopg.connect(cluster.address, autocommit=True) as admin:
            for _ in range(20):
                server.clock.advance(601)
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tokenroom'"
                )

    crowd.while_(fault)
    crowd.all_is_well()


def test_idle_connections_cut_once_cost_nobody_an_answer(server: Server, cluster: Cluster) -> None:
    """After a night's restart the first page, the first refresh and the first login each succeed."""
    crowd = Crowd(server.browser, 4)
    server.clock.advance(601)
    with psycopg.connect(cluster.address, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tokenroom'")
    one, name = crowd.people[0]
    fresh = server.browser()
    assert fresh.log_in(name).status_code == 303
    for one, name in crowd.people:
        assert crowd.ask(one, name) == "200"
    crowd.all_is_well()


def take_every_connection(cluster: Cluster, held: list[psycopg.Connection]) -> None:
    while True:
        held.append(psycopg.connect(cluster.address))


def test_no_connection_left_on_the_server(server: Server, cluster: Cluster) -> None:
    """All of PostgreSQL's connections are taken by others: 503 or served, and well again afterwards."""
    crowd = Crowd(server.browser, 2)
    held: list[psycopg.Connection] = []
    with psycopg.connect(cluster.address, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tokenroom'")
        try:
            with pytest.raises(psycopg.OperationalError):
                take_every_connection(cluster, held)
            for one, name in crowd.people:
                assert crowd.ask(one, name) == "503"
        finally:
            for connection in held:
                connection.close()
    until(lambda: crowd.ask(*crowd.people[0]) != "503", what="PostgreSQL frees the places")
    crowd.all_is_well()


def test_a_locked_row_holds_only_its_own_person_up(server: Server, cluster: Cluster) -> None:
    """Another process locks one session: its refresh is left to later, and every other one happens."""
    crowd = Crowd(server.browser, 2)
    (locked, locked_name), (free, free_name) = crowd.people
    with psycopg.connect(cluster.address) as other:
        other.execute(
            "SELECT 1 FROM auth_sessions s JOIN users u ON u.id = s.user_id WHERE u.username = %s FOR UPDATE OF s",
            (locked_name,),
        )
        server.clock.advance(601)
        before = locked.refresh, free.refresh
        assert crowd.ask(free, free_name) == "200"
        assert free.refresh != before[1]
        assert crowd.ask(locked, locked_name) == "200"
        assert locked.refresh == before[0]
        other.rollback()
    crowd.all_is_well()
    assert locked.refresh != before[0]
