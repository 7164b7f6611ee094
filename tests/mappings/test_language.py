"""What the language can say beyond a plain field: conditions, computed values, fallbacks, durations, lookups."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.ticketing import Record
from mappings.library import load
from mappings.mapping import Mapping
from mappings.transforms import Lookup


def made(tmp_path: Path, text: str, record: Record = "recovery_task", platform: str = "servicenow") -> Mapping:
    folder = tmp_path / "mappings" / platform
    folder.mkdir(parents=True)
    (folder / f"{record}.yaml").write_text(text)
    return load(platform, tmp_path)[record]


def same(lookup: Lookup, name: str) -> str:
    return name


TWO_TEAMS = """
fields:
  team: {field: assignment_group, type: team, when: "project != 'WEB'"}
  x_web_team: {field: u_squad, type: team, part: display_value, from: team, when: "project == 'WEB'"}
  project: {field: u_project}
"""


@pytest.mark.parametrize(
    ("project", "expected"), [("WEB", {"u_squad": "DB Ops"}), ("OPS", {"assignment_group": "DB Ops"})]
)
def test_a_condition_chooses_the_field_that_is_written(tmp_path: Path, project: str, expected: dict[str, Any]) -> None:
    mapping = made(tmp_path, TWO_TEAMS)

    written = mapping.write({"team": "DB Ops"}, same, about={"project": project})

    assert (written.fields, written.problems) == (expected, ())


@pytest.mark.parametrize("project", ["WEB", "OPS"])
def test_a_condition_chooses_the_field_that_is_read(tmp_path: Path, project: str) -> None:
    mapping = made(tmp_path, TWO_TEAMS)

    read = mapping.read({"u_project": project, "u_squad": "Web squad", "assignment_group": "DB Ops"})

    assert read.values["team"] == ("Web squad" if project == "WEB" else "DB Ops")


def test_a_condition_asks_a_value_being_written_before_what_is_known_of_the_ticket(tmp_path: Path) -> None:
    mapping = made(tmp_path, TWO_TEAMS)

    written = mapping.write({"team": "DB Ops", "project": "WEB"}, same, about={"project": "OPS"})

    assert written.fields == {"u_squad": "DB Ops", "u_project": "WEB"}


INDEXED = """
fields: {order: {field: order, type: number, when: "service[3] == 'x'"}}
"""


def test_a_condition_that_cannot_be_evaluated_is_told_and_the_rest_is_written(tmp_path: Path) -> None:
    mapping = made(
        tmp_path,
        "fields:\n  order: {field: order, type: number, when: \"label[3] == 'x'\"}\n".replace("label", "service"),
    )

    written = mapping.write({"order": 4, "title": "Fail over"}, same, about={"service": ["Payments"]})

    assert written.fields == {"short_description": "Fail over"}
    assert [str(problem) for problem in written.problems] == [
        (
            "mappings/servicenow/recovery_task.yaml:2: fields.order.when: `service[3] == 'x'` cannot be evaluated: "
            "Index error: index=3 size=1; mend the expression"
        )
    ]


def test_a_computed_value_is_written(tmp_path: Path) -> None:
    text = "fields:\n  x_label: {field: u_label, direction: write, compute: \"title + ' / ' + team\"}\n"
    mapping = made(tmp_path, text)

    written = mapping.write({"title": "Fail over", "team": "DB Ops"}, same, whole=True)

    assert written.fields["u_label"] == "Fail over / DB Ops"


def test_a_computed_value_is_read(tmp_path: Path) -> None:
    text = "fields:\n  major_state: {direction: read, compute: \"'major' in label ? 'accepted' : 'none'\"}\n"
    mapping = made(tmp_path, text, "incident", "jira")

    states = [mapping.read({"labels": labels}).values["major_state"] for labels in (["major", "db"], ["db"])]

    assert states == ["accepted", "none"]


def test_else_reads_what_the_values_do_not_hold(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {state: {else: {read: in_progress}}}\n", "incident")

    read = mapping.read({"state": "42"})

    assert (read.values["state"], read.problems) == ("in_progress", ())


def test_else_writes_what_the_values_do_not_hold(tmp_path: Path) -> None:
    text = 'fields: {x_site: {field: u_site, type: choice, values: {north: n}, else: {write: "?"}, lossy: accepted}}\n'
    mapping = made(tmp_path, text)

    assert mapping.write({"x_site": "south"}, same).fields == {"u_site": "?"}


def test_else_stands_in_for_a_name_that_nobody_bears(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {assignee: {else: {write: duty.manager}}}\n")
    ids = {"duty.manager": "id-of-duty"}

    written = mapping.write({"assignee": "gone.person"}, lambda lookup, name: ids.get(name))

    assert (written.fields, written.problems) == ({"assigned_to": "id-of-duty"}, ())


def test_a_lookup_says_by_which_field_and_what_several_mean(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {assignee: {lookup: {by: employee_number, several: first}, lossy: accepted}}\n")
    asked: list[tuple[Lookup, str]] = []

    mapping.write({"assignee": "4711"}, lambda lookup, name: asked.append((lookup, name)) or "id")  # type: ignore[func-returns-value]

    assert asked == [(Lookup("user", "employee_number", "first"), "4711")]
    assert list(mapping.lookups({"assignee": "4711"})) == asked


@pytest.mark.parametrize(
    ("form", "theirs"),
    [
        ("seconds", 5400),
        ("minutes", 90),
        ("hours", 1.5),
        ("words", "1h 30m"),
        ("since_1970", "1970-01-01 01:30:00"),
    ],
)
def test_a_duration_crosses_both_ways(tmp_path: Path, form: str, theirs: Any) -> None:
    mapping = made(
        tmp_path, f"fields: {{x_expected: {{field: u_expected, type: duration, format: {form}, lossy: accepted}}}}\n"
    )

    written = mapping.write({"x_expected": timedelta(minutes=90)}, same)

    assert written.fields == {"u_expected": theirs}
    assert mapping.read({"u_expected": theirs}).values == {"x_expected": 5400}


def test_a_required_field_without_a_value_is_told_on_a_create(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {x_cost: {field: u_cost_center, required: true}}\n")

    assert [str(problem) for problem in mapping.write({"title": "x"}, same, whole=True).problems] == [
        (
            "mappings/servicenow/recovery_task.yaml:1: fields.x_cost: 'u_cost_center' is required and has no value; "
            "give it a default:"
        )
    ]
    assert mapping.write({"title": "x"}, same).problems == ()
