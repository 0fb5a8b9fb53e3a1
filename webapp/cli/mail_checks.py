"""What `flask doctor` finds about mail: does it leave this machine, and does it leave in time?"""

from __future__ import annotations

from collections.abc import Iterator

from webapp.cli.findings import Finding, Grade
from webapp.config.mail import MailSettings
from webapp.core.errors import TokenroomError
from webapp.core.lifetimes import MINUTE
from webapp.mail import transport
from webapp.store import mails
from webapp.store.database import read

LONG_WAIT = 15 * MINUTE
"""Seconds after which a mail that still waits is a fault."""


def mail(chosen: MailSettings) -> Iterator[Finding]:
    """Is the mail server there, and is its certificate good? Nothing is sent."""
    if not chosen.is_on:
        yield Finding(
            Grade.WARNING,
            "mail",
            "off: nobody can choose a new password, confirm an address or be told of a new login",
            "set WEBAPP_MAIL_URL",
        )
        return
    try:
        transport.probe(chosen.route)
    except TokenroomError as error:
        yield Finding(
            Grade.FAILING,
            "mail",
            str(error),
            "check WEBAPP_MAIL_URL, the server's certificate and SSL_CERT_FILE; then run: flask mail test ADDRESS",
        )
        return
    where = "a folder" if chosen.route.folder is not None else f"{chosen.route.host}, its certificate verified"
    if chosen.route.scheme == "smtp":
        where = f"{chosen.route.host}, in the clear"
    yield Finding(Grade.GOOD, "mail", f"goes to {where}; the sender is {chosen.sender}")


def outbox(now: int) -> Iterator[Finding]:
    """Does anything wait for too long? Raises DatabaseUnavailable."""
    waiting, oldest = read(mails.backlog)
    age = now - oldest if oldest is not None else 0
    words = f"{waiting} waiting, the oldest for {age // MINUTE} min" if waiting else "nothing waits"
    if age > LONG_WAIT:
        yield Finding(Grade.FAILING, "outbox", words, "flask --app wsgi mail list; flask --app wsgi mail send")
    else:
        yield Finding(Grade.GOOD, "outbox", words)
