"""An activation starts by how the incident stands, not by what changed; and once for a disruption."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import plan, stage, task

PAYMENTS = plan("PAY-DR", {"assess": task("Assess", phase="activation"), "failover": task("Failover", "assess")})
OWN = plan("PORTAL", {"assess": task("Assess the portal")}, services=["customer-portal"], disruption="own")


def test_a_ci_filled_in_after_the_promotion_starts_the_plan_and_old_majors_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PAYMENTS, OWN) as world:
        database = world.ci("payments-db")
        late = world.major(cmdb_ci="")
        assert world.activations() == []
        world.update("incident", late["sys_id"], cmdb_ci=database)
        world.settle()
        assert len(world.activations()) == 1

        # One that had ended when it was first seen stays as it is, reopened or not, until it is promoted anew.
        world.hush()
        old = world.incident(
            impact="1", urgency="1", cmdb_ci=world.ci("web-portal"), major_incident_state="accepted", state="6"
        )
        world.listen()
        world.deliver(world.message("incident", old["sys_id"]))
        world.settle()
        assert "resolved: it had ended already" in world.why(old["number"])
        world.update("incident", old["sys_id"], state="2")
        world.settle()
        assert len(world.activations()) == 1
        assert f"`continuity activate {old['number']}` starts its plan" in world.why(old["number"])
        world.update("incident", old["sys_id"], major_incident_state="rejected")
        world.settle()
        world.update("incident", old["sys_id"], major_incident_state="accepted")
        world.settle()
        assert len(world.activations()) == 2


def test_a_second_major_joins_and_brings_an_earlier_start_unless_the_plan_wants_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = "version: 1\nfields:\n  outage_began_at: {field: work_start, direction: read, type: datetime}\n"
    with stage(
        tmp_path, monkeypatch, PAYMENTS, OWN, at="09:00", files={"mappings/servicenow/incident.yaml": outage}
    ) as world:
        early = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-api"))
        world.at("09:10")
        lead = world.major()
        assert world.get("incident", lead["sys_id"])["u_rto_due"] == "2026-03-02 13:10:00"
        world.promote(early["number"])
        world.settle()

        (activation,) = world.activations()
        assert activation.due_at.startswith("2026-03-02 13:00")
        assert world.get("incident", lead["sys_id"])["u_rto_due"] == "2026-03-02 13:00:00"
        assert world.get("incident", early["sys_id"])["u_rto_due"] == "2026-03-02 13:00:00"
        assert len(world.tasks()) == 2
        assert world.tasks()["Failover"]["due_date"] == "2026-03-02 13:00:00"

        # An outage that began before either was opened counts from there.
        world.update("incident", lead["sys_id"], work_start="2026-03-02 08:30:00")
        world.settle()
        assert world.get("incident", early["sys_id"])["u_rto_due"] == "2026-03-02 12:30:00"
        assert world.tasks()["Failover"]["due_date"] == "2026-03-02 12:30:00"

        # The disruption ends with the last of its incidents only.
        world.update("incident", lead["sys_id"], state="6")
        world.settle()
        assert world.activations()[0].state == "running"
        assert world.tasks()["Assess"]["state"] == "1"

        for _ in range(2):
            world.major(cmdb_ci=world.ci("web-portal"))
        assert [row.plan_key for row in world.activations()] == ["PAY-DR", "PORTAL", "PORTAL"]


def test_when_several_plans_match_the_rule_decides_or_else_the_desk_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = (
        plan("PAY-CYBER", {"isolate": task("Isolate")}, scenario="cyber", when="summary.contains('ransom')"),
        plan("PAY-DB", {"failover": task("Failover")}),
        plan("PAY-SITE", {"move": task("Move")}, scenario="site-loss"),
    )
    with stage(tmp_path, monkeypatch, *plans) as world:
        world.major(short_description="A ransom note on the screens")
        assert [row.plan_key for row in world.activations()] == ["PAY-CYBER"]
        assert list(world.tasks()) == ["Isolate"]

        asked = world.major(short_description="Payments down")
        world.promote(asked["number"])
        world.settle()
        assert len(world.activations()) == 1
        (question,) = [row for name, row in world.tasks().items() if name.startswith("Choose")]
        assert question["assignment_group"] == world.group("Service Desk")
        assert "several plans match (PAY-DB, PAY-SITE)" in world.why(asked["number"])
        assert len([text for text in world.notes(asked["sys_id"]) if "Several continuity plans match" in text]) == 1

        world.update("incident_task", question["sys_id"], state="3", close_notes="the second one, please")
        world.settle()
        assert len(world.activations()) == 1
        assert "names no single plan" in world.notes(asked["sys_id"])[-1]
        world.update("incident_task", question["sys_id"], state="3", close_notes="pay-site")
        world.settle()
        assert [row.plan_key for row in world.activations()] == ["PAY-CYBER", "PAY-SITE"]
        assert world.tasks()["Move"]["parent"] == asked["sys_id"]
