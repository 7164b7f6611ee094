"""Each plan is tried before the bad hour: nothing is created, and what would fail is told once, daily, and when mended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.catalog import load, to_json
from connector.settings import Escalation, Settings, Smtp
from connector.store import catalogs, mapping_versions
from sandbox.jira.options import Options as JiraOptions
from tests.connector.flows.stage import Stage, plan, stage, task, with_plans
from tests.connector.flows.test_escalation import SECRET, Box, hook_server, mail_server
from tests.world import world as start_world

TASKS = {
    "assess": task("Assess"),
    "failover": task("Failover", "assess", on={"jira": "OPS"}, team="Database Operations"),
    "check": task("Check", "failover", on={"jira": "OPS"}, team="Database Operations"),
}
FILES = ("activation", "recovery_task", "review")
EVERY_WHERE = ("servicenow", "jira")
ASKED_BY_POST = ("/search/jql", "/workflows")
"""What Jira Cloud's live check asks by POST: searches, and workflows in bulk."""


def try_plans(world: Stage) -> None:
    """Let each connection be looked at, as the service does every minute."""
    parts = world.connector.parts
    assert parts is not None
    with world.connector.database.begin() as tx:
        for name in parts.connections:
            parts.wakes.wake(tx, "sweep", f"preflight:{name}")
    world.settle()


def found(world: Stage) -> dict[tuple[str, str], Any]:
    return {(row.plan_key, row.connection): row for row in world.rows("SELECT * FROM preflight")}


def errors(world: Stage) -> list[str]:
    return [row.connection for row in found(world).values() if row.failed and row.plan_key]


def require(world: Stage, name: str) -> None:
    """Add a field to a Jira project that everyone must fill in."""
    order(world, {"do": "add_field", "name": name, "required_in": "OPS"})


def mend(world: Stage, name: str) -> None:
    order(world, {"do": "delete_field", "field": name})


def order(world: Stage, *orders: dict[str, str]) -> None:
    """Change Jira as its administrator does."""
    requests.post(f"{world.jira.url}/_sandbox/admin", json={"orders": orders}, timeout=5).raise_for_status()


def writes_of(calls: list[dict[str, Any]]) -> list[str]:
    """Return the calls that could have changed something."""
    plain = [call for call in calls if not call.get("inner") and call["method"] != "GET"]
    inner = [call for outer in calls for call in outer.get("inner") or [] if call["method"] != "GET"]
    return [f"{call['method']} {call['path']}" for call in (*plain, *inner) if not call["path"].endswith(ASKED_BY_POST)]


def tell(port: int, url: str = "") -> Callable[[Settings], Settings]:
    smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
    return lambda settings: replace(settings, escalation=Escalation(timedelta(minutes=10), smtp, url, SECRET))


def test_a_plan_that_can_be_created_is_found_good_and_nothing_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00") as world:
        before = world.state(world.servicenow)["tables"], world.issues()
        world.forget_calls()

        try_plans(world)

        assert {key: row.failed for key, row in found(world).items()} == {
            ("", "jira"): 0,
            ("", "servicenow"): 0,
            ("PAY-DR", "jira"): 0,
            ("PAY-DR", "servicenow"): 0,
        }
        assert (world.state(world.servicenow)["tables"], world.issues()) == before
        assert writes_of(world.all_calls(world.servicenow)) == []
        assert writes_of(world.all_calls(world.jira)) == []
        assert world.activations() == []


def test_with_what_is_known_a_preflight_takes_a_few_calls_and_none_while_nothing_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [plan(f"PLAN-{number}", TASKS, when=f"summary.contains('{number}')") for number in range(8)]
    with stage(tmp_path, monkeypatch, *plans, at="09:00") as world:
        try_plans(world)
        world.forget_calls()
        with world.connector.database.begin() as tx:
            tx.exec_driver_sql("UPDATE preflight SET basis = 'others' WHERE plan_key = ''")

        try_plans(world)
        calls = [world.all_calls(side) for side in (world.servicenow, world.jira)]
        several = [len(made) for made in calls]
        assert len(found(world)) == 18
        world.forget_calls()
        try_plans(world)

        assert max(several) <= 4, several
        assert {call["method"] for call in calls[1]} <= {"GET"}
        assert {item["method"] for call in calls[0] for item in call["inner"] or [call]} <= {"GET"}
        assert [world.all_calls(side) for side in (world.servicenow, world.jira)] == [[], []]


def test_a_field_that_became_required_is_told_once_each_day_and_when_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box()
    with (
        mail_server(box) as port,
        hook_server() as (url, posted),
        stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=tell(port, url)) as world,
    ):
        try_plans(world)
        assert box.mails == []
        require(world, "Cost centre")

        world.at("23:59")  # still the day that was tried
        try_plans(world)
        assert errors(world) == []
        move(world, days=1, at="03:01")
        try_plans(world)
        assert errors(world) == ["jira"]
        for again in ("03:02", "12:00"):
            move(world, days=1, at=again)
            try_plans(world)

        (mail,) = box.mails
        text = mail.get_payload(decode=True).decode()
        assert str(mail["Subject"]) == "Continuity plans on jira could not be fully created: PAY-DR"
        assert text.startswith("PAY-DR could not be fully created on jira; the live check of jira failed (as of 2026-")
        assert re.search(r"plans/pay-dr.yaml:\d+: tasks.failover.* on jira: .*Cost centre", text), text
        (hook,) = posted
        assert (hook["type"], hook["data"]["plans"]) == ("preflight.failed", ["PAY-DR"])

        move(world, days=2, at="03:01")
        try_plans(world)
        assert len(box.mails) == 2

        mend(world, "Cost centre")
        move(world, days=3, at="03:01")
        try_plans(world)
        move(world, days=4, at="03:01")
        try_plans(world)
        assert errors(world) == []
        assert [str(mail["Subject"]) for mail in box.mails[2:]] == [
            "Continuity plans on jira are in order again: PAY-DR"
        ]
        assert [item["type"] for item in posted] == ["preflight.failed", "preflight.failed", "preflight.mended"]


def test_other_records_are_tried_at_once_and_what_is_gone_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00") as world:
        try_plans(world)
        only_desk = plan("PAY-NEW", {"assess": task("Assess")})
        apply(world, tmp_path, only_desk)

        assert "done" in world.command("apply", subject="command:apply")
        world.wait(lambda: ("PAY-NEW", "servicenow") in found(world))
        world.wait(lambda: not any(key == "PAY-DR" for key, _ in found(world)))


def test_a_platform_that_is_away_is_no_failure_until_a_day_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box()
    with (
        mail_server(box) as port,
        stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=tell(port)) as world,
    ):
        try_plans(world)
        world.faults(world.jira, {"kind": "503", "times": None})
        move(world, days=1, at="03:01")
        try_plans(world)
        assert errors(world) == []
        assert found(world)["", "jira"].unanswered_since

        move(world, days=1, at="23:00")
        try_plans(world)
        assert box.mails == []
        move(world, days=2, at="03:02")
        try_plans(world)
        try_plans(world)
        assert [str(mail["Subject"]) for mail in box.mails] == ["Continuity plans on jira cannot be tried"]

        requests.delete(f"{world.jira.url}/_sandbox/faults", timeout=5).raise_for_status()
        move(world, days=2, at="03:10")
        try_plans(world)
        assert [str(mail["Subject"]) for mail in box.mails[1:]] == ["Continuity plans on jira can be tried again"]
        assert found(world)["", "jira"].unanswered_since is None


def test_a_live_check_that_fails_is_stored_and_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    with (
        mail_server(box) as port,
        stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=tell(port)) as world,
    ):
        order(world, {"do": "withdraw", "project": "OPS", "permission": "ADD_COMMENTS"})
        try_plans(world)

        assert found(world)["", "jira"].failed
        (mail,) = box.mails
        assert "the live check of jira failed" in mail.get_payload(decode=True).decode()


def move(world: Stage, *, days: int, at: str) -> None:
    """Make it a time of a day some days after the first."""
    world.clock.set(at)
    world.clock.offset += timedelta(days=days)
    for side in (world.servicenow, world.jira):
        wish = {"real": True, "advance": world.clock.offset.total_seconds()}
        requests.post(f"{side.url}/_sandbox/clock", json=wish, timeout=5).raise_for_status()


def apply(world: Stage, directory: Path, *plans: dict[str, Any]) -> None:
    """Put other plans in force."""
    with_plans(*plans)(directory)
    catalog = load(directory, EVERY_WHERE, world.clock.now().date())
    with world.connector.database.begin() as tx:
        catalogs.apply(tx, catalog.digest, to_json(catalog), "test", world.clock.now())


def test_the_service_tries_all_plans_when_it_starts_and_after_each_new_version_of_the_mappings(tmp_path: Path) -> None:
    with start_world(tmp_path, sweeps=True) as served:
        tried = "SELECT * FROM preflight WHERE plan_key <> '' ORDER BY plan_key, connection"
        first = served.wait(lambda: served.rows(tried), 30)
        own = "SELECT * FROM preflight WHERE plan_key = '' AND basis <> '' ORDER BY connection"
        before = served.wait(lambda: len(rows := served.rows(own)) == 2 and rows, 30)
        with served.connector.database.begin() as tx:
            version = mapping_versions.newest(tx)
            assert version is not None
            mapping_versions.add(tx, "another", version.content, "test", datetime.now(UTC))
        served.wait(lambda: {item.mapping_version for item in served.connector.connections.values()} == {2})
        parts = served.connector.parts
        assert parts is not None
        for name in served.connector.connections:
            with served.connector.database.begin() as tx:
                parts.wakes.wake(tx, "sweep", f"preflight:{name}")
        after = served.wait(
            lambda: (rows := served.rows(own)) and all(row.basis.endswith(":2") for row in rows) and rows, 30
        )

        assert {row.plan_key for row in first}
        assert [row.basis.partition(":")[2] for row in before] == ["1", "1"]
        assert all(now.checked_at == then.checked_at for now, then in zip(after, before, strict=True)), (
            "the live check is made by night"
        )


def test_what_many_plans_share_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    plans = [plan(f"PLAN-{number}", TASKS, when=f"summary.contains('{number}')") for number in range(30)]
    with (
        mail_server(box) as port,
        stage(tmp_path, monkeypatch, *plans, at="09:00", change=tell(port)) as world,
    ):
        require(world, "Cost centre")
        try_plans(world)

        (mail,) = box.mails
        lines = mail.get_payload(decode=True).decode().splitlines()
        assert " ".join(str(mail["Subject"]).split()).endswith("could not be fully created: PLAN-0 and 29 more")
        shared = [line for line in lines if "(and so for 29 more plans)" in line]
        assert [sum(f"mappings/jira/{record}.yaml" in line for line in shared) for record in FILES] == [1, 1, 1]
        assert len(shared) == len([line for line in lines if line.startswith("plans/")]) == 3
        assert len(errors(world)) == 30


def test_on_data_center_plans_are_tried_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(
        tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", jira=JiraOptions(flavour="datacenter", search_lag=0.0)
    ) as world:
        try_plans(world)
        good = errors(world)
        require(world, "Cost centre")
        move(world, days=1, at="03:01")
        try_plans(world)

        assert good == []
        assert errors(world) == ["jira"]
