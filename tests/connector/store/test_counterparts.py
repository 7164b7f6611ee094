"""Which records are looked at again, which are met by an audit, and where a reading stands, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.store import audits, counterparts, writes
from connector.store.database import Database
from tests.postgres import postgres_database

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
EARLY, LATE = NOW - timedelta(hours=1), NOW - timedelta(minutes=10)
LINKED = {"linked_at": EARLY, "linked_by": "test", "looked_at": EARLY, "state": "in step", "mapped_by": "m1"}
READ = LINKED | {"version": 1, "theirs": {"name": ["Payments", None]}}


@contextmanager
def sqlite_database(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/continuity.db"


@pytest.fixture(
    scope="module",
    params=[sqlite_database, pytest.param(postgres_database, marks=pytest.mark.postgres)],
    ids=["sqlite", "postgres"],
)
def database(request: Any, tmp_path_factory: Any) -> Iterator[Database]:
    with request.param(tmp_path_factory.mktemp("database")) as url:
        found = Database(url)
        found.migrate()
        yield found
        found.close()


@pytest.fixture
def tx(database: Database) -> Iterator[sa.Connection]:
    with database.engine.connect() as found:
        yield found
        found.rollback()


def add(tx: sa.Connection, key: str, **values: Any) -> None:
    assert counterparts.add(tx, "service", key, "desk", {"number": key.upper()} | values)


def answered(tx: sa.Connection, key: str, state: str) -> None:
    facts = {"connection": "desk", "subject": "records:desk", "action": "update", "record": "service", "values": {}}
    found = {"key": f"record:service:{key}:desk:0", "state": state, "done_at": LATE, "created_at": EARLY}
    assert writes.intend(tx, facts | found | {"platform_id": key, "next_at": EARLY})


def test_a_record_is_found_to_which_something_happened_since_it_was_looked_at(tx: sa.Connection) -> None:
    add(tx, "quiet", **READ | {"platform_id": "quiet", "seen_at": EARLY})
    add(tx, "linked", **LINKED | {"state": "new", "looked_at": None})
    add(tx, "told", **READ | {"platform_id": "told", "seen_at": LATE})
    add(tx, "told-but-gone", **READ | {"platform_id": "t", "seen_at": LATE, "gone": "deleted"})
    add(tx, "to-read", **LINKED | {"platform_id": "to-read"})
    add(tx, "declined", **READ | {"platform_id": "declined", "version": None, "declined": {"rto": 60}})
    add(tx, "changing", **READ | {"platform_id": "changing", "version": None})
    add(tx, "composed-otherwise", **LINKED | {"mapped_by": "m0"})
    add(tx, "read-otherwise", **READ | {"platform_id": "read-otherwise", "mapped_by": "m0"})
    for state in ("done", "superseded", "pending", "parked"):
        add(tx, state, **READ | {"platform_id": state, "state": "waiting", "writes": 1})
        answered(tx, state, state)
    found = counterparts.unlooked(tx, "desk", {"service": "m1"}, NOW, NOW, limit=100)
    just_now = counterparts.unlooked(tx, "desk", {"service": "m1"}, EARLY, EARLY, limit=100)

    assert [key for _, key in found] == [
        "linked",
        "told",
        "to-read",
        "declined",
        "composed-otherwise",
        "done",
        "superseded",
    ]
    assert just_now == [("service", "composed-otherwise")]
    assert len(counterparts.unlooked(tx, "desk", {"service": "m1"}, NOW, NOW, limit=2)) == 2
    assert counterparts.mapped_otherwise(tx, "desk", "service", "m1")
    assert not counterparts.mapped_otherwise(tx, "board", "service", "m1")


def test_a_ticket_is_the_record_that_is_linked_and_not_one_that_was(tx: sa.Connection) -> None:
    add(tx, "old", **READ | {"platform_id": "57", "gone": "linked with another"})
    add(tx, "new", **READ | {"platform_id": "57"})
    add(tx, "older", **READ | {"platform_id": "57", "gone": "linked with another"})
    row = counterparts.at(tx, "desk", "57")

    assert row is not None
    assert (row.key, counterparts.among(tx, "desk", ["57"])["57"].key) == ("new", "new")
    assert list(counterparts.others_at(tx, row, "57")) == []


def test_what_a_later_audit_met_counts_for_an_earlier_one_and_not_the_other_way(tx: sa.Connection) -> None:
    add(tx, "payments", **READ | {"platform_id": "57"})
    (row,) = counterparts.unmet(tx, "desk", "service", 1, limit=9)
    counterparts.met(tx, [row.id], 2)
    counterparts.met(tx, [row.id], 1)

    assert counterparts.unmet(tx, "desk", "service", 1, limit=9) == []
    assert counterparts.unmet(tx, "desk", "service", 2, limit=9) == []
    assert len(counterparts.unmet(tx, "desk", "service", 3, limit=9)) == 1


def test_a_reading_goes_on_where_it_was_broken_off_and_counts_from_when_it_began(tx: sa.Connection) -> None:
    first = audits.reading(tx, "desk", "service", EARLY, LATE)
    audits.reached(tx, "desk", "service", first, "page 2")
    again = audits.reading(tx, "desk", "service", NOW, NOW)
    audits.begin_anew(tx, "desk", "service")
    anew = audits.reading(tx, "desk", "service", NOW, NOW)
    audits.sweep_ended(tx, "desk", "service", again.begun)
    following = audits.reading(tx, "desk", "service", EARLY, NOW)

    assert (again.until, again.begun, again.after) == (EARLY, LATE, "page 2")
    assert (anew.until, anew.begun, anew.after) == (EARLY, NOW, "")
    assert (following.until, following.begun, following.after) == (LATE, NOW, "")


def test_pending_writes_are_taken_oldest_first_and_some_at_a_time(tx: sa.Connection) -> None:
    for key in ("a", "b", "c"):
        answered(tx, key, "pending")
    ready = writes.ready(tx, "records:desk", "desk", NOW, limit=2)
    others = writes.unfinished_to(tx, "records:desk", "desk", ["c"])

    assert [row.platform_id for row in ready] == ["a", "b"]
    behind = writes.ready(tx, "records:desk", "desk", NOW, limit=2, after=ready[-1].id)
    assert [row.platform_id for row in (*behind, *others)] == ["c", "c"]
    assert writes.any_due(tx, "records:desk", "desk", NOW)
    assert not writes.any_due(tx, "records:desk", "desk", EARLY - timedelta(hours=1))
    assert writes.next_due(tx, "records:desk", "desk") == EARLY
