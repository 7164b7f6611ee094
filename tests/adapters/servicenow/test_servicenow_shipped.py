"""The shipped mappings against instances as they come, simulated and recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.servicenow import demands, fitting
from adapters.servicenow.batch import Answer
from adapters.servicenow.dictionary import Dictionary
from mappings.library import load
from sandbox.servicenow.options import Options

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "servicenow"
recorded = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")
PLAIN = (
    "u_continuity_plan",
    "u_continuity_phase",
    "u_recovery_status",
    "u_recovery_progress",
    "u_rto_due",
    "u_continuity_link",
)


NO_PLUGIN = (
    "the instance has no column incident.major_incident_state: Major Incident Management is not active; say "
    "major_incident_management: absent for the connection, and let your rule ask for what your desk uses"
)


def lacking(*names: str) -> list[str]:
    return [
        f"the instance has no column incident.{name}; add the column to incident, or take the field out of the mapping of "
        "incident"
        for name in names
    ]


@pytest.mark.parametrize(
    ("options", "settings", "told"),
    [
        (Options(), {}, []),
        (Options(mim=False), {}, [NO_PLUGIN]),
        (Options(mim=False), {"major_incident_management": False}, []),
        (Options(plain=True), {}, [NO_PLUGIN, *lacking(*PLAIN)]),
    ],
    ids=["with the plugin", "without it", "without it and so set", "as it comes"],
)
def test_the_shipped_mappings_have_no_errors_and_warn_only_of_columns_to_add(make, options, settings, told):
    problems = make(options, settings).problems()

    assert {problem.level for problem in problems} <= {"warning"}
    assert [f"{problem.what}; {problem.fix}" for problem in problems] == told


def answers(table: str, labels: dict[str, str], kinds: dict[str, str]) -> dict[str, Answer]:
    """The dictionary of a flat table, of what was recorded of it."""
    columns = [
        {"name": table, "element": name, "column_label": label, "internal_type": kinds.get(name, "string")}
        for name, label in labels.items()
    ]
    return {
        "tables:0": Answer(200, {"result": [{"name": table}]}),
        "columns:0": Answer(200, {"result": columns}),
    }


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())["result"]


@recorded
@pytest.mark.parametrize(
    ("record", "part", "lacks"),
    [("incident", "child_incident", lacking(*PLAIN)), ("recovery_task", "incident_task", [])],
)
def test_every_shipped_column_but_our_own_is_on_a_recorded_instance(record, part, lacks):
    labels = sample("getMajorIncident.json")[part]["labels"]
    mapping = load("servicenow")[record]
    found = Dictionary(answers(mapping.setting("table"), {name: str(label) for name, label in labels.items()}, {}))

    told = [
        f"{problem.what}; {problem.fix}" for problem in fitting.problems(found, mapping) if "no column" in problem.what
    ]

    assert told == lacks


@recorded
def test_every_shipped_incident_column_but_ours_and_the_plugins_is_in_recorded_incidents():
    held = set(sample("createRecordInTable.json")) | set(sample("queryTableByNameAndId.json"))
    fields = {item.field for item in load("servicenow")["incident"].fields}

    assert fields - held == {*PLAIN, "major_incident_state"}


@recorded
def test_every_shipped_review_column_that_all_problems_have_is_in_a_recorded_problem():
    (row, *_) = sample("table_1.json")
    fields = {item.field for item in load("servicenow")["review"].fields}

    assert fields - set(row) <= {"first_reported_by_task"}


@recorded
def test_a_label_of_a_recorded_instance_leads_to_its_column():
    labels = sample("getMajorIncident.json")["child_incident"]["labels"]
    found = Dictionary(answers("incident", {name: str(label) for name, label in labels.items()}, {}))

    located = {label: found.locate("incident", str(label)) for label in labels.values()}

    assert all(names for names in located.values())
    assert located["Caused by Change"] == ("caused_by",)


def test_the_columns_that_we_fill_ourselves_are_on_every_table_that_extends_task(make):
    world = make()

    assert {name: world.row(world.post("problem"))[name] for name in demands.OWN} == dict.fromkeys(demands.OWN, "")
