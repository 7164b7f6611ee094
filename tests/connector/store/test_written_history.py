"""The history: writes and happenings in one order, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.store import tickets, writes
from connector.store.database import Database
from connector.store.tables import metadata
from connector.store.written_history import Place, Wanted, lines, page, place_of

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALL = Wanted()


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sa.Connection]:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    metadata.create_all(database.engine)
    with database.begin() as tx:
        yield tx
    database.close()


def wrote(tx: sa.Connection, key: str, second: int, **more: object) -> None:
    at = NINE + timedelta(seconds=second)
    facts = {
        "connection": "jira", "subject": "ticket:jira:1", "action": "update", "record": "incident",
        "platform_id": "1", "number": "OPS-1", "values": {"state": "done"}, "next_at": at, "created_at": at,
    }  # fmt: skip
    assert writes.intend(tx, {**facts, "key": key, **more})


def told(tx: sa.Connection, text: str, second: int) -> None:
    tickets.tell(tx, text, NINE + timedelta(seconds=second), connection="jira", platform_id="1")


def test_writes_and_what_happened_stand_in_the_order_of_time_whatever_the_order_of_their_ids(tx: sa.Connection) -> None:
    wrote(tx, "late", 9)
    wrote(tx, "early", 1)
    told(tx, "between", 5)
    told(tx, "first", 0)
    told(tx, "with early", 1)

    assert [line["id"] for line in lines(tx, ALL)] == ["H2", "H3", "W2", "H1", "W1"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pages_of_any_size_tell_every_line_once(tx: sa.Connection, size: int) -> None:
    for number in range(10):
        wrote(tx, f"w{number}", number // 4)
        told(tx, f"h{number}", number // 3)
    whole = [line["id"] for line in lines(tx, ALL)]

    found, after = [], None
    while some := page(tx, ALL, after, limit=size):
        assert len(some) <= size
        found += [line.told["id"] for line in some]
        after = place_of(str(some[-1].place))

    assert found == whole
    assert len(set(whole)) == 20


def test_a_ticket_is_found_as_people_write_it(tx: sa.Connection) -> None:
    wrote(tx, "a", 1)

    assert [line["ticket"] for line in lines(tx, Wanted("ops-1"))] == ["OPS-1"]
    assert list(lines(tx, Wanted("OPS-2"))) == []


@pytest.mark.parametrize("text", ["", "W1", "1-X1", "1-W", "x-W1", "1-W-1", f"{9**40}-W1", f"1-W{2**63}", "1-W²"])
def test_what_is_no_place_in_the_history_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no place in the history"):
        place_of(text)


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(NINE + timedelta(microseconds=1), "W", 12)

    assert place_of(str(place)) == place
