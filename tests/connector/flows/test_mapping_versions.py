"""A running service works by the mappings in force, and takes others while it runs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.bootstrap import PLATFORMS, Connector
from connector.mapping_version import draft
from connector.problem import Invalid
from connector.store import mapping_versions
from tests.world import World, world

INCIDENT = "mappings/servicenow/incident.yaml"
OTHER_COLUMN = (
    "version: 1\nfields:\n  continuity_plan: {field: u_recovery_status, direction: write}\n  recovery_status: null\n"
)
BROKEN = "version: 1\nfields:\n  stat: {field: state}\n"


def write_draft(folder: Path, text: str, file: str = INCIDENT) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def activate(found: World) -> int:
    """Put the draft in force, as the command does."""
    sound = draft(PLATFORMS, found.connector.settings.directory).sound()
    with found.connector.database.begin() as tx:
        return mapping_versions.add(tx, sound.digest, sound.content, "test", datetime.now(UTC))


def in_use(found: World, version: int) -> bool:
    return all(item.mapping_version == version for item in found.connector.connections.values())


def covered_incident(found: World) -> dict[str, Any]:
    """Open an incident on a covered service that stays small: its plan is linked on the ticket."""
    return found.incident(
        short_description="Payments are slow", cmdb_ci=found.ci("payments-db"), impact="2", urgency="2"
    )


def column(found: World, sys_id: str, name: str) -> str:
    row = found.servicenow_call("GET", f"/api/now/table/incident/{sys_id}")
    return str(row.get(name, ""))


@pytest.fixture
def running(tmp_path: Path):
    with world(tmp_path) as found:
        yield found


def test_the_first_start_makes_the_files_version_1(running: World) -> None:
    rows = running.rows("SELECT id, activated_by, restores FROM mapping_version")

    assert [tuple(row) for row in rows] == [(1, "first start", None)]
    assert in_use(running, 1)


def test_a_second_start_makes_no_other_version_although_the_files_changed(tmp_path: Path) -> None:
    with world(tmp_path) as first:
        settings = first.connector.settings
    write_draft(tmp_path, OTHER_COLUMN)

    connector = Connector(settings)
    try:
        connector.launch(sweeps=False)
        with connector.database.begin() as tx:
            newest = mapping_versions.newest_id(tx)
        plan = connector.mappings.now().mappings["servicenow"]["incident"].named("continuity_plan")
    finally:
        connector.stop(seconds=0)

    assert newest == 1
    assert plan is not None
    assert plan.field == "u_continuity_plan"


def test_a_write_after_an_activation_goes_by_the_new_version_and_after_a_roll_back_by_the_old(running: World) -> None:
    before = covered_incident(running)
    running.settle()
    write_draft(running.connector.settings.directory, OTHER_COLUMN)
    assert activate(running) == 2
    running.wait(lambda: in_use(running, 2))
    after = covered_incident(running)
    running.settle()
    with running.connector.database.begin() as tx:
        mapping_versions.restore(tx, 1, "test", datetime.now(UTC))
    running.wait(lambda: in_use(running, 3))
    back = covered_incident(running)
    running.settle()

    plans = [column(running, item["sys_id"], "u_continuity_plan") for item in (before, after, back)]
    moved = [column(running, item["sys_id"], "u_recovery_status") for item in (before, after, back)]
    assert [bool(plan) for plan in plans] == [True, False, True]
    assert [bool(plan) for plan in moved] == [False, True, False]
    versions = {
        row.platform_id: row.mapping_version
        for row in running.rows("SELECT platform_id, mapping_version FROM write WHERE action = 'update'")
    }
    assert [versions[item["sys_id"]] for item in (before, after, back)] == [1, 2, 3]


def test_a_write_that_is_tried_again_after_an_activation_goes_by_the_new_version(running: World) -> None:
    running.faults(running.servicenow, {"kind": "503", "times": None, "path": "batch"})
    incident = covered_incident(running)
    running.wait(lambda: running.rows("SELECT id FROM write WHERE attempts > 0"))
    write_draft(running.connector.settings.directory, OTHER_COLUMN)
    activate(running)
    running.wait(lambda: in_use(running, 2))
    requests.delete(f"{running.servicenow.url}/_sandbox/faults", timeout=5).raise_for_status()
    running.settle(seconds=60)

    assert column(running, incident["sys_id"], "u_recovery_status")
    assert running.rows("SELECT mapping_version FROM write WHERE action = 'update'")[0].mapping_version == 2


def test_activations_in_the_middle_of_the_work_lose_and_double_nothing(running: World) -> None:
    incidents = []
    for turn in range(6):
        incidents.append(covered_incident(running))
        write_draft(running.connector.settings.directory, f"# {turn}\nversion: 1\n")
        activate(running)
    running.wait(lambda: in_use(running, 7))
    running.settle()

    assert all(column(running, item["sys_id"], "u_continuity_plan") for item in incidents)
    states = running.rows("SELECT state, count(*) AS many FROM write GROUP BY state")
    assert {row.state for row in states} <= {"done", "superseded"}
    assert {row.state for row in running.rows("SELECT state FROM delivery")} <= {"done", "ignored"}


def test_a_broken_draft_does_not_stop_a_running_service_which_says_so(
    running: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        write_draft(running.connector.settings.directory, BROKEN)
        told = "has a problem, told by `continuity check`; version 1 stays in force"
        running.wait(lambda: running.connector.mappings.standing()["draft"] == told)
    incident = covered_incident(running)
    running.settle()

    answer = requests.get(f"{running.web.url}/readyz", timeout=5)
    assert answer.status_code == 200
    assert answer.json()["mappings"] == {"version": 1, "draft": told}
    assert f"{INCIDENT}:3: fields.stat: no incident field 'stat'; did you mean 'state'?" in caplog.text
    assert column(running, incident["sys_id"], "u_continuity_plan")


def test_a_broken_draft_at_a_start_leaves_the_version_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with world(tmp_path) as first:
        settings = first.connector.settings
    write_draft(tmp_path, BROKEN)

    connector = Connector(settings)
    try:
        connector.launch(sweeps=False)
        standing = connector.mappings.standing()
    finally:
        connector.stop(seconds=0)

    assert standing == {"version": 1, "draft": "has a problem, told by `continuity check`; version 1 stays in force"}
    assert "did you mean 'state'?" in caplog.text


def test_a_first_start_with_broken_files_is_refused_with_all_that_is_wrong(tmp_path: Path) -> None:
    write_draft(tmp_path, BROKEN)
    write_draft(tmp_path, BROKEN, "mappings/jira/incident.yaml")

    with pytest.raises(Invalid) as refused, world(tmp_path):
        pass

    assert [problem.where for problem in refused.value.problems] == [
        "mappings/servicenow/incident.yaml:3: fields.stat",
        "mappings/jira/incident.yaml:3: fields.stat",
    ]


def test_a_version_that_cannot_be_used_leaves_the_one_before_in_use(
    running: World, caplog: pytest.LogCaptureFixture
) -> None:
    with running.connector.database.begin() as tx:
        content = {"servicenow": {"incident": ["version: 1\nfields: [of, another, release]\n"]}}
        mapping_versions.add(tx, "x", content, "another release", datetime.now(UTC))
    running.wait(lambda: "cannot be used by this release" in caplog.text)

    assert in_use(running, 1)
    assert "version 1 stays in use" in caplog.text


def test_what_a_release_ships_otherwise_is_told_line_by_line_at_a_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with world(tmp_path) as first:
        settings = first.connector.settings
        with first.connector.database.begin() as tx:
            row = mapping_versions.newest(tx)
            assert row is not None
            shipped = row.content["servicenow"]["incident"][0]
            content = {
                **row.content,
                "servicenow": {
                    **row.content["servicenow"],
                    "incident": [shipped.replace('on_hold: "3"', 'on_hold: "33"')],
                },
            }
            mapping_versions.add(tx, "older", content, "the release before", datetime.now(UTC))
    caplog.clear()

    connector = Connector(settings)
    try:
        connector.launch(sweeps=False)
    finally:
        connector.stop(seconds=0)

    assert (
        "this release ships another mapping than version 2 holds: shipped servicenow/incident.yaml: "
        "fields.state.values.on_hold: 33 -> 3; `continuity mappings activate` takes it"
    ) in caplog.text


def test_fields_that_hold_a_day_only_keep_no_message_from_being_decided(tmp_path: Path) -> None:
    days = "version: 1\nfields:\n  opened_at: {type: date, direction: read}\n  resolved_at: {type: date}\n"
    with world(tmp_path) as found:
        write_draft(tmp_path, days)
        write_draft(
            tmp_path, "version: 1\nfields:\n  closed_at: {type: date}\n", "mappings/servicenow/recovery_task.yaml"
        )
        activate(found)
        found.wait(lambda: in_use(found, 2))
        made = found.incident(short_description="Down", impact="1", urgency="1", cmdb_ci=found.ci("payments-db"))
        found.promote(made["number"])
        found.settle(seconds=60)
        task = next(row for row in found.table("incident_task") if row["state"] == "1")
        found.update("incident_task", task["sys_id"], state="3")
        found.settle(seconds=60)

        (activation,) = found.rows("SELECT id, clock_start, started_at FROM activation")
        assert str(activation.clock_start)[11:16] == "00:00", "a day is its first moment"
        (closed,) = found.rows("SELECT closed_at FROM task WHERE state = 'done'")
        assert str(closed.closed_at)[:19] >= str(activation.started_at)[:19], (
            "a day says too little of when a task was done"
        )
        assert found.rows("SELECT id FROM delivery WHERE state IN ('open', 'parked')") == []
