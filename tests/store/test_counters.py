"""The counters of the rate limits, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from tests.support.crowd import at_once
from webapp.cli import add_migrations
from webapp.flows.count_hits import count_hits
from webapp.store import counters
from webapp.store.database import db, transact

NOW = 1_800_000_000


def test_parallel_hits_each_see_another_count(either: Flask) -> None:
    """Atomic: twelve at once count to twelve, and none sees what another one saw."""

    def hit(_number: int) -> int:
        with either.app_context():
            return count_hits("key", 1, seconds=60, now=NOW).number

    assert sorted(at_once(12, hit)) == list(range(1, 13))


def test_windows_begin_with_the_first_hit_and_end_by_the_clock(either: Flask) -> None:
    """Each hit says how many there are and when counting begins anew, in its one statement."""
    assert count_hits("key", 1, seconds=60, now=NOW) == (1, NOW + 60)
    assert count_hits("key", 1, seconds=60, now=NOW + 59) == (2, NOW + 60)
    assert count_hits("key", 1, seconds=60, now=NOW + 60) == (1, NOW + 120)


def test_giving_back_never_goes_below_zero_nor_into_another_window(either: Flask) -> None:
    """A try that was given back twice, too late or to a counter that is gone makes no room for a further one."""
    count_hits("key", 1, seconds=60, now=NOW)
    assert [count_hits("key", -1, seconds=60, now=NOW).number for _ in range(2)] == [0, 0]
    count_hits("key", 1, seconds=60, now=NOW)
    assert count_hits("key", -1, seconds=60, now=NOW + 60) == (0, NOW + 60)
    assert count_hits("unknown", -1, seconds=60, now=NOW) == (0, NOW)


def test_sweeping_leaves_what_still_counts(either: Flask) -> None:
    """Only counters whose window is over go."""
    count_hits("old", 1, seconds=60, now=NOW)
    count_hits("new", 1, seconds=60, now=NOW + 30)
    assert transact(lambda tx: counters.sweep(tx, now=NOW + 60)) == 1
    assert count_hits("new", 1, seconds=60, now=NOW + 60).number == 2


def test_migrations_go_down_and_up_and_fit_the_models(either: Flask) -> None:
    """After each way the tables are what the models say."""
    add_migrations(either)
    downgrade(revision="base")
    upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
