"""Databases that live as long as one bench."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

ADMIN = os.environ.get("WEBAPP_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def postgres_is_there() -> bool:
    try:
        psycopg.connect(ADMIN, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new database, dropped afterwards."""
    name = f"tokenroom_bench_{secrets.token_hex(4)}"
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield ADMIN.rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(ADMIN, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
