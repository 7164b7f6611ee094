"""Recovery tasks move on either platform, and a person's hand on a ticket is never undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import plan, stage, task

BOTH = ["servicenow", {"jira": "OPS"}]


def test_a_task_that_stands_on_both_platforms_follows_whichever_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = {
        "assess": task("Assess", phase="activation", on=BOTH),
        "failover": task("Failover", "assess", on=BOTH),
        "verify": task("Verify", "failover", on={"jira": "OPS"}),
        "tidy": task("Tidy", "failover", required=False),
    }
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks)) as world:
        incident = world.major()

        def status(name: str) -> str:
            return str(world.subtasks()[name]["fields"]["status"]["name"])

        world.jira_move(world.subtasks()["Assess"]["key"], "In Progress")
        world.settle()
        assert world.tasks()["Assess"]["state"] == "2"
        world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
        world.settle()
        assert status("Assess") == "Done"
        assert world.tasks()["Failover"]["state"] == "1"
        assert "continuity-pending" not in world.subtasks()["Failover"]["fields"]["labels"]
        assert "continuity-pending" in world.subtasks()["Verify"]["fields"]["labels"]

        # Not achieved: told once, and what waits for it stays pending until it is done after all.
        world.update("incident_task", world.tasks()["Failover"]["sys_id"], state="4", close_notes="Standby is corrupt")
        world.settle()
        assert status("Failover") == "Done"
        assert "continuity-pending" in world.subtasks()["Verify"]["fields"]["labels"]
        (note,) = [text for text in world.notes(incident["sys_id"]) if "not achieved" in text]
        assert "Standby is corrupt" in note
        world.look()
        world.settle()
        assert len([line for line in world.told() if "not achieved" in line]) == 1
        world.jira_move(world.subtasks()["Failover"]["key"], "To Do")
        world.settle()
        assert world.tasks()["Failover"]["state"] == "1"
        world.jira_move(world.subtasks()["Failover"]["key"], "Done")
        world.settle()
        assert world.tasks()["Failover"]["state"] == "3"
        assert world.tasks()["Tidy"]["state"] == "1"
        assert "continuity-pending" not in world.subtasks()["Verify"]["fields"]["labels"]

        # The required ones bring the service back; an optional one left open does not hold that.
        world.jira_move(world.subtasks()["Verify"]["key"], "Done")
        world.settle()
        (activation,) = world.activations()
        assert (activation.state, activation.restored_by) == ("running", "tasks")
        assert "Service restored" in world.get("incident", incident["sys_id"])["u_recovery_status"]
        assert world.get("incident", incident["sys_id"])["u_recovery_progress"] == "75"
        assert len(world.table("problem")) == 1


def test_what_a_person_did_to_a_ticket_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = {
        "assess": task("Assess", phase="activation"),
        "bridge": task("Bridge", phase="activation", on={"jira": "OPS"}),
        "failover": task("Failover", "bridge"),
    }
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks)) as world:
        incident = world.major()
        assess, bridge = world.tasks()["Assess"], world.subtasks()["Bridge"]

        # On hold on its platform: it stays so, and is open work for the plan.
        world.update("incident_task", assess["sys_id"], state="-5")
        world.settle()
        world.look()
        world.settle()
        assert world.tasks()["Assess"]["state"] == "-5"
        assert [row.state for row in world.rows("SELECT state FROM task WHERE key = 'assess'")] == ["open"]

        # Another assignee, priority or text is theirs alone.
        world.update("incident_task", assess["sys_id"], short_description="Our own words", priority="1")
        world.settle()
        assert world.get("incident_task", assess["sys_id"])["short_description"] == "Our own words"

        # Deleted: told on the incident, not made again, and the plan goes on by the command line.
        world.jira_call("DELETE", f"/rest/api/2/issue/{bridge['key']}")
        world.settle()
        world.look()
        world.settle()
        assert world.subtasks() == {}
        (note,) = [text for text in world.notes(incident["sys_id"]) if "was deleted" in text]
        assert bridge["key"] in note
        world.command("task", subject="activation:1", activation=1, task="bridge", state="done", by="Dana Reyes")
        world.settle()
        assert world.tasks()["Failover"]["state"] == "1"

        # Started before its turn, by a person: that is what happened, so the plan takes it.
        again = world.get("incident_task", assess["sys_id"])
        world.update("incident_task", again["sys_id"], state="2")
        world.settle()
        assert [row.state for row in world.rows("SELECT state FROM task WHERE key = 'assess'")] == ["in_progress"]


def test_when_the_incident_ends_early_open_work_is_closed_and_comes_back_when_it_is_reopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = {
        "assess": task("Assess", phase="activation"),
        "failover": task("Failover", "assess", on={"jira": "OPS"}),
        "failback": task("Failback", "failover", phase="return_to_normal"),
    }
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks), at="09:00") as world:
        incident = world.major()
        world.at("09:30")
        world.update("incident", incident["sys_id"], state="6")
        world.settle()
        (activation,) = world.activations()
        assert (activation.restored_by, activation.restored_at[:16]) == ("incident", "2026-03-02 09:30")
        assert world.tasks()["Assess"]["state"] == "7"
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "Done"
        assert world.tasks()["Failback"]["state"] == "1"
        (review,) = world.table("problem")

        world.at("09:40")
        world.update("incident", incident["sys_id"], state="2")
        world.settle()
        assert world.tasks()["Assess"]["state"] == "1"
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "To Do"
        assert world.activations()[0].restored_at is None
        assert "goes on" in world.notes(incident["sys_id"])[-1]

        # Closed now; the cascade closes its tasks. Return to normal goes on, on a task that outlives the incident.
        world.at("10:00")
        world.update("incident", incident["sys_id"], state="7")
        world.settle()
        world.look()
        world.settle()
        (lasting,) = world.table("task")
        assert lasting["short_description"].endswith("Failback")
        assert lasting["parent"] == incident["sys_id"]
        assert lasting["state"] == "1"
        assert world.activations()[0].state == "running"
        world.update("task", lasting["sys_id"], state="3")
        world.settle()
        assert world.activations()[0].state == "closed"
        assert [row["sys_id"] for row in world.table("problem")] == [review["sys_id"]]
        assert world.table("problem")[0]["state"] == "101"
