"""What a person decides: whether the plan is invoked, and whether it is stood down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.settings import Settings
from sandbox.servicenow.options import Options
from tests.connector.flows.stage import Stage, plan, stage, task

TASKS = {
    "assess": task("Assess", phase="activation"),
    "failover": task("Failover", "assess", on=["servicenow", {"jira": "OPS"}]),
    "failback": task("Failback", "failover", phase="return_to_normal"),
}
INVOKE = {"invoke": "decision", "decider": "lead"}
STAND_DOWN = "Stand down the plan? The plan PAY-DR"


def close(world: Stage, name: str, state: str = "3", **fields: str) -> None:
    world.update("incident_task", world.tasks()[name]["sys_id"], state=state, **fields)
    world.settle()


def states(world: Stage) -> dict[str, str]:
    return {name: row["state"] for name, row in world.tasks().items()}


def test_the_decider_invokes_the_plan_or_has_it_stood_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = plan("PORTAL", {"look": task("Look", phase="activation"), "mend": task("Mend")}, **INVOKE)
    with stage(
        tmp_path, monkeypatch, plan("PAY-DR", TASKS, **INVOKE), {**other, "services": ["customer-portal"]}
    ) as world:
        incident = world.major()
        ask = "Invoke the plan? The plan PAY-DR"
        assert states(world) == {"Assess": "1", "Failover": "-5", "Failback": "-5", ask: "1"}
        close(world, "Assess")
        assert states(world)["Failover"] == "-5"
        assert "Invoke the plan?" in world.get("incident", incident["sys_id"])["u_recovery_status"]
        close(world, ask)
        assert states(world)["Failover"] == "1"
        assert len([text for text in world.notes(incident["sys_id"]) if "invoked the plan" in text]) == 1

        declined = world.major(cmdb_ci=world.ci("web-portal"))
        ask = "Invoke the plan? The plan PORTAL"
        assert (states(world)["Look"], states(world)["Mend"]) == ("1", "-5")
        close(world, ask, "7", close_notes="A cache was full")
        assert (states(world)["Look"], states(world)["Mend"]) == ("7", "7")
        assert [row.state for row in world.activations()] == ["running", "stood_down"]
        assert "A cache was full" in world.notes(declined["sys_id"])[-1]
        assert world.table("problem") == []


def test_a_demotion_asks_and_a_person_declines_withdraws_or_confirms_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), servicenow=Options(mim=False)) as world:
        incident = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
        world.settle()
        assert len(world.activations()) == 1

        def set_urgency(urgency: str) -> None:
            world.update("incident", incident["sys_id"], urgency=urgency)
            world.settle()

        # P2: asked, and withdrawn because it is a P1 again.
        set_urgency("2")
        assert states(world) == {"Assess": "1", "Failover": "-5", "Failback": "-5", STAND_DOWN: "1"}
        assert world.activations()[0].state == "running"
        set_urgency("1")
        assert states(world)[STAND_DOWN] == "7"

        # Asked again, and declined: the plan goes on.
        set_urgency("2")
        world.look()
        world.settle()
        asked = [row for row in world.table("incident_task") if row["short_description"].endswith(STAND_DOWN)]
        assert [row["state"] for row in asked if row["active"] == "true"] == ["1"]
        assert (
            len([text for text in world.notes(incident["sys_id"]) if "is not a major incident any more" in text]) == 2
        )
        world.update("incident_task", asked[-1]["sys_id"], state="7")
        world.settle()
        close(world, "Assess")
        assert world.activations()[0].state == "running"
        assert world.subtasks()["Failover"]["fields"]["labels"].count("continuity-pending") == 0

        # A person stands it down: all open work is closed, on both platforms, and the ticket says why.
        set_urgency("1")
        set_urgency("2")
        asked = [row for row in world.table("incident_task") if row["short_description"].endswith(STAND_DOWN)]
        open_ones = [row for row in asked if row["active"] == "true"]
        assert len(open_ones) == 1
        world.update("incident_task", open_ones[0]["sys_id"], state="3")
        world.settle()
        assert world.activations()[0].state == "stood_down"
        left = [row for row in world.table("incident_task") if row["active"] == "true"]
        assert left == []
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "Done"
        assert "was stood down" in world.notes(incident["sys_id"])[-1]
        assert world.table("problem") == []


def test_a_plan_may_stand_down_by_itself_and_a_cancelled_incident_asks_on_a_record_that_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    itself = plan("PORTAL", {"look": task("Look")}, services=["customer-portal"], stand_down="automatic")
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), itself) as world:
        demoted = world.major(cmdb_ci=world.ci("web-portal"))
        world.update("incident", demoted["sys_id"], major_incident_state="canceled")
        world.settle()
        assert [row.state for row in world.activations()] == ["stood_down"]
        assert states(world) == {"Look": "7"}

        cancelled = world.major()
        world.update("incident", cancelled["sys_id"], state="8")
        world.settle()
        world.look()
        world.settle()
        # ServiceNow closed its tasks in its own cascade, which is nobody's verdict: the question stands elsewhere.
        assert world.activations()[1].state == "running"
        (question,) = world.table("task")
        assert question["short_description"].endswith(STAND_DOWN)
        assert question["state"] == "1"
        assert "Failover" in world.subtasks()
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "To Do"
        rows = world.rows("SELECT state FROM task WHERE activation_id = 2 AND kind = 'plan'")
        assert [row.state for row in rows] == ["open", "pending", "pending"]

        world.update("task", question["sys_id"], state="3")
        world.settle()
        assert world.activations()[1].state == "stood_down"
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "Done"


def test_the_rule_of_what_is_major_is_the_admins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def by_service(settings: Settings) -> Settings:
        side = replace(settings.connections["servicenow"], major="priority <= 2 && 'payments-db' in ci")
        return replace(settings, connections={**settings.connections, "servicenow": side})

    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), change=by_service) as world:
        world.incident(impact="1", urgency="2", cmdb_ci=world.ci("payments-api"))
        world.settle()
        assert world.activations() == []
        world.incident(impact="1", urgency="2", cmdb_ci=world.ci("payments-db"))
        world.settle()
        assert len(world.activations()) == 1
