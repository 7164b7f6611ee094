"""Creates held against Jira's screens as they stand now: what would be refused, and what would be left out."""

from pathlib import Path
from typing import Any

from tests.adapters.jira.jira_desk import Desk, write
from tests.adapters.jira.test_jira_check import SEVERITY, mapped

FILE = "mappings/jira/recovery_task.yaml"


def tried(
    desk: Desk, tmp_path: Path, lines: str = "  number: {field: key, direction: read}\n", **values: Any
) -> list[str]:
    adapter = desk.adapter(mappings=mapped(tmp_path, lines))
    return [f"{problem.level}: {problem}" for problem in adapter.preflight([write("t", **values)])]


def test_a_required_field_that_nothing_supplies_is_told_with_the_line_to_write_and_with_the_line_that_maps_it(
    desk: Desk, tmp_path: Path
) -> None:
    desk.administer({**SEVERITY, "required_in": "OPS"})

    unmapped = tried(desk, tmp_path)
    empty = tried(
        desk, tmp_path, "  x_severity: {field: Severity, type: choice, values: {low: Low}, part: value, wrap: value}\n"
    )

    told = "error: t: Severity: 'Severity' is required for Task in OPS, and nothing supplies it; "
    line = "x_severity: {field: Severity, direction: write, part: value, wrap: value, default: Low}"
    assert unmapped == [f"{told}map it ({line}), or make it optional ({FILE}: fields)"]
    assert empty == [f"{told}give it a default: ({FILE}:2: fields.x_severity)"]


def test_a_value_that_a_list_does_not_offer_is_told_with_what_it_offers_and_the_line_that_writes_it(
    desk: Desk, tmp_path: Path
) -> None:
    desk.administer(SEVERITY)
    lines = "  x_severity: {field: Severity, type: choice, values: {worst: Top}, part: value, wrap: value}\n"

    found = tried(desk, tmp_path, lines, x_severity="worst")

    assert found == [
        (
            "warning: t: Severity: 'Top' was left out (there is no 'Top', but Low, High); write a value that it takes, by "
            f"the plan or the mapping ({FILE}:2: fields.x_severity)"
        )
    ]
