"""What preflights found is kept for each plan on each connection, on either database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.problem import Problem
from connector.store import preflights
from connector.store.database import Database
from tests.postgres import postgres_database

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PROBLEM = Problem("plans/pay-dr.yaml:31: tasks.failover on jira: Cost centre", "nothing supplies it", "map it")


@contextmanager
def sqlite_database(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/continuity.db"


@pytest.fixture(
    params=[sqlite_database, pytest.param(postgres_database, marks=pytest.mark.postgres)], ids=["sqlite", "postgres"]
)
def database(request, tmp_path) -> Iterator[Database]:
    with request.param(tmp_path) as url:
        found = Database(url)
        found.migrate()
        yield found
        found.close()


def test_a_row_is_made_then_changed_column_by_column(database):
    with database.begin() as tx:
        preflights.put(
            tx, "jira", "PAY-DR", {"failed": True, "problems": preflights.plain([PROBLEM]), "checked_at": NOW}
        )
        preflights.put(tx, "jira", "PAY-DR", {"told_at": NOW})
        preflights.put(tx, "jira", preflights.CONNECTION, {"unanswered_since": NOW})

    with database.begin() as tx:
        rows = preflights.on(tx, "jira", lock=True)
        (of_plan,) = preflights.of_plan(tx, "PAY-DR")
        none = preflights.of_plan(tx, preflights.CONNECTION)

    assert (rows["PAY-DR"].failed, rows["PAY-DR"].checked_at, rows["PAY-DR"].told_at) == (True, NOW, NOW)
    assert preflights.problems(of_plan) == (PROBLEM,)
    assert (rows[""].failed, rows[""].problems, rows[""].checked_at) == (False, [], None)
    assert none == []


def test_failed_ones_are_listed_first_and_what_is_gone_is_forgotten(database):
    with database.begin() as tx:
        for plan, failed in (("A", False), ("B", True), ("C", False)):
            preflights.put(tx, "jira", plan, {"failed": failed, "checked_at": NOW + timedelta(hours=1)})
        preflights.put(tx, "old", "A", {"checked_at": NOW})
        listed = [row.plan_key for row in preflights.listed(tx, limit=2)]
        preflights.forget(tx, "jira", ["C"])
        preflights.forget_connections(tx, ["jira"])
        kept = [(row.plan_key, row.connection) for row in preflights.listed(tx, limit=10)]

    assert listed == ["B", "A"]
    assert kept == [("B", "jira"), ("A", "jira")]
