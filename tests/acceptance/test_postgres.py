"""The main job on a real PostgreSQL server: nothing is built on SQLite's habits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import postgres_database
from tests.world import world

pytestmark = pytest.mark.postgres


def test_the_main_job_runs_on_postgresql(tmp_path: Path) -> None:
    with postgres_database(tmp_path / "pg") as url, world(tmp_path / "records", database=url, sweeps=True) as running:
        made = running.incident(
            short_description="Payments down", impact="1", urgency="1", cmdb_ci=running.ci("payments-db")
        )
        running.promote(made["number"])
        running.settle()
        tasks = running.table("incident_task")
        assert len(tasks) == 6
        assert len(running.issues()) == 8

        assess = next(item for item in tasks if "Assess" in item["short_description"])
        running.update("incident_task", assess["sys_id"], state="3")
        running.settle()
        states = {
            item["short_description"].partition("] ")[2]: item["state"] for item in running.table("incident_task")
        }
        assert states["Stop writes to payments-db"] == "1"
        incident = next(item for item in running.table("incident") if item["number"] == made["number"])
        assert incident["u_recovery_progress"] == "9"
