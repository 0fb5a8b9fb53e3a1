"""Why the database refuses, in one line that says what to do: for the log, the commands and `/readyz`.

The reason comes from the server's own words, in whatever language it speaks; the advice goes by SQLSTATE where there
is one. A connection that is refused has none, so there the usual words are looked for.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 300
"""Characters of the server's words that are repeated."""

UPGRADE = "run: flask --app wsgi db upgrade"

_BY_STATE = {
    "42501": "as the owner, GRANT the right to the user in WEBAPP_DATABASE_URL",
    "3F000": "create a schema, or set the search_path of the user in WEBAPP_DATABASE_URL",
    "25006": "WEBAPP_DATABASE_URL must name a primary that can be written to",
    "42P05": "a connection pooler is in between; set WEBAPP_PREPARED_STATEMENTS=off",
    "26000": "a connection pooler is in between; set WEBAPP_PREPARED_STATEMENTS=off",
    "22P05": "create the database with ENCODING 'UTF8'",
    "22021": "create the database with ENCODING 'UTF8'",
    "53100": "free some disk space",
    "53300": "raise max_connections, or run fewer workers",
}
"""SQLSTATE -> what to do (PostgreSQL's manual, appendix A)."""

_MISSING = frozenset({"42P01", "42703"})
"""PostgreSQL's words for a table or a column that is not there. SQLite's is an OperationalError, like "locked"."""

AS_FOUND = _MISSING | {"42501", "3F000", "42P05", "26000", "22P05", "22021"}
"""Errors that SQLAlchemy takes for a mistake in a statement, but that come from the set-up of the database. The same
request is fine once that has been mended."""

_CORRECT_URL = "correct WEBAPP_DATABASE_URL"
_BY_WORDS = (
    (r'database ".*" does not exist|no such database', f"create it, encoded in UTF8, or {_CORRECT_URL}"),
    (r'role ".*" does not exist|no such user', "correct the user name in WEBAPP_DATABASE_URL, or create that user"),
    (r"password authentication failed|no password supplied", "correct the password in WEBAPP_DATABASE_URL"),
    (r"no pg_hba.conf entry", "allow this host in the server's pg_hba.conf"),
    (r"the name '.*' has no address", f"{_CORRECT_URL}, or let this host's name server know the name"),
    (r"permission denied for database", "GRANT CONNECT on it to the user in WEBAPP_DATABASE_URL"),
    (r"read-only|hot standby", "WEBAPP_DATABASE_URL must name a primary that can be written to"),
    (r"too many (clients|connections)|connection slots", "raise max_connections, or run fewer workers"),
    (r"unsupported startup parameter", "set ignore_startup_parameters in the connection pooler"),
    # SQLite
    (r"unable to open database file", "create its folder, and let the service's user enter and write it"),
    (r"readonly database", "let the service's user write the database file and its folder"),
    (r"is not a database|is malformed", f"{_CORRECT_URL}, or restore the file from a backup"),
    (r"disk is full", "free some disk space"),
    (r"no such (table|column)", UPGRADE),
)
"""What is said where there is no SQLSTATE -> what to do."""


class Reason(NamedTuple):
    """Why a database refuses. Neither part holds a value of a statement or a password."""

    words: str
    """One line for operators, the server's own words included."""
    remedy: str
    """What to do, in our words alone; empty where the database cannot be reached or says nothing we know."""

    def __str__(self) -> str:
        return f"{self.words}; {self.remedy}" if self.remedy else self.words


def reason(error: BaseException) -> Reason:
    """Why, and what to do. `error` may be SQLAlchemy's or the driver's own."""
    original: BaseException = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None)
    if state in _MISSING:
        return Reason("a table or column is missing", UPGRADE)
    words = _words(original)
    if not words:
        return Reason(f"the database is unavailable ({type(error).__name__})", "")
    remedy = _BY_STATE.get(state or "") or next((do for pattern, do in _BY_WORDS if re.search(pattern, words)), "")
    return Reason(f"the database refused: {words}", remedy)


def _words(original: BaseException) -> str:
    """What the server itself says. Never its DETAIL, which repeats values of rows."""
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if not primary and type(original).__module__.split(".")[0] not in ("psycopg", "sqlite3", "webapp"):
        return ""
    lines = str(primary or original).strip().splitlines() or [""]
    # A list of hosts is tried one after the other; only the last one's words matter.
    said = [line for line in lines if "FATAL:" in line or "failed" in line] or lines[:1]
    text = re.sub(r"^(- )?(.*?FATAL:\s*|connection failed: )", "", said[-1].strip())
    return "".join(char if char.isprintable() else "?" for char in text)[:LONGEST]
