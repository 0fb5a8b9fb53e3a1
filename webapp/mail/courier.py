"""The courier: a thread of each worker that sends what waits in the outbox.

It looks every PAUSE seconds and whenever its own process has committed a mail. It is started after the fork
(gunicorn.conf.py) and is a daemon. A worker that is told to stop does not wait for it, and a mail it held is free
again two minutes later.
"""

from __future__ import annotations

import threading

import structlog
from flask import Flask
from prometheus_client import Counter

from webapp.core import mail as rules
from webapp.flows.send_mail import Result, send_waiting
from webapp.mail.post import ApplicationPost
from webapp.services import services_of
from webapp.store.database import UNAVAILABLE_ERRORS
from webapp.store.mails import WAITING, MailRow

PAUSE = 10
"""Seconds between two looks when nothing wakes it."""

log = structlog.stdlib.get_logger("webapp.mail")

MAILS = Counter("tokenroom_mails_total", "Mails by kind and result.", ["kind", "result"])


def tell(mail: MailRow, result: Result) -> None:
    """Count a mail, and log what became of it: its id and kind, never its address."""
    MAILS.labels(mail.kind, result.value).inc()
    log.info("mail", id=mail.id, kind=mail.kind, result=result.value)


def send_round(app: Flask) -> int:
    """Send all that is due now; how many mails were taken in hand. Raises DatabaseUnavailable."""
    services = services_of(app)
    post = ApplicationPost(services.settings.mail, services.settings.public_url)
    taken = 0
    with app.app_context():
        while count := send_waiting(post, services.clock, tell):
            taken += count
            if count < rules.ROUND:
                break
    return taken


def start(app: Flask) -> None:
    """Start this process's courier, where mail is sent at all."""
    if services_of(app).settings.mail.is_on:
        threading.Thread(target=_work, args=(app,), name="courier", daemon=True).start()


def _work(app: Flask) -> None:
    while True:
        WAITING.wait(PAUSE)
        WAITING.clear()  # before looking, because a mail that is committed meanwhile sets it again
        try:
            send_round(app)
        except UNAVAILABLE_ERRORS as error:
            log.warning("mail waits: the database is away", error=type(error).__name__)
        except Exception:
            # A mistake in one mail must not end the courier for good.
            log.exception("mail: the courier failed")
