"""continuity preflight and check --live: whether the plans could be created now, without creating anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.connector.cli.conftest import Run, answer
from tests.world import World


@contextmanager
def required(world: World, name: str) -> Iterator[None]:
    """Have Jira's administrator require a field that nobody fills in, for a while."""
    url = f"{world.jira.url}/_sandbox/admin"
    add, take = {"do": "add_field", "name": name, "required_in": "OPS"}, {"do": "delete_field", "field": name}
    requests.post(url, json={"orders": [add]}, timeout=5).raise_for_status()
    try:
        yield
    finally:
        requests.post(url, json={"orders": [take]}, timeout=5).raise_for_status()


def test_plans_that_can_be_created_are_told_and_nothing_is_made(served: World, order: Run) -> None:
    before = len(served.issues()), len(served.table("task"))

    shown, found = order("preflight"), answer(order("preflight", "--json"))

    assert shown.exit_code == 0, shown.output
    assert "could be created now" in shown.stdout
    assert found["ok"]
    assert {item["connection"] for item in found["plans"]} == {"servicenow", "jira"}
    assert (len(served.issues()), len(served.table("task"))) == before


def test_what_would_be_refused_is_told_on_its_line_and_stored(served: World, order: Run) -> None:
    with required(served, "Cost centre"):
        shown = order("preflight")
        found = answer(order("preflight", "PAY-DR", "--json"))
        failed = served.rows("SELECT plan_key FROM preflight WHERE failed = :yes", yes=True)
    mended = order("preflight")

    assert shown.exit_code == 1
    assert "jira: " in shown.stdout
    assert "could not be fully created" in shown.stdout
    assert {item["plan"] for item in found["plans"]} == {"PAY-DR"}
    (jira,) = [item for item in found["plans"] if item["connection"] == "jira"]
    assert jira["failed"]
    wheres = [item["where"] for item in jira["problems"] if "Cost centre" in item["what"]]
    assert any(where.startswith("plans/pay-dr.yaml:") and ": tasks." in where for where in wheres), wheres
    assert "PAY-DR" in {row.plan_key for row in failed}
    assert mended.exit_code == 0, mended.output
    assert served.rows("SELECT 1 FROM preflight WHERE failed = :yes", yes=True) == []


def test_a_plan_that_is_not_in_force_is_named(order: Run) -> None:
    result = order("preflight", "PAY-DRR")

    assert result.exit_code == 1
    assert "there is no plan 'PAY-DRR' in force; did you mean 'PAY-DR'?" in result.stderr


def test_a_platform_that_does_not_answer_is_said_to_be_unknown_not_failed(served: World, order: Run) -> None:
    served.faults(served.jira, {"kind": "503", "times": None})
    try:
        result = order("preflight", "--json")
    finally:
        requests.delete(f"{served.jira.url}/_sandbox/faults", timeout=5).raise_for_status()

    found = answer(result)
    assert result.exit_code == 1
    assert [item["connection"] for item in found["unanswered"]] == ["jira"]
    assert {item["connection"] for item in found["plans"]} == {"servicenow"}
    assert served.rows("SELECT 1 FROM preflight WHERE failed = :yes", yes=True) == []


def test_the_live_check_tries_the_plans_of_the_files_too(served: World, order: Run) -> None:
    with required(served, "Cost centre"):
        found = answer(order("check", "--live", "--json"))

    told = [item for item in found["errors"] if "Cost centre" in item["what"]]
    assert told, found["errors"]
