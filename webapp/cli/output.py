"""What all commands share: lists as text or JSON, errors in one line."""

from __future__ import annotations

import codecs
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial, wraps
from itertools import chain, islice
from typing import Any, TypeVar, cast

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection

from webapp.core.errors import TokenroomError
from webapp.flows.client import Client
from webapp.store import health
from webapp.store.database import read

F = TypeVar("F", bound=Callable[..., Any])
Row = TypeVar("Row")

CLIENT = Client(ip_address="", user_agent="command line")
"""The actor in the audit trail: a person with a shell, so there is no IP address."""

MEASURED = 500
"""Rows of a table by which the width of its columns is set."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def command(function: F) -> F:
    """Run a command with the application and a database that is ready; every error of ours is one line, exit code 1."""

    @with_appcontext
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            problem = health.examine()
            if problem:
                raise click.ClickException(problem)
            return function(*args, **kwargs)
        except TokenroomError as error:
            raise click.ClickException(str(error)) from error

    return cast(F, run)


def show(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool, nothing: str) -> None:
    """Print rows as a JSON array of objects, or as a table of `columns`; `nothing` is said where there are none.

    Written as they are read, so a list of millions need not fit into memory.
    """
    if as_json:
        _show_json(rows)
        return
    columns, remaining = list(columns), iter(rows)
    lines = ([_text(name, row[name]) for name in columns] for row in remaining)
    first = list(islice(lines, MEASURED))
    if not first:
        click.echo(nothing)
        return
    widths = [max(len(line[i]) for line in [columns, *first]) for i in range(len(columns))]
    for line in chain([columns], first, lines):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def all_pages(next_page: Callable[[str, Connection], tuple[list[Row], str | None]]) -> Iterator[Row]:
    """Every row of a listing that is read page by page: `next_page` gets the key after which it begins, and returns
    the rows and the key of the last one, None at the end."""
    after: str | None = ""
    while after is not None:
        page, after = read(partial(next_page, after))
        yield from page


def prepare_terminal() -> None:
    """Let no listing die of a name that the terminal's encoding lacks. It is escaped there."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not _speaks_utf8():
        sys.stdout.reconfigure(errors="backslashreplace")


def _speaks_utf8() -> bool:
    return codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"


def _show_json(rows: Iterable[Mapping[str, Any]]) -> None:
    click.echo("[", nl=False)
    number = 0
    for number, row in enumerate(rows, start=1):
        click.echo("\n  " if number == 1 else ",\n  ", nl=False)
        click.echo(to_json(row, indent=2).replace("\n", "\n  "), nl=False)
    click.echo("\n]" if number else "]")


def moment(seconds: int) -> str:
    """Unix seconds as UTC, to be read by people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _text(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if name == "at" or name.endswith(("_at", "_since")):
        return moment(value)
    return printable(json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value))


def printable(text: str) -> str:
    """`text` with a question mark for each character that shows nothing, because none of them may command the
    terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON in readable letters. Invisible characters are escaped. It is the same data, and no command to the terminal.

    So is everything beyond ASCII where the terminal, or the program that reads this, is not one for UTF-8.
    """
    if not _speaks_utf8():
        return json.dumps(value, indent=indent)
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
