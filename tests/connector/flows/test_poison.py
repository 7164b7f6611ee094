"""One bad message, write or setting holds itself and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.flows import tasks
from connector.store import deliveries, writes
from tests.connector.flows.stage import Stage, plan, stage, task
from tests.world import JIRA_SECRET

PLAN = plan(
    "PAY-DR",
    {
        "assess": task("Assess", phase="activation"),
        "failover": task("Failover", "assess", on=["servicenow", {"jira": "OPS"}]),
    },
)


def test_a_recovery_point_that_is_no_instant_is_told_and_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.major(cmdb_ci=world.ci("payments-db"))
        world.settle()

        world.update(
            "incident_task",
            world.tasks()["Assess"]["sys_id"],
            state="3",
            close_notes="recovery point: 2026-31-02 25:15",
        )
        world.settle()

        assert world.tasks()["Failover"]["state"] == "1"
        assert any("is no instant" in line for line in world.told())


def test_a_message_that_we_cannot_decide_is_tried_again_parked_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.major(cmdb_ci=world.ci("payments-db"))
        world.settle()
        monkeypatch.setattr("connector.flows.decide.GIVE_UP", 2)
        known = tasks.apply

        def broken(*how: Any) -> tuple[str, str]:
            raise KeyError("a fault of ours")

        monkeypatch.setattr(tasks, "apply", broken)
        world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
        world.wait(lambda: world.rows("SELECT 1 FROM delivery WHERE state = 'parked'"))

        (parked,) = world.rows("SELECT id, reason, subject FROM delivery WHERE state = 'parked'")
        assert "KeyError" in parked.reason
        monkeypatch.setattr(tasks, "apply", known)
        _replay(world, parked.id)
        world.settle()
        assert world.tasks()["Failover"]["state"] == "1"


def _replay(world: Stage, delivery_id: int) -> None:
    parts = world.connector.parts
    assert parts is not None
    with world.connector.database.begin() as tx:
        subject = deliveries.reopen(tx, delivery_id, "Carla Mendes", world.clock.now())
        assert subject is not None
        parts.wakes.wake(tx, "incident", subject)


def test_an_activation_goes_on_when_its_incidents_connection_was_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.major(cmdb_ci=world.ci("payments-db"))
        world.settle()
        del world.connector.connections["servicenow"]

        world.command("task", subject="activation:1", activation=1, task="assess", state="done", by="Dana", reason="")
        world.wait(lambda: "continuity-pending" not in world.subtasks()["Failover"]["fields"]["labels"])

        assert [row.state for row in world.rows("SELECT state FROM activation")] == ["running"]


def test_a_deleted_incident_asks_whether_to_stand_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", {"assess": task("Assess", phase="activation")})) as world:
        key = world.raise_in_jira("Payments down")
        world.settle()
        assert world.activations()

        world.jira_call("DELETE", f"/rest/api/2/issue/{key}?deleteSubtasks=true")
        world.settle()

        assert world.activations()[0].stand_down == "asked"
        assert "counts as cancelled" in world.why(key)


def test_the_same_body_without_an_identity_is_a_repeat_for_some_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        body = json.dumps(
            {"webhookEvent": "jira:issue_updated", "issue": {"id": "1", "key": "SD-1", "fields": {}}}
        ).encode()
        sign = "sha256=" + hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()

        def post() -> int:
            headers = {"X-Hub-Signature": sign, "Content-Type": "application/json"}
            return requests.post(f"{world.web.url}/webhooks/jira", data=body, headers=headers, timeout=5).status_code

        world.at("09:00")
        answers = [post(), post()]
        world.at("09:05")
        answers.append(post())
        world.at("09:16")
        answers.append(post())
        assert answers == [202, 200, 200, 202]


def test_a_replayed_write_keeps_what_is_known_of_its_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.faults(world.servicenow, {"path": "incident/", "kind": "503_after", "times": None, "inner": True})
        world.major(cmdb_ci=world.ci("payments-db"))
        world.wait(lambda: world.rows("SELECT 1 FROM write WHERE record = 'incident' AND attempts > 1"))
        row = world.rows("SELECT id, attempts FROM write WHERE record = 'incident' AND attempts > 1")[0]
        with world.connector.database.begin() as tx:
            writes.update(tx, [row.id], {"state": "parked"})
        requests.delete(f"{world.servicenow.url}/_sandbox/faults", timeout=5)

        with world.connector.database.begin() as tx:
            again = writes.replay(tx, row.id, world.clock.now())
        assert again is not None
        assert again.attempts >= row.attempts
        assert again.sent_at is not None
