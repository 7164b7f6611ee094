"""Messages that came before their ticket was known to be ours are taken up by the newest of them, on either database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.store import deliveries
from connector.store.database import Database
from tests.postgres import postgres_database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@contextmanager
def sqlite_database(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/continuity.db"


@pytest.mark.parametrize(
    "opened", [sqlite_database, pytest.param(postgres_database, marks=pytest.mark.postgres)], ids=["sqlite", "postgres"]
)
def test_the_newest_message_is_taken_up_and_one_without_a_version_only_for_want_of_others(opened, tmp_path):
    with opened(tmp_path) as url:
        database = Database(url)
        database.migrate()
        with database.begin() as tx:
            for key, version in (("a", 3), ("b", 7), ("c", None), ("d", 7)):
                early = deliveries.Message("jira", key, "webhook", "updated", b"{}", "10", "OPS-10", version)
                stored = {**vars(early), "subject": "ticket:jira:10", "state": "ignored"}
                deliveries.record(tx, deliveries.Message(**stored), NOW)

            assert deliveries.take_up(tx, "jira", "10", None, "activation:1")

            (taken,) = deliveries.open_messages(tx, "activation:1", limit=2)
            assert taken.key == "d"
        database.close()


def test_what_is_asked_every_half_minute_reads_no_settled_messages(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/continuity.db")
    database.migrate()
    asked: list[str] = []
    with database.begin() as tx:
        sa.event.listen(tx, "before_cursor_execute", lambda *told: asked.append(told[2]))
        deliveries.open_subjects(tx, NOW)
        deliveries.oldest_waiting(tx)
        deliveries.counts(tx, "open", limit=50)
        plans = [tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ("1",) * text.count("?")).all() for text in asked[:3]]
    database.close()

    assert len(plans) == 3
    assert all("delivery_state" in plan[0].detail for plan in plans), plans
