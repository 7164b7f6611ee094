"""The recovery tasks of plans on the tables of Business Continuity Management, and where an instance has none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from connector.ticketing import KEPT, Names, Write
from sandbox.servicenow.options import Options
from sandbox.servicenow.record import sys_id

KEEPS = {"keeps": frozenset(KEPT)}
BCM = Options(bcm=True)
KEY = "record:plan_task:PAY-DR/failover:desk:0"


def plan(world):
    (made,) = world.adapter.send([Write("record:plan:PAY-DR:desk:0", "create", "plan", values={"title": "Payments"})])
    return made.id


def task(world, of, **changed):
    values = {
        "title": "Fail over",
        "text": "Move the database.\n\nPhase: Recovery.",
        "order": 2,
        "team": "Database Operations",
        "duration": 5400,
        "plan": of,
    }
    (made,) = world.adapter.send([Write(KEY, "create", "plan_task", values=values | changed)])
    return made


def test_a_task_stands_under_its_plan_with_its_duration_as_an_instant_since_1970(make):
    world = make(BCM)
    of = plan(world)

    made = task(world, of)

    row = world.row(made.id)
    assert (made.status, made.warnings, made.number) == ("done", (), "Fail over")
    assert (row["sys_class_name"], row["plan"], row["order"]) == ("sn_bcp_recovery_task", of, "2")
    assert row["planned_duration"] == "1970-01-01 01:30:00"
    (read,) = world.adapter.read("plan_task", [made.id])
    assert (read.values["plan"], read.values["duration"], read.values["team"]) == (of, 5400, "Database Operations")
    assert world.adapter.listing("plan_task").tickets == (read,)


def test_a_plan_that_is_not_there_is_dropped_by_the_platform_and_told(make):
    world = make(BCM)

    made = task(world, "0" * 32)

    (warning,) = made.warnings
    assert warning.startswith(f"sn_bcp_recovery_task.plan did not stick: sent '{'0' * 32}', got ''")


def test_a_task_of_an_unknown_group_goes_to_the_fallback_team(make):
    world = make(BCM)

    made = task(world, plan(world), team="Nobody")

    assert world.row(made.id)["assignment_group"] == sys_id("sys_user_group", "Service Desk")
    assert made.warnings[0].startswith("no group 'Nobody' on ServiceNow: given to 'Service Desk'")


def test_a_task_whose_answer_was_lost_is_found_again(make):
    world = make(BCM)
    of = plan(world)
    world.adapter.listing("plan_task")
    world.adapter.warm(Names(teams=("Database Operations",)))
    world.fail(method="POST", path="batch", kind="drop_after")

    lost = task(world, of)
    write = Write(KEY, "create", "plan_task", values={"title": "Fail over"}, unclear_since=datetime.now(UTC))
    (found,) = world.adapter.send([write])

    assert (lost.status, found.status) == ("unclear", "done")
    assert len(world.adapter.listing("plan_task").tickets) == 1


def test_an_account_that_plans_nothing_is_refused(make):
    world = make(BCM, user="tom.network")

    refused = task(world, "")

    assert (refused.status, "ACL Exception" in refused.reason) == ("refused", True)


def test_an_instance_without_the_product_has_no_place_for_tasks_and_nothing_is_asked_of_it_twice(make):
    world = make(Options(), KEEPS)

    pages = [world.adapter.listing("plan_task") for _ in range(3)]
    asked = len(world.calls)
    made = task(world, "")

    assert [(page.tickets, page.nowhere) for page in pages] == [((), True)] * 3
    assert (asked, len(world.calls)) == (1, 1)
    assert world.adapter.read("plan_task", ["a" * 32]) == []
    assert (made.status, made.reason) == ("refused", "the instance has no table sn_bcp_recovery_task to write to")


@pytest.mark.parametrize(("options", "told"), [(Options(), True), (BCM, False)])
def test_the_live_check_tells_where_no_task_is_kept(make, options, told):
    lines = make(options, KEEPS).told()

    expected = "no plan task is kept here: the instance does not have the table"
    assert any(line.startswith("warning: connection desk: records: ") and expected in line for line in lines) is told
    assert not any("plan_task.yaml: " in line or line.startswith("error") for line in lines)


def test_a_column_of_ones_own_is_found_by_its_label(make):
    world = make(BCM, plan_task="fields: {phase: {field: Recovery phase, direction: write}}")
    world.order("add-column", table="sn_bcp_recovery_task", name="u_phase", label="Recovery phase", kind="string")

    made = task(world, plan(world), phase="recovery")

    assert (made.warnings, world.row(made.id)["u_phase"]) == ((), "recovery")


def test_a_message_tells_of_a_task_with_the_sys_id_of_its_plan(make):
    world = make(BCM)
    of = plan(world)
    made = task(world, of)
    url = f"{world.running.url}/api/now/table/sn_bcp_recovery_task/{made.id}"
    requests.patch(
        url, json={"planned_duration": "1970-01-01 02:00:00"}, auth=("dana.desk", "sandbox-password"), timeout=5
    )

    ticket = world.adapter.parse({**world.row(made.id), "plan": {"value": of, "display_value": "Payments"}})

    assert (ticket.record, ticket.version) == ("plan_task", 1)
    assert (ticket.values["duration"], ticket.values["plan"]) == (7200, of)
