"""What `flask doctor` finds about the proxies in front: it asks the public address, with a forged header."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

from webapp.cli.findings import Finding, Grade
from webapp.config.settings import Settings

FORGED = "192.0.2.1"
"""An address of nobody's (RFC 5737): what doctor claims to be when it asks the site."""


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
