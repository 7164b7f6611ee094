"""Broken mapping files, as an admin would break them: every message word for word, and nothing else is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.problem import Invalid
from mappings.library import load
from tests.mappings.broken import Broken
from tests.mappings.broken_form import FORM
from tests.mappings.broken_meaning import MEANING


def told(tmp_path: Path, text: str, file: str) -> list[str]:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        load(path.parent.name, tmp_path)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("case", [*FORM, *MEANING], ids=lambda case: case.title)
def test_what_is_wrong_is_told_with_place_fault_and_mending(tmp_path: Path, case: Broken) -> None:
    assert told(tmp_path, case.text, case.file) == [f"{case.file}:{message}" for message in case.messages]


@pytest.mark.parametrize("case", [*FORM, *MEANING], ids=lambda case: case.title)
def test_every_message_says_what_to_do(tmp_path: Path, case: Broken) -> None:
    path = tmp_path / case.file
    path.parent.mkdir(parents=True)
    path.write_text(case.text)

    with pytest.raises(Invalid) as caught:
        load(case.platform, tmp_path)

    assert all(problem.what and problem.fix for problem in caught.value.problems)


def test_faults_of_form_and_meaning_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = (
        "fields:\n"
        "  sumary: {field: a}\n"
        "  number: {feild: b}\n"
        '  x_vip: {field: c, direction: read, when: "prio == 1"}\n'
        "  opened_at: {zone: Mars}\n"
        "  x_site: {field: u_site, type: choice, values: {north: n, north: o}}\n"
    )

    assert [message.partition(";")[0] for message in told(tmp_path, text, "mappings/servicenow/incident.yaml")] == [
        "mappings/servicenow/incident.yaml:2: fields.sumary: no incident field 'sumary'",
        "mappings/servicenow/incident.yaml:3: fields.number.feild: no setting 'feild'",
        "mappings/servicenow/incident.yaml:4: fields.x_vip.when: unknown name 'prio'",
        "mappings/servicenow/incident.yaml:5: fields.opened_at.zone: no time zone 'Mars'",
        "mappings/servicenow/incident.yaml:6: fields.x_site.values.north: 'north' stands twice, first on line 6",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "incidents.yaml",
            "no record is mapped by a file of this name, so it would have no effect; did you mean 'incident'?",
        ),
        ("incident.yml", "only files that end in .yaml are read; name it incident.yaml"),
        (
            "notes.yaml",
            (
                "no record is mapped by a file of this name, so it would have no effect; "
                "name it after one of: incident, activation, recovery_task, review, service, plan, plan_task"
            ),
        ),
    ],
)
def test_a_file_that_would_have_no_effect_is_told(tmp_path: Path, name: str, expected: str) -> None:
    file = f"mappings/servicenow/{name}"

    assert told(tmp_path, "fields: {}\n", file) == [f"{file}: {expected}"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version: 1\n", "---\n"])
def test_a_file_that_changes_nothing_is_no_fault(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / "incident.yaml").write_text(text)

    assert load("servicenow", tmp_path)["incident"].fields == load("servicenow")["incident"].fields


@pytest.mark.parametrize("word", ["no", "on", "off", "yes"])
def test_words_that_older_yaml_takes_for_truth_values_are_texts(tmp_path: Path, word: str) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    text = f"fields:\n  x_site: {{field: u_site, type: choice, values: {{{word}: {word}, other: o}}}}\n"
    (folder / "recovery_task.yaml").write_text(text)

    mapping = load("servicenow", tmp_path)["recovery_task"]

    assert mapping.read({"u_site": word}).values == {"x_site": word}


def test_truth_values_can_be_mapped(tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    text = "fields:\n  x_vip: {field: u_vip, type: boolean, values: {true: Y, false: N}}\n"
    (folder / "recovery_task.yaml").write_text(text)
    mapping = load("servicenow", tmp_path)["recovery_task"]

    written = mapping.write({"x_vip": False}, lambda lookup, name: name)

    assert (written.fields, written.problems) == ({"u_vip": "N"}, ())
    assert [mapping.read({"u_vip": theirs}).values["x_vip"] for theirs in ("Y", "N")] == [True, False]
