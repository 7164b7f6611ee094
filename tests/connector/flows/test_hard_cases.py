"""The three cases that a naive build gets wrong, from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.servicenow.options import Options
from tests.connector.flows.stage import plan, stage, task


def test_a_storm_of_incidents_starts_one_activation_with_each_task_once_and_its_children_are_linked_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = {f"step-{n}": task(f"Step {n}", *([f"step-{n - 1}"] if n > 1 else []), duration="5m") for n in range(1, 21)}
    for n in range(1, 21, 2):
        tasks[f"step-{n}"]["on"] = {"jira": "OPS"}
    with stage(
        tmp_path, monkeypatch, plan("PAY-DR", tasks), at="09:00", servicenow=Options(promote="create_new")
    ) as world:
        first = world.incident(short_description="Payments down", impact="1", urgency="1")
        world.settle()
        world.at("09:10")
        world.promote(first["number"])
        world.settle()
        major = next(row for row in world.table("incident") if row["major_incident_state"] == "accepted")
        for n in range(40):
            world.incident(
                short_description=f"Cannot pay {n}",
                impact="1",
                urgency="1",
                cmdb_ci=world.ci("payments-db"),
                parent_incident=major["sys_id"],
            )
        world.settle()
        world.hush()
        for n in range(1, 7):
            world.update("incident", major["sys_id"], description=f"Looking into it {n}")
        sixth = world.message("incident", major["sys_id"])
        world.at("09:14")
        world.update("incident", major["sys_id"], cmdb_ci=world.ci("payments-db"))
        seventh = world.message("incident", major["sys_id"])
        world.listen()
        assert (sixth["sys_mod_count"], seventh["sys_mod_count"]) == ("6", "7")

        assert world.activations() == []
        assert world.deliver(seventh) == 202
        assert world.deliver(sixth) == 202
        world.settle()

        (activation,) = world.activations()
        assert activation.due_at.startswith("2026-03-02 13:00")
        assert len(world.tasks()) == 10
        assert len(world.subtasks()) == 10
        assert {row["parent"] for row in world.tasks().values()} == {major["sys_id"]}
        children = [row for row in world.table("incident") if row["parent_incident"] == major["sys_id"]]
        covered = [row for row in children if row["sys_id"] != first["sys_id"]]
        assert len(covered) == 40
        assert {row["u_continuity_plan"] for row in children} == {"PAY-DR"}
        assert {row["u_recovery_status"] for row in children} == {""}
        assert all(row["u_continuity_link"].startswith("http") for row in children)
        now_major = world.get("incident", major["sys_id"])
        assert now_major["u_rto_due"] == "2026-03-02 13:00:00"
        assert len([text for text in world.notes(major["sys_id"]) if "was activated" in text]) == 1
        assert [text for row in children for text in world.notes(row["sys_id"]) if "was activated" in text] == []
        assert world.why(first["number"]).startswith("takes part (child)") or "child of" in world.why(first["number"])


def test_after_the_incident_closed_the_return_to_normal_and_the_review_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = {
        "assess": task("Assess", phase="activation", duration="30m"),
        "failover": task("Failover", "assess", duration="60m"),
        "verify": task("Verify", "failover", duration="30m"),
        "failback": task(
            "Failback", "verify", phase="return_to_normal", duration="1h", on=["servicenow", {"jira": "OPS"}]
        ),
    }
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks), at="02:00") as world:
        incident = world.major(short_description="Payments down")
        for at, name in (("03:00", "Assess"), ("04:30", "Failover"), ("05:30", "Verify")):
            world.at(at)
            world.settle()
            assert world.tasks()[name]["state"] == "1"
            world.update("incident_task", world.tasks()[name]["sys_id"], state="3")
            world.settle()
        assert world.tasks()["Failback"]["state"] == "1"
        world.at("05:40")
        world.update("incident", incident["sys_id"], state="6")
        world.settle()
        world.at("06:00")
        world.settle()
        world.at("07:00")
        world.update("incident", incident["sys_id"], state="7")
        world.settle()
        world.look()
        world.settle()

        (activation,) = world.activations()
        assert activation.state == "running"
        assert activation.restored_at.startswith("2026-03-02 05:30")
        status = world.get("incident", incident["sys_id"])["u_recovery_status"]
        assert "after 3 h 30 min, RTO met" in status
        notes = world.notes(incident["sys_id"])
        assert [text for text in notes if "MISSED" in text] == []
        assert len([text for text in notes if "Service restored" in text]) == 1
        assert world.subtasks()["Failback"]["fields"]["status"]["name"] == "To Do"
        assert world.tasks()["Failback"]["state"] == "4"
        (review,) = world.table("problem")
        assert review["state"] == "101"

        world.at("08:00")
        world.jira_move(world.subtasks()["Failback"]["key"], "Done")
        world.settle()
        assert world.activations()[0].state == "closed"
        assert world.tasks()["Failback"]["state"] == "4"
        assert [row["state"] for row in world.table("problem")] == ["101"]


def test_a_refused_task_a_lost_answer_and_a_demotion_leave_every_task_and_one_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = {f"step-{n}": task(f"Step {n}", duration="5m", on={"jira": "OPS"}) for n in range(1, 13)}
    tasks["step-7"]["team"] = "DB Ops"
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks), at="03:00") as world:
        world.faults(world.servicenow, {"kind": "drop_after", "method": "POST", "path": "/batch", "times": 1})
        sixty = world.major(short_description="Payments down")
        world.settle()
        world.at("03:20")
        world.update("incident", sixty["sys_id"], urgency="2")
        world.settle()
        world.hush()
        nine = world.incident(
            number="INC0000009",
            impact="1",
            urgency="1",
            cmdb_ci=world.ci("payments-db"),
            major_incident_state="accepted",
            state="7",
        )
        world.listen()
        world.deliver(world.message("incident", nine["sys_id"]))
        world.look()
        world.settle()

        steps = world.subtasks()
        assert len(steps) == 12
        assert [part["name"] for part in steps["Step 7"]["fields"]["components"]] == ["Service Desk"]
        notes = world.notes(sixty["sys_id"])
        assert len([text for text in notes if "was activated" in text]) == 1
        assert len([text for text in notes if "DB Ops" in text]) == 1
        (activation,) = world.activations()
        assert (activation.state, activation.stand_down) == ("running", "")
        assert "closed: it had ended already when it was first seen" in world.why(nine["number"])
        assert world.notes(nine["sys_id"]) == []
