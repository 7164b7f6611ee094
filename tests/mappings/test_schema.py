"""Broken mapping files, as an admin would break them: each message says where, what and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.problem import Invalid
from mappings.library import load


def told(tmp_path: Path, text: str, record: str = "incident", name: str = "") -> list[str]:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / (name or f"{record}.yaml")).write_text(text)
    with pytest.raises(Invalid) as caught:
        load("servicenow", tmp_path)
    return [str(problem) for problem in caught.value.problems]


INCIDENT = "mappings/servicenow/incident.yaml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "fields:\n  sumary:\n    field: short_description\n",
            f"{INCIDENT}:2: fields.sumary: no incident field 'sumary'; did you mean 'summary'?",
        ),
        (
            "fields:\n  summary:\n    feild: short_description\n",
            f"{INCIDENT}:3: fields.summary.feild: no setting 'feild'; did you mean 'field'?",
        ),
        (
            "fields:\n  summary:\n    type: txet\n",
            f"{INCIDENT}:3: fields.summary.type: 'txet' is no type; did you mean 'text'?",
        ),
        (
            "fields:\n  summary:\n    direction: inward\n",
            f"{INCIDENT}:3: fields.summary.direction: 'inward' is no direction; use one of: read, write, both",
        ),
        (
            "tabel: incident\n",
            f"{INCIDENT}:1: tabel: no setting 'tabel'; did you mean 'table'?",
        ),
        (
            "version: 2\n",
            f"{INCIDENT}:1: version: version 2 of the language is not known; write version: 1",
        ),
        (
            'fields:\n  state:\n    values:\n      reslved: "6"\n',
            f"{INCIDENT}:4: fields.state.values.reslved: state has no value 'reslved'; did you mean 'resolved'?",
        ),
        (
            'fields:\n  state:\n    values:\n      closed: ["7", "6"]\n',
            (
                f"{INCIDENT}:4: fields.state.values.closed: '6' is mapped twice, to resolved and to closed; "
                "keep one, or add lossy: accepted (the first is then what it reads as)"
            ),
        ),
        (
            "fields:\n  opened_at:\n    zone: Europe/Zurrich\n",
            (
                f"{INCIDENT}:3: fields.opened_at.zone: no time zone 'Europe/Zurrich'; "
                "use a name such as Europe/Zurich or UTC"
            ),
        ),
        (
            "fields:\n  x_source:\n    type: text\n",
            f"{INCIDENT}:2: fields.x_source: the platform's field is missing; add field:, compute: or default:",
        ),
        (
            "fields:\n  x_kind:\n    field: category\n    type: choice\n",
            f"{INCIDENT}:4: fields.x_kind.type: a choice needs its values; add values: {{ours: theirs}}",
        ),
        (
            "fields:\n  x_day:\n    field: u_day\n    from: opend_at\n",
            f"{INCIDENT}:4: fields.x_day.from: no incident field 'opend_at'; did you mean 'opened_at'?",
        ),
        (
            "- table: incident\n",
            f"{INCIDENT}:1: a mapping file holds names with values; start with `fields:`",
        ),
    ],
)
def test_a_broken_mapping_is_told_with_place_fault_and_mending(tmp_path: Path, text: str, expected: str) -> None:
    assert told(tmp_path, text) == [expected]


def test_a_file_that_is_not_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    assert told(tmp_path, "fields:\n  summary: {field: short_description\n") == [
        f"{INCIDENT}:2: not YAML: a {{ is not closed; close it with }}, and put a comma between settings"
    ]


def test_a_template_with_an_unknown_name_is_told_with_its_place(tmp_path: Path) -> None:
    text = "fields:\n  title:\n    direction: write\n    template: '{{ titel }}'\n"

    (problem,) = told(tmp_path, text, "recovery_task")

    assert problem.startswith(
        "mappings/servicenow/recovery_task.yaml:4: fields.title.template: line 1: unknown name 'titel'; "
        "did you mean 'title'?"
    )


def test_a_file_named_after_no_record_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "fields: {}\n", name="incidents.yaml") == [
        (
            "mappings/servicenow/incidents.yaml: no record is mapped by a file of this name, so it would have no effect; "
            "did you mean 'incident'?"
        )
    ]


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / "incident.yaml").write_text("fields:\n  sumary: {field: a}\n  numbr: {field: b}\n")
    (folder / "review.yaml").write_text("tabel: problem\n")

    with pytest.raises(Invalid) as caught:
        load("servicenow", tmp_path)

    assert [problem.where for problem in caught.value.problems] == [
        f"{INCIDENT}:2: fields.sumary",
        f"{INCIDENT}:3: fields.numbr",
        "mappings/servicenow/review.yaml:1: tabel",
    ]
