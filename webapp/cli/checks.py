"""The examinations of `flask doctor`: each returns findings in words, with the remedy where something is wrong."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path

from webapp.cli.findings import MAKE_SEALING_KEY, Finding, Grade
from webapp.config.settings import Settings
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, FACTORS, SIGNING
from webapp.core.lifetimes import DAY

OLD_KEY = 180 * DAY
"""Seconds after which a signing key should be replaced."""


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
            MAKE_SEALING_KEY,
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


def wall_clock() -> int:
    """Unix seconds of this machine, whatever a test has set the application's clock to."""
    return int(time.time())
