"""The recovery tasks of plans as sub-tasks of the plan's issue, or as issues of their own."""

from __future__ import annotations

from pathlib import Path

from connector.ticketing import KEPT, Names, Write
from mappings.library import load
from tests.adapters.jira.jira_desk import Desk, only

KEY = "record:plan_task:PAY-DR/failover:jira-test:0"


def task(plan: str, **values: object) -> Write:
    given = {"title": "Fail over", "text": "Move it.", "duration": 5400, "plan": plan, "project": "OPS"}
    return Write(KEY, "create", "plan_task", values=given | values)


def plan(key: str = "p") -> Write:
    return Write(key, "create", "plan", values={"title": "Payments", "project": "OPS"})


def test_a_task_is_a_sub_task_of_its_plans_issue_and_shows_its_duration_where_the_site_has_the_field(
    desk: Desk,
) -> None:
    desk.administer({"do": "add_field", "name": "Planned minutes", "kind": "number"})
    jira = desk.warmed()
    of = only(jira.send([plan()]))

    made = only(jira.send([task(of.id)]))

    fields = desk.issues()[made.number]["fields"]
    assert (made.status, made.warnings) == ("done", ())
    assert (fields["issuetype"]["name"], fields["parent"]["id"]) == ("Sub-task", of.id)
    assert {"continuity-connector", "continuity-plan-task"} <= set(fields["labels"])
    (read,) = jira.read("plan_task", [made.id])
    assert (read.record, read.values["plan"], read.values["duration"]) == ("plan_task", of.id, 5400)
    assert [ticket.id for ticket in jira.read("plan", [of.id])] == [of.id]


def test_a_task_whose_creation_was_lost_is_found_under_its_plan(desk: Desk) -> None:
    jira = desk.warmed()
    of = only(jira.send([plan()]))
    desk.faults({"method": "POST", "path": "/issue/bulk$", "kind": "drop_after"})

    lost = only(jira.send([task(of.id)]))
    again = only(jira.send([Write(**vars(task(of.id)) | {"unclear_since": desk.now})]))

    assert (lost.status, again.status) == ("unclear", "done")
    assert list(desk.issues()) == [of.number, again.number]


def test_without_a_plan_in_the_mapping_a_task_is_an_issue_of_its_own_and_its_type_is_checked(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "plan_task.yaml").write_text("issue_type: Plan task\nfields:\n  plan: null\n")
    jira = desk.adapter(mappings=load("jira", tmp_path), keeps=frozenset(KEPT))
    whole = desk.adapter(keeps=frozenset(KEPT))

    told = "\n".join(map(str, jira.check(Names(projects=("OPS",))).problems))
    shipped = "\n".join(map(str, whole.check(Names(projects=("OPS",))).problems))

    assert "plan_task.yaml: issue_type: project OPS has no issue type 'Plan task'" in told
    assert "plan_task" not in shipped


def test_a_sub_task_that_people_made_is_no_task_of_a_plan(desk: Desk) -> None:
    jira = desk.warmed(search_lag=0.0)
    of = only(jira.send([plan()]))
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Sub-task"}, "parent": {"key": of.number}}
    desk.person("POST", "/issue", {"fields": {**fields, "summary": "Buy cake"}})

    assert jira.listing("plan_task").tickets == ()
