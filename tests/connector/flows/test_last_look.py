"""Tickets that are not there any more, are another record by now, or stand as they once did."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.flows.reconcile.audit import Audit
from connector.store import counterparts
from tests.records_in_step import HOUR, NINE, PAYMENTS, Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, desks=("desk", "board"), create=True, plans=())
    yield made
    made.close()


def test_a_service_whose_ticket_is_gone_is_unlinked_when_we_would_change_it(office: Office) -> None:
    office["desk"].delete(office.counterpart("desk").platform_id)
    office.edit(owner="Priya Nair")

    assert office.counterpart("desk").gone == "deleted or archived on desk"
    assert office.rows("SELECT id FROM write WHERE state IN ('parked', 'pending')") == []
    assert office.theirs("board")["owner"] == "Priya Nair"


def test_one_that_was_linked_anew_and_is_gone_again_is_unlinked_again(office: Office) -> None:
    ticket = office.counterpart("desk").platform_id
    for owner in ("Priya Nair", "Olga Ivanova"):
        row = office["desk"]._rows[ticket]
        office["desk"].delete(ticket)
        office.edit(owner=owner)
        assert office.counterpart("desk").state == "gone"
        office["desk"]._rows[ticket] = row
        office.link("desk", ticket)
        office.settle()
        assert office.theirs("desk")["owner"] == owner


def test_a_refused_change_of_a_recovery_task_says_plainly_that_the_ticket_is_gone(tmp_path: Path) -> None:
    office = Office(tmp_path, desks=("desk",), services=(PAYMENTS,))
    incident = office["desk"].open_incident(priority=1, ci=["payments-db"])
    office.webhook("desk", incident)
    office.settle()
    task = next(item for item in office["desk"].tickets("recovery_task") if "Fail over" in item.values["title"])
    office["desk"].delete(task.id)

    office.command("task", activation=1, task="failover", state="done", by="carla")
    with office.database.begin() as tx:
        office.steps.wake(tx, "incident", "activation:1")
    office.settle()

    (parked,) = office.rows("SELECT reason FROM write WHERE state = 'parked'")
    assert parked.reason == (
        f"{task.number} is gone from desk: it was deleted, or the account cannot see it any more (no ticket '{task.id}')"
    )
    office.close()


THEIRS = {"name": "Payments", "criticality": 1, "rto": 4 * 3600, "rpo": 900, "mtpd": 8 * 3600, "owner": "Carla Mendes"}


def replaced(office: Office, **facts: Any) -> None:
    """Let the desk's id be another record's, as on a platform that was reset."""
    row = office["desk"]._rows[office.counterpart("desk").platform_id]
    row.values.update(owner="Somebody", rto=60)
    for name, value in facts.items():
        setattr(row, name, value)
    office["desk"]._touch(row)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"key": "record:service:billing:desk:0"}, "it bears the key of service billing"),
        (
            {"made_at": NINE + HOUR},
            "it was made at 2026-03-02 10:00Z, and the one that was linked at 2026-03-02 09:00Z",
        ),
        ({"record": "incident"}, "it is incident now"),
    ],
)
@pytest.mark.parametrize("by", ["webhook", "write"])
def test_a_ticket_that_is_another_record_by_now_is_neither_read_nor_written_and_told_once(
    office: Office, facts: Any, why: str, by: str
) -> None:
    ticket = office.counterpart("desk").platform_id
    office.webhook("desk", ticket)
    office.settle()
    replaced(office, **facts)
    for _ in range(2):
        if by == "webhook":
            office.webhook("desk", ticket)
        office.edit(owner="Priya Nair")
        office.settle()
        office.sweep()

    row = office.counterpart("desk")
    assert (row.state, row.gone, counterparts.is_linked(row)) == ("waiting", "", False)
    assert f"is not the service that was linked: {why}" in row.problems["doubt"][0]
    assert sum("is not the service that was linked" in line for line in office.history()) == 1
    assert (office.ours()["rto"], office.ours()["owner"], office.theirs("board")["owner"]) == (
        14400,
        "Priya Nair",
        "Priya Nair",
    )
    assert office.ticket("desk", ticket).values["owner"] == "Somebody"
    assert office.rows("SELECT id FROM write WHERE state IN ('parked', 'pending')") == []

    other = office["desk"].make("service", **THEIRS)
    office.link("desk", other)
    office.settle()
    assert (office.counterpart("desk").state, office.ticket("desk", other).values["owner"]) == ("in step", "Priya Nair")


def test_one_that_is_the_record_again_goes_on(office: Office) -> None:
    ticket = office.counterpart("desk").platform_id
    office.webhook("desk", ticket)
    office.settle()
    replaced(office, record="incident")
    office.webhook("desk", ticket)
    office.settle()
    assert office.counterpart("desk").state == "waiting"
    replaced(office, record="service")
    office["desk"].change(ticket, owner="Olga Ivanova", rto=4 * 3600)
    office.webhook("desk", ticket)
    office.settle()

    assert (office.counterpart("desk").state, office.ours()["owner"]) == ("in step", "Olga Ivanova")


def test_a_ticket_that_was_linked_with_another_records_key_stays_linked(office: Office) -> None:
    other = office["desk"].make("service", **THEIRS)
    office["desk"]._rows[other].key = "record:service:payments-of-old:desk:0"
    office.link("desk", other)
    office.edit(owner="Priya Nair")

    assert office.counterpart("desk").state == "in step"
    assert office.ticket("desk", other).values["owner"] == "Priya Nair"


def test_a_platform_that_was_restored_to_an_older_state_is_brought_forward_by_an_audit(office: Office) -> None:
    ticket = office.counterpart("desk").platform_id
    before = copy.deepcopy(office["desk"]._rows[ticket])
    office.now += HOUR
    office.edit(owner="Priya Nair")
    office["desk"].change(ticket, rto=2 * 3600)
    office.webhook("desk", ticket)
    office.settle()
    assert office.counterpart("desk").state == "in step"
    office["desk"]._rows[ticket] = before
    office.now += HOUR
    assert office["desk"].read("service", [ticket])[0].values["owner"] == "Carla Mendes"

    trial = list(Audit(office.parts, office.parts.connections["desk"], "carla", dry_run=True).run())[-1]
    assert "service payments: rto 4h -> 2h, to desk" in trial.findings
    list(Audit(office.parts, office.parts.connections["desk"], "carla").run())
    office.settle()

    assert (office.ours()["owner"], office.ours()["rto"]) == ("Priya Nair", 2 * 3600)
    there = office["desk"].read("service", [ticket])[0].values
    assert (there["owner"], there["rto"]) == ("Priya Nair", 2 * 3600)
    assert sum("is back in an older state on desk" in line for line in office.history()) == 1


def test_an_incident_that_has_the_id_of_a_service_is_decided_as_an_incident(tmp_path: Path) -> None:
    office = Office(tmp_path, desks=("desk",), create=True)
    ticket = office.counterpart("desk").platform_id
    facts = {"state": "new", "priority": 1, "major_state": "none", "opened_at": office.now, "ci": ["payments-db"]}
    replaced(office, record="incident", values=facts)
    office.webhook("desk", ticket)
    office.settle()

    assert len(office.rows("SELECT id FROM activation")) == 1
    assert "it is incident now" in office.counterpart("desk").problems["doubt"][0]
    office.close()
