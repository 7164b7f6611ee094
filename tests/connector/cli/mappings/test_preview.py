"""`continuity mappings preview`: what a draft makes of one real ticket, with nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.connector.cli.conftest import Run, answer
from tests.world import World

DRAFT = """\
version: 1
fields:
  state:
    values:
      in_progress: "22"
  outage_began_at: {field: work_start, direction: read, type: datetime}
  continuity_plan: {field: u_recovery_status}
  recovery_status: null
"""


@pytest.fixture
def draft(served: World) -> Iterator[Path]:
    path = served.connector.settings.directory / "mappings/servicenow/incident.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DRAFT)
    yield path
    path.unlink()


def linked(world: World, **fields: str) -> dict[str, Any]:
    made = world.incident(short_description="Slow", cmdb_ci=world.ci("payments-db"), impact="2", urgency="2", **fields)
    world.settle()
    return made


def by_field(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["field"]: row for row in rows}


def changing(world: World) -> list[str]:
    """Return the calls since they were last forgotten that could have changed something."""
    found = []
    for side in (world.servicenow, world.jira):
        for call in requests.get(f"{side.url}/_sandbox/calls", timeout=5).json()["calls"]:
            inner = [item["method"] for item in call.get("inner") or []]
            if any(method != "GET" for method in inner or [call["method"]]) and "search" not in call["path"]:
                found.append(f"{call['method']} {call['path']} {inner}")
    return found


def test_preview_shows_field_by_field_what_is_read_and_would_be_written_beside_what_is_in_force(
    served: World, order: Run, draft: Path
) -> None:
    made = linked(served)
    served.update("incident", made["sys_id"], state="2")
    served.settle()

    found = answer(order("mappings", "preview", made["number"], "--json"))

    read, written = by_field(found["read"]), by_field(found["written"])
    assert (found["connection"], found["record"], found["in_force"]) == ("servicenow", "incident", 1)
    assert read["summary"]["theirs"] == read["summary"]["ours"] == "Slow"
    assert read["summary"]["where"].startswith("mappings/defaults/servicenow/incident.yaml (shipped):")
    assert read["summary"]["differs_in_force"] is None
    assert (read["state"]["theirs"], read["state"]["ours"]) == ("2", "")
    assert read["state"]["where"] == "mappings/servicenow/incident.yaml:3"
    assert read["state"]["differs_in_force"] == "state: 2 = in_progress"
    assert "'2'" in read["state"]["problem"]
    assert read["state"]["problem"] in found["problems"]
    assert read["outage_began_at"]["differs_in_force"] == "not mapped"
    assert (written["continuity_plan"]["platform_field"], written["continuity_plan"]["theirs"]) == (
        "u_recovery_status",
        "PAY-DR",
    )
    assert written["continuity_plan"]["differs_in_force"] == "u_continuity_plan: PAY-DR = PAY-DR"
    assert found["why"] == "its service is covered by PAY-DR"


def test_preview_of_a_recovery_task_shows_what_the_task_would_hold(served: World, order: Run) -> None:
    made = linked(served)
    served.promote(made["number"])
    served.settle()
    issue = next(item for item in served.issues() if item["fields"]["issuetype"]["name"] == "Sub-task")
    folder = served.connector.settings.directory / "mappings/jira"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recovery_task.yaml").write_text(
        "version: 1\nfields:\n  title: {direction: read}\n  x_plan: {field: Recovery status, from: continuity_plan, direction: write}\n"
    )
    try:
        found = answer(order("mappings", "preview", issue["key"], "--json"))
    finally:
        (folder / "recovery_task.yaml").unlink()

    read, written = by_field(found["read"]), by_field(found["written"])
    assert (found["connection"], found["record"]) == ("jira", "recovery_task")
    assert read["title"]["ours"] == issue["fields"]["summary"]
    assert found["problems"] == []
    assert written["x_plan"]["theirs"] == "PAY-DR"
    assert written["x_plan"]["where"] == "mappings/jira/recovery_task.yaml:4"
    assert written["title"]["where"] == "not mapped any more"
    assert written["state"]["theirs"]
    assert written["due_at"]["platform_field"] == "RTO due"
    assert written["team"]["theirs"]
    assert found["why"].startswith("it is the task '")


def test_a_preview_changes_nothing_on_any_platform_and_nothing_here(served: World, order: Run, draft: Path) -> None:
    made = linked(served)
    small = served.incident(short_description="No plan", impact="3", urgency="3")
    served.settle()
    served.forget_calls()
    before = (served.table("incident"), served.issues())
    rows = [served.rows(f"SELECT count(*), max(id) FROM {name}") for name in ("write", "ticket", "delivery", "history")]
    linked_at = served.rows("SELECT number, linked_at, why FROM ticket ORDER BY id")

    for number in (made["number"], small["number"]):
        assert order("mappings", "preview", number).exit_code == 0

    assert changing(served) == []
    assert (served.table("incident"), served.issues()) == before
    assert rows == [
        served.rows(f"SELECT count(*), max(id) FROM {name}") for name in ("write", "ticket", "delivery", "history")
    ]
    assert served.rows("SELECT number, linked_at, why FROM ticket ORDER BY id") == linked_at


def test_preview_says_why_nothing_would_be_written(served: World, order: Run) -> None:
    small = served.incident(short_description="No plan", impact="3", urgency="3")
    served.settle()

    found = order("mappings", "preview", small["number"])

    why = served.rows("SELECT why FROM ticket WHERE number = :number", number=small["number"])[0].why
    assert f"Nothing would be written: {why}." in found.stdout


def test_preview_of_a_ticket_that_there_is_not_is_declined(order: Run) -> None:
    found = order("mappings", "preview", "INC9999999")
    there = order("mappings", "preview", "INC9999999", "--connection", "servicenow")

    fix = "check the number, and that the account may see the ticket"
    assert (found.exit_code, there.exit_code) == (1, 1)
    assert found.stderr == f"INC9999999 was not found on servicenow, jira; {fix}\n"
    assert there.stderr == f"INC9999999 was not found on servicenow; {fix}\n"


def test_preview_of_a_broken_draft_tells_its_faults(served: World, order: Run, draft: Path) -> None:
    draft.write_text("version: 1\nfields:\n  stat: {field: state}\n")

    found = order("mappings", "preview", "INC0000001")

    assert found.exit_code == 1
    assert (
        "mappings/servicenow/incident.yaml:3: fields.stat: no incident field 'stat'; did you mean 'state'?"
        in found.stderr
    )
