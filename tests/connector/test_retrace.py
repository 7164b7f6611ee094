"""An activation is decided again from what is stored: the same comes out, and another rule shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.condition import INCIDENT_VARIABLES, Condition
from connector.flows.parts import Connection, Timing
from connector.flows.send import Send
from connector.page_link import PageLinks
from connector.retrace import Epoch, Retraced, _Sending, alike, retrace
from connector.store.database import Database
from connector.store.recording import recording
from connector.store.tables import metadata
from tests.connector.flows.calm import Calm
from tests.connector.flows.test_chances import NINE, Small, _connection, _play

LINKS = PageLinks("http://here", "a secret of sixteen")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calm]:
    """A whole outage: two incidents, a task done by a person on either side, one failed write, the end."""
    found = Calm(tmp_path_factory.mktemp("retrace") / "x.db")
    found.time += timedelta(seconds=5)
    other = found.desk.memory.open_incident(priority=2, ci=["payments-db"])
    incident = found.outage()
    found.finish("assess")
    found.desk.memory.change(other, major_state="accepted")
    found.settle()
    found.board.memory.fail("busy")
    found.finish("stop", "failover")
    found.time += timedelta(hours=3)
    found.settle()
    found.finish("verify", "failback")
    for ended in (incident, other):
        found.close(ended)
    yield found
    found.database.close()


class Ticking(Small):
    """No two instants are the same, as with real clocks."""

    def now(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time


def again(calm: Small, path: Path, activation: int = 1, **changed: object) -> Retraced:
    sides: dict[str, Connection] = {name: replace(_connection(side), **changed) for name, side in calm.sides.items()}
    database = Database(f"sqlite:///{path}/again-{activation}.db")
    with calm.database.begin() as tx:
        found = recording(tx, activation)
    assert found is not None
    assert found.complete
    try:
        return retrace(found, [Epoch(NINE, sides)], LINKS, Timing(), database)
    finally:
        database.close()


def test_the_same_messages_and_answers_lead_to_the_same_writes(calm: Calm, tmp_path: Path) -> None:
    found = again(calm, tmp_path)

    assert found.differences == ()
    assert found.assumed == ()
    assert found.messages > 20
    assert found.writes == len(calm.writes()) > 30


def test_what_people_ordered_is_retraced_too(tmp_path: Path) -> None:
    calm = Calm(tmp_path / "x.db")
    calm.order("exercise", plan="PAY-DR", by="Ola")
    calm.finish("assess")
    incident = calm.desk.memory.open_incident(priority=3, ci=["payments-db"])
    calm.settle()
    number = next(ticket.number for ticket in calm.desk.memory.tickets() if ticket.id == incident)
    calm.order("activate", connection="desk", number=number, plan="", by="Ola")
    calm.order("task", "activation:2", activation=2, task="assess", state="done", by="Ola", reason="")
    calm.order("stand-down", "activation:2", activation=2, by="Ola", reason="false alarm")

    exercise, real = (again(calm, tmp_path, activation) for activation in (1, 2))

    assert exercise.differences == real.differences == ()
    assert exercise.writes + real.writes == len(calm.writes())
    calm.database.close()


@pytest.mark.parametrize("seed", [7, 12])
def test_what_was_lost_doubled_refused_and_killed_in_between_makes_no_difference(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    made = Database(f"sqlite:///{path}")
    metadata.create_all(made.engine)
    made.close()
    small = Ticking(path, seed)

    _play(small)

    assert again(small, tmp_path).differences == ()
    small.database.close()


def test_every_write_of_an_outage_has_its_cause(calm: Calm) -> None:
    assert [row.key for row in calm.writes() if not row.cause] == []


def test_another_rule_shows_as_what_would_be_written_otherwise(calm: Calm, tmp_path: Path) -> None:
    found = again(calm, tmp_path, desk_team="Night Desk")

    assert {item.field for item in found.differences} == {"team"}
    assert {(item.was, item.now) for item in found.differences} == {("Service Desk", "Night Desk")}


def test_a_rule_by_which_nothing_would_have_started_misses_every_create(calm: Calm, tmp_path: Path) -> None:
    never = Condition("false", INCIDENT_VARIABLES, "major")

    found = again(calm, tmp_path, major=never)

    creates = {row.key for row in calm.writes() if row.action == "create"}
    assert creates <= {item.key for item in found.differences if item.now is None}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("due 2026-03-02 13:00Z", "due 2026-03-02 13:01Z", True),
        ("due 2026-03-02 13:00Z", "due 2026-03-02 13:02Z", False),
        ("due 2026-03-02 13:00Z", "expected 2026-03-02 13:00Z", False),
        ("2026-03-02T13:00:00+00:00", "2026-03-02T13:00:59.5+00:00", True),
        ("1 of 3 done. jira gives no answer since 2026-03-02 13:00Z: its tickets are behind", "1 of 3 done", True),
        ("1 of 3 done", "2 of 3 done", False),
        (5, 6, False),
        ("", None, True),
    ],
)
def test_values_are_one_when_only_an_instant_differs_a_little(one: object, other: object, expected: bool) -> None:  # noqa: FBT001
    assert alike("recovery_status", one, other) is expected


def test_what_a_retrace_answers_in_its_own_way_is_still_asked_for() -> None:
    replaced = {name for name, found in vars(_Sending).items() if callable(found) and not name.startswith("__")}
    asked = {name for found in vars(Send).values() if callable(found) for name in found.__code__.co_names}

    assert replaced
    assert replaced <= asked
