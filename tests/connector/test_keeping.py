"""How a connection's mappings say what is kept in step, and what our values read back as there."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.connections import comparable, keeping
from connector.record_merge import Rule
from mappings.library import load


@pytest.mark.parametrize("platform", ["servicenow", "jira"])
def test_the_shipped_mappings_say_whose_each_field_is(platform: str) -> None:
    mappings = load(platform)

    service, plan = (keeping(mappings[record], create=False) for record in ("service", "plan"))

    assert service.rules["rto"] == Rule(reads=True, writes=True, policy="continuity")
    assert plan.rules["text"] == Rule(reads=False, writes=True, policy="continuity")
    assert "project" not in service.rules
    values = {"name": "Payments", "rto": 14400, "rpo": 900, "criticality": 1, "owner": "Carla", "text": "**All** of it"}
    there = service.carry(values)
    assert (there.values["rto"], there.values["rpo"]) == (14400, 900)
    assert (there.values["name"], there.values["criticality"], there.values["owner"]) == ("Payments", 1, "Carla")
    assert there.lost == {}
    assert plan.carry({"review_at": "2027-01-31"}).values == {"review_at": "2027-01-31"}


def test_a_field_that_is_only_written_is_read_where_it_can_be_compared(tmp_path: Path) -> None:
    file = tmp_path / "mappings/servicenow/service.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("fields:\n  name: {direction: write, wins: null}\n  owner: {direction: write, wins: null}\n")
    mappings = load("servicenow", tmp_path)

    seen = {field.name: field.reads for field in comparable(mappings)["service"].fields}
    keep = keeping(mappings["service"], create=False)

    assert (seen["name"], seen["owner"]) == (True, False)
    assert (keep.rules["name"].reads, keep.rules["name"].writes) == (False, True)
    assert keep.carry({"name": "Payments"}).values == {"name": "Payments"}


def test_a_value_that_the_mapping_cannot_write_is_told() -> None:
    lost = keeping(load("servicenow")["service"], create=False).carry({"criticality": 9, "name": "Payments"}).lost

    assert list(lost) == ["criticality"]
    assert "9" in lost["criticality"]


@pytest.mark.parametrize("platform", ["servicenow", "jira"])
def test_where_a_plans_task_belongs_is_ours_to_say_and_compared(platform: str) -> None:
    keep = keeping(load(platform)["plan_task"], create=True)

    assert keep.rules["plan"] == Rule(reads=False, writes=True)
    assert keep.rules["duration"] == Rule(reads=True, writes=True)
    values = {"title": "Fail over", "duration": 1200, "plan": "10042", "phase": "recovery"}
    assert keep.carry(values).values == {"title": "Fail over", "duration": 1200, "plan": "10042"}


def test_an_objective_that_is_read_through_a_reference_is_compared_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "mappings/servicenow/service.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("like: assets\n")

    keep = keeping(load("servicenow", tmp_path)["service"], create=False)

    assert keep.rules["rto"] == Rule(reads=True, writes=True)
    assert keep.carry({"name": "Payments", "rto": 5400}).values == {"name": "Payments", "rto": 5400}
    assert "criticality" not in keep.rules


def test_a_field_that_is_mapped_otherwise_is_told_from_those_that_are_not(tmp_path: Path) -> None:
    file = tmp_path / "mappings/servicenow/service.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("fields:\n  rto: {field: u_rto_minutes}\n")

    shipped, again = (keeping(load("servicenow")["service"], create=False).fields for _ in range(2))
    changed = keeping(load("servicenow", tmp_path)["service"], create=False).fields

    assert shipped == again
    assert {name for name, mark in changed.items() if mark != shipped[name]} == {"rto"}
