"""Fields of the admin's own: mapped, given a value by the plan, written where their condition holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import plan, stage, task

MAPPING = """
fields:
  x_site: {field: close_notes, direction: write, when: "'Payments' in service || team == 'Network Operations'"}
"""
TASKS = {
    "failover": {**task("Failover"), "fields": {"x_site": "secondary"}},
    "reroute": {**task("Reroute", team="Network Operations"), "fields": {"x_site": "primary"}},
    "verify": task("Verify", "failover"),
}


def test_a_value_that_the_plan_gives_is_written_where_its_condition_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"mappings/servicenow/recovery_task.yaml": MAPPING}
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), files=files) as world:
        world.major()
        found = {name: row["close_notes"] for name, row in world.tasks().items()}

    assert found == {"Failover": "", "Reroute": "primary", "Verify": ""}
