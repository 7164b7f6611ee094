"""The net under the webhooks: a poll finds what none told, and never acts on what was old before we came."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.store import catalogs
from tests.connector.flows.stage import plan, stage, task

TASKS = {
    "assess": task("Assess", phase="activation"),
    "failover": task("Failover", "assess", on={"jira": "OPS"}),
    "failback": task("Failback", "failover", phase="return_to_normal"),
}


def test_a_poll_finds_all_that_webhooks_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00") as world:
        world.hush()
        before = world.incident(
            impact="1", urgency="1", cmdb_ci=world.ci("payments-api"), major_incident_state="accepted"
        )
        world.at("09:10:05")
        with world.connector.database.begin() as tx:
            catalogs.connected(tx, "servicenow", datetime(2026, 3, 2, 9, 10, 5, 900_000, UTC))
        # ServiceNow keeps whole seconds: this one seems older than our first connection, and is not.
        meanwhile = world.incident(impact="1", urgency="1", major_incident_state="accepted")
        world.poll()
        world.settle()
        assert world.activations() == []
        assert "there before this connection was first read" in world.why(before["number"])
        assert "it names no CI" in world.why(meanwhile["number"])

        world.at("09:20")
        incident = world.incident(
            impact="1", urgency="1", cmdb_ci=world.ci("payments-db"), major_incident_state="accepted"
        )
        world.poll()
        world.settle()
        assert sorted(world.tasks()) == ["Assess", "Failback"]
        world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
        world.poll()
        world.settle()
        assert "continuity-pending" not in world.subtasks()["Failover"]["fields"]["labels"]
        world.jira_move(world.subtasks()["Failover"]["key"], "Done")
        world.poll()
        world.settle()
        assert world.tasks()["Failback"]["state"] == "1"

        # One more finds our own last writes; then nothing changed, so nothing is decided, at one call a platform.
        world.poll()
        world.settle()
        world.forget_calls()
        decided = world.rows("SELECT count(*) AS n FROM delivery")[0].n
        world.poll()
        world.settle()
        assert world.rows("SELECT count(*) AS n FROM delivery")[0].n == decided
        assert [len(world.all_calls(side)) for side in (world.servicenow, world.jira)] == [1, 1]

        # Closed, cascade and all, with no message: what the closing closed is no verdict.
        world.at("10:00")
        world.update("incident", incident["sys_id"], state="7")
        world.poll()
        world.settle()
        world.poll()
        world.settle()
        assert world.activations()[0].state == "running"
        (lasting,) = world.table("task")
        assert lasting["state"] == "1"
        world.update("task", lasting["sys_id"], state="3")
        world.poll()
        world.settle()
        assert world.activations()[0].state == "closed"


def test_webhooks_that_come_late_twice_out_of_order_or_not_at_all_end_in_the_same_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00") as world:
        world.poll()
        world.settle()
        world.listen(jitter=0.2, double=0.5, shuffle=True, lose=0.3, seed=7)
        made = world.incident(impact="2", urgency="1", cmdb_ci="")
        for n in range(4):
            world.update("incident", made["sys_id"], description=f"A finding {n}")
        world.update("incident", made["sys_id"], cmdb_ci=world.ci("payments-db"), impact="1")
        world.promote(made["number"])
        world.settle()
        world.poll()
        world.settle()
        for name, state in (("Assess", "2"), ("Assess", "3")):
            world.update("incident_task", world.tasks()[name]["sys_id"], state=state)
        world.settle()
        world.poll()
        world.settle()
        for status in ("In Progress", "To Do", "Done"):
            world.jira_move(world.subtasks()["Failover"]["key"], status)
        world.settle()
        world.poll()
        world.settle()
        assert len(world.activations()) == 1
        assert [row.state for row in world.rows("SELECT state FROM task ORDER BY position")] == ["done", "done", "open"]
        assert world.tasks()["Failback"]["state"] == "1"
        assert world.get("incident", made["sys_id"])["u_recovery_progress"] == "67"
        notes = world.notes(made["sys_id"])
        assert len(notes) == len(set(notes))
        assert len([text for text in notes if "was activated" in text]) == 1
