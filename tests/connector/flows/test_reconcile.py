"""The net under the webhooks for services and plans: sweeps and audits that are broken off, and that come by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.budget import Budgets
from connector.flows import send, urgency
from connector.service import Service
from connector.store import audits, writes
from connector.ticketing import Ticket
from tests.records_in_step import HOUR, PAYMENTS, Office


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    made: list[Office] = []

    def office(count: int, **how: Any) -> Office:
        made.append(Office(tmp_path, desks=("desk",), services=services(count), plans=(), create=True, **how))
        return made[-1]

    yield office
    for item in made:
        item.close()


def services(count: int) -> tuple[Service, ...]:
    return tuple(named(f"Service {number}") for number in range(count))


def named(name: str) -> Service:
    return Service(**{**vars(PAYMENTS), "key": name.lower().replace(" ", "-"), "name": name})


class Few(Budgets):
    """A platform that takes some more calls of one urgency, and then none for an hour."""

    def __init__(self, office: Office, urgency: str, left: int) -> None:
        super().__init__(lambda: office.now)
        self.office, self.urgency, self.left = office, urgency, left

    def wait_until(self, connection: str, urgency: Any, calls: int = 1) -> Any:
        if urgency == self.urgency and calls == 1:  # a preflight asks for more
            self.left -= 1
            if self.left < 0:
                return self.office.now + HOUR
        return super().wait_until(connection, urgency, calls)


def tickets(office: Office) -> tuple[Ticket, ...]:
    return office["desk"].tickets("service")


def listings(office: Office) -> list[str]:
    """Take note of the pages that are asked for from now on."""
    asked: list[str] = []
    listing = office["desk"].listing

    def noted(record: Any, **how: Any) -> Any:
        asked.append(how.get("after", ""))
        return listing(record, **how)

    office["desk"].listing = noted  # type: ignore[method-assign]
    return asked


def test_a_sweep_that_is_broken_off_goes_on_at_its_page_and_misses_nothing_that_changed_meanwhile(make: Any) -> None:
    office = make(10, page=2)
    office.sweep()
    office.now += HOUR
    office.sweep()
    office.now += HOUR
    for ticket in tickets(office):
        office["desk"].change(ticket.id, owner="Olga Ivanova")
    asked = listings(office)

    office.start(Few(office, "backfill", 2))
    office.sweep()
    assert (len(asked), office.ours("service-3")["owner"], office.ours("service-4")["owner"]) == (
        2,
        "Olga Ivanova",
        "Carla Mendes",
    )
    office.now += timedelta(minutes=30)
    office["desk"].change(tickets(office)[0].id, owner="Priya Nair")
    office.start()
    office.now += timedelta(minutes=30)
    office.sweep()

    assert len(asked) == len(set(asked)) == 5
    assert office.ours("service-9")["owner"] == "Olga Ivanova"
    office.sweep()
    assert office.ours("service-0")["owner"] == "Priya Nair"


def test_a_first_creation_that_is_broken_off_reads_no_page_twice_and_makes_no_second_one_of_a_name(make: Any) -> None:
    office = make(0, page=2)
    namesakes = [office["desk"].make("service", name=f"Service {number}") for number in (0, 3)]
    for number in range(3):
        office["desk"].make("service", name=f"Other {number}")
    asked = listings(office)
    office.services = {item.key: item for item in services(4)}
    office.start(Few(office, "backfill", 1))
    office.apply()
    assert (asked, len(tickets(office))) == ([""], 5)

    office.start()
    office.sweep()

    assert len(asked[:3]) == len(set(asked[:3])) == 3  # behind them, the sweep of what was just made
    assert sorted(ticket.values["name"] for ticket in tickets(office) if ticket.id not in namesakes) == [
        *(f"Other {number}" for number in range(3)),
        "Service 1",
        "Service 2",
    ]
    assert [office.counterpart("desk", f"service-{number}").linked_by for number in (0, 3)] == ["", ""]


def test_what_is_applied_during_a_first_creation_is_compared_with_the_first_pages_too(make: Any) -> None:
    office = make(0, page=2)
    office["desk"].make("service", name="Late")
    for number in range(3):
        office["desk"].make("service", name=f"Other {number}")
    office.services = {item.key: item for item in services(2)}
    office.start(Few(office, "backfill", 1))
    office.apply()

    office.services["late"] = named("Late")
    office.start()
    office.apply()
    office.settle()

    assert sum(ticket.values["name"] == "Late" for ticket in tickets(office)) == 1
    assert office.counterpart("desk", "late").linked_by == ""


def night(office: Office) -> None:
    """Let the next night come, and somebody look whether an audit is due."""
    office.now = (office.now + timedelta(days=1)).replace(hour=4)
    look(office)
    office.settle()


def look(office: Office) -> None:
    with office.database.begin() as tx:
        office.steps.wake(tx, "sweep", "audit:desk")


def test_each_night_all_is_compared_and_what_was_deleted_without_a_word_is_unlinked(make: Any) -> None:
    office = make(6, page=2)
    office.sweep()
    look(office)
    office.settle()
    lost = office.counterpart("desk", "service-1")
    office["desk"].delete(lost.platform_id)
    office.sweep()
    assert (office.counterpart("desk", "service-1").state, office.rows("SELECT * FROM audit")) == ("in step", [])

    asked = listings(office)
    office.now = (office.now + timedelta(days=1)).replace(hour=4)
    office.flows["sweep"]("audit:desk")
    assert len(asked) == 1  # each page is a turn of its own
    office.settle()

    assert len([each for each in asked if each]) == 2
    assert office.counterpart("desk", "service-1").state == "gone"
    assert len(tickets(office)) == 5
    (done,) = office.rows("SELECT * FROM audit")
    assert done.ended_at is not None
    look(office)
    office.settle()
    assert len(office.rows("SELECT * FROM audit")) == 1


def test_a_nightly_audit_that_is_broken_off_goes_on_at_its_page(make: Any) -> None:
    office = make(6, page=2)
    office.sweep()
    office["desk"].change(tickets(office)[5].id, owner="Olga Ivanova")
    with office.database.begin() as tx:
        audits.sweep_ended(tx, "desk", "service", office.now + timedelta(days=2))
    asked = listings(office)
    office.start(Few(office, "audit", 1))
    night(office)
    assert len(asked) == 1

    office.start()
    look(office)
    office.settle()

    assert asked[:3] == list(dict.fromkeys(asked[:3]))
    assert office.ours("service-5")["owner"] == "Olga Ivanova"


def test_an_audit_whose_page_is_refused_begins_the_kind_anew_and_is_given_up_in_the_end(make: Any) -> None:
    office = make(4, page=2)
    office.sweep()
    office.start(Few(office, "audit", 1))
    night(office)
    office["desk"].fail("refuse")
    office.start()
    asked = listings(office)
    look(office)
    office.settle()
    assert asked[:3] == ["2", "", "2"]

    office["desk"].fail("refuse", times=100)
    night(office)
    assert "given up" in office.rows("SELECT findings FROM audit ORDER BY id DESC")[0].findings


def test_other_mappings_have_all_compared_and_a_field_that_is_another_one_there_is_ours_to_write(make: Any) -> None:
    office = make(3, page=2)
    office.sweep()
    first = tickets(office)[0].id
    assert office.counterpart("desk", "service-0").state == "in step"

    desk = office.desks["desk"]
    other = replace(desk.keeps["service"], mapping="another", fields={"owner": "u_owner"})
    office.desks["desk"] = replace(desk, keeps={**desk.keeps, "service": other})
    for ticket in tickets(office):  # as the new field stands there, empty or with another's value
        office["desk"].change(ticket.id, owner="" if ticket.id != first else "Somebody")
    with office.database.begin() as tx:
        audits.sweep_ended(tx, "desk", "service", office.now + timedelta(days=2))
    office.start()
    look(office)
    office.settle()

    assert {ticket.values["owner"] for ticket in tickets(office)} == {"Carla Mendes"}
    assert office.rows("SELECT DISTINCT mapped_by FROM counterpart") == [("another",)]
    look(office)
    office.settle()
    assert len(office.rows("SELECT * FROM audit")) == 1


def test_what_a_round_of_sending_loads_does_not_grow_with_what_waits(make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(send, "MOST_LOADED", 40)
    monkeypatch.setattr(urgency, "MOST", 20)
    office = make(0, page=100)
    office.services = {item.key: item for item in services(120)}
    loaded: list[int] = []
    took: list[int] = []

    def counted(kept: list[int], ask: Any) -> Any:
        def asked(*given: Any, **how: Any) -> Any:
            found = ask(*given, **how)
            kept.append(len(found))
            return found

        return asked

    monkeypatch.setattr(writes, "ready", counted(loaded, writes.ready))
    monkeypatch.setattr(writes, "unfinished", counted(loaded, writes.unfinished))
    office["desk"].send = counted(took, office["desk"].send)  # type: ignore[method-assign]
    office.apply()
    office.settle()

    assert len(tickets(office)) == 120
    assert (max(loaded), max(took)) == (40, 20)
    assert len(took) <= 2 * 120 / 20
    assert sum(loaded) <= 40 * (len(took) + 20)
