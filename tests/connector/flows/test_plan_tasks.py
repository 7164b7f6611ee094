"""The recovery tasks of a plan as records on a platform: under their plan, in step, and there once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.recovery_task import Phase, PlanTask
from connector.ticketing import Ticket
from tests.records_in_step import PLAN, Office

MINUTE = timedelta(minutes=1)
TOLD = PlanTask("tell", "Tell the bank", Phase.ACTIVATION, 5 * MINUTE, role="lead", team="Team")
FAILOVER = PlanTask(
    "failover",
    "Fail over",
    Phase.RECOVERY,
    20 * MINUTE,
    team="Team",
    after=("tell",),
    instructions="Move the database.",
)
BACK = PlanTask("back", "Fail back", Phase.RETURN_TO_NORMAL, 60 * MINUTE, team="Team", required=False)
WHOLE = replace(PLAN, tasks=(TOLD, FAILOVER, BACK))
MakeOffice = Callable[..., Office]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MakeOffice]:
    offices: list[Office] = []

    def one(**given: Any) -> Office:
        directory = tmp_path / str(len(offices))
        directory.mkdir()
        offices.append(Office(directory, **{"desks": ("desk",), "plans": (WHOLE,), "tasks": True} | given))
        offices[-1].settle()
        return offices[-1]

    yield one
    for office in offices:
        office.close()


def tasks(office: Office, connection: str = "desk") -> dict[str, Ticket]:
    """Return the tasks that stand on a platform, by their title; fails where two bear one."""
    found = office[connection].tickets("plan_task")
    assert len({ticket.values["title"] for ticket in found}) == len(found)
    return {ticket.values["title"]: ticket for ticket in found}


def edit(office: Office, *changed: PlanTask, key: str = "PAY-DR") -> None:
    office.plans[key] = replace(office.plans[key], tasks=changed)
    office.apply()
    office.settle()


def test_tasks_are_created_once_under_their_plan_and_stay_in_step_with_their_file(made: MakeOffice) -> None:
    office = made(create=True)
    (plan,) = office["desk"].tickets("plan")
    first = tasks(office)

    assert {title: ticket.values["order"] for title, ticket in first.items()} == {
        "Tell the bank": 1,
        "Fail over": 2,
        "Fail back": 3,
    }
    assert {ticket.values["plan"] for ticket in first.values()} == {plan.id}
    assert (first["Fail over"].values["duration"], first["Fail over"].values["after"]) == (1200, ["Tell the bank"])
    creates = [row.key for row in office.rows("SELECT key FROM write WHERE action = 'create' ORDER BY id")]
    assert [key.split(":")[1] for key in creates] == ["service", "plan", "plan_task", "plan_task", "plan_task"]

    edit(office, TOLD, replace(FAILOVER, duration=45 * MINUTE), BACK)
    for ticket in tasks(office).values():
        office.webhook("desk", ticket.id)  # the echo
    office.settle()

    assert tasks(office)["Fail over"].values["duration"] == 2700
    assert len(office.rows("SELECT 1 FROM write WHERE record = 'plan_task'")) == 4
    assert office.counterpart("desk", "PAY-DR/failover", "plan_task").state == "in step"


def test_a_duration_from_the_platform_counts_and_a_moved_task_is_put_back(made: MakeOffice) -> None:
    office = made(create=True)
    task = tasks(office)["Fail over"]

    office["desk"].change(task.id, duration=1800, plan="another", order=9)
    office.webhook("desk", task.id)
    office.settle()

    assert office.ours("PAY-DR/failover", "plan_task")["duration"] == 1800
    assert "Fail over (30m; Team; after Tell the bank)" in office.ours("PAY-DR", "plan")["text"]
    (plan,) = office["desk"].tickets("plan")
    found = tasks(office)["Fail over"].values
    assert (found["plan"], found["order"], found["duration"]) == (plan.id, 2, 1800)


def test_a_crash_while_a_task_is_created_makes_no_second(made: MakeOffice) -> None:
    office = made()  # linked: nothing is created by itself
    for record, key in (("plan", "PAY-DR"), ("plan_task", "PAY-DR/failover")):
        office.link("desk", "", record, key)  # type: ignore[arg-type]
    office["desk"].fail("drop_after", key="plan_task")
    office.settle()
    office.start()
    office.pass_time(timedelta(minutes=10))

    assert list(tasks(office)) == ["Fail over"]
    assert office.counterpart("desk", "PAY-DR/failover", "plan_task").state == "in step"


def test_a_task_waits_while_its_plan_does_not_stand_there(made: MakeOffice) -> None:
    office = made(create=True)
    (plan,) = office["desk"].tickets("plan")

    office["desk"].delete(plan.id)
    office.webhook("desk", plan.id, deleted=True)
    edit(office, replace(TOLD, duration=9 * MINUTE), FAILOVER, BACK)
    waiting = office.counterpart("desk", "PAY-DR/tell", "plan_task")
    office.link("desk", "", "plan", "PAY-DR")
    office.settle()

    assert waiting.state == "waiting"
    assert waiting.problems["held"] == {"plan": "it stands under its plan, and that is not linked with one on desk"}
    (anew,) = office["desk"].tickets("plan")
    assert anew.id != plan.id
    assert {ticket.values["plan"] for ticket in tasks(office).values()} == {anew.id}
    assert tasks(office)["Tell the bank"].values["duration"] == 540


def test_a_task_taken_out_of_its_plan_is_left_and_told(made: MakeOffice) -> None:
    office = made(create=True)

    edit(office, TOLD, FAILOVER)

    assert "Fail back" in tasks(office)
    assert office.counterpart("desk", "PAY-DR/back", "plan_task").state == "not in the files"
    assert any("PAY-DR/back is not in the files any more" in text for text in office.history())


def test_where_tasks_have_no_place_none_is_planned_and_the_plan_tells_them(made: MakeOffice) -> None:
    office = made(create=True, lacks=("plan_task",))

    assert office.rows("SELECT 1 FROM counterpart WHERE record = 'plan_task'") == []
    assert "Fail over (20m" in office.theirs("desk", "plan")["text"]


def test_a_task_of_the_same_name_under_another_plan_is_no_namesake(made: MakeOffice) -> None:
    office = made(create=True)
    other = replace(PLAN, key="WEB-DR", name="Web failover", tasks=(FAILOVER, TOLD))

    office.plans["WEB-DR"] = other
    office.apply()
    office.settle()

    assert len(office["desk"].tickets("plan_task")) == 5
    assert {row.state for row in office.rows("SELECT state FROM counterpart")} == {"in step"}


def test_a_team_that_the_platform_lacks_is_written_once_and_told_with_the_reason(made: MakeOffice) -> None:
    office = made(create=True, plans=(replace(PLAN, tasks=(replace(FAILOVER, after=(), team="Nobody"),)),))
    office.sweep()
    office.sweep()

    row = office.counterpart("desk", "PAY-DR/failover", "plan_task")
    assert tasks(office)["Fail over"].values["team"] == "Service Desk"
    assert len(office.rows("SELECT 1 FROM write WHERE record = 'plan_task'")) == 1
    assert (row.state, list(row.problems["held"])) == ("waiting", ["team"])
    assert "no team 'Nobody': given to 'Service Desk'" in row.problems["held"]["team"]


def test_a_duration_taken_on_one_platform_reaches_the_other_where_its_own_plan_stands(made: MakeOffice) -> None:
    office = made(create=True, desks=("desk", "board"))
    (there,) = office["board"].tickets("plan")

    office["desk"].change(tasks(office)["Tell the bank"].id, duration=600)
    office.sweep()

    found = tasks(office, "board")
    assert found["Tell the bank"].values["duration"] == 600
    assert {ticket.values["plan"] for ticket in found.values()} == {there.id}
    assert {row.state for row in office.rows("SELECT state FROM counterpart")} == {"in step"}
