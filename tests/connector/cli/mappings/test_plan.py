"""`continuity mappings plan`: the last days replayed through a draft, with no call to a platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.connector.cli.conftest import Run, answer
from tests.world import World


@pytest.fixture(scope="module")
def lived(served: World) -> dict[str, Any]:
    """The world after some incidents, one of which became major."""
    database, made = served.ci("payments-db"), {}
    for name, state in (("waiting", "3"), ("working", "2")):
        made[name] = served.incident(short_description=name, cmdb_ci=database, impact="2", urgency="2")
        served.settle()
        served.update("incident", made[name]["sys_id"], state=state)
        served.settle()
    made["major"] = served.incident(short_description="down", cmdb_ci=database, impact="1", urgency="1")
    served.promote(made["major"]["number"])
    served.settle()
    return made


@pytest.fixture
def draft(served: World, lived: dict[str, Any]) -> Iterator[Path]:
    path = served.connector.settings.directory / "mappings/servicenow/incident.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def counts(found: Any) -> dict[str, int]:
    return dict(answer(found)["counts"])


def test_a_draft_that_is_in_force_changes_nothing(served: World, lived: dict[str, Any], order: Run) -> None:
    found = counts(order("mappings", "plan", "--json"))

    messages = served.rows("SELECT count(*) AS many FROM delivery WHERE source <> 'command'")[0].many
    writes = served.rows("SELECT count(*) AS many FROM write WHERE action IN ('create', 'update')")[0].many
    assert found == {"unchanged": messages + writes, "changed": 0, "unmapped": 0, "rejected": 0}
    assert writes > 0


def test_a_state_that_the_draft_forgot_is_told_with_its_reason_and_each_message_can_be_opened(
    lived: dict[str, Any], order: Run, draft: Path
) -> None:
    draft.write_text("version: 1\nfields:\n  state:\n    values:\n      on_hold: '33'\n")

    found = answer(order("mappings", "plan", "--json", "--rows"))

    (group,) = found["groups"]
    rows = {row["key"]: row for row in found["rows"]}
    assert group["reason"] == "incident: state cannot be read"
    assert (group["fate"], group["count"]) == ("rejected", found["counts"]["rejected"])
    assert {rows[key]["number"] for key in group["keys"]} == {lived["waiting"]["number"]}
    opened = answer(order("mappings", "plan", "--show", group["keys"][0], "--json"))
    assert opened == rows[group["keys"][0]]
    assert {"field": "state", "in_force": "on_hold", "draft": ""} in opened["changes"]
    assert any("mappings/servicenow/incident.yaml" in problem and "'3'" in problem for problem in opened["problems"])


def test_a_value_that_is_not_essential_is_unmapped_and_the_rest_goes_on(
    lived: dict[str, Any], order: Run, draft: Path
) -> None:
    draft.write_text(
        "version: 1\nfields:\n  priority: {type: choice, values: {1: '1', 2: '2', 3: '33', 4: '4', 5: '5'}}\n"
    )

    found = answer(order("mappings", "plan", "--json"))

    assert found["counts"]["unmapped"] > 0
    assert found["counts"]["rejected"] == 0
    (group,) = found["groups"]
    assert "priority" in group["reason"]
    assert "'3'" in group["reason"]
    assert group["count"] == found["counts"]["unmapped"]


def test_a_draft_that_would_make_an_incident_major_says_so(lived: dict[str, Any], order: Run, draft: Path) -> None:
    draft.write_text("version: 1\nfields:\n  major_state: {field: null, default: accepted}\n")

    found = answer(order("mappings", "plan", "--json"))

    reasons = {group["reason"] for group in found["groups"]}
    assert "incident: it becomes a major incident" in reasons


def test_what_would_be_written_otherwise_is_changed(lived: dict[str, Any], order: Run, draft: Path) -> None:
    draft.write_text("version: 1\nfields:\n  continuity_phase: null\n")

    found = answer(order("mappings", "plan", "--json", "--rows"))

    assert found["counts"]["rejected"] == found["counts"]["unmapped"] == 0
    assert {group["reason"] for group in found["groups"]} == {"incident: u_continuity_phase is written as left out"}
    assert {row["key"][0] for row in found["rows"]} == {"W"}


def test_the_plan_as_a_table_counts_groups_and_lists(lived: dict[str, Any], order: Run, draft: Path) -> None:
    draft.write_text("version: 1\nfields:\n  state:\n    values:\n      on_hold: '33'\n")
    many = counts(order("mappings", "plan", "--json"))

    found = order("mappings", "plan", "--rows")

    assert found.stdout.splitlines()[0] == f"{many['unchanged']} unchanged, {many['rejected']} rejected."
    assert "Rejected: the draft can make nothing of these" in found.stdout
    assert lived["waiting"]["number"] in found.stdout
    assert "`continuity mappings preview TICKET` shows them" in " ".join(found.stdout.split())


def test_a_plan_calls_no_platform_and_leaves_the_database_as_it_is(
    served: World, lived: dict[str, Any], order: Run, draft: Path
) -> None:
    draft.write_text("version: 1\nfields:\n  x_vip: {field: VIP, type: boolean, direction: read}\n")
    for side in (served.servicenow, served.jira):
        requests.delete(f"{side.url}/_sandbox/calls", timeout=5)
    before = [served.rows(f"SELECT * FROM {name}") for name in ("ticket", "placement", "history", "note")]

    assert order("mappings", "plan").exit_code == 0

    for side in (served.servicenow, served.jira):
        assert requests.get(f"{side.url}/_sandbox/calls", timeout=5).json()["calls"] == []
    assert [served.rows(f"SELECT * FROM {name}") for name in ("ticket", "placement", "history", "note")] == before


def test_a_time_or_key_that_there_is_not_is_declined(lived: dict[str, Any], order: Run) -> None:
    time, key = order("mappings", "plan", "--since", "soon"), order("mappings", "plan", "--show", "D99999")

    assert time.stderr == "--since 'soon' is not a duration; write it as 15m, 4h, 1h30m or 2d\n"
    assert key.stderr == "there is no D99999 in that time; --rows lists the keys, --since looks further back\n"
    assert [time.exit_code, key.exit_code] == [1, 1]


def test_before_a_version_is_in_force_there_is_nothing_to_compare_with(run: Run) -> None:
    found = run("mappings", "plan")

    assert found.exit_code == 1
    assert "no version is in force yet" in found.stderr


def test_the_schema_is_of_the_language(run: Run) -> None:
    whole, one = answer(run("mappings", "schema")), answer(run("mappings", "schema", "jira", "incident"))

    assert whole["$schema"] == one["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "recovery_progress" in one["properties"]["fields"]["properties"]
