"""The shipped mappings: complete, and true for records in the shapes that the platforms send."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.recovery_task import TaskState
from mappings.library import load
from mappings.transforms import Lookup
from mappings.vocabulary import RECORDS

PLATFORMS = ("servicenow", "jira")
SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "servicenow"


def nobody(lookup: Lookup, name: str) -> None:
    return None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_record_has_a_shipped_mapping(platform: str) -> None:
    assert set(load(platform).records) == set(RECORDS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_task_state_can_be_written(platform: str) -> None:
    item = load(platform)["recovery_task"].named("state")

    assert item is not None
    assert set(item.values) == {state.value for state in TaskState}


def test_servicenow_task_states_read_back_as_written() -> None:
    mapping = load("servicenow")["recovery_task"]

    for state in TaskState:
        written = mapping.write({"state": state.value}, nobody)
        assert mapping.read(written.fields).values["state"] == state.value


def test_an_incident_reads_the_same_in_all_three_reference_shapes() -> None:
    mapping = load("servicenow")["incident"]
    names = {"c1": "payments-db", "i9": "INC9"}
    shapes = (
        {"cmdb_ci": "c1", "parent_incident": "i9"},
        {
            "cmdb_ci": {"link": "https://x/c1", "value": "c1"},
            "parent_incident": {"link": "https://x/i9", "value": "i9"},
        },
        {
            "cmdb_ci": {"value": "c1", "display_value": "payments-db"},
            "parent_incident": {"value": "i9", "display_value": "INC9"},
        },
    )

    reads = [mapping.read(shape, lambda kind, sys_id: names.get(sys_id)).values for shape in shapes]

    assert [(values["ci"], values["parent"]) for values in reads] == [(["payments-db"], "i9")] * 3


def test_an_incident_without_the_major_incident_plugin_has_no_major_state() -> None:
    mapping = load("servicenow")["incident"]

    assert mapping.read({"number": "INC1"}).values["major_state"] == ""
    assert mapping.read({"major_incident_state": ""}).values["major_state"] == "none"
    assert mapping.read({"major_incident_state": "canceled"}).values["major_state"] == "cancelled"


def test_a_recovery_task_for_servicenow_has_plain_values() -> None:
    values = {
        "title": "Fail over",
        "text": "Move to the second site.",
        "state": "pending",
        "team": "Database Operations",
        "order": 3,
        "due_at": "2026-03-02T11:30:00+01:00",
        "incident": "abc",
        "continuity_link": "https://c.example/t/1",
    }

    written = load("servicenow")["recovery_task"].write(values, lambda lookup, name: f"{lookup.kind}-id", whole=True)

    assert written.problems == ()
    assert written.fields == {
        "short_description": "Fail over",
        "description": "Move to the second site.\n\nContinuity plan: https://c.example/t/1",
        "state": "-5",
        "assignment_group": "team-id",
        "order": 3,
        "due_date": "2026-03-02 10:30:00",
        "incident": "abc",
    }


def test_a_recovery_task_for_jira_has_jiras_objects() -> None:
    mapping = load("jira")["recovery_task"].bind({"RTO due": "customfield_1"}.get)
    bound = load("jira")["recovery_task"].bind(lambda name: {"RTO due": "customfield_1"}.get(name, name))
    values = {"title": "Fail over", "team": "Database Operations", "due_at": "2026-03-02T10:30:00+00:00", "parent": "7"}

    written = bound.write(values, lambda lookup, name: name)

    assert {item.name for item in mapping.missing} >= {"title", "state"}
    assert written.fields == {
        "summary": "Fail over",
        "components": [{"name": "Database Operations"}],
        "customfield_1": "2026-03-02T10:30:00.000+0000",
        "duedate": "2026-03-02",
        "parent": {"id": "7"},
    }


def test_a_jira_issue_reads_into_neutral_values() -> None:
    fields = {
        "key": "SD-1",
        "summary": "Payments fail",
        "status": {"name": "In Progress", "id": "3", "statusCategory": {"key": "indeterminate"}},
        "priority": {"name": "Highest", "id": "1"},
        "created": "2026-03-02T09:00:00.000+0530",
        "resolutiondate": None,
        "components": [{"id": "1", "name": "Payments"}],
        "labels": ["outage"],
        "project": {"id": "10", "key": "SD", "name": "Service Desk"},
        "issuetype": {"id": "4", "name": "Incident"},
    }

    read = load("jira")["incident"].read(fields)

    assert read.problems == ()
    assert read.values == {
        "number": "SD-1",
        "summary": "Payments fail",
        "state": "in_progress",
        "priority": 1,
        "major_state": "",
        "opened_at": datetime(2026, 3, 2, 3, 30, tzinfo=UTC),
        "resolved_at": None,
        "component": ["Payments"],
        "label": ["outage"],
        "project": "SD",
        "issue_type": "Incident",
    }


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")
@pytest.mark.parametrize("name", ["createRecordInTable", "queryTableByNameAndId", "table_2"])
def test_a_recorded_incident_reads_without_a_problem(name: str) -> None:
    text = (SAMPLES / f"{name}.json").read_text()
    record = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
    record = record.get("result", record)

    read = load("servicenow")["incident"].read(record[0] if isinstance(record, list) else record)

    assert read.problems == ()
    assert read.values["opened_at"].tzinfo is UTC
