"""What is older than `keep_history` goes whole, never anything that still counts, and nothing starts by its going."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.console import lookup
from connector.store import retention, tickets
from connector.store.retention import Purged
from connector.store.tables import metadata
from tests.connector.flows.calm import Calm

ALL = ("assess", "stop", "failover", "verify", "failback")
DETAILS = ("ticket", "task", "placement", "note", "write", "history", "delivery")


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Calm]:
    found = Calm(tmp_path / "x.db")
    yield found
    found.database.close()


def purge(calm: Calm, age: timedelta = timedelta(days=400), limit: int = 50) -> Purged:
    with calm.database.begin() as tx:
        return retention.purge(tx, calm.time - age, limit=limit)


def rows(calm: Calm) -> dict[str, int]:
    with calm.database.begin() as tx:
        return {
            name: tx.execute(sa.select(sa.func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in (*DETAILS, "activation")
        }


def over(calm: Calm) -> str:
    incident = calm.outage()
    calm.finish(*ALL)
    calm.close(incident)
    return incident


def test_an_ended_activation_goes_whole_when_it_is_old_enough_and_its_ticket_is_closed(calm: Calm) -> None:
    over(calm)
    before = rows(calm)
    calm.time += timedelta(days=400)
    assert not purge(calm, timedelta(days=401))
    assert rows(calm) == before

    purged = purge(calm)

    assert (purged.activations, purged.tickets, purged.parked) == (1, 1, 0)
    assert purged.writes == before["write"]
    assert rows(calm) == {**dict.fromkeys(DETAILS, 0), "activation": 1}
    assert not purge(calm)
    with calm.database.begin() as tx:
        assert lookup.find(tx, lookup.ACTIVATION, "ACT-1") is None


def test_never_anything_of_a_running_activation_or_of_an_open_ticket(calm: Calm) -> None:
    calm.outage()
    calm.desk.memory.open_incident(priority=2, ci=["payments-db"])
    calm.settle()
    before = rows(calm)
    calm.time += timedelta(days=4000)

    assert not purge(calm)
    assert rows(calm) == before


def test_an_old_closed_incident_that_sends_one_more_message_starts_nothing(calm: Calm) -> None:
    incident = over(calm)
    calm.time += timedelta(days=401)
    purge(calm)

    calm.desk.memory.change(incident, summary="one more word")
    calm.settle()
    assert rows(calm)["activation"] == 1
    assert calm.writes() == []

    calm.desk.memory.change(incident, state="in_progress")
    calm.settle()
    assert rows(calm)["activation"] == 1


def test_an_old_incident_that_is_first_heard_of_again_when_reopened_starts_nothing_by_itself(calm: Calm) -> None:
    incident = over(calm)
    calm.time += timedelta(days=401)
    purge(calm)

    calm.desk.memory.change(incident, state="in_progress")
    calm.settle()

    assert rows(calm)["activation"] == 1
    assert calm.writes() == []
    with calm.database.begin() as tx:
        (row,) = tickets.by_number(tx, "INC0001")
    assert row.why.startswith("it led an activation that ended so long ago")


def test_no_key_is_used_again_when_a_ticket_is_written_to_after_its_history_went(calm: Calm) -> None:
    incident = calm.desk.memory.open_incident(priority=2, ci=["payments-db"])
    calm.settle()
    calm.close(incident)
    first = {row.key for row in calm.writes()}
    calm.time += timedelta(days=401)
    assert purge(calm).tickets == 1
    assert rows(calm)["write"] == 0

    calm.desk.memory.change(incident, state="in_progress")
    calm.settle()

    second = {row.key for row in calm.writes()}
    assert first
    assert second
    assert not first & second


def test_a_ticket_that_takes_part_in_a_later_activation_keeps_what_numbers_its_writes(calm: Calm) -> None:
    over(calm)
    calm.time += timedelta(days=401)
    before = rows(calm)
    later = metadata.tables["activation"]
    with calm.database.begin() as tx:
        (row,) = tx.execute(sa.select(later)).mappings()
        tx.execute(sa.insert(later).values({**row, "id": 2, "key": "later", "state": "running"}))
        (ticket,) = tickets.by_number(tx, "INC0001")
        tickets.update(tx, ticket.id, {"activation_id": 2})

    assert not purge(calm)
    assert rows(calm) == {**before, "activation": 2}


def test_only_so_much_is_deleted_at_once(calm: Calm) -> None:
    for _ in range(3):
        calm.close(calm.desk.memory.open_incident(priority=3, ci=[]))
    calm.time += timedelta(days=401)

    assert [purge(calm, limit=2).tickets for _ in range(3)] == [2, 1, 0]


def test_the_purge_is_told_in_the_log_and_goes_on_in_the_next_round_while_there_is_more(
    calm: Calm, caplog: pytest.LogCaptureFixture
) -> None:
    over(calm)
    calm.time += timedelta(days=401)

    with caplog.at_level("INFO"):
        calm.flows["sweep"]("housekeeping")

    assert "kept no longer, older than keep_history: 1 activations, 1 tickets," in caplog.text
    assert rows(calm)["task"] == 0
