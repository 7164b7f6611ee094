"""A due time that a person agreed on the ticket, and the plan's own, which moves with the RTO clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import Stage, plan, stage, task

OUTAGE = "version: 1\nfields:\n  outage_began_at: {field: work_start, direction: read, type: datetime}\n"
PLAN = plan("PAY-DR", {"failover": task("Failover", duration="1h"), "verify": task("Verify", "failover")})


def moved_twice(world: Stage) -> tuple[str, str]:
    """Have a person set another due time on one task, then correct the outage's begin; return both tasks' due times."""
    incident = world.major()["sys_id"]
    mine = world.tasks()["Failover"]["sys_id"]
    world.update("incident_task", mine, due_date="2026-03-02 11:30:00")
    world.settle()
    world.update("incident", incident, work_start="2026-03-02 08:00:00")
    world.settle()
    tasks = world.tasks()
    return tasks["Failover"]["due_date"], tasks["Verify"]["due_date"]


@pytest.mark.parametrize(
    ("wins", "expected"),
    [("", "2026-03-02 11:30:00"), ("continuity", "2026-03-02 11:45:00"), ("newest", "2026-03-02 11:45:00")],
)
def test_whose_due_time_stands_when_both_changed_is_the_mappings_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wins: str, expected: str
) -> None:
    own = f"fields: {{due_at: {{wins: {wins}}}}}\n" if wins else "fields: {}\n"
    files = {"mappings/servicenow/incident.yaml": OUTAGE, "mappings/servicenow/recovery_task.yaml": own}
    with stage(tmp_path, monkeypatch, PLAN, at="09:00", files=files) as world:
        persons, other = moved_twice(world)

        assert persons == expected
        assert other != "2026-03-02 11:30:00"


def test_a_due_time_held_for_a_person_to_decide_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "mappings/servicenow/incident.yaml": OUTAGE,
        "mappings/servicenow/recovery_task.yaml": "fields: {due_at: {wins: manual}}\n",
    }
    with stage(tmp_path, monkeypatch, PLAN, at="09:00", files=files) as world:
        persons, _ = moved_twice(world)
        world.look()
        world.settle()

        assert persons == "2026-03-02 11:30:00"
        assert len([text for text in world.told() if "due_at is held" in text]) == 1
