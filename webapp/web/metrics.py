"""What is counted, for Prometheus: one hook after everything else, one exposition for all workers together.

Under gunicorn each worker counts in a file of its own (gunicorn.conf.py names the directory before this is
imported). A scrape of any worker adds the files up, those of workers that are gone too, so nothing runs backwards
when one is replaced. Without that directory (`flask run`, tests) the counts are this process's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

from flask import Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from webapp.core.decision import Outcome, TokenState, case_of
from webapp.core.judgement import Judgement
from webapp.core.rotation import REFRESHING
from webapp.services import services
from webapp.store import mails
from webapp.store.database import DatabaseUnavailable, read
from webapp.store.session_list import estimate_live
from webapp.store.shared_sessions import count_always_redelivered
from webapp.web.person import Auth
from webapp.web.requests import this_request

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PATIENCE = 0.5
"""Seconds that a scrape waits for the outbox."""
FAILED = "failed"
"""`result` of a refresh that the database kept from happening. The next request tries again."""

REQUESTS = Counter(
    "tokenroom_requests", "Requests judged by their tokens; case: the seed's 1 to 4, or none.", ("case", "outcome")
)
REFRESHES = Counter("tokenroom_refreshes", "Results of token refreshes.", ("result",))
REFRESH_SECONDS = Histogram(
    "tokenroom_refresh_seconds",
    "Time that authentication took in requests that refreshed: verifying, reading, rotating.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
LOG_INS = Counter("tokenroom_logins", "Logins by result.", ("channel", "result"))
FACTORS = Counter("tokenroom_factors", "Second factors by what was done with them.", ("kind", "result"))
STEP_UPS = Counter("tokenroom_step_ups", "Proofs within a session that it is still the same person.", ("result",))
LIMITED = Counter("tokenroom_limited", "Requests refused because a limit was hit.", ("endpoint",))
DATABASE_ERRORS = Counter(
    "tokenroom_database_errors", "503 responses because the database was locked, slow or unavailable."
)
ERROR_ANSWERS = Counter("tokenroom_error_answers", "Responses with a 4xx or 5xx status.", ("status",))

LOG_IN_ENDPOINTS = {"accounts.log_in": "web", "login_passkey.prove": "web", "api.login": "api"}
LOG_IN_RESULTS = {200: "succeeded", 303: "succeeded", 401: "wrong", 422: "wrong", 429: "limited"}
SUCCEEDED, CHALLENGED = "succeeded", "challenged"
"""Results that a status does not tell: the end of a login by steps, and a right password that another step follows."""

_requests: dict[tuple[TokenState, TokenState, Outcome], Counter] = {}
_refreshes: dict[str, Counter] = {}


def observe(auth: Auth | None, response: Response) -> Response:
    """Count a finished request: the last thing that happens to it. Never spoils an answer."""
    try:
        if auth is not None:
            observe_request(auth.judgement)
            if auth.outcome in REFRESHING:
                observe_refresh(auth.issued.what if auth.issued is not None else FAILED, auth.elapsed)
        status = response.status_code
        # Whatever is not a page that was simply shown.
        if status != 200 or auth is None or this_request().method == "POST":
            _count_status(status)
    except Exception:
        log.exception("not counted")
    return response


def note_login(result: str) -> None:
    """Say what this request is counted as among the logins, where its status does not say it."""
    g.login_result = result


def count_factor(kind: str, result: str) -> None:
    """Count a second factor (`totp`, `passkey`, `recovery`): `added`, `removed`, `right`, `wrong`, or `counter`.

    The last is a passkey whose counter did not rise.
    """
    FACTORS.labels(kind, result).inc()


def count_step_up(result: str) -> None:
    """Count a step-up that was `passed`, `wrong` or `limited`."""
    STEP_UPS.labels(result).inc()


def observe_request(judgement: Judgement) -> None:
    """Count one request that was judged by its tokens."""
    key = (judgement.access.state, judgement.refresh.state, judgement.outcome)
    (_requests.get(key) or _child(*key)).inc()


def observe_refresh(result: str, seconds: float) -> None:
    """Count one refresh that took `seconds` and ended as `result` (a `Refreshed`, or FAILED)."""
    (_refreshes.get(result) or _refreshes.setdefault(result, REFRESHES.labels(str(result)))).inc()
    REFRESH_SECONDS.observe(seconds)


def _child(access: TokenState, refresh: TokenState, outcome: Outcome) -> Counter:
    # Bound at the first sight, because only some dozen of the 144 thinkable combinations happen.
    case = case_of(access, refresh) if outcome is not Outcome.ANONYMOUS else None
    child = REQUESTS.labels(str(case.number) if case else "none", outcome.value)
    return _requests.setdefault((access, refresh, outcome), child)


def _count_status(status: int) -> None:
    endpoint = request.endpoint or ""
    channel = LOG_IN_ENDPOINTS.get(endpoint)
    if noted := g.get("login_result"):
        LOG_INS.labels(channel or "web", noted).inc()
    elif channel and request.method == "POST" and (result := LOG_IN_RESULTS.get(status)):
        LOG_INS.labels(channel, result).inc()
    if status >= 400:
        ERROR_ANSWERS.labels(str(status)).inc()
    if status == 429:
        LIMITED.labels(endpoint).inc()
    elif status == 503 and endpoint != "operations.readyz":
        DATABASE_ERRORS.inc()


class LiveSessions(Collector):
    """Asked at each scrape; left out where the database does not say at once."""

    def collect(self) -> Iterator[Any]:
        live = estimate_live(services().clock())
        if live is not None:
            yield GaugeMetricFamily("tokenroom_live_sessions", "Live sessions; many are estimated.", value=live)
        always = count_always_redelivered(services().clock())
        if always is not None:
            yield GaugeMetricFamily(
                "tokenroom_sessions_always_redelivered",
                "Sessions of the last day whose refreshes were asked for twice, twenty in a row: perhaps two holders.",
                value=always,
            )


class Outbox(Collector):
    """What waits to be mailed, where mail is on. Left out where the database does not answer."""

    def collect(self) -> Iterator[Any]:
        if not services().settings.mail.is_on:
            return
        try:
            waiting, oldest = read(mails.backlog, patience=PATIENCE)
        except DatabaseUnavailable:
            return
        age = max(services().clock() - oldest, 0) if oldest is not None else 0
        yield GaugeMetricFamily("tokenroom_mails_waiting", "Mails that wait to be sent.", value=waiting)
        yield GaugeMetricFamily("tokenroom_oldest_mail_seconds", "Age of the oldest mail that waits.", value=age)


def exposition() -> bytes:
    """All workers' counts in Prometheus' text format. Needs an application context."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        counted = generate_latest(registry)
    else:
        counted = generate_latest(REGISTRY)
    now = CollectorRegistry()
    now.register(LiveSessions())
    now.register(Outbox())
    return counted + generate_latest(now)
