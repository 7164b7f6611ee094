"""Writes whose fate was unclear when mappings came in force that name another table, or another journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.servicenow import BasicAuth, ServiceNow
from connector.ticketing import Write
from mappings.library import load

UNCLEAR = datetime(2026, 3, 2, 9, tzinfo=UTC)


def after(world, tmp_path, record: str, text: str) -> ServiceNow:
    """Return the adapter that takes over when this mapping is activated."""
    folder = tmp_path / "since" / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / f"{record}.yaml").write_text(text)
    account = BasicAuth("continuity.integration", "sandbox-password")
    since = load("servicenow", folder.parent.parent)
    return ServiceNow("desk", world.running.url, account, since, fallback_team="Service Desk")


@pytest.mark.parametrize("unclear", [UNCLEAR, None], ids=["known to be unclear", "taken for the first try"])
def test_a_task_that_stands_on_the_table_of_before_is_found_there(make, tmp_path, unclear):
    world = make()
    write = Write("k", "create", "recovery_task", values={"title": "x", "state": "open", "incident": ""})
    (made,) = world.adapter.send([write])
    adapter = after(world, tmp_path, "recovery_task", "table: problem_task\n")

    (again,) = adapter.send([replace(write, unclear_since=unclear)])

    assert (again.status, again.id, again.number) == ("done", made.id, made.number)
    assert again.url == made.url
    assert again.warnings == (
        "it stands on incident_task, where it was made before mappings were activated that say problem_task",
    )
    adapter.close()


def test_a_note_that_stands_in_the_journal_of_before_is_not_told_again(make, tmp_path):
    world = make()
    world.order("add-column", table="incident", name="u_desk_log", label="Desk log", kind="journal_input")
    write = Write("k", "update", "incident", id=world.post("incident"), note="Plan activated.")
    world.adapter.send([write])
    adapter = after(world, tmp_path, "incident", "note: u_desk_log\n")

    (again,) = adapter.send([replace(write, unclear_since=UNCLEAR)])

    assert again.status == "done"
    assert [name for name, _ in world.journal()] == ["work_notes"]
    adapter.close()
