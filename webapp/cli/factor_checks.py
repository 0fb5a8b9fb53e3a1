"""What `flask doctor` finds about two-step login: who goes without, and do the stored secrets still open?"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from webapp.cli.findings import MAKE_SEALING_KEY, Finding, Grade
from webapp.config.settings import Settings
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACTIVE, FACTORS, VERIFY
from webapp.store import factor_counts, factors
from webapp.store.database import read

NAMED = 5
"""Administrators that are named; of more it says so."""


def administrators() -> Iterator[Finding]:
    """Whose password alone opens administration? Raises DatabaseUnavailable."""
    bare = read(lambda tx: factor_counts.admins_without(tx, at_most=NAMED + 1))
    if bare:
        more = " and more" if len(bare) > NAMED else ""
        yield Finding(
            Grade.WARNING,
            "administrators",
            f"without a second step: {', '.join(bare[:NAMED])}{more}",
            "they set it up under Account, Two-step login; WEBAPP_MFA_REQUIRED=admin demands it",
        )
    else:
        yield Finding(Grade.GOOD, "administrators", "none without a second step")


def secrets(ring: KeyRing) -> Iterator[Finding]:
    """Do all authenticator apps' secrets open, and with the present key? Raises DatabaseUnavailable."""
    opening = {key.kid: key.state for key in ring.keys if key.purpose == FACTORS and key.state in (ACTIVE, VERIFY)}

    def count(tx: Connection) -> tuple[int, dict[str, int]]:
        return factor_counts.apps(tx), {kid: factors.count_sealed_with(tx, kid) for kid in opening}

    stored, by_key = read(count)
    lost = stored - sum(by_key.values())
    older = sum(number for kid, number in by_key.items() if opening[kid] != ACTIVE)
    if not ring.sealing_key and not stored:
        yield Finding(
            Grade.WARNING,
            "authenticator apps",
            "none in use, and nobody can set one up: the ring has no key that seals their secrets",
            MAKE_SEALING_KEY,
        )
    elif lost:
        yield Finding(
            Grade.FAILING,
            "authenticator apps",
            f"{lost} of {stored} have a secret that opens with no key of the ring",
            "restore keys.json from the backup of this database; else their owners use a recovery code, "
            "or run: flask --app wsgi users reset-factors USER",
        )
    elif older:
        yield Finding(
            Grade.WARNING,
            "authenticator apps",
            f"{older} of {stored} have a secret that is sealed with an earlier key",
            "run: flask --app wsgi factors reseal",
        )
    else:
        words = f"{stored} in use, all secrets sealed with the present key" if stored else "none in use yet"
        yield Finding(Grade.GOOD, "authenticator apps", words)


def passkeys(chosen: Settings) -> Iterator[Finding]:
    """What do passkeys belong to, and does a stored one belong elsewhere? Raises DatabaseUnavailable."""
    # In development a site at a number makes them where it is opened as localhost.
    ours = chosen.passkey_rp_id or ("" if chosen.production else "localhost")
    elsewhere = read(lambda tx: factor_counts.passkeys_elsewhere(tx, ours))
    if elsewhere:
        yield Finding(
            Grade.WARNING,
            "passkeys",
            f"{elsewhere} belong to another name than {ours or 'this site'} and do not work here",
            "set WEBAPP_PASSKEY_RP_ID to that name, or let their owners add new ones",
        )
    elif ours:
        yield Finding(Grade.GOOD, "passkeys", f"belong to {ours}; the site is {chosen.public_url}")
    else:
        yield Finding(
            Grade.WARNING,
            "passkeys",
            f"off: {chosen.public_url} is a number, and passkeys need a name",
            "give the site a name in WEBAPP_PUBLIC_URL",
        )
