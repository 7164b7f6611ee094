"""The ways through a workflow: seen before the outage, told where they are missing, and walked when they are long."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.jira.workflow import Status, Step, Workflow, read, shown
from connector.ticketing import Names, Write
from tests.adapters.jira.jira_desk import Desk, only, write

ADMINISTER = {"do": "grant", "permission": "ADMINISTER"}
FILE = Path(__file__).parents[4] / "shared" / "samples" / "jira-openapi" / "jira-cloud-v3.json"
PARK = (
    {"do": "remove_transition", "project": "OPS", "transition": "Finish"},
    {"do": "remove_transition", "project": "OPS", "transition": "Start work"},
    {"do": "add_transition", "project": "OPS", "transition": "Park", "source": "To Do", "target": "Pending"},
    {"do": "add_transition", "project": "OPS", "transition": "Begin", "source": "To Do", "target": "In Progress"},
    {"do": "add_transition", "project": "OPS", "transition": "Approve", "source": "In Progress", "target": "Done"},
)
"""Done is two transitions away, and the first one offered leads into a dead end."""


def told(desk: Desk, level: str = "error", projects: Sequence[str] = ("OPS",)) -> list[str]:
    adapter = desk.adapter(project=projects[0], projects=())
    found = adapter.check(Names(projects=tuple(projects))).problems
    return [str(problem) for problem in found if problem.level == level]


def stand(desk: Desk, *states: str, project: str = "OPS") -> None:
    """Have a task and an activation stand in each of these states."""
    jira = desk.warmed()
    parent = only(jira.send([write("p", "activation", project=project)]))
    for state in states:
        only(jira.send([write(f"a-{state}", "activation", state=state, project=project)]))
        only(jira.send([write(f"t-{state}", parent=parent.id, state=state, project=project)]))


def seen(desk: Desk, project: str = "OPS", *, issues: bool = True) -> dict[str, set[tuple[str, str]]]:
    site = desk.adapter()._site
    found = site.lookups.project(project)
    flow = read(site, found, found.issue_types[0], issues=issues)
    return {name: {(step.name, step.target.name) for step in steps} for name, steps in flow.steps.items()}


SOFTWARE = {
    "to do": {("Start work", "In Progress"), ("Finish", "Done")},
    "in progress": {("Stop work", "To Do"), ("Finish", "Done")},
    "done": {("Reopen", "To Do")},
}


def test_an_administrator_of_cloud_sees_the_whole_workflow_without_an_issue(cloud: Desk) -> None:
    cloud.administer(ADMINISTER)

    assert seen(cloud, issues=False) == SOFTWARE


def test_anybody_else_sees_what_is_offered_to_the_issues_that_stand_there(desk: Desk) -> None:
    assert seen(desk) == {}
    stand(desk, "in_progress")
    assert seen(desk) == {name: SOFTWARE[name] for name in ("to do", "in progress")}
    stand(desk, "done")
    assert seen(desk) == SOFTWARE


def test_a_status_beyond_the_newest_hundred_issues_is_searched_for(desk: Desk) -> None:
    jira = desk.warmed()
    only(jira.send([write("old", state="in_progress")]))
    jira.send([write(f"t{number}") for number in range(101)])

    assert set(seen(desk)) == {"to do", "in progress"}


def test_the_description_s_own_workflow_is_read_with_its_directed_and_global_transitions(cloud: Desk) -> None:
    if not FILE.exists():
        pytest.skip("the description of Jira's REST is not here")
    described = json.loads(FILE.read_text("utf-8"))["paths"]["/rest/api/3/workflows"]["post"]
    example = described["responses"]["200"]["content"]["application/json"]["example"]
    example = json.loads(example) if isinstance(example, str) else example
    site = cloud.adapter()._site
    project = site.lookups.project("OPS")
    asked: list[Any] = []
    site.connection.ask = lambda path, body: asked.append((path, body)) or example  # type: ignore[method-assign]

    flow = read(site, project, project.issue_types[0], issues=False)

    assert asked == [("/workflows", {"projectAndIssueTypes": [{"projectId": "10000", "issueTypeId": "10001"}]})]
    anywhere = {("To Do", "To Do"), ("In Progress", "In Progress"), ("Done", "Done")}
    ways = {name: {(step.name, step.target.name) for step in steps} for name, steps in flow.steps.items()}
    assert ways == {
        "to do": anywhere | {("Start work", "In Progress")},
        "in progress": anywhere,
        "done": anywhere,
    }
    assert {step.target for steps in flow.steps.values() for step in steps} == {
        Status("To Do", "new"), Status("In Progress", "indeterminate"), Status("Done", "done"),
    }  # fmt: skip


def test_a_missing_transition_is_an_error_that_says_which_to_add(desk: Desk) -> None:
    stand(desk, "open", "in_progress", "done")
    desk.administer({"do": "remove_transition", "project": "OPS", "transition": "Finish"})

    assert told(desk) == [
        (
            f"mappings/jira/{record}.yaml: fields.state.values: in {types} in OPS no transitions lead from '{start}' to "
            f"'Done', for a task that becomes {states}; from '{start}' one gets to {there}; "
            f"add the transition {start} -> Done"
        )
        for record, types, states in (
            ("recovery_task", "Task, Sub-task", "done, failed, skipped"),
            ("activation", "Task", "done"),
        )
        for start, there in (("To Do", "In Progress"), ("In Progress", "To Do"))
    ]


def test_a_task_that_cannot_be_reopened_is_an_error(desk: Desk) -> None:
    stand(desk, "in_progress", "done")
    desk.administer({"do": "remove_transition", "project": "OPS", "transition": "Reopen"})

    assert told(desk) == [
        (
            "mappings/jira/recovery_task.yaml: fields.state.values: in Task, Sub-task in OPS no transitions lead from "
            "'Done' to 'To Do', for a task that is reopened; it has no transition; add the transition Done -> To Do"
        )
    ]


def test_statuses_that_only_people_choose_and_that_are_final_are_warned_of(cloud: Desk) -> None:
    cloud.administer(ADMINISTER)

    assert told(cloud, projects=("SD",)) == []
    assert (
        "mappings/jira/recovery_task.yaml: fields.state.values: an issue that somebody puts to 'Closed' or 'Canceled' "
        "stays so in Task, Sub-task in SD, even where its task is reopened; add a transition back to an open status"
    ) in told(cloud, "warning", projects=("SD",))


def test_a_status_that_was_renamed_is_told_as_missing(desk: Desk) -> None:
    desk.administer({"do": "rename_status", "status": "Done", "to": "Finished"})

    found = told(desk)

    assert (
        "mappings/jira/recovery_task.yaml: fields.state.values.done: Task, Sub-task in OPS has no status called Done or "
        "Closed or Resolved or Completed; add one of: To Do, In Progress, Finished"
    ) in found
    assert {line.split(": ")[1] for line in found if "recovery_task" in line} == {
        f"fields.state.values.{state}" for state in ("done", "failed", "skipped")
    }


def test_a_transition_that_asks_for_a_field_is_told_with_the_way_on_which_it_is(desk: Desk) -> None:
    stand(desk, "in_progress", "done")
    desk.administer(
        *PARK[:2], *PARK[3:], {"do": "require_in_transition", "project": "OPS", "transition": "Approve", "field": "Team"},
    )  # fmt: skip

    found = told(desk)

    assert (
        "mappings/jira/activation.yaml: fields.state: the transition 'Approve' of Task in OPS asks for Team, which "
        "nobody can fill in then; it is on the way To Do -> In Progress -> Done (2 transitions); "
        "take it off the transition's screen, or give it a default"
    ) in found


def test_a_way_of_several_transitions_is_shown(desk: Desk) -> None:
    stand(desk, "open", "in_progress", "done")
    desk.administer(PARK[0], PARK[4])

    assert told(desk) == []
    assert told(desk, "warning") == [
        (
            f"mappings/jira/{record}.yaml: fields.state.values: in {types} in OPS a task that becomes {states} goes "
            "To Do -> In Progress -> Done (2 transitions), each told to its watchers; "
            "add the transition To Do -> Done, if one should do"
        )
        for record, types, states in (
            ("recovery_task", "Task, Sub-task", "done, failed, skipped"),
            ("activation", "Task", "done"),
        )
    ]


def test_a_way_round_a_transition_that_asks_is_no_problem(desk: Desk) -> None:
    stand(desk, "in_progress", "done")
    desk.administer(
        {"do": "require_in_transition", "project": "OPS", "transition": "Finish", "field": "Team"},
        {"do": "add_transition", "project": "OPS", "transition": "Quick", "source": "In Progress", "target": "Done"},
    )

    assert told(desk) == []


def test_what_could_not_be_seen_is_said_and_is_no_error(desk: Desk) -> None:
    stand(desk, "open")
    desk.administer({"do": "remove_transition", "project": "OPS", "transition": "Reopen"})

    assert told(desk) == []
    (warning,) = told(desk, "warning")
    assert "not all transitions could be seen, because no issue stands there: Task in OPS (out of " in warning
    assert "Sub-task in OPS" in warning
    assert "Done" in warning


def finish(jira: Any, key: str = "t") -> Any:
    made = only(jira.send([write(key)]))
    return only(jira.send([Write("done", "update", "recovery_task", made.id, made.number, {"state": "done"})]))


def test_a_known_way_is_walked_past_a_dead_end(cloud: Desk) -> None:
    cloud.administer(ADMINISTER, *PARK)

    outcome = finish(cloud.warmed())

    assert outcome.status == "done"
    assert cloud.issues()[outcome.number]["fields"]["status"]["name"] == "Done"


def test_a_way_that_a_check_has_seen_is_walked_by_anybody(desk: Desk) -> None:
    desk.administer(PARK[3])
    stand(desk, "in_progress", "done")
    desk.administer(*PARK[:3], PARK[4])
    jira = desk.adapter()
    jira.check(Names(projects=("OPS",)))

    outcome = finish(jira)

    assert outcome.status == "done"
    assert desk.issues()[outcome.number]["fields"]["status"]["name"] == "Done"


def test_where_the_workflow_is_not_known_a_step_is_taken_at_a_time(desk: Desk) -> None:
    desk.administer(PARK[0], PARK[4])

    outcome = finish(desk.warmed())

    assert outcome.status == "done"
    assert desk.issues()[outcome.number]["fields"]["status"]["name"] == "Done"


def status(name: str) -> Status:
    return Status(name, "indeterminate")


def flow(*ways: tuple[str, str], asking: tuple[str, str] = ("", "")) -> Workflow:
    steps: dict[str, tuple[Step, ...]] = {}
    for source, target in ways:
        asks = ("Team",) if (source, target) == asking else ()
        steps[source] = (*steps.get(source, ()), Step(source + target, f"to {target}", status(target), asks))
    return Workflow((), steps)


def way(held: Workflow, *, avoid: str = "") -> str:
    found = held.path(status("a"), lambda at: at.name == "z", lambda at: at.name != avoid)
    return shown(status("a"), found) if found else ""


def test_the_shortest_way_is_taken_and_one_that_asks_for_nothing_before_it() -> None:
    both = (("a", "z"), ("a", "b"), ("b", "z"))

    assert way(flow(*both)) == "a -> z (1 transition)"
    assert way(flow(*both, asking=("a", "z"))) == "a -> b -> z (2 transitions)"
    assert way(flow(*both, asking=("a", "z")), avoid="b") == "a -> z (1 transition)"


def test_no_way_goes_round_in_circles_through_what_is_to_be_avoided_or_over_four_steps() -> None:
    assert way(flow(("a", "b"), ("b", "a"))) == ""
    assert way(flow(("a", "b"), ("b", "z")), avoid="b") == ""
    assert way(flow(("a", "b"), ("b", "c"), ("c", "d"), ("d", "z"))) == "a -> b -> c -> d -> z (4 transitions)"
    assert way(flow(("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "z"))) == ""
