"""Errors of the database that mean "try again later", and when we try again ourselves."""

from __future__ import annotations

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from webapp.core.errors import TokenroomError
from webapp.store.reasons import reason
from webapp.store.suspicion import suspect_older_connections

ATTEMPTS = 3
"""Times a piece of work is tried in all."""
RETRY_STATES = frozenset({"40001", "40P01"})
"""PostgreSQL's words for a serialization failure and a deadlock. It has rolled the transaction back."""


class DatabaseUnavailable(TokenroomError):
    """The database is locked, full, unreachable or too slow. The request may be sent again.

    Nothing was changed, unless the connection was lost in the middle of a COMMIT. Nobody knows then whether the change
    was made, and nobody guesses, because every statement is conditional, so the next request finds out.

    `words` say why, and may repeat what the server says; `remedy` says in our own words what to do, where that is
    known. Both together are the error's text.
    """

    def __init__(self, words: str, remedy: str = "") -> None:
        super().__init__(f"{words}; {remedy}" if remedy else words)
        self.words, self.remedy = words, remedy


UNAVAILABLE_ERRORS: tuple[type[Exception], ...] = (
    DatabaseUnavailable,
    OperationalError,
    InterfaceError,
    InternalError,  # a server that has become a read-only standby
    PoolTimeoutError,
)
"""What the pages answer with 503."""
FAILURES: tuple[type[Exception], ...] = (*UNAVAILABLE_ERRORS, DatabaseError)
"""What `transact` and `read` look at."""


def unavailable(error: BaseException) -> DatabaseUnavailable:
    """Wrap a driver error. The message contains no part of the statement."""
    if isinstance(error, DatabaseUnavailable):
        return DatabaseUnavailable(error.words, error.remedy)
    return DatabaseUnavailable(*reason(error))


def is_silent(error: Exception) -> bool:
    """Did the database not answer in time (store/postgres.py)? Then the connection was closed by us."""
    return getattr(_original(error), "silent", False)


def _original(error: Exception) -> BaseException:
    return getattr(error, "orig", None) or error


def should_retry(error: Exception, attempt: int, *, died: bool, committing: bool = False) -> bool:
    """May the work be done again on a new connection? `attempt` counts from 1.

    `died`: the server closed the connection (a restart does so), and took an open transaction with it. If that
    happened in the middle of a COMMIT (`committing`), the change may have been made, so the work is not repeated. A
    database that said nothing in time is not asked again either, because the request has no time left.
    """
    if attempt >= ATTEMPTS or is_silent(error):
        return False
    if getattr(_original(error), "sqlstate", None) in RETRY_STATES:
        return True
    return died and not committing


def check(error: Exception, attempt: int, *, committing: bool = False) -> None:
    """Return if a new attempt may help. Raises DatabaseUnavailable, or a mistake of ours as it is."""
    if isinstance(error, DatabaseUnavailable):
        raise error
    if type(error) is DatabaseError:  # a damaged file, or one that is no database
        raise unavailable(error) from error
    if not isinstance(error, UNAVAILABLE_ERRORS):
        raise error
    died = isinstance(error, DBAPIError) and error.connection_invalidated
    if died and not is_silent(error):
        suspect_older_connections()
    if not should_retry(error, attempt, died=died, committing=committing):
        raise unavailable(error) from error
