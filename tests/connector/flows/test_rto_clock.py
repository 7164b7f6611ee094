"""The RTO clock: what it tells, when, and that corrected times move it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import Stage, plan, stage, task

OUTAGE = "version: 1\nfields:\n  outage_began_at: {field: work_start, direction: read, type: datetime}\n"
PLAN = plan("PAY-DR", {"failover": task("Failover", duration="1h"), "verify": task("Verify", "failover")})


def marks(world: Stage, sys_id: str) -> list[str]:
    """Return the notes about the clock by what each begins with."""
    return [text[:10] for text in world.notes(sys_id) if "of the RTO is used" in text or "RTO MISSED" in text]


def test_the_marks_of_the_rto_are_told_once_each_and_move_with_corrected_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN, at="09:00", files={"mappings/servicenow/incident.yaml": OUTAGE}) as world:
        incident = world.major()["sys_id"]
        for at in ("10:59", "11:01", "11:02", "12:13", "12:20"):
            world.at(at)
            world.settle()
        assert marks(world, incident) == ["50 % of th", "80 % of th"]
        assert "AT RISK" in world.notes(incident)[-1]
        assert "(80 % used)" in world.get("incident", incident)["u_recovery_status"]

        # On hold or not, the clock goes on.
        world.update("incident", incident, state="3")
        world.at("13:01")
        world.settle()
        assert marks(world, incident)[2:] == ["RTO MISSED"]
        assert "RTO MISSED" in world.get("incident", incident)["u_recovery_status"]

        # The outage turns out to have begun at ten: due at two, and not missed yet.
        world.update("incident", incident, work_start="2026-03-02 10:00:00", state="2")
        world.settle()
        assert world.get("incident", incident)["u_rto_due"] == "2026-03-02 14:00:00"
        assert "MISSED" not in world.get("incident", incident)["u_recovery_status"]
        world.at("14:01")
        world.settle()
        assert marks(world, incident).count("RTO MISSED") == 2

        for name in ("Failover", "Verify"):
            world.update("incident_task", world.tasks()[name]["sys_id"], state="3")
            world.settle()
        assert "after 4 h 1 min, RTO missed" in world.get("incident", incident)["u_recovery_status"]
        (review,) = world.table("problem")
        assert "RTO of 4 h missed" in review["description"]
        before = len(world.notes(incident))
        world.at("18:00")
        world.settle()
        assert len(world.notes(incident)) == before


def test_a_mark_is_told_by_its_own_timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path, monkeypatch, PLAN, at="10:59:50") as world:
        incident = world.major(opened_at="2026-03-02 09:00:00")["sys_id"]
        assert marks(world, incident) == []
        world.wait(lambda: marks(world, incident) == ["50 % of th"], 25)
