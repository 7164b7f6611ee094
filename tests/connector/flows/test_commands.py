"""What a person asks for at the command line, and what an activation keeps while the records change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.catalog import load, to_json
from connector.store import catalogs
from tests.connector.flows.stage import Stage, plan, stage, task, with_plans

TASKS = {
    "assess": task("Assess", phase="activation"),
    "failover": task("Failover", "assess", on=["servicenow", {"jira": "OPS"}]),
}
PORTAL = plan("PORTAL", {"look": task("Look")}, services=["customer-portal"])


def apply(world: Stage, directory: Path) -> None:
    catalog = load(directory, ["servicenow", "jira"], world.clock.now().date())
    with world.connector.database.begin() as tx:
        catalogs.apply(tx, catalog.digest, to_json(catalog), "Carla Mendes", world.clock.now())


def test_a_person_starts_moves_and_stands_down_an_activation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), PORTAL) as world:
        small = world.incident(impact="2", urgency="2", cmdb_ci=world.ci("payments-db"))
        other = world.incident(impact="2", urgency="2")
        world.settle()

        def order(event: str, **values: object) -> str:
            return world.command(event, subject="command", by="Carla Mendes", **values)

        def activate(number: str, plan_key: str = "") -> str:
            return order("activate", connection="servicenow", number=number, plan=plan_key)

        assert activate("INC9999999").startswith("ignored: servicenow has no incident")
        assert activate(small["number"], "PAY").startswith("ignored: there is no plan 'PAY'; known: PAY-DR, PORTAL")
        assert activate(other["number"]).startswith("ignored: name the plan with --plan")
        assert activate(small["number"]).startswith("done: started plan PAY-DR as activation ACT-1")
        assert "takes part in ACT-1 already" in activate(small["number"])
        assert sorted(world.tasks()) == ["Assess", "Failover"]

        # A person started it, so that its incident is no major one is no reason to stand it down.
        world.look()
        world.settle()
        assert world.activations()[0].stand_down == ""

        def move(task_key: str, state: str) -> str:
            return order("task", activation=1, task=task_key, state=state, reason="By hand")

        assert move("asess", "done").startswith("ignored: ACT-1 has no task 'asess'; it has assess, failover")
        assert move("assess", "done") == "done: assess is done"
        assert move("assess", "skipped") == "ignored: assess is done already"
        world.look()
        world.settle()
        assert world.tasks()["Assess"]["state"] == "3"
        assert world.tasks()["Failover"]["state"] == "1"
        assert "Assess: done by Carla Mendes (By hand)" in world.told()

        assert order("stand-down", activation=1, reason="A false alarm").startswith("done: ACT-1 stood down")
        world.look()
        world.settle()
        assert world.activations()[0].state == "stood_down"
        assert world.tasks()["Failover"]["state"] == "7"
        assert world.subtasks()["Failover"]["fields"]["status"]["name"] == "Done"
        assert "A false alarm (Carla Mendes)" in world.notes(small["sys_id"])[-1]
        assert order("stand-down", activation=1, reason="Again").startswith("ignored: ACT-1 has ended already")
        assert activate(other["number"], "PORTAL").startswith("done: started plan PORTAL as activation ACT-2")
        assert activate(small["number"]).startswith("done: started plan PAY-DR as activation ACT-3")
        world.settle()
        assert len(world.table("incident_task")) == 5


def test_an_exercise_is_labelled_everywhere_and_touches_no_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS)) as world:
        said = world.command("exercise", subject="command", plan="PAY-DR", by="Carla Mendes")
        assert said == "done: exercise of PAY-DR started as ACT-1"
        again = world.command("exercise", subject="command", plan="PAY-DR", by="Carla Mendes")
        assert again == "ignored: an exercise of PAY-DR runs already: ACT-1"
        tickets = world.table("task") + world.table("incident_task")
        assert len(tickets) == 2
        assert all(row["short_description"].startswith("EXERCISE: ") for row in tickets)
        assert len(world.issues()) == 2
        assert all(row["fields"]["summary"].startswith("EXERCISE: ") for row in world.issues())

        # The real thing meanwhile has an activation of its own.
        world.major()
        assert [bool(row.exercise) for row in world.activations()] == [True, False]
        for key in ("assess", "failover"):
            world.command("task", subject="activation:1", activation=1, task=key, state="done", by="Carla Mendes")
        world.settle()
        (exercise, real) = world.activations()
        assert (exercise.state, real.state) == ("closed", "running")
        assert [row["short_description"][:10] for row in world.table("problem")] == ["EXERCISE: "]


def test_a_running_activation_keeps_its_plan_while_the_records_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS)) as world:
        waiting = world.incident(
            impact="1", urgency="1", cmdb_ci=world.ci("web-portal"), major_incident_state="accepted"
        )
        first = world.major()
        assert world.why(waiting["number"]) == "the service customer-portal has no continuity plan"
        version = world.activations()[0].plan_version
        changed = plan("PAY-DR", {"assess": task("Look closely"), "decide": task("Decide", "assess")})
        with_plans(changed, PORTAL)(tmp_path)
        apply(world, tmp_path)
        world.command("apply", subject="command", by="Carla Mendes")
        world.update("incident_task", world.tasks()["Assess"]["sys_id"], state="3")
        world.settle()
        assert sorted(world.tasks(first["sys_id"])) == ["Assess", "Failover"]
        assert world.tasks()["Failover"]["state"] == "1"
        assert world.activations()[0].plan_version == version
        assert json.loads(world.activations()[0].plan)["tasks"][0]["name"] == "Assess"

        # An incident that waited for a plan gets it when that is applied.
        assert list(world.tasks(waiting["sys_id"])) == ["Look"]


def test_a_value_that_no_mapping_knows_is_told_on_the_record_with_what_to_add(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS)) as world:
        incident = world.major()
        assess = world.tasks()["Assess"]
        world.update("incident_task", assess["sys_id"], state="16")
        world.settle()
        (parked,) = world.rows("SELECT * FROM delivery WHERE state = 'parked'")
        assert "16" in parked.reason
        assert "state" in parked.reason
        assert parked.number == assess["number"]

        # Only that message waits for the mapping; the plan goes on.
        world.update("incident_task", assess["sys_id"], state="3")
        world.settle()
        assert world.tasks()["Failover"]["state"] == "1"
        world.update("incident", incident["sys_id"], state="13")
        world.settle()
        assert world.activations()[0].state == "running"
        assert "13" in world.rows("SELECT reason FROM delivery WHERE state = 'parked' ORDER BY id DESC")[0].reason
