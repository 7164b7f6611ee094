"""The live check of Jira: what an administrator changed is told before the outage, in words that say what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.problem import Problem
from connector.ticketing import Names, Write
from mappings.library import Mappings, load
from tests.adapters.jira.jira_desk import Desk, only, write

ADMINISTER = {"do": "grant", "permission": "ADMINISTER"}
SEVERITY = {"do": "add_field", "name": "Severity", "kind": "option", "options": ["Low", "High"]}


def mapped(tmp_path: Path, lines: str, record: str = "recovery_task") -> Mappings:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{record}.yaml").write_text(f"fields:\n{lines}")
    return load("jira", tmp_path)


def problems(desk: Desk, names: Names | None = None, **settings: Any) -> tuple[Problem, ...]:
    asked = names or Names(projects=("OPS",))
    return desk.adapter(**{"projects": (), **settings}).check(asked).problems


def told(found: Sequence[Problem], level: str = "error") -> list[str]:
    return [str(problem) for problem in found if problem.level == level]


def populate(desk: Desk) -> None:
    """Have an issue of each type that we make stand in each status of OPS."""
    jira = desk.warmed()
    parent = only(jira.send([write("a", "activation")]))
    for state in ("open", "in_progress", "done"):
        only(jira.send([write(f"a-{state}", "activation", state=state)]))
        only(jira.send([write(f"t-{state}", parent=parent.id, state=state)]))


def test_the_shipped_mappings_fit_the_seeded_site_in_all_that_can_be_seen(desk: Desk) -> None:
    desk.administer(ADMINISTER)
    populate(desk)

    found = problems(desk)

    assert found == ()


def test_nothing_stands_against_the_shipped_mappings_on_a_service_desk_either(desk: Desk) -> None:
    desk.administer(ADMINISTER)

    names = Names(projects=("OPS", "NET", "SD"), people=("Priya Nair",), teams=("Service Desk",))

    assert told(problems(desk, names, projects=("SD",))) == []


@pytest.mark.parametrize("fills_in", [False, True])
def test_a_field_that_became_required_is_an_error_unless_it_fills_itself_in(desk: Desk, *, fills_in: bool) -> None:
    desk.administer({**SEVERITY, "required_in": "OPS", "fills_in": fills_in})

    found = told(problems(desk))

    assert found == ([] if fills_in else [
        f"mappings/jira/{record}.yaml: fields: 'Severity' is required to create {types} in OPS, and nothing gives it a "
        "value: the create would be refused; map it (x_severity: {field: Severity, direction: write, part: value, wrap: value, default: Low}), "
        "or make it optional"
        for record, types in (("recovery_task", "Task, Sub-task"), ("activation", "Task"), ("review", "Task, Sub-task"))
    ])  # fmt: skip


def test_the_advice_about_a_required_field_helps(desk: Desk, tmp_path: Path) -> None:
    desk.administer({**SEVERITY, "required_in": "OPS"})
    line = "  x_severity: {field: Severity, direction: write, part: value, wrap: value, default: Low}\n"
    for record in ("recovery_task", "activation", "review"):
        mappings = mapped(tmp_path, line, record)

    found = told(problems(desk, mappings=mappings))
    outcome = only(desk.adapter(mappings=mappings).send([write("t")]))

    assert found == []
    assert outcome.status == "done"
    assert desk.issues()[outcome.number]["fields"]["customfield_10201"]["value"] == "Low"


def test_a_required_field_that_is_mapped_but_not_always_written_is_named_with_its_line(
    desk: Desk, tmp_path: Path
) -> None:
    desk.administer({"do": "require_field", "field": "Assignee", "project": "OPS"})
    desk.administer({"do": "require_field", "field": "Continuity phase", "project": "OPS"})
    lines = '  x_phase: {field: Continuity phase, direction: write, default: DR, when: team == "Database Operations"}\n'

    found = told(problems(desk, mappings=mapped(tmp_path, lines)))

    assert (
        "mappings/jira/recovery_task.yaml:2: fields.x_phase: 'Continuity phase' is required to create Task, Sub-task "
        "in OPS, and nothing gives it a value: the create would be refused where its condition does not hold; "
        "give it a default: and no when:"
    ) in found
    assert any(
        "recovery_task.yaml: fields.assignee: 'Assignee' is required" in line and "nobody is named" in line
        for line in found
    )


def test_a_field_off_the_create_or_the_edit_screen_is_told_for_that_screen(desk: Desk) -> None:
    populate(desk)
    desk.administer(
        {"do": "take_off_screen", "field": "RTO due", "project": "OPS", "screen": "create"},
        {"do": "take_off_screen", "field": "Recovery status", "project": "OPS", "screen": "edit"},
    )

    found = told(problems(desk), "warning")

    assert found == [
        (
            "mappings/jira/recovery_task.yaml: fields.due_at: 'RTO due' is not on the create screen of Task, Sub-task in "
            "OPS, so that its value is left out; put it on the type's screens, or take it out of the mapping"
        ),
        (
            "mappings/jira/activation.yaml: fields.rto_due: 'RTO due' is not on the create screen of Task in OPS, so that "
            "its value is left out; put it on the type's screens, or take it out of the mapping"
        ),
        (
            "mappings/jira/activation.yaml: fields.recovery_status: 'Recovery status' is not on the edit screen of Task in "
            "OPS, so that its value cannot be changed; put it on the type's screens, or take it out of the mapping"
        ),
    ]


def test_labels_off_the_create_screen_are_an_error_because_every_create_would_be_refused(desk: Desk) -> None:
    desk.administer({"do": "take_off_screen", "field": "Labels", "project": "OPS"})

    assert told(problems(desk)) == [
        (
            "connections.jira-test.projects.OPS: 'labels' is not on the create screen of Task, Sub-task in OPS, and no "
            "issue of ours can be made without it; put it on the screen"
        )
    ]


def test_labels_off_the_edit_screen_are_an_error_because_they_say_which_task_waits(desk: Desk) -> None:
    populate(desk)
    waiting = only(desk.adapter().send([write("w", state="pending")]))
    desk.administer({"do": "take_off_screen", "field": "Labels", "project": "OPS", "screen": "edit"})

    found = told(problems(desk))
    opened = Write("o", "update", "recovery_task", waiting.id, waiting.number, {"state": "in_progress"})

    assert found == [
        (
            "connections.jira-test.projects.OPS: 'labels' is not on the edit screen of Task, Sub-task in OPS: a task "
            "that waited for others could not be opened; put it on the screen"
        )
    ]
    assert only(desk.adapter().send([opened])).status == "refused"


def test_what_is_written_into_a_field_of_another_kind_is_told_with_what_to_write(desk: Desk, tmp_path: Path) -> None:
    desk.administer(
        SEVERITY,
        *({"do": "add_field", "name": name, "kind": kind} for name, kind in (
            ("When", "datetime"), ("Then", "datetime"), ("Words", "string"), ("Tags", "options"), ("Notes", "rich"),
        )),
    )  # fmt: skip
    mappings = mapped(
        tmp_path,
        "  x_a: {field: Severity, direction: write, from: title}\n"
        "  x_b: {field: When, direction: write, from: title}\n"
        "  x_c: {field: Then, direction: write, type: datetime, from: due_at}\n"
        "  x_d: {field: Words, direction: write, from: title, wrap: value}\n"
        "  x_e: {field: Recovery progress, direction: write, from: title}\n"
        "  x_f: {field: labels, direction: write, from: title}\n"
        "  x_g: {field: Team, direction: write, type: rich_text, from: text}\n"
        "  x_h: {field: Recovery status, direction: read, type: text}\n"
        "  x_i: {field: Recovery progress, direction: read, type: datetime}\n"
        "  x_j: {field: Tags, direction: write, type: list, wrap: value, from: title}\n"
        "  x_k: {field: Notes, direction: write, type: rich_text, from: text}\n",
    )

    found = told(problems(desk, mappings=mappings))

    file = "mappings/jira/recovery_task.yaml"
    assert found == [
        (
            f"{file}:2: fields.x_a: 'Severity' takes an option of its list, and the mapping writes text; "
            "give it part: value, wrap: value"
        ),
        (
            f"{file}:3: fields.x_b: 'When' takes a date and time, and the mapping writes text; "
            'give it type: datetime, format: "%Y-%m-%dT%H:%M:%S.000%z"'
        ),
        (
            f"{file}:4: fields.x_c: 'Then' takes a date and time, and the mapping writes text such as "
            "'2026-03-02T13:05:00+00:00'; give it type: datetime, format: \"%Y-%m-%dT%H:%M:%S.000%z\""
        ),
        (
            f"{file}:5: fields.x_d: 'Words' takes plain text, and the mapping writes {{value: ...}}; "
            "give it type: text, without wrap:"
        ),
        (
            f"{file}:6: fields.x_e: 'Recovery progress' takes a number, and the mapping writes text; "
            "give it type: number, without wrap:"
        ),
        f"{file}:7: fields.x_f: 'labels' takes a list of words, and the mapping writes text; give it type: labels",
        (
            f"{file}:8: fields.x_g.type: 'Team' takes plain text, and the mapping writes formatted text; "
            "give it type: text, without wrap:"
        ),
        (
            f"{file}:10: fields.x_i: 'Recovery progress' holds a number, and is read as a date and time; "
            "give it the type of what it holds, or map another field"
        ),
    ]


def test_values_are_held_against_the_list_that_the_field_offers(desk: Desk, tmp_path: Path) -> None:
    desk.administer(SEVERITY, {"do": "rename_option", "field": "Severity", "option": "High", "to": "Severe"})
    lines = (
        "  x_severity:\n    field: Severity\n    type: choice\n    part: value\n    wrap: value\n"
        "    values: {low: [Low], high: [High]}\n"
    )

    found = problems(desk, mappings=mapped(tmp_path, lines))

    assert told(found) == [
        (
            "mappings/jira/recovery_task.yaml:2: fields.x_severity.values: 'Severity' of Task, Sub-task in OPS does not "
            "offer 'High'; write one of: Low, Severe"
        )
    ]
    assert (
        "mappings/jira/recovery_task.yaml:2: fields.x_severity.values: 'Severity' offers 'Severe' in jira-test, which "
        "is not mapped; add each to one of: low, high"
    ) in told(found, "warning")


def test_a_renamed_priority_is_told_because_incidents_would_lose_theirs(desk: Desk) -> None:
    desk.administer({"do": "rename_option", "field": "Priority", "option": "Highest", "to": "Now"})

    assert (
        "mappings/jira/incident.yaml: fields.priority.values: 'priority' offers 'Now' in jira-test, which is not "
        "mapped; add each to one of: 1, 2, 3, 4, 5"
    ) in told(problems(desk, projects=("SD",)), "warning")


def test_a_field_that_is_gone_is_an_error_unless_it_is_optional_and_twins_are_told(desk: Desk, tmp_path: Path) -> None:
    lines = "  x_team: {field: Team, direction: write, from: team}\n  due_at: {field: RTO due}\n"
    desk.administer(
        {"do": "rename_field", "field": "Team", "to": "Teams"}, {"do": "add_field", "name": "RTO due"},
    )  # fmt: skip

    found = problems(desk, mappings=mapped(tmp_path, lines))

    assert told(found) == [
        "mappings/jira/recovery_task.yaml:2: fields.x_team: jira-test has no field 'Team'; did you mean 'Teams'?"
    ]
    assert (
        "mappings/jira/recovery_task.yaml:3: fields.due_at: jira-test has 2 fields 'RTO due'; "
        "name the one you mean by its id: customfield_10105, customfield_10201"
    ) in told(found, "warning")


def test_people_are_told_who_left_or_share_a_name_and_those_whom_the_mapping_names(desk: Desk, tmp_path: Path) -> None:
    desk.administer(
        {"do": "deactivate", "user": "priya.dba"}, {"do": "hire", "user": "tom.second", "display_name": "Tom Becker"},
    )  # fmt: skip
    mappings = mapped(tmp_path, "  assignee: {default: Priya Nair, lossy: accepted}\n")
    ids = "acc-tom-network, acc-tom-second" if desk.flavour == "cloud" else "tom.network, tom.second"

    found = problems(desk, Names(projects=("OPS",), people=("Priya Nair", "Tom Becker")), mappings=mappings)

    fix = "write the name or address as Jira has it; until then the tasks have no assignee"
    gone = "'Priya Nair' is nobody there who can be given work"
    assert f"connections.jira-test.people: {gone}; {fix}" in told(found, "warning")
    assert f"connections.jira-test.people: 'Tom Becker' is 2 people there: {ids}; {fix}" in told(found, "warning")
    assert told(found) == [
        f"mappings/jira/recovery_task.yaml:2: fields.assignee.default: {gone}; write the name as Jira has it"
    ]


def test_a_lookup_that_the_flavour_does_not_have_is_an_error(cloud: Desk, tmp_path: Path) -> None:
    mappings = mapped(tmp_path, "  assignee: {lookup: {by: key}, direction: write}\n")

    assert told(problems(cloud, mappings=mappings)) == [
        (
            "mappings/jira/recovery_task.yaml:2: fields.assignee.lookup.by: this Jira finds nobody by 'key'; "
            "write one of: email, displayName, accountId"
        )
    ]


def test_a_project_in_which_nothing_can_be_created_or_changed_is_told_as_such(desk: Desk) -> None:
    populate(desk)
    desk.administer(
        {"do": "withdraw", "project": "OPS", "permission": "CREATE_ISSUES"},
        {"do": "withdraw", "project": "OPS", "permission": "EDIT_ISSUES"},
    )

    grant = "in the project's permission scheme"
    assert told(problems(desk)) == [
        f"connections.jira-test.projects.OPS: {what}"
        for what in (
            f"the create screen of Task, Sub-task in OPS shows nothing to the account; grant it CREATE_ISSUES {grant}",
            f"the account may change nothing on the edit screen of Task, Sub-task in OPS; grant it EDIT_ISSUES {grant}",
            f"the account lacks CREATE_ISSUES, EDIT_ISSUES; grant them to the account {grant}",
        )
    ]


def test_a_component_that_is_gone_and_permissions_that_were_withdrawn_are_told(desk: Desk) -> None:
    desk.administer(
        {"do": "remove_component", "project": "OPS", "component": "Database Operations"},
        {"do": "withdraw", "project": "OPS", "permission": "TRANSITION_ISSUES"},
        {"do": "withdraw", "project": "OPS", "permission": "SCHEDULE_ISSUES"},
        {"do": "withdraw", "project": "OPS", "permission": "CREATE_ATTACHMENTS"},
    )

    found = problems(desk, Names(projects=("OPS",), teams=("Database Operations",)))

    fix = "grant them to the account in the project's permission scheme"
    assert told(found) == [f"connections.jira-test.projects.OPS: the account lacks TRANSITION_ISSUES; {fix}"]
    warnings = told(found, "warning")
    assert (
        "connections.jira-test.teams: no component 'Database Operations' in OPS; did you mean 'Network Operations'? Else "
        "create it; until then its tasks go to 'Service Desk'"
    ) in warnings
    assert (
        "connections.jira-test.projects.OPS: the account lacks SCHEDULE_ISSUES, so that 'duedate' is left out there; "
        f"{fix}"
    ) in warnings
    assert (
        "connections.jira-test.projects.OPS: the account lacks CREATE_ATTACHMENTS, so that of files that people add "
        f"elsewhere only the address is told there; {fix}"
    ) in warnings
