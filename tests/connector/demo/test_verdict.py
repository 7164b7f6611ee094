"""The demo's verdict finds what is wrong on the platforms."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connector.catalog import load, write_example
from connector.demo.evidence import JiraEvidence, ServiceNowEvidence, TaskTicket
from connector.demo.payments import title_of
from connector.demo.verdict import PLATFORMS, Evidence, _each_task_once, _notes_once, judge_whole
from connector.plan import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    write_example(tmp_path)
    return load(tmp_path, ["servicenow", "jira"], date(2026, 11, 1)).plans["PAY-DR"]


def tickets_of(plan: Plan) -> list[TaskTicket]:
    return [
        TaskTicket(PLATFORMS[target.platform], "", "", title_of(plan, task.key), "", "open")
        for task in plan.tasks
        for target in task.targets
    ]


def test_a_plan_whose_tasks_stand_once_each_is_right(plan: Plan) -> None:
    assert [right for right, _ in _each_task_once(plan, tickets_of(plan), ())] == [True, True]


def test_a_task_that_stands_twice_is_named(plan: Plan) -> None:
    tickets = tickets_of(plan)
    doubled = next(item for item in tickets if item.platform == "Jira")

    findings = list(_each_task_once(plan, [*tickets, doubled], ()))

    assert [right for right, _ in findings] == [True, False]
    assert f"'{doubled.title}' stands 2 times" in findings[1][1]


def test_a_task_that_is_missing_is_named(plan: Plan) -> None:
    tickets = tickets_of(plan)

    findings = list(_each_task_once(plan, tickets[1:], ()))

    assert findings[0][0] is False
    assert f"'{tickets[0].title}' stands 0 times" in findings[0][1]


def test_a_note_that_was_left_twice_is_wrong() -> None:
    once = ["Continuity plan: A", "A was activated", "Service restored at noon"]

    assert _notes_once("INC1", once)[0]
    assert not _notes_once("INC1", [*once, once[1]])[0]
    assert not _notes_once("INC1", once[:2])[0]


def test_a_ticket_that_no_plan_asked_for_is_wrong(plan: Plan) -> None:
    ours = [{"correlation_display": "continuity-connector"}] * (len(tickets_of(plan)) + 1)
    exact = ServiceNowEvidence({"incident_task": ours, "task": []}, [])
    more = ServiceNowEvidence({"incident_task": ours, "task": ours[:1]}, [])

    assert next(iter(judge_whole([plan], Evidence(exact, JiraEvidence([], {})))))[0]
    assert not next(iter(judge_whole([plan], Evidence(more, JiraEvidence([], {})))))[0]
