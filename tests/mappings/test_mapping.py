"""A compiled mapping: what it reads and writes, and what it says about values that it cannot map."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mappings.library import load
from mappings.mapping import Mapping
from mappings.transforms import Lookup


def made(tmp_path: Path, text: str, record: str = "incident") -> Mapping:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / f"{record}.yaml").write_text(text)
    return load("servicenow", tmp_path)[record]


def nobody(lookup: Lookup, name: str) -> None:
    return None


def test_only_differences_are_written(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {outage_began_at: {field: u_outage_start, direction: read, type: datetime}}\n")

    read = mapping.read({"u_outage_start": "2026-03-02 08:55:00", "number": "INC1"})

    assert read.values["outage_began_at"] == datetime(2026, 3, 2, 8, 55, tzinfo=UTC)
    assert read.values["number"] == "INC1"


def test_null_takes_a_shipped_field_out(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {resolved_at: null}\n")

    assert mapping.named("resolved_at") is None
    assert mapping.named("number") is not None


def test_an_unmapped_value_names_the_file_and_what_to_add(tmp_path: Path) -> None:
    read = load("servicenow")["incident"].read({"state": "9", "number": "INC1"})

    assert read.values["number"] == "INC1"
    assert "state" not in read.values
    assert [str(problem) for problem in read.problems] == [
        (
            "mappings/servicenow/incident.yaml: fields.state.values: value '9' is not mapped (platform field 'state'); "
            "add it to one of: cancelled, closed, in_progress, new, on_hold, resolved"
        )
    ]


def test_a_value_of_ours_that_is_not_mapped_is_told_and_left_out(tmp_path: Path) -> None:
    text = "fields: {x_site: {field: u_site, type: choice, values: {north: n}}}\n"
    mapping = made(tmp_path, text, "recovery_task")

    written = mapping.write({"x_site": "south", "title": "Fail over"}, nobody)

    assert written.fields == {"short_description": "Fail over"}
    assert [str(problem) for problem in written.problems] == [
        (
            "mappings/servicenow/recovery_task.yaml:1: fields.x_site.values: our value 'south' is not mapped "
            "(platform field 'u_site'); add south: <the platform's value>"
        )
    ]


def test_a_name_that_nobody_bears_is_told_and_left_out() -> None:
    written = load("servicenow")["recovery_task"].write({"assignee": "priya.dba", "title": "x"}, nobody)

    assert "assigned_to" not in written.fields
    assert [problem.what for problem in written.problems] == [
        "no user 'priya.dba' on the platform (platform field 'assigned_to')"
    ]


def test_values_are_matched_without_regard_to_case() -> None:
    assert load("jira")["incident"].read({"status": {"name": "IN PROGRESS"}}).values["state"] == "in_progress"


def test_of_several_values_the_first_is_written_and_all_are_read(tmp_path: Path) -> None:
    mapping = made(tmp_path, 'fields: {state: {values: {done: ["3", "30"]}}}\n', "recovery_task")

    assert mapping.write({"state": "done"}, nobody).fields == {"state": "3"}
    assert mapping.read({"state": "30"}).values["state"] == "done"


def test_an_empty_value_is_none_and_an_absent_field_is_absent() -> None:
    values = load("servicenow")["incident"].read({"resolved_at": "", "priority": "", "cmdb_ci": ""}).values

    assert (values["resolved_at"], values["priority"], values["ci"]) == (None, None, [])
    assert "closed_at" not in values


def test_a_number_that_is_none_is_a_problem_on_the_record() -> None:
    read = load("servicenow")["incident"].read({"priority": "high"})

    assert "priority" not in read.values
    assert "'high' is not a number" in str(read.problems[0])


def test_a_local_time_is_read_in_the_zone_that_the_file_says(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {opened_at: {zone: Europe/Zurich}}\n")

    assert mapping.read({"opened_at": "2026-07-01 10:00:00"}).values["opened_at"] == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_a_template_fills_text_and_knows_every_neutral_name(tmp_path: Path) -> None:
    mapping = made(
        tmp_path,
        "fields: {title: {direction: write, template: '[{{ continuity_plan }}] {{ value }}'}}\n",
        "recovery_task",
    )

    written = mapping.write({"title": "Fail over", "continuity_plan": "PAY-DR"}, nobody)

    assert written.fields == {"short_description": "[PAY-DR] Fail over"}


def test_a_default_is_written_on_a_create_only(tmp_path: Path) -> None:
    mapping = made(tmp_path, "fields: {x_source: {field: u_source, default: continuity}}\n", "recovery_task")

    assert mapping.write({"title": "x"}, nobody, whole=True).fields["u_source"] == "continuity"
    assert "u_source" not in mapping.write({"title": "x"}, nobody).fields


def test_one_value_can_be_written_to_two_fields(tmp_path: Path) -> None:
    text = "fields: {x_day: {field: u_day, from: due_at, direction: write, type: date}}\n"
    mapping = made(tmp_path, text, "recovery_task")

    written = mapping.write({"due_at": "2026-03-02T23:30:00+00:00"}, nobody)

    assert written.fields == {"due_date": "2026-03-02 23:30:00", "u_day": "2026-03-02"}


def test_clearing_a_value_clears_the_field() -> None:
    assert load("servicenow")["recovery_task"].write({"assignee": ""}, nobody).fields == {"assigned_to": ""}
    assert load("jira")["recovery_task"].write({"assignee": None}, nobody).fields == {"assignee": None}


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_choice_is_left_alone(value: object) -> None:
    assert load("jira")["activation"].write({"state": value, "title": "x"}, nobody).fields == {"summary": "x"}


def test_fields_that_the_platform_lacks_are_left_out_or_missing() -> None:
    present = {"summary": "summary", "status": "status"}

    bound = load("jira")["incident"].bind(present.get)

    assert {item.name for item in bound.fields} >= {"summary", "state"}
    assert "priority" in {item.name for item in bound.missing}
    assert "continuity_plan" not in {item.name for item in bound.missing}


def test_a_date_is_read_as_a_date() -> None:
    assert load("jira")["review"].read({"duedate": "2026-03-09"}).values["due_at"] == date(2026, 3, 9)


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("0", False), ("", None)])
def test_truth_values_are_read_in_the_ways_they_are_written(tmp_path: Path, text: str, expected: object) -> None:
    mapping = made(tmp_path, "fields: {x_vip: {field: u_vip, type: boolean}}\n")

    assert mapping.read({"u_vip": text}).values["x_vip"] is expected


@pytest.mark.parametrize("line", ["{field: u_tag}", "{field: u_tag, type: labels}", "{field: u_tag, type: list}"])
def test_what_is_a_list_of_ours_is_read_as_one_whatever_its_type(tmp_path: Path, line: str) -> None:
    mapping = made(tmp_path, f"fields:\n  label: {line[:-1]}, direction: read}}\n")

    assert mapping.read({"u_tag": "vip"}).values["label"] == ["vip"]
    assert mapping.read({"u_tag": ""}).values["label"] == []


def test_a_default_or_a_computed_text_of_a_list_is_a_list_of_one(tmp_path: Path) -> None:
    text = "fields:\n  service: {field: u_service, direction: read, default: web}\n"
    text += "  label: {direction: read, compute: \"summary == '' ? '' : 'named'\"}\n"

    values = made(tmp_path, text).read({"short_description": "x"}).values

    assert values["service"] == ["web"]
    assert values["label"] == ["named"]


def test_a_computed_value_that_the_field_cannot_have_is_told_and_left_out(tmp_path: Path) -> None:
    text = "fields:\n  major_state:\n    field: null\n    values: null\n    type: text\n    default: null\n"
    text += "    compute: \"'major'\"\n"
    text += "  outage_began_at: {direction: read, type: datetime, compute: summary}\n"

    read = made(tmp_path, text).read({"short_description": "yesterday"})

    assert not {"major_state", "outage_began_at"} & set(read.values)
    assert [problem.what for problem in read.problems] == [
        "major_state is computed as 'major' (platform field '')",
        "'yesterday' is not a date and time (platform field '')",
    ]


def test_a_template_is_given_instants_and_days_as_texts(tmp_path: Path) -> None:
    text = "fields: {title: {direction: write, template: '{{ value }} by {{ due_at }}'}}\n"
    mapping = made(tmp_path, text, "recovery_task")

    for due, told in (
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02T09:00:00+00:00"),
        (date(2026, 3, 2), "2026-03-02"),
    ):
        written = mapping.write({"title": "Failover", "due_at": due}, nobody)

        assert written.fields["short_description"] == f"Failover by {told}"
