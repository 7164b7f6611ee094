"""Why fields of real tickets stand as they do, after real flows against both simulated platforms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from connector.console.explanation_shapes import Why
from connector.explanation import plain_data
from connector.explanation.explainer import Explainer
from connector.explanation.live_reading import look
from connector.explanation.ticket_why import TicketWhy
from connector.settings import Settings
from connector.why.verdict import FieldWhy
from sandbox.servicenow.options import Options
from tests.connector.flows.stage import Stage, plan, stage, task

TASKS = {"assess": task("Assess"), "failover": task("Failover", "assess", on={"jira": "OPS"})}
INCIDENT = """\
version: 1
fields:
  x_contact: {field: contact_type, type: choice, direction: read, values: {call: phone}}
  x_region: {field: u_region, direction: read, optional: true}
  continuity_phase: {type: choice, values: {Containment: "3"}}
  continuity_link: {field: u_nowhere}
  recovery_progress: {when: "assignment_group == 'Network'"}
"""
QUIET = 0.8
"""Seconds; longer than usual, because these tests read what stands in the end and nothing later would tell."""
TOKEN = {"Authorization": "Bearer a token of the test world"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    files = {"mappings/servicenow/incident.yaml": INCIDENT}
    options = Options(unwritable=frozenset({"incident.u_rto_due"}))
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), files=files, servicenow=options) as made:
        yield made


def explained(world: Stage, name: str, connection: str = "", **more: Any) -> TicketWhy:
    explainer = Explainer(world.connector.connections, world.clock.now)
    with world.connector.database.begin() as tx:
        (place,) = explainer.places(tx, name, connection)
        return explainer.known(tx, place, **more)


def fields(found: TicketWhy) -> dict[str, FieldWhy]:
    return {item.name: item for item in found.fields}


def test_each_field_of_an_incident_has_its_verdict_and_reason(world: Stage) -> None:
    made = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"), contact_type="email")
    world.settle()  # the plan is linked on it
    world.promote(made["number"])
    world.settle(quiet=QUIET)

    found = explained(world, made["number"].lower())

    told = fields(found)
    assert (found.covered, found.plan, found.role, found.mapping_version) == (True, "PAY-DR", "lead", 1)
    assert told["summary"].verdict == "read"
    assert told["summary"].message is not None
    assert told["summary"].message.source == "webhook"
    assert (told["ci"].ours, told["state"].theirs) == (["payments-db"], "1")
    assert told["x_contact"].verdict == "skipped"
    assert told["x_contact"].reason.startswith("value 'email' is not mapped")
    assert told["x_contact"].reason.endswith("add it to one of: call")
    assert told["x_region"].reason.startswith("the platform has no such field")
    assert told["x_region"].rule == "mappings/servicenow/incident.yaml:4: fields.x_region"
    assert told["continuity_plan"].verdict == "unchanged"
    assert told["continuity_phase"].verdict == "skipped"
    assert told["continuity_phase"].reason.startswith("our value 'Recovery' is not mapped")
    assert "incident.u_nowhere did not stick: there is no such column" in told["continuity_link"].reason
    assert told["rto_due"].reason == "incident.u_rto_due did not stick: sent '2026-03-02 13:00:00', got ''"
    assert told["recovery_progress"].held is False
    assert "the condition `assignment_group == 'Network'` was not true" in told["recovery_progress"].reason
    assert (told["recovery_status"].verdict, told["recovery_status"].message is not None) == ("written", True)
    assert any(line.startswith("Last heard of 2026-03-02 09:") for line in found.story)


def test_what_people_change_on_tickets_is_taken_over_or_stands_and_is_told(world: Stage) -> None:
    made = world.major(short_description="Payments down")
    assess = world.wait(lambda: world.tasks().get("Assess"))
    world.settle(quiet=QUIET)
    world.update("incident", made["sys_id"], u_continuity_plan="MINE")
    world.update("incident_task", assess["sys_id"], state="2", due_date="2026-03-02 20:00:00")
    world.settle(quiet=QUIET)

    plan_field = fields(explained(world, made["number"]))["continuity_plan"]
    mine = fields(explained(world, assess["number"]))

    assert plan_field.verdict == "skipped"
    assert plan_field.theirs == "MINE"
    assert plan_field.reason == (
        "someone else's value stands until ours changes: the ticket holds 'MINE', we wrote 'PAY-DR'"
    )
    assert (mine["state"].verdict, mine["state"].ours) == ("read", "in_progress")
    assert mine["due_at"].reason.startswith(
        "someone else's value stands (wins: platform): the ticket holds '2026-03-02T20:"
    )
    assert mine["title"].verdict == "written"
    assert mine["title"].message_id == mine["state"].message_id


def test_an_issue_in_jira_is_known_by_number_and_by_id_with_the_ids_of_its_fields(world: Stage) -> None:
    world.major(short_description="Payments down")
    key = world.wait(lambda: world.subtasks().get("Failover"))["key"]
    world.settle(quiet=QUIET)

    found = explained(world, key)

    due = fields(found)["due_at"]
    assert found.story[0] == "It is recovery task failover of ACT-1 (PAY-DR, running)."
    assert due.verdict == "written"
    assert (due.field, due.label) == ("RTO due", "RTO due")
    assert due.id.startswith("customfield_")
    assert explained(world, found.id, "jira").number == key


def test_what_was_purged_is_said_to_be_no_longer_kept(world: Stage) -> None:
    made = world.major(short_description="Payments down")
    assess = world.wait(lambda: world.tasks().get("Assess"))["number"]
    world.settle(quiet=QUIET)
    with world.connector.database.begin() as tx:
        tx.execute(sa.text("DELETE FROM delivery"))

    found, mine = explained(world, made["number"]), explained(world, assess)

    state = fields(found)["state"]
    assert (state.verdict, state.ours, state.message) == ("read", "new", None)
    assert state.message_id is not None
    assert any(line.endswith(f"by D{state.message_id}: the message is no longer kept.") for line in found.story)
    assert any(line.endswith("the message is no longer kept.") for line in mine.story)
    assert Why().validate(as_sent(found)) == {}


def test_what_a_poll_found_is_told_as_such_and_what_was_there_first_as_the_baseline(world: Stage) -> None:
    world.hush()
    old = world.incident(short_description="Old", impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
    world.promote(old["number"])
    world.at("09:30")
    world.poll()
    world.wait(lambda: world.rows("SELECT 1 FROM connection WHERE name = 'servicenow' AND baseline_at IS NOT NULL"))
    new = world.incident(short_description="New", impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
    world.promote(new["number"])
    world.at("09:40")
    world.poll()
    world.wait(lambda: world.rows("SELECT 1 FROM ticket WHERE number = :number", number=new["number"]))
    world.settle(quiet=QUIET)

    seen, found = explained(world, old["number"]), explained(world, new["number"])

    message = fields(found)["state"].message
    assert message is not None
    assert (message.source, message.event) == ("poll", "found by poll")
    assert (seen.baseline, found.baseline) == (True, False)
    assert any("belongs to the baseline" in line for line in seen.story)
    assert any("read when the connection was first listed" in line for line in seen.story)


def test_a_parked_write_and_what_waits_behind_it_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(settings: Settings) -> Settings:
        return replace(settings, give_up_after=timedelta(0))

    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), change=hasty) as world:
        made = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
        world.settle(quiet=QUIET)
        world.faults(
            world.servicenow,
            {"kind": "503", "times": None, "method": "PATCH", "path": "/table/incident/", "inner": True},
        )
        world.promote(made["number"])
        world.wait(lambda: world.rows("SELECT 1 FROM write WHERE state = 'parked'"), seconds=30)
        world.faults(world.servicenow)
        world.wait(lambda: world.tasks().get("Assess"))
        world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
        world.wait(lambda: world.rows("SELECT 1 FROM task WHERE key = 'assess' AND state = 'done'"))

        found = explained(world, made["number"])

        told = fields(found)
        parked = next(item for item in found.writes if item.state == "parked")
        assert told["continuity_phase"].verdict == "parked"
        assert told["continuity_phase"].reason.startswith("parked: given up after 2 tries")
        assert told["continuity_phase"].write == parked
        assert f"Mend the cause, then `continuity replay W{parked.id}`." in found.advice


def test_a_ticket_that_is_not_acted_on_says_why(world: Stage) -> None:
    made = world.incident(short_description="A mouse is broken", impact="3", urgency="3")
    world.settle(quiet=QUIET)

    found = explained(world, made["number"])

    told = fields(found)
    assert not found.covered
    assert "It is not covered by a plan." in found.story
    assert told["continuity_plan"].verdict == "skipped"
    assert told["continuity_plan"].reason.startswith("nothing is written to this ticket: ")
    assert found.why in told["continuity_plan"].reason


def test_an_issue_of_another_type_is_known_for_the_messages_that_were_ignored(world: Stage) -> None:
    fields_of = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Order paper"}
    key = world.jira_call("POST", "/rest/api/2/issue", json={"fields": fields_of})["key"]
    world.settle(quiet=QUIET)

    found = explained(world, key)

    assert (found.record, found.known, found.covered, found.fields) == ("", True, False, ())
    assert found.story[0] == "It is no incident and no ticket of ours: nothing of it is read or written."
    assert found.story[-1].endswith("was ignored: neither an incident nor a ticket of ours: Task.")


def test_a_question_to_the_desk_is_explained_by_the_write_that_asked_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), plan("PAY-ALT", TASKS)) as world:
        world.major(short_description="Payments down")
        (asked,) = world.wait(lambda: world.table("incident_task"))
        world.settle(quiet=QUIET)

        found = explained(world, asked["number"])

        assert (found.record, found.covered) == ("question", True)
        assert found.story[0] == "It is a question of ours to the desk: several plans match."
        assert fields(found)["title"].verdict == "written"
        assert fields(found)["answer"].reason == "nothing was read from this ticket yet"


def test_a_state_that_is_not_mapped_is_told_as_a_parked_message(world: Stage) -> None:
    made = world.incident(short_description="Odd", impact="3", urgency="3")
    world.settle(quiet=QUIET)
    world.update("incident", made["sys_id"], state="42")
    world.settle(quiet=QUIET)

    found = explained(world, made["number"])

    assert any("is parked: " in line and "value '42' is not mapped" in line for line in found.story)
    assert found.advice[0].startswith("Mend the cause, then `continuity replay D")


def test_a_live_reading_shows_what_differs_now(world: Stage) -> None:
    made = world.major(short_description="Payments down")
    world.settle(quiet=QUIET)
    world.hush()
    world.update("incident", made["sys_id"], short_description="Payments are back")

    live = look(world.connector.connections["servicenow"], made["sys_id"], "incident")
    told = fields(explained(world, made["number"], live=live))

    assert (told["summary"].theirs, told["summary"].live) == ("Payments down", "Payments are back")
    assert (told["state"].live_known, told["state"].live) == (True, "1")
    assert (told["summary"].differs, told["state"].differs) == (True, False)


def as_sent(found: TicketWhy) -> Any:
    """Return an explanation as its answer holds it."""
    return Why().dump(plain_data.as_json(found))


def test_the_api_answers_for_known_and_unknown_tickets_behind_the_token(world: Stage) -> None:
    made = world.major(short_description="Payments down")
    address = f"{world.web.url}/api/tickets"
    world.settle(quiet=QUIET)
    world.forget_calls()

    known = requests.get(f"{address}/servicenow/{made['number']}/why", headers=TOKEN, timeout=5)
    unknown = requests.get(f"{address}/servicenow/INC9999999/why", headers=TOKEN, timeout=5)

    assert (known.status_code, unknown.status_code) == (200, 200)
    assert Why().validate(known.json()) == {}
    assert Why().validate(unknown.json()) == {}
    assert {item["name"] for item in known.json()["fields"]} >= {"state", "continuity_plan", "x_contact"}
    assert (known.json()["known"], known.json()["activation"]) == (True, "ACT-1")
    assert unknown.json()["known"] is False
    assert unknown.json()["story"][0].startswith("Nothing was ever heard of 'INC9999999' on servicenow")
    assert "webhooks came from servicenow in the last 24 hours" in " ".join(unknown.json()["story"])
    assert unknown.json()["to_do"]
    assert requests.get(f"{address}/nowhere/INC1/why", headers=TOKEN, timeout=5).status_code == 404
    assert requests.get(f"{address}/servicenow/{made['number']}/why", timeout=5).status_code == 401
    assert world.calls(world.servicenow) == []
