"""The main job on a real PostgreSQL server, from webhook to review: nothing is built on SQLite's habits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.postgres import postgres_database
from tests.world import World, world

pytestmark = pytest.mark.postgres


def test_the_main_job_runs_on_postgresql(tmp_path: Path) -> None:
    with postgres_database(tmp_path / "pg") as url, world(tmp_path / "records", database=url, sweeps=True) as running:
        # What a platform holds in the second of the first poll counts as old.
        running.wait(
            lambda: running.rows("SELECT count(*) AS n FROM connection WHERE baseline_at IS NOT NULL")[0].n == 2
        )
        first, second = (
            running.incident(
                short_description=f"Payments down {number}", impact="1", urgency="1", cmdb_ci=running.ci("payments-db")
            )
            for number in (1, 2)
        )
        for made in (first, second):
            running.promote(made["number"])
        running.settle()
        assert len(running.rows("SELECT id FROM activation")) == 1, "two majors on one service are one disruption"
        assert len(running.table("incident_task")) == 6
        assert len(running.issues()) == 8

        while _work(running):
            running.settle()
        (activation,) = running.rows("SELECT restored_at, restored_by FROM activation")
        assert activation.restored_at is not None
        assert activation.restored_by == "tasks"
        for made in (first, second):
            incident = _record(running, made)
            assert incident["u_recovery_progress"] == "100"
            assert incident["u_continuity_plan"] == "PAY-DR"
        assert len(running.table("problem")) == 1

        for made in (first, second):
            running.update("incident", made["sys_id"], state="6", close_code="Solved", close_notes="Failed over")
        running.settle()
        (activation,) = running.rows("SELECT state, lock FROM activation")
        assert (activation.state, activation.lock) == ("closed", None)
        assert running.rows("SELECT 1 FROM write WHERE state IN ('pending', 'parked')") == []


def _record(running: World, made: dict[str, Any]) -> dict[str, Any]:
    return next(item for item in running.table("incident") if item["sys_id"] == made["sys_id"])


def _work(running: World) -> bool:
    """Close what is open on both sides, as people do; returns whether anything was."""
    tasks = [item["sys_id"] for item in running.table("incident_task") if item["state"] == "1"]
    issues = [issue["key"] for issue in running.issues() if _is_open(issue["fields"])]
    for sys_id in tasks:
        running.update("incident_task", sys_id, state="3")
    for key in issues:
        running.jira_move(key, "Done")
    return bool(tasks or issues)


def _is_open(fields: dict[str, Any]) -> bool:
    labels = fields["labels"]
    return fields["status"]["name"] == "To Do" and "continuity-task" in labels and "continuity-pending" not in labels
