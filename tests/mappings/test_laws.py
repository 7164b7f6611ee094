"""Laws of a mapping that hold for any value: what was written reads back, and an echo changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.recovery_task import TaskState
from mappings.library import load
from mappings.transforms import Lookup

TASK = load("servicenow")["recovery_task"]
PLAIN = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)
INSTANTS = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "title": PLAIN,
        "state": st.sampled_from([state.value for state in TaskState]),
        "order": st.integers(0, 10_000),
        "due_at": INSTANTS,
        "incident": st.uuids().map(lambda made: made.hex),
    },
)


def same(lookup: Lookup, name: str) -> str:
    return name


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_was_written_reads_back(values: dict[str, Any]) -> None:
    written = TASK.write(values, same)
    echoed = {name: str(value) for name, value in written.fields.items()}

    read = TASK.read(echoed)

    assert (written.problems, read.problems) == ((), ())
    assert read.values == values


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_writing_what_was_read_changes_nothing(values: dict[str, Any]) -> None:
    record = {name: str(value) for name, value in TASK.write(values, same).fields.items()}

    again = TASK.write(TASK.read(record).values, same)

    assert {name: str(value) for name, value in again.fields.items()} == record


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from([item.id for item in TASK.fields]), st.one_of(st.none(), st.text(), st.integers()))
)
def test_a_record_of_any_content_reads_without_raising(record: dict[str, Any]) -> None:
    read = TASK.read(record)

    assert set(read.values) <= {item.name for item in TASK.fields}


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01 00:00:00", "now"]
)
def test_an_instant_that_is_none_is_a_problem(text: str) -> None:
    read = TASK.read({"due_date": text})

    assert "due_at" not in read.values
    assert "is not a date and time" in read.problems[0].what


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("type: datetime, zone: Pacific/Auckland", "9999-12-31T23:59:59+00:00"),
        ("type: date, zone: America/New_York", "0001-01-01T00:00:00+00:00"),
        ("type: duration, format: since_1970", 10**15),
        ("type: number", "1e999"),
        ("type: boolean", [True]),
    ],
)
def test_a_value_beyond_what_can_be_written_is_a_problem(tmp_path: Path, setting: str, value: Any) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    line = f"  x_at: {{field: u_at, {setting}, lossy: accepted}}"
    (folder / "recovery_task.yaml").write_text(f"fields:\n{line}\n")
    mapping = load("servicenow", tmp_path)["recovery_task"]

    written = mapping.write({"x_at": value}, same)
    read = mapping.read({"u_at": str(value)})

    assert (written.fields, len(written.problems)) == ({}, 1)
    assert "x_at" in read.values or len(read.problems) == 1
