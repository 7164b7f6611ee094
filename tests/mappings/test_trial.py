"""Expressions that compile and fail on what records hold: warnings, word for word, beside a mapping that can be used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mappings.library import load

SERVICENOW = "mappings/servicenow/incident.yaml"


def loaded(tmp_path: Path, line: str, file: str = SERVICENOW):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"fields:\n  {line}\n")
    return load(path.parent.name, tmp_path)


FAILING = {
    "x_n: {field: u_n, direction: write, compute: int(summary)}": (
        "compute: `int(summary)` fails where summary is empty: cannot convert string to int; "
        "ask first, as in summary != '' ? ... : ..."
    ),
    "x_n: {field: u_n, direction: write, when: 'label[0] == summary'}": (
        "when: `label[0] == summary` fails where label is empty: Index error: index=0 size=0; "
        "ask first, as in label != [] && ..."
    ),
    "x_n: {field: u_n, direction: write, when: '1 / 0 == priority'}": (
        "when: `1 / 0 == priority` fails on all that was tried: divide by zero; mend the expression"
    ),
    "x_n: {field: u_n, direction: write, type: number, compute: \"'many'\"}": (
        "compute: `'many'` fails on all that was tried: 'many' is not a number; give the field type: text, or map a field "
        "that holds one; mend the expression"
    ),
    "major_state: {field: null, values: null, type: text, default: null, compute: \"'major'\"}": (
        "compute: `'major'` fails on all that was tried: major_state is computed as 'major'; "
        "its values: none, proposed, accepted, rejected, cancelled; mend the expression"
    ),
}


@pytest.mark.parametrize("line", FAILING)
def test_an_expression_that_fails_on_what_records_hold_is_a_warning(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, line)

    name = line.partition(":")[0]
    assert [str(problem) for problem in found.warnings] == [f"{SERVICENOW}:2: fields.{name}.{FAILING[line]}"]
    assert [problem.level for problem in found.warnings] == ["warning"]


@pytest.mark.parametrize(
    "line",
    [
        "x_n: {field: u_n, direction: write, compute: \"summary != '' ? int(summary) : 0\"}",
        'x_n: {field: u_n, direction: write, when: "label != [] && label[0] == summary"}',
        "outage_began_at: {direction: read, compute: opened_at}",
    ],
)
def test_an_expression_that_asks_first_is_none(tmp_path: Path, line: str) -> None:
    assert loaded(tmp_path, line).warnings == ()


def test_a_condition_may_ask_for_the_team_where_the_platform_holds_a_list_of_teams(tmp_path: Path) -> None:
    line = "x_squad: {field: Squad, direction: read, when: \"team == 'DBA'\"}"
    mapping = loaded(tmp_path, line, "mappings/jira/recovery_task.yaml")["recovery_task"]

    one = mapping.read({"components": [{"name": "DBA"}], "Squad": "first"})
    two = mapping.read({"components": [{"name": "DBA"}, {"name": "Net"}], "Squad": "first"})

    assert (one.values["x_squad"], "x_squad" in two.values) == ("first", False)
    assert one.problems == two.problems == ()


def test_a_condition_asks_a_list_of_ones_own_as_a_list(tmp_path: Path) -> None:
    text = "x_tags: {field: u_tags, many: true}\n  x_n: {field: u_n, direction: read, when: \"'db' in x_tags\"}"

    read = loaded(tmp_path, text)["incident"].read({"u_tags": "db,net", "u_n": "7"})

    assert (read.values["x_n"], read.problems) == ("7", ())


def test_a_default_is_read_as_what_the_field_holds(tmp_path: Path) -> None:
    text = 'opened_at: {default: "2026-03-02 09:00:00"}\n  ci: {default: 7}\n  summary: {default: 7}'

    read = loaded(tmp_path, text)["incident"].read({})

    assert read.values["opened_at"] == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (read.values["ci"], read.values["summary"]) == (["7"], "7")
