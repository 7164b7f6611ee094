"""Tickets that are not there any more when we change them, or are another record by now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.records_in_step import PAYMENTS, Office


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
