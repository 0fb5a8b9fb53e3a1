"""Does PostgreSQL keep what it has promised? A logout that a crash or a failover forgets lets its session in again."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text


class Durability(NamedTuple):
    """What a PostgreSQL server says of its promises."""

    standby: bool
    """It only follows another server."""
    synchronous_commit: str
    synchronous_standby_names: str
    standbys: int
    """Standbys that are connected."""
    synchronous: int | None
    """Those of them that a COMMIT may wait for; None if this user may not see it."""


class Doubt(NamedTuple):
    """What is wrong, and what to do."""

    words: str
    remedy: str
    grave: bool = True
    """False where it depends on what the operator means to do."""


_ASK = text(
    "SELECT pg_is_in_recovery(), current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), "
    "count(r.pid), count(r.pid) FILTER (WHERE r.sync_state IN ('sync', 'quorum')), count(r.sync_state) "
    "FROM (SELECT 1) AS one LEFT JOIN pg_stat_replication AS r ON true"
)


def durability(connection: Connection) -> Durability | None:
    """None for SQLite, which is one file on one machine."""
    if connection.dialect.name == "sqlite":
        return None
    standby, commit, names, standbys, synchronous, visible = connection.execute(_ASK).one()
    return Durability(standby, commit, names, standbys, synchronous if visible == standbys else None)


_STANDBY = Doubt("the database is a standby", "WEBAPP_DATABASE_URL must name the primary")
_OFF = Doubt("synchronous_commit is off: a crash forgets the last logouts", "set synchronous_commit = on")
_LOCAL = Doubt("synchronous_commit is local: a failover forgets the last logouts", "set synchronous_commit = on")
_NONE_CONNECTED = Doubt(
    "no synchronous standby is connected, and every change waits for one",
    "start the standby, or take it out of synchronous_standby_names",
)
_ASYNCHRONOUS = Doubt(
    "replication is asynchronous: a failover forgets the last logouts",
    "set synchronous_standby_names if a standby may take over (docs/deployment.md)",
    grave=False,
)
_UNSEEN = Doubt(
    "not checked: is the standby that is connected a synchronous one?",
    "GRANT pg_read_all_stats to the user in WEBAPP_DATABASE_URL",
    grave=False,
)


def doubts(found: Durability) -> list[Doubt]:
    """What may let an ended session come back, or keep every change waiting."""
    told = [_STANDBY] if found.standby else []
    if found.synchronous_commit == "off":
        return [*told, _OFF]
    if not found.synchronous_standby_names:
        return [*told, _ASYNCHRONOUS] if found.standbys else told
    if found.synchronous_commit == "local":
        return [*told, _LOCAL]
    if found.standbys == 0 or found.synchronous == 0:
        return [*told, _NONE_CONNECTED]
    return [*told, _UNSEEN] if found.synchronous is None else told
