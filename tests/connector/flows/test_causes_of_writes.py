"""Each write keeps what it changed, why it was wanted, and what the platform answered."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.store.tables import write
from tests.connector.flows.stage import Stage, plan, stage, task

TASKS = {"assess": task("Assess", phase="activation")}


def kept(world: Stage) -> list[sa.Row[tuple[object, ...]]]:
    with world.connector.database.begin() as tx:
        return list(tx.execute(sa.select(write).order_by(write.c.id)))


def test_a_write_tells_its_cause_what_was_there_before_and_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS)) as world:
        world.major()
        world.settle()
        order = {"activation": 1, "task": "assess", "state": "done", "reason": "", "by": "Carla Mendes"}
        world.command("task", subject="activation:1", **order)
        world.settle()

        rows = kept(world)
        created = next(row for row in rows if row.action == "create" and row.record == "recovery_task")
        moved = next(row for row in rows if row.action == "update" and row.record == "recovery_task")

    assert created.cause.startswith("message D")
    assert created.answer.startswith(f"done, id {created.platform_id}")
    assert moved.before == {"state": "open"}
    assert moved.values == {"state": "done"}
    assert moved.cause.startswith("person: Carla Mendes ordered `task done ACT-1 assess` at 2026-03-02 09:00Z (D")
    assert moved.answer.startswith("done")
    assert all(row.cause for row in rows)
