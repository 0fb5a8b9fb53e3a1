"""`WEBAPP_DATABASE_URL`: SQLite's file, or PostgreSQL's address as libpq reads it. Errors never repeat it."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url

_POSTGRES_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")


def database_url(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    text = scheme.lower() + colon + rest
    for scheme in _POSTGRES_SCHEMES:
        if text.startswith(scheme):
            return _postgres_url("postgresql://" + text.removeprefix(scheme))
    text = text.replace("sqlite+pysqlite://", "sqlite://", 1)
    if not text.startswith("sqlite:///"):
        # The address may hold a password, so it is not repeated.
        raise ValueError("must be a URL like sqlite:////path/file.db or postgresql://user@host/name")
    try:
        url = make_url(text)
        url.get_dialect()().create_connect_args(url)
    except Exception as error:  # noqa: BLE001 - SQLAlchemy's parser raises several
        raise ValueError(f"must be a valid database URL ({type(error).__name__})") from None
    if "?" in text and not url.query:
        raise ValueError(_QUESTION)
    _demand_file(url)
    return text


def _postgres_url(text: str) -> str:
    """`text` itself, which goes to libpq as it stands, one host or several, each with its port."""
    from psycopg.conninfo import conninfo_to_dict  # costs a worker that has no use for it 10 MB

    try:
        parts = conninfo_to_dict(text)
    except Exception as error:  # noqa: BLE001 - libpq's words repeat the address, which may hold a password
        raise ValueError(
            "must be a database URL that libpq can read, like postgresql://user@host1:5432,host2:5432/name "
            f"({type(error).__name__})"
        ) from None
    hosts, ports = (str(parts.get(name) or "").split(",") for name in ("host", "port"))
    # A password with an @ in it would end there, and its rest would be told to the log as the name of a host.
    if any("@" in host[1:] for host in hosts):  # a first @ is Linux's name for a socket without a file
        raise ValueError("must write an @ in the user name or password as %40, and a / as %2F")
    if len(ports) not in (1, len(hosts)):
        raise ValueError(f"must name one port, or one for each host: {len(hosts)} hosts, {len(ports)} ports")
    if not all(port == "" or _is_port(port) for port in ports):
        raise ValueError("must name ports between 1 and 65535")
    return text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536


_QUESTION = "must write a ? in the name of a folder or file as %3F"
_SQLITE_OPTIONS = frozenset(
    {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements", "uri"}
)
"""What SQLAlchemy's driver for SQLite understands behind the `?`. It drops anything else without a word."""


def _demand_file(url: URL) -> None:
    named = url.database or ""
    if (
        named in ("", ":memory:", "file::memory:")
        or url.query.get("mode") == "memory"
        or named.endswith("?mode=memory")
    ):
        raise ValueError("must name a database file: workers cannot share one in memory")
    if "\0" in named:
        raise ValueError("must not contain a NUL character")
    if not url.query.get("uri") and not set(url.query) <= _SQLITE_OPTIONS:
        raise ValueError(_QUESTION)
