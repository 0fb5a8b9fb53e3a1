"""What `flask doctor` finds about the database: reachable, migrated, and with the guarantees a revocation needs."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.cli.findings import Finding, Grade
from webapp.store import health
from webapp.store.database import DatabaseUnavailable
from webapp.store.durability import Durability, doubts


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
