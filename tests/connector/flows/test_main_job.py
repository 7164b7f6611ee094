"""The main job, from an incident to its review, over real HTTP on both platforms."""

from __future__ import annotations

from tests.world import World


def test_a_major_incident_starts_its_plan_once_on_both_platforms_and_recovery_is_written_back(running: World) -> None:
    made = running.incident(
        short_description="Payments down", impact="1", urgency="1", cmdb_ci=running.ci("payments-db")
    )
    running.settle()
    running.forget_calls()

    running.promote(made["number"])
    running.settle()

    tasks = running.table("incident_task")
    issues = running.issues()
    assert len(tasks) == 6
    assert len(issues) == 8
    assert [item["state"] for item in tasks] == ["1", "1", "-5", "-5", "-5", "-5"]
    assert len(running.calls(running.servicenow)) <= 4
    assert len(running.calls(running.jira)) <= 4

    by_title = {item["short_description"].partition("] ")[2]: item for item in tasks}
    running.update("incident_task", by_title["Assess the loss and confirm the failover"]["sys_id"], state="3")
    running.settle()
    states = {item["short_description"].partition("] ")[2]: item["state"] for item in running.table("incident_task")}
    assert states["Stop writes to payments-db"] == "1"
    incident = next(item for item in running.table("incident") if item["number"] == made["number"])
    assert incident["u_recovery_progress"] == "9"
