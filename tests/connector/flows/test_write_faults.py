"""Whatever goes wrong with a write, each task and each note ends up on its platform once."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from connector.flows.poll import HOUSEKEEPING
from connector.settings import Settings
from tests.connector.flows.stage import Stage, plan, stage, task

TASKS = {
    "assess": task("Assess", phase="activation", on=["servicenow", {"jira": "OPS"}]),
    "failover": task("Failover", "assess", on=["servicenow", {"jira": "OPS"}]),
}


def impatient(settings: Settings) -> Settings:
    sides = {
        name: replace(side, timeout=timedelta(seconds=1), search_lag=timedelta(seconds=0.3))
        for name, side in settings.connections.items()
    }
    return replace(settings, connections=sides)


def settle(world: Stage) -> None:
    """Let the tries go on, each when it is due, until all is done."""
    for _ in range(30):
        world.look()
        try:
            world.settle(1.5)
        except AssertionError:
            world.clock.offset += timedelta(seconds=20)
            for side in (world.servicenow, world.jira):
                order = {"real": True, "advance": world.clock.offset.total_seconds()}
                requests.post(f"{side.url}/_sandbox/clock", json=order, timeout=5).raise_for_status()
        else:
            return
    raise AssertionError("the tries do not come to an end")


def fired(world: Stage) -> int:
    found = 0
    for side in (world.servicenow, world.jira):
        answer = requests.get(f"{side.url}/_sandbox/faults", timeout=5).json()["faults"]
        found += sum(row["fired"] for row in answer)
        requests.delete(f"{side.url}/_sandbox/faults", timeout=5).raise_for_status()
    return found


def each_thing_stands_once(world: Stage, incident: str) -> None:
    assert sorted(world.tasks()) == sorted(world.subtasks()) == ["Assess", "Failover"]
    parents = [row for row in world.issues() if not row["fields"].get("parent")]
    assert len(parents) == 1
    notes = world.notes(incident)
    assert len(notes) == len(set(notes))
    assert len([text for text in notes if "was activated" in text]) == 1
    assert len([text for text in notes if "Response team:" in text]) == 1
    assert [row.state for row in world.activations()] == ["running"]
    assert [row.reason for row in world.rows("SELECT reason FROM write WHERE state = 'parked'")] == []
    incident_now = world.get("incident", incident)
    assert incident_now["u_continuity_plan"] == "PAY-DR"
    assert incident_now["u_recovery_status"]


def test_every_kind_of_fault_at_every_kind_of_write_changes_nothing_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), change=impatient) as world:
        world.faults(
            world.servicenow,
            {"kind": "drop_after", "method": "POST", "path": "batch"},
            {"kind": "503", "method": "POST", "path": "batch"},
            {"kind": "html_200", "method": "POST", "path": "batch"},
            {"kind": "unserviced", "path": "batch", "count": 2},
            {"kind": "429", "method": "POST", "path": "batch", "retry_after": 1},
            {"kind": "500_after", "method": "PATCH", "path": "/table/incident", "inner": True},
        )
        world.faults(
            world.jira,
            {"kind": "drop_after", "method": "POST", "path": "/issue$"},
            {"kind": "drop_after", "method": "POST", "path": "/issue/bulk"},
            {"kind": "503", "method": "POST", "path": "/issue"},
            {"kind": "429", "method": "POST", "path": "/issue", "retry_after": "Mon, 02 Mar 2026 09:00:01 GMT"},
            {"kind": "html_200", "method": "POST", "path": "/issue/bulk"},
            {"kind": "500_after", "method": "POST", "path": "remotelink"},
        )
        incident = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))["sys_id"]
        world.promote(world.get("incident", incident)["number"])
        world.wait(world.activations)
        settle(world)
        assert fired(world) >= 8
        each_thing_stands_once(world, incident)

        world.faults(
            world.servicenow,
            {"kind": "drop_after", "method": "POST", "path": "batch"},
            {"kind": "drop_before", "method": "POST", "path": "batch"},
        )
        world.faults(
            world.jira,
            {"kind": "drop_after", "path": "transitions", "method": "POST"},
            {"kind": "drop_after", "method": "PUT", "path": "/issue/"},
            {"kind": "500", "method": "PUT", "path": "/issue/"},
        )
        world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
        world.wait(lambda: world.rows("SELECT 1 FROM task WHERE key = 'assess' AND state = 'done'"))
        settle(world)
        assert fired(world) >= 4
        each_thing_stands_once(world, incident)
        assert world.subtasks()["Assess"]["fields"]["status"]["name"] == "Done"
        assert world.tasks()["Failover"]["state"] == "1"
        assert "continuity-pending" not in world.subtasks()["Failover"]["fields"]["labels"]


@pytest.mark.parametrize("down", ["servicenow", "jira"])
def test_a_platform_that_is_down_holds_neither_the_other_nor_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, down: str
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=impatient) as world:
        side = world.jira if down == "jira" else world.servicenow
        world.faults(side, {"kind": "503", "times": None, "path": "/api/now/v1/batch|/rest/api/3/issue"})
        made = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
        world.promote(made["number"])
        there, missing = (world.tasks, world.subtasks) if down == "jira" else (world.subtasks, world.tasks)
        world.wait(lambda: sorted(there()) == ["Assess", "Failover"])
        assert missing() == {}
        if down == "jira":
            world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
            world.wait(lambda: world.tasks()["Failover"]["state"] == "1")
        else:
            world.jira_move(world.subtasks()["Assess"]["key"], "Done")
            world.wait(lambda: "continuity-pending" not in world.subtasks()["Failover"]["fields"]["labels"])
        requests.delete(f"{side.url}/_sandbox/faults", timeout=5).raise_for_status()
        settle(world)
        each_thing_stands_once(world, made["sys_id"])
        assert (world.tasks()["Assess"]["state"], world.tasks()["Failover"]["state"]) == ("3", "1")
        assert world.subtasks()["Assess"]["fields"]["status"]["name"] == "Done"
        assert "continuity-pending" not in world.subtasks()["Failover"]["fields"]["labels"]


def test_a_parked_write_holds_only_its_own_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = {**TASKS, "network": task("Network", on={"jira": "NOWHERE"})}
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks), change=impatient) as world:
        incident = world.major()
        assert sorted(world.tasks()) == ["Assess", "Failover"]
        assert sorted(world.subtasks()) == ["Assess", "Failover"]
        (parked,) = world.rows("SELECT * FROM write WHERE state = 'parked'")
        assert parked.reason == "Jira answered 400: project: Specify a valid project ID or key"
        assert len([text for text in world.notes(incident["sys_id"]) if "NOWHERE" in text]) == 1
        for name in ("Assess", "Failover"):
            world.update("incident_task", world.tasks()[name]["sys_id"], state="3")
            world.settle()
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "Done"
        assert "2 of 3" in world.get("incident", incident["sys_id"])["u_recovery_status"]


def test_a_platform_that_stays_down_is_left_in_peace_and_the_other_side_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=impatient) as world:
        world.faults(world.jira, {"kind": "503", "times": None, "path": "/rest/"})
        made = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
        world.promote(made["number"])
        world.wait(lambda: sorted(world.tasks()) == ["Assess", "Failover"])
        parts = world.connector.parts
        assert parts is not None

        def tick(moment: str) -> None:
            world.at(moment)
            with world.connector.database.begin() as tx:
                parts.wakes.wake(tx, "sweep", HOUSEKEEPING)

        def status() -> str:
            return str(world.get("incident", made["sys_id"])["u_recovery_status"])

        for second in range(0, 60, 5):
            world.at(f"09:01:{second:02}")
        world.wait(lambda: parts.breakers.down_since("jira"))
        tick("09:02:30")
        world.wait(lambda: "jira gives no answer since" in status())

        world.forget_calls()
        for second in range(0, 60, 5):
            world.at(f"09:04:{second:02}")
        assert len(world.all_calls(world.jira)) <= 12

        requests.delete(f"{world.jira.url}/_sandbox/faults", timeout=5).raise_for_status()
        for minute in range(6, 20):
            tick(f"09:{minute:02}")
            if sorted(world.subtasks()) == ["Assess", "Failover"]:
                break
            time.sleep(0.5)
        tick("09:30")
        world.wait(lambda: "gives no answer" not in status())
        each_thing_stands_once(world, made["sys_id"])
