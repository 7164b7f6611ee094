"""Business rules: states in step, times of resolution and closure, the closing cascade, promotion."""

from __future__ import annotations

import pytest


@pytest.fixture
def at_nine(desk):
    desk.control("clock", {"now": "2026-03-02T09:00:00Z"})
    return desk


def test_opened_at_is_now_unless_it_is_given(at_nine):
    assert at_nine.create("incident")["opened_at"] == "2026-03-02 09:00:00"
    assert at_nine.create("incident", opened_at="2026-03-02 08:10:00")["opened_at"] == "2026-03-02 08:10:00"


def test_state_and_incident_state_are_kept_in_step(desk):
    made = desk.create("incident", incident_state="2")

    assert made["state"] == "2"
    assert desk.patch("incident", made, state="3")["incident_state"] == "3"
    assert desk.patch("incident", made, incident_state="1")["state"] == "1"
    assert desk.patch("incident", made, state="2", incident_state="3")["incident_state"] == "2"


def test_resolving_and_closing_set_their_times_and_only_closing_deactivates(at_nine):
    made = at_nine.create("incident")

    resolved = at_nine.patch("incident", made, state="6")
    at_nine.control("clock", {"advance": 3600})
    closed = at_nine.patch("incident", made, state="7")

    assert (resolved["resolved_at"], resolved["active"], resolved["closed_at"]) == ("2026-03-02 09:00:00", "true", "")
    assert (closed["resolved_at"], closed["active"]) == ("2026-03-02 09:00:00", "false")
    assert closed["closed_at"] == "2026-03-02 10:00:00"


def test_cancelling_deactivates_without_a_resolution(at_nine):
    made = at_nine.patch("incident", at_nine.create("incident"), state="8")

    assert (made["active"], made["resolved_at"], made["closed_at"]) == ("false", "", "2026-03-02 09:00:00")


def test_an_incident_can_arrive_closed_and_accepted(desk):
    made = desk.create("incident", state="7", major_incident_state="accepted")

    assert (made["active"], made["major_incident_state"], made["incident_state"]) == ("false", "accepted", "7")


def test_reopening_clears_the_resolution_and_counts(desk):
    made = desk.create("incident")
    desk.patch("incident", made, state="7")

    reopened = desk.patch("incident", made, state="2")

    assert (reopened["active"], reopened["resolved_at"], reopened["closed_at"]) == ("true", "", "")
    assert reopened["reopen_count"] == "1"


@pytest.mark.parametrize(
    ("state", "active"), [("-5", "true"), ("2", "true"), ("3", "false"), ("4", "false"), ("7", "false")]
)
def test_a_task_is_active_until_it_is_closed(desk, state, active):
    task = desk.patch("incident_task", desk.create("incident_task"), state=state)

    assert task["active"] == active
    assert bool(task["closed_at"]) is (active == "false")


def test_a_task_of_an_incident_has_it_as_parent_too(desk):
    incident = desk.create("incident")
    task = desk.create("incident_task", incident=incident["sys_id"])

    assert task["parent"]["value"] == task["incident"]["value"] == incident["sys_id"]


@pytest.mark.parametrize(("incident_state", "task_state"), [("7", "4"), ("8", "7")])
def test_open_tasks_die_with_their_incident(desk, incident_state, task_state):
    incident = desk.create("incident")
    still_open = desk.create("incident_task", incident=incident["sys_id"])
    pending = desk.create("incident_task", incident=incident["sys_id"], state="-5")
    finished = desk.patch("incident_task", desk.create("incident_task", incident=incident["sys_id"]), state="3")
    elsewhere = desk.create("incident_task")

    desk.patch("incident", incident, state=incident_state)

    assert desk.one("incident_task", still_open)["state"] == task_state
    assert desk.one("incident_task", pending)["state"] == task_state
    assert desk.one("incident_task", still_open)["sys_mod_count"] == "1"
    assert desk.one("incident_task", finished) == finished
    assert desk.one("incident_task", elsewhere) == elsewhere


def test_resolving_leaves_the_tasks_open_and_a_problem_survives_the_closure(desk):
    incident = desk.create("incident")
    task = desk.create("incident_task", incident=incident["sys_id"])
    problem = desk.create("problem", parent=incident["sys_id"])
    plain = desk.create("task", parent=incident["sys_id"])

    desk.patch("incident", incident, state="6")
    assert desk.one("incident_task", task)["state"] == "1"
    desk.patch("incident", incident, state="7")

    assert desk.one("problem", problem) == problem
    assert desk.one("task", plain) == plain


def test_without_the_closure_property_tasks_stay_open(desk):
    name = "com.snc.incident.incident_task.closure"
    row = desk.get("sys_properties", sysparm_query=f"name={name}")[0]
    assert row["value"] == "true"
    desk.as_admin().patch("sys_properties", row, value="false")
    incident = desk.create("incident")
    task = desk.create("incident_task", incident=incident["sys_id"])

    desk.patch("incident", incident, state="7")

    assert desk.one("incident_task", task)["state"] == "1"


def test_a_parent_counts_its_children_without_a_new_version(desk):
    parent = desk.create("incident")
    for _ in range(3):
        child = desk.create("incident", parent_incident=parent["sys_id"])
    desk.patch("incident", child, parent_incident="")

    seen = desk.one("incident", parent)
    assert (seen["child_incidents"], seen["sys_mod_count"]) == ("2", "0")


def test_promotion_in_place_accepts_the_same_incident(desk):
    made = desk.create("incident")

    told = desk.control("promote", {"number": made["number"]})

    assert told["sys_id"] == made["sys_id"]
    promoted = desk.one("incident", made)
    assert promoted["major_incident_state"] == "accepted"
    assert promoted["promoted_on"]
    assert promoted["sys_updated_by"] == "ivan.incident"


def test_promotion_into_a_new_incident_makes_the_candidate_its_child(make_desk):
    desk = make_desk(promote="create_new")
    made = desk.create("incident", short_description="down", cmdb_ci="payments-db", impact=1, urgency=1)

    told = desk.control("promote", {"sys_id": made["sys_id"]})

    major, candidate = desk.one("incident", told), desk.one("incident", made)
    assert major["sys_id"] != made["sys_id"]
    assert (major["major_incident_state"], major["priority"]) == ("accepted", "1")
    assert major["cmdb_ci"]["value"] == made["cmdb_ci"]["value"]
    assert candidate["parent_incident"]["value"] == major["sys_id"]
    assert candidate["major_incident_state"] == ""


@pytest.mark.parametrize("without", ["mim", "plain"])
def test_without_the_plugin_there_is_no_such_column_and_nothing_to_promote(make_desk, without):
    desk = make_desk(**{"mim": {"mim": False}, "plain": {"plain": True}}[without])
    made = desk.create("incident", major_incident_state="accepted")

    assert "major_incident_state" not in made
    assert ("u_continuity_plan" in made) is (without == "mim")
    assert desk.http.post("/_sandbox/promote", json={"number": made["number"]}).status_code == 409
    assert desk.get("sys_dictionary", sysparm_query="name=incident^element=major_incident_state") == []


def test_promoting_nobody_is_404(desk):
    assert desk.http.post("/_sandbox/promote", json={"number": "INC9"}).status_code == 404
