"""continuity adopt, records, reconcile and settle, and services in step over both platforms' own interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.budget import Budgets
from connector.call import Call
from connector.cli.adopt import Nowhere, listed
from connector.flows.reconcile.audit import Audit, Progress
from connector.settings import Settings
from tests.connector.cli.conftest import Run, answer, run_in
from tests.records_in_step import PAYMENTS, Office
from tests.world import DESK, World, talk, world


def keeping(settings: Settings) -> Settings:
    kept = {"servicenow": {"service": "link"}, "jira": {"service": "create"}}
    sides = {name: replace(item, records=kept[name]) for name, item in settings.connections.items()}
    return replace(settings, connections=sides)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that keeps services in step: what ServiceNow has, and all of ours in Jira."""
    folder = tmp_path_factory.mktemp("kept")
    with world(folder, change=keeping) as found:
        file = folder / "continuity.yaml"
        text = file.read_text()
        for name, url in (("8081", found.servicenow.url), ("8082", found.jira.url)):
            text = text.replace(f"http://localhost:{name}", url)
        text = text.replace("    platform: servicenow\n", "    platform: servicenow\n    records: {service: link}\n")
        text = text.replace("    platform: jira\n", "    platform: jira\n    records: {service: create}\n")
        file.write_text(text)
        yield found


@pytest.fixture
def run(kept: World) -> Run:
    return lambda *arguments, **how: run_in(kept.connector.settings.directory, *arguments, **how)


def in_step(world: World) -> set[tuple[str, str]]:
    rows = world.rows("SELECT key, connection FROM counterpart WHERE state = 'in step'")
    return {(row.key, row.connection) for row in rows}


def test_two_of_one_name_are_told_apart_by_id_and_address(kept: World, run: Run) -> None:
    twin = kept.servicenow_call("POST", "/api/now/table/cmdb_ci_service", json={"name": "Payments"})["sys_id"]
    ids = {row["sys_id"] for row in kept.table("cmdb_ci_service") if row["name"] == "Payments"}

    (match,) = [item for item in answer(run("adopt", "servicenow", "--json"))["records"] if item["key"] == "payments"]
    shown = run("adopt", "servicenow").stdout
    refused = run("adopt", "servicenow", "--link", "payments=Payments", "--apply")
    given = answer(run("adopt", "servicenow", "--link", f"payments={twin}", "--json"))["records"]
    talk("DELETE", f"{kept.servicenow.url}/api/now/table/cmdb_ci_service/{twin}", auth=DESK).raise_for_status()

    assert {item["id"] for item in match["doubtful"]} == ids
    assert all(item["id"] in item["url"] and item["url"] in shown for item in match["doubtful"])
    assert "2 on servicenow are called 'Payments'" in refused.stderr
    assert all(item in refused.stderr for item in ids)
    assert [(item["by"], item["id"]) for item in given if item["key"] == "payments"] == [("given", twin)]


def test_services_are_adopted_made_and_kept_in_step_on_both_platforms(kept: World, run: Run) -> None:
    looked = run("adopt", "servicenow")
    assert "Nothing was changed" in looked.stdout
    found = answer(run("adopt", "servicenow", "--json"))
    assert [item["by"] for item in found["records"] if item["key"] == "payments"] == ["name"], found
    assert answer(run("records", "--json")) == []

    applied = answer(run("adopt", "servicenow", "--apply", "--json"))
    assert applied["linked"] == sum(bool(item["number"]) for item in applied["records"])
    run("reconcile", "jira")
    kept.wait(lambda: len(in_step(kept)) == len(found["records"]) + applied["linked"])
    assert {("payments", "servicenow"), ("payments", "jira")} <= in_step(kept)

    (row,) = [row for row in kept.table("cmdb_ci_service") if row["name"] == "Payments"]
    kept.update("cmdb_ci_service", row["sys_id"], busines_criticality="2 - somewhat critical")
    run("reconcile", "servicenow")
    kept.wait(lambda: kept.rows("SELECT id FROM taken"))
    kept.settle()

    (payments,) = [item for item in answer(run("records", "--json")) if item["key"] == "payments" and item["taken"]]
    values = {"field": "criticality", "value": 2, "in_file": 1, "value_said": "2", "in_file_said": "1", "at": ""}
    assert payments["taken"][0] | {"at": ""} == values
    assert "criticality 1 -> 2, taken from" in run("history", "--ticket", payments["number"], "--json").stdout
    assert "rto: (nothing) -> 4h" in run("history", "--ticket", payments["number"], "--csv", "-").stdout
    (warning,) = [item for item in answer(run("check", "--json"))["warnings"] if "was taken" in item["what"]]
    assert ": services.payments.criticality" in warning["where"]
    assert warning["what"].startswith("the file says 1; servicenow says 2 since")
    told = run("why", "service", "payments").stdout
    assert f"service {payments['number']} on servicenow (servicenow)" in told
    assert told.count("  It is the service payments, kept in step: in step since 20") == len(("servicenow", "jira"))
    assert "criticality <-> busines_criticality: read" in told
    assert "  ours: '2'   servicenow: '2'   last agreed: '2'" in told
    assert "  ours: 4h   jira: 4h   last agreed: 4h" in told
    assert "mappings/defaults/servicenow/service.yaml (shipped)" in run("why", payments["number"]).stdout
    assert run("records", "--state", "gone").stdout == "None is so.\n"
    trial = answer(run("reconcile", "--full", "--dry-run", "--json"))
    assert {item["connection"]: item["counts"].get("different", 0) for item in trial} == {"servicenow": 0, "jira": 0}, (
        trial
    )
    headers = {"Authorization": "Bearer a token of the test world"}
    listed: Any = requests.get(f"{kept.web.url}/api/records?connection=jira", headers=headers, timeout=5).json()
    assert {item["state"] for item in listed["records"]} == {"in step"}


def test_a_name_that_becomes_that_of_another_is_taken_and_told_where_the_file_says_otherwise(
    kept: World, run: Run
) -> None:
    (row,) = [row for row in kept.table("cmdb_ci_service") if row["name"] == "Customer Portal"]
    kept.update("cmdb_ci_service", row["sys_id"], name="Payments")
    run("reconcile", "servicenow")
    kept.wait(lambda: kept.rows("SELECT id FROM taken WHERE field = 'name'"))

    (warning,) = [item for item in answer(run("check", "--json"))["warnings"] if ".name" in item["where"]]
    assert "servicenow says Payments since" in warning["what"]
    assert "; the service payments has the same name: rename one, so that" in warning["what"]
    told = run("history", "--record", "service", "customer-portal", "--csv", "-").stdout
    assert "service customer-portal linked with Customer Portal" in told
    assert "service customer-portal: name Customer Portal -> Payments, taken from" in told
    assert ",update,service,name: Customer Portal -> Payments," in told  # to Jira
    assert "service payments" not in told
    assert "is more than one ticket" in run("why", "Payments", "--connection", "servicenow").stderr


def test_a_full_audit_says_what_it_did_and_where_it_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def comparing(_: Audit) -> Iterator[Progress]:
        yield Progress({"read": 7, "findings": 1}, ["service payments: BS1 is gone from jira; it is unlinked"])

    def interrupted(audit: Audit) -> Iterator[Progress]:
        yield from comparing(audit)
        raise KeyboardInterrupt

    monkeypatch.setattr(Audit, "run", comparing)
    done = run("reconcile", "jira", "--full")
    tried = run("reconcile", "jira", "--full", "--dry-run")
    monkeypatch.setattr(Audit, "run", interrupted)
    stopped = run("reconcile", "jira", "--full")

    assert "it is unlinked\nAll this was handed to the service, which does it now" in done.stdout
    assert "Nothing was changed: without --dry-run" in tried.stdout
    assert (stopped.exit_code, stopped.stdout) == (130, "")
    assert "jira: stopped after 7 records; run it again, it goes on at its page" in stopped.stderr


def test_what_makes_no_sense_is_declined(run: Run) -> None:
    for arguments, told in (
        (("adopt", "servicenow", "--kind", "plan"), "plan is not kept in step with servicenow"),
        (("adopt", "servicenow", "--link", "payments"), "write KEY=NUMBER"),
        (("adopt", "servicenow", "--link", "nothing=BS1"), "--link nothing=BS1: no service has the key 'nothing'"),
        (("reconcile", "--dry-run"), "goes with --full"),
        (("settle", "service", "payments", "rto"), "--ours or --theirs"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert told in result.stderr, result.stderr
    settled = answer(run("settle", "service", "payments", "rto", "--ours", "--json"))
    assert "nothing is to be settled" in settled[0]["reason"]


def test_records_are_applied_before_they_are_adopted(folder: Path) -> None:
    file = folder / "continuity.yaml"
    file.write_text(file.read_text().replace("    platform: jira\n", "    platform: jira\n    records: {plan: link}\n"))

    early = run_in(folder, "adopt", "jira")

    assert early.exit_code == 1
    assert early.stderr == "no services or plans are in force yet: `continuity apply`, then this again\n"


def test_the_listing_waits_where_the_platform_takes_no_more_calls(tmp_path: Path) -> None:
    office = Office(tmp_path, page=1, services=(PAYMENTS, replace(PAYMENTS, key="portal", name="Portal")), create=True)
    office.sweep()
    budgets = Budgets(lambda: office.now)
    office.start(budgets)
    budgets.called("desk", Call("GET", "/", 429, 0.1, leave_alone=30))
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        office.now += timedelta(seconds=seconds)

    found = listed(office.parts, office.parts.connections["desk"], "service", pause)
    office.close()

    assert len(found) == len(office.services)
    assert waited == [32]


def test_where_there_is_no_place_for_a_kind_nothing_is_looked_for(tmp_path: Path) -> None:
    office = Office(tmp_path, desks=("desk",), tasks=True, lacks=("plan_task",))

    with pytest.raises(Nowhere):
        listed(office.parts, office.parts.connections["desk"], "plan_task")
    office.close()
