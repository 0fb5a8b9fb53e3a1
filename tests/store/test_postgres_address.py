"""PostgreSQL's address goes to libpq as it stands: several hosts, and parameters that win over our defaults."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from tests.support.app import build_app
from tests.support.server import free_port
from webapp.store.database import db, read
from webapp.store.postgres import connection_parameters


def setting(folder: Path, address: str, *names: str) -> list[str]:
    """Settings of a connection to `address`, as the server sees them."""
    app = build_app(folder, {"WEBAPP_DATABASE_URL": address})
    with app.app_context():
        asked = ", ".join(f"current_setting('{name}')" for name in names)
        found = read(lambda tx: list(tx.execute(text(f"SELECT {asked}")).one()))
        db.engine.dispose()
    return found


def test_what_the_address_says_wins(tmp_path: Path, migrated_postgres: str) -> None:
    """`options` and `application_name` arrive; time-outs that are not named stay ours."""
    address = f"{migrated_postgres}?application_name=mine&options=-csearch_path%3Dpublic%20-cstatement_timeout%3D1234"
    names = ("application_name", "search_path", "statement_timeout", "lock_timeout")
    assert setting(tmp_path, address, *names) == ["mine", "public", "1234ms", "2s"]


def test_the_next_host_answers(tmp_path: Path, migrated_postgres: str) -> None:
    """Hosts with ports of their own, in the usual form: the first refuses, the second is asked."""
    there, _, name = migrated_postgres.rpartition("@")[2].partition("/")
    address = f"postgresql://postgres@127.0.0.1:{free_port()},{there}/{name}"
    assert setting(tmp_path, address, "transaction_read_only") == ["off"]


def test_only_a_primary_is_asked() -> None:
    """A standby would answer with sessions as they were, so this one parameter is ours."""
    parameters = connection_parameters("postgresql://u@h1:5433,h2:5434/d?target_session_attrs=any&connect_timeout=9")
    assert (parameters["host"], parameters["port"]) == ("h1,h2", "5433,5434")
    assert (parameters["target_session_attrs"], parameters["connect_timeout"]) == ("read-write", "9")
    assert parameters["keepalives_idle"] == "5"
