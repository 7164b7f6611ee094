"""The proof: what survives the way there and back, found by really reading and writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.ticketing import Record
from mappings.library import load
from mappings.proof import Row, losses, prove, refused
from mappings.vocabulary import RECORDS


def proven(tmp_path: Path, text: str, record: Record = "recovery_task", platform: str = "servicenow") -> list[Row]:
    folder = tmp_path / "mappings" / platform
    folder.mkdir(parents=True)
    (folder / f"{record}.yaml").write_text(text)
    return list(prove(load(platform, tmp_path)[record]))


def words(rows: list[Row], field: str, way: str) -> dict[str, tuple[str, str]]:
    return {row.value: (row.verdict, row.words) for row in rows if (row.field, row.way) == (field, way)}


@pytest.mark.parametrize("platform", ["servicenow", "jira"])
@pytest.mark.parametrize("record", RECORDS)
def test_what_is_shipped_is_proven(platform: str, record: Record) -> None:
    mapping = load(platform)[record]
    rows = prove(mapping)

    assert refused(rows) == []
    assert {row.field for row in rows} == {item.name for item in mapping.fields}


def test_each_choice_is_proven_both_ways(tmp_path: Path) -> None:
    rows = proven(tmp_path, 'fields: {x_site: {field: u_site, type: choice, values: {north: [n, "1"], south: s}}}\n')

    assert words(rows, "x_site", "ours") == {
        "north": ("lossless", "north -> n -> north"),
        "south": ("lossless", "south -> s -> south"),
    }
    assert words(rows, "x_site", "theirs") == {
        "n": ("lossless", "n -> north -> n"),
        "1": ("lossy", "1 -> north -> n"),
        "s": ("lossless", "s -> south -> s"),
    }


def test_values_that_collapse_are_named_together() -> None:
    rows = list(prove(load("jira")["recovery_task"]))

    assert words(rows, "state", "ours")["pending"] == ("lossy", "pending, open -> To Do -> open")
    assert all(row.accepted for row in rows if row.field == "state" and row.verdict == "lossy")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("due_at: {type: date, format: '%Y-%m-%d'}", "14:30 is lost, a date has no time of day"),
        ("due_at: {format: '%Y-%m-%d %H:%M'}", "the seconds are lost, %Y-%m-%d %H:%M has none"),
        (
            "due_at: {zone: Europe/Zurich}",
            (
                "2026-10-25 00:00 UTC and 2026-10-25 01:00 UTC are both 2026-10-25 02:00:00: "
                "clocks in Europe/Zurich show that hour twice"
            ),
        ),
        ("x_tags: {field: u_tags, type: labels}", "two words -> two-words -> two-words: a label has no blanks"),
        (
            "x_age: {field: u_age, type: duration, format: words}",
            "90 s -> 2m -> 120 s: words cannot say each second",
        ),
        (
            "assignee: {lookup: {by: email}}",
            "a name is looked up by email and comes back as display_value",
        ),
    ],
)
def test_a_loss_that_the_file_accepts_is_told_and_not_refused(tmp_path: Path, line: str, expected: str) -> None:
    name = line.partition(":")[0]
    rows = proven(tmp_path, f"fields:\n  {line[:-1]}, lossy: accepted}}\n")

    assert words(rows, name, "ours") == {"": ("lossy", expected)}
    assert refused(rows) == []


@pytest.mark.parametrize(
    "line",
    [
        "x_note: {field: u_note}",
        "x_count: {field: u_count, type: number}",
        "x_vip: {field: u_vip, type: boolean}",
        "x_day: {field: u_day, type: date, zone: Pacific/Auckland}",
        "x_day: {field: u_day, type: date, format: '%d.%m.%Y', zone: Pacific/Auckland}",
        "x_at: {field: u_at, type: datetime, zone: Europe/Zurich}",
        "x_age: {field: u_age, type: duration, format: minutes}",
        "x_age: {field: u_age, type: duration, format: since_1970}",
        "x_owner: {field: u_owner, type: user, part: display_value}",
        "x_sites: {field: u_sites, type: list}",
        "x_level: {field: u_level, wrap: value}",
    ],
)
def test_what_comes_back_as_it_was_is_lossless(tmp_path: Path, line: str) -> None:
    rows = proven(tmp_path, f"fields:\n  {line}\n")

    assert {row.verdict for row in rows if row.field.startswith("x_")} == {"lossless"}


def test_one_way_is_told_as_such(tmp_path: Path) -> None:
    text = (
        "fields:\n"
        "  x_site: {field: u_site, direction: read, type: choice, values: {north: n}, else: {read: south}}\n"
        "  x_label: {field: u_label, direction: write, compute: title}\n"
        "  x_goal: {field: u_goal, direction: write, from: priority, type: choice,"
        " values: {1: high, 4: low}}\n"
    )

    rows = proven(tmp_path, text)

    assert words(rows, "x_site", "theirs") == {
        "n": ("read only", "n -> north"),
        "any other": ("read only", "any other -> south"),
    }
    assert words(rows, "x_label", "ours") == {"": ("written only", "computed: title")}
    assert words(rows, "x_goal", "ours") == {
        "1": ("written only", "1 -> high"),
        "4": ("written only", "4 -> low"),
    }


def test_a_row_tells_the_line_at_which_it_is_mended(tmp_path: Path) -> None:
    rows = proven(tmp_path, "fields:\n  x_note: {field: u_note}\n")

    assert {row.where for row in rows if row.field == "x_note"} == {
        "mappings/servicenow/recovery_task.yaml:2: fields.x_note"
    }


def test_a_list_of_thousands_of_choices_is_proven_in_time_and_told_shortly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def counted(value: Any) -> str:
        nonlocal asked
        asked += 1
        return losses.shown(value)

    monkeypatch.setattr("mappings.proof.shown", counted)
    choices = "".join(f"      center{number}: {number % 2}\n" for number in range(1000))

    rows = proven(
        tmp_path,
        f"fields:\n  x_center:\n    field: u_center\n    type: choice\n    lossy: accepted\n    values:\n{choices}",
    )

    own = words(rows, "x_center", "ours")
    assert asked < 100_000, "the proof grows with the square of what a map holds"
    assert own["center2"][1] == (
        "center0, center2, center4, center6, center8, center10, center12, center14, center16, center18 and 490 more"
        " -> 0 -> center0"
    )
