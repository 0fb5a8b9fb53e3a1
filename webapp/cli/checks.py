"""The examinations of `flask doctor`: each returns findings in words, with the remedy where something is wrong."""

from __future__ import annotations

import json
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from webapp.config.settings import Settings
from webapp.core.keys import ACCESS, FACTORS, SIGNING, KeyRing
from webapp.core.lifetimes import DAY
from webapp.store import health
from webapp.store.database import DatabaseUnavailable
from webapp.store.durability import Durability, doubts

FORGED = "192.0.2.1"
"""An address of nobody's (RFC 5737): what doctor claims to be when it asks the site."""

OLD_KEY = 180 * DAY
"""Seconds after which a signing key should be replaced."""


class Grade(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    FAILING = "failing"


class Finding(NamedTuple):
    """One line of the report."""

    grade: Grade
    topic: str
    words: str
    remedy: str = ""


def settings(chosen: Settings) -> Iterator[Finding]:
    """What the settings alone show."""
    if chosen.production:
        yield Finding(Grade.GOOD, "environment", "production, reached at " + chosen.public_url)
        yield Finding(
            Grade.GOOD, "cookies", "Secure, HttpOnly, SameSite=Lax, Path=/, no Domain; names begin with __Host-"
        )
    else:
        yield Finding(
            Grade.WARNING,
            "environment",
            "development: answers only on localhost",
            "set WEBAPP_ENV=production before others use this site",
        )
        yield Finding(
            Grade.WARNING,
            "cookies",
            "HttpOnly, SameSite=Lax, but not Secure: they are sent over plain http",
            "set WEBAPP_ENV=production and serve https",
        )
    yield _lifetimes(chosen)
    if chosen.rate_limits:
        yield Finding(Grade.GOOD, "rate limits", "on")
    else:
        yield Finding(
            Grade.FAILING if chosen.production else Grade.WARNING,
            "rate limits",
            "off: nothing stops password guessing",
            "set WEBAPP_RATE_LIMITS=on",
        )
    if chosen.production and not chosen.factor_for:
        yield Finding(
            Grade.WARNING,
            "two-step login",
            "administrators may log in with a password alone",
            "set WEBAPP_MFA_REQUIRED=admin",
        )
    if chosen.lab and chosen.production:
        yield Finding(
            Grade.WARNING,
            "lab",
            "on in production: it shows users the claims in their own tokens",
            "set WEBAPP_LAB=off",
        )


def _lifetimes(chosen: Settings) -> Finding:
    times = chosen.lifetimes
    words = (
        f"grace {times.grace} s < access {times.access_token} s < refresh {times.refresh_token} s"
        f" <= session {times.session} s"
    )
    problem = times.production_problem()
    if problem is None:
        return Finding(Grade.GOOD, "lifetimes", words)
    # In development short lifetimes are for watching; production does not start with them.
    return Finding(Grade.WARNING, "lifetimes", f"WEBAPP_{problem}", "production does not start with these values")


def keys(path: Path, ring: KeyRing, now: int) -> Iterator[Finding]:
    """The key ring and its file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            Grade.FAILING, "key file", f"{path} has mode {mode:04o}: others can read it", f"run: chmod 600 {path}"
        )
    else:
        yield Finding(Grade.GOOD, "key file", f"{path}, mode {mode:04o}")
    if ring.sealing_key is None:
        yield Finding(
            Grade.WARNING,
            "keys",
            "no key of the purpose factors: nobody can set up an authenticator app",
            f"once every host runs this release, run: flask --app wsgi keys rotate --purpose {FACTORS}",
        )
    for purpose in (*SIGNING, *([FACTORS] if ring.sealing_key else [])):
        key = ring.active(purpose)
        born = key.active_since or key.created_at
        words = f"{purpose} tokens are signed by {key.kid} ({key.alg})"
        if purpose == FACTORS:
            words = f"authenticator apps' secrets are sealed by {key.kid} ({key.alg})"
        if born is not None and now - born > OLD_KEY:
            yield Finding(
                Grade.WARNING,
                "keys",
                f"{words}, for {(now - born) // DAY} days",
                f"run: flask --app wsgi keys rotate --purpose {purpose}",
            )
        else:
            yield Finding(Grade.GOOD, "keys", words)
    if ring.active(ACCESS).alg == "HS256":
        yield Finding(Grade.GOOD, "jwks", "no public keys: with HS256, only this application can verify access tokens")


def database(now: int) -> Iterator[Finding]:
    """Reachable, migrated, and with the guarantees that a revocation needs."""
    try:
        problem = health.examine()
    except DatabaseUnavailable as error:
        yield Finding(Grade.FAILING, "database", error.words, error.remedy or "start the database")
        return
    if problem:
        words, _, remedy = problem.partition("; ")
        yield Finding(Grade.FAILING, "database", words, remedy)
        return
    yield Finding(Grade.GOOD, "database", "reachable, every migration applied")
    facts = health.facts()
    if facts.sqlite_mode is not None:
        journal, synchronous = facts.sqlite_mode
        fine = journal == "wal" and synchronous == 2
        yield Finding(
            Grade.GOOD if fine else Grade.FAILING,
            "sqlite",
            f"journal_mode {journal}, synchronous {'FULL' if synchronous == 2 else synchronous}",
            "" if fine else "move the file to a local disk; network file systems cannot do this",
        )
    if facts.without_limit:
        yield Finding(
            Grade.WARNING,
            "timeouts",
            f"a connection pooler is in between, and this user has no {', '.join(facts.without_limit)}",
            "set all three with ALTER ROLE, as docs/deployment.md says",
        )
    elif facts.pooled:
        yield Finding(Grade.GOOD, "timeouts", "set for this user; a connection pooler is in between")
    if facts.durability is not None:
        found = doubts(facts.durability)
        for doubt in found:
            yield Finding(Grade.FAILING if doubt.grave else Grade.WARNING, "durability", doubt.words, doubt.remedy)
        if not found:
            yield Finding(Grade.GOOD, "durability", _promise(facts.durability))
    apart = abs(facts.clock - now)
    yield Finding(
        Grade.GOOD if apart <= 2 else Grade.WARNING if apart <= 60 else Grade.FAILING,
        "clock",
        f"differs from the database's clock by {apart} s",
        "" if apart <= 2 else "synchronise both machines with NTP",
    )


def _promise(found: Durability) -> str:
    if found.synchronous_standby_names:
        return "a COMMIT waits for a synchronous standby"
    return "a COMMIT is on disk when it is confirmed; no standby follows"


def redis(url: str | None) -> Iterator[Finding]:
    """The shared store of the limits, where one is set."""
    if url is None:
        yield Finding(Grade.GOOD, "limit store", "the database")
        return
    from redis import Redis, RedisError  # only where Redis is in use

    try:
        Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2).ping()
    except RedisError as error:
        yield Finding(
            Grade.FAILING,
            "limit store",
            f"Redis does not respond ({type(error).__name__}); the database is used instead",
            "start Redis, or correct WEBAPP_REDIS_URL",
        )
    else:
        yield Finding(Grade.GOOD, "limit store", "Redis responds")


def proxies(chosen: Settings, header: tuple[str, str]) -> Iterator[Finding]:
    """Does the number of trusted proxies fit what a request over the public address shows?"""
    trusted = chosen.trusted_proxies
    headers = {header[0]: header[1], "X-Forwarded-For": FORGED}
    # The scheme is http or https: Settings saw to it.
    probe = urllib.request.Request(f"{chosen.public_url}/healthz", headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(probe, timeout=3) as answer:  # noqa: S310
            seen = json.loads(answer.read(65536)).get("seen")
    except (OSError, ValueError, AttributeError, urllib.error.URLError):
        seen = None
    if not isinstance(seen, dict):
        yield Finding(
            Grade.WARNING,
            "proxies",
            f"not checked: {chosen.public_url} was not answered by this deployment",
            "run doctor while the site is running, on a machine that can reach it",
        )
        return
    yield judge_proxies(trusted, str(seen["client"]), list(seen["forwarded_for"]))


def judge_proxies(trusted: int, believed: str, forwarded_for: list[str]) -> Finding:
    """Grade what a request with a forged `X-Forwarded-For` showed."""
    hops = len(forwarded_for) - (FORGED in forwarded_for)
    words = f"{trusted} trusted, {hops} found; the client's address is read as {believed}"
    if believed == FORGED:
        return Finding(
            Grade.FAILING,
            "proxies",
            f"{words}: anyone can fake their address",
            f"set WEBAPP_TRUSTED_PROXIES={hops}",
        )
    if hops > trusted:
        return Finding(
            Grade.FAILING,
            "proxies",
            f"{words}: that is a proxy, so all users share one address and one rate limit",
            f"set WEBAPP_TRUSTED_PROXIES={hops}",
        )
    return Finding(Grade.GOOD, "proxies", words)


def wall_clock() -> int:
    """Unix seconds of this machine, whatever a test has set the application's clock to."""
    return int(time.time())
