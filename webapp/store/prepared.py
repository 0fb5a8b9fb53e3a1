"""A statement compiled once: SQLAlchemy writes it, the driver runs it, in whatever transaction it is given."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, CursorResult, Update


class Prepared:
    """An UPDATE with named parameters (text and whole numbers only: nothing is converted on the way).

    Going through SQLAlchemy's own execution costs several times what SQLite needs for the statement; these few are in
    the way of every refresh.
    """

    def __init__(self, statement: Update) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def run(self, tx: Connection, values: dict[str, Any]) -> CursorResult[Any]:
        """Run it in `tx`; `rowcount` of the result says how many rows it changed."""
        text, order, constants = self._texts.get(tx.dialect.name) or self._compile(tx)
        named = constants | values
        return tx.exec_driver_sql(text, tuple([named[name] for name in order]) if order is not None else named)

    def _compile(self, tx: Connection) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        compiled = self._statement.compile(tx.engine)
        names = getattr(compiled, "positiontup", None)
        prepared = (str(compiled), tuple(names) if names else None, dict(compiled.params))
        self._texts[tx.dialect.name] = prepared
        return prepared
