"""The journal that takes our notes, where a mapping names another one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.servicenow.writes import marker
from connector.ticketing import Write

LOG = {"table": "incident", "name": "u_desk_log", "label": "Desk log", "kind": "journal_input"}
UNCLEAR = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("named", ["u_desk_log", "Desk log"])
def test_notes_go_to_the_journal_that_the_mapping_names(make, named):
    world = make(incident=f"note: {named}")
    world.order("add-column", **LOG)

    world.adapter.send([Write("k", "update", "incident", id=world.post("incident"), note="Plan [code]x[/code]")])

    assert world.journal() == [("u_desk_log", f"Plan (code)x(/code)\n\n{marker('k')}")]


def test_an_unclear_note_is_looked_for_in_that_journal(make):
    world = make(incident="note: u_desk_log")
    world.order("add-column", **LOG)
    write = Write("k", "update", "incident", id=world.post("incident"), note="Plan activated.")
    world.adapter.send([write])

    (again,) = world.adapter.send([Write(**vars(write) | {"unclear_since": UNCLEAR})])

    assert again.status == "done"
    assert len(world.journal()) == 1


def test_other_records_keep_their_own_journal(make):
    world = make(incident="note: u_desk_log")
    world.order("add-column", **LOG)
    values = {"title": "x", "state": "open", "incident": world.post("incident")}
    (made,) = world.adapter.send([Write("t", "create", "recovery_task", values=values)])

    world.adapter.send([Write("k", "update", "recovery_task", id=made.id, note="Done by us.")])

    assert [name for name, _ in world.journal()] == ["work_notes"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "note: u_log",
            (
                "error: mappings/servicenow/incident.yaml: note: the instance has no journal incident.u_log, so that our "
                "notes would be lost; use one of: work_notes"
            ),
        ),
        (
            "note: Desk log",
            (
                "error: mappings/servicenow/incident.yaml: note: the instance has no journal incident.Desk log, so that our "
                "notes go to work_notes; use one of: work_notes"
            ),
        ),
        (
            "note: description",
            (
                "error: mappings/servicenow/incident.yaml: note: incident.description keeps no entries, so that each note would "
                "take the place of the one before; use one of: work_notes"
            ),
        ),
        (
            "note: comments",
            (
                "error: mappings/servicenow/incident.yaml: note: incident.comments is sent to the customer, and our notes are "
                "for the desk; use one of: work_notes"
            ),
        ),
    ],
)
def test_a_journal_that_will_not_do_is_told_by_the_live_check(make, text, told):
    assert make(incident=text).told() == [told]
