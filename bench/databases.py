"""Databases that live as long as one bench."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.databases import drop_postgres_database, make_postgres_database


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new database, dropped afterwards."""
    address = make_postgres_database()
    try:
        yield address
    finally:
        drop_postgres_database(address)
