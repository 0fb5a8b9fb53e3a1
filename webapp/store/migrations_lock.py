"""One migration at a time, because containers that start together all run `db upgrade`."""

from __future__ import annotations

from sqlalchemy import Connection, text

TURN = 0x746F6B656E726F6F
"""The advisory lock's number, 64 bits: "tokenroo"."""

LONGEST_WAIT = "10min"


def take_turn(connection: Connection) -> None:
    """Wait until no other process migrates this database; the turn ends with the transaction.

    SQLite needs nothing, because its transactions that write begin one after the other (BEGIN IMMEDIATE).
    """
    if connection.dialect.name == "sqlite":
        return
    from webapp.store.postgres import LOCK_TIMEOUT

    # A migration may take longer than a request, and so may the one before it; but it waits no longer for a table than
    # a request does, since every request waits behind it meanwhile. LOCAL: gone with the transaction, poolers or not.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
    connection.execute(text(f"SET LOCAL lock_timeout = {int(LOCK_TIMEOUT * 1000)}"))
