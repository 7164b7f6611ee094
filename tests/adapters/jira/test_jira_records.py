"""Services and plans as issues: made, changed, read, and checked where they are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.ticketing import KEPT, Names, Outcome, Record, Write
from mappings.library import Mappings, load
from tests.adapters.jira.jira_desk import Desk, only

SERVICE = {
    "name": "Payments",
    "criticality": 1,
    "owner": "Priya Nair",
    "rto": 7200,
    "rpo": 900,
    "mtpd": 14400,
    "text": "Takes cards.\n\n- needs **Ledger**",
}
PLAN = {"title": "Fail over payments", "text": "# Steps\n\n1. Stop writes\n2. Promote", "review_at": "2026-09-01"}


def create(record: Record, values: dict[str, Any], key: str = "record:service:payments:jira-test:0") -> Write:
    return Write(key, "create", record, values=values)


def update(made: Outcome, record: Record = "service", **values: Any) -> Write:
    return Write("record:service:payments:jira-test:1", "update", record, made.id, made.number, values)


def own(tmp_path: Path, record: str, text: str) -> Mappings:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{record}.yaml").write_text(text)
    return load("jira", tmp_path)


def test_a_service_is_made_and_read_as_it_was_written(desk: Desk) -> None:
    jira = desk.warmed()

    made = only(jira.send([create("service", SERVICE)]))
    (ticket,) = jira.read("service", [made.id])

    assert (made.status, made.warnings) == ("done", ())
    assert (ticket.record, ticket.key, ticket.problems) == ("service", "record:service:payments:jira-test:0", ())
    assert {name: ticket.values[name] for name in SERVICE if name != "text"} == {
        name: value for name, value in SERVICE.items() if name != "text"
    }
    assert "needs" in str(desk.issues()[made.number]["fields"]["description"])
    assert {"continuity-connector", "continuity-service"} <= set(desk.issues()[made.number]["fields"]["labels"])


def test_many_services_and_plans_are_made_in_one_call(desk: Desk) -> None:
    jira = desk.warmed()
    writes = [create("service", {**SERVICE, "name": f"Service {number}"}, f"s{number}") for number in range(3)]

    outcomes = jira.send([*writes, create("plan", PLAN, "p")])

    assert {outcome.status for outcome in outcomes} == {"done"}
    assert desk.calls() == ["POST /issue/bulk"]


def test_a_service_whose_creation_was_lost_is_found_again(desk: Desk) -> None:
    jira = desk.warmed(search_lag=0.0)
    desk.faults({"method": "POST", "path": "/issue/bulk$", "kind": "drop_after"})

    lost = only(jira.send([create("service", SERVICE)]))
    again = only(jira.send([Write(lost.key, "create", "service", values=SERVICE, unclear_since=desk.now)]))

    assert (lost.status, again.status) == ("unclear", "done")
    assert list(desk.issues()) == [again.number]


def test_several_fields_are_changed_in_one_call(desk: Desk) -> None:
    jira = desk.warmed()
    made = only(jira.send([create("service", SERVICE)]))
    desk.forget_calls()

    changed = only(jira.send([update(made, rto=3600, name="Card payments", text="Other")]))

    assert (changed.status, changed.warnings) == ("done", ())
    assert desk.calls() == [f"PUT /issue/{made.id}"]
    (ticket,) = jira.read("service", [made.id])
    assert (ticket.values["rto"], ticket.values["name"]) == (3600, "Card payments")


def test_a_field_that_the_edit_screen_refuses_is_told_and_the_others_are_written(desk: Desk) -> None:
    jira = desk.warmed()
    made = only(jira.send([create("service", SERVICE)]))
    desk.administer({"do": "take_off_screen", "field": "RTO minutes", "project": "OPS", "screen": "edit"})

    changed = only(jira.send([update(made, rto=3600, name="Card payments")]))

    (warning,) = changed.warnings
    assert changed.status == "done"
    assert "RTO minutes: '60' was left out" in warning
    assert "put it on that screen" in warning
    assert desk.issues()[made.number]["fields"]["summary"] == "Card payments"


def test_what_is_written_to_an_adopted_issue_labels_it_where_its_screen_lets_us(desk: Desk) -> None:
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Payments"}
    ids = [desk.person("POST", "/issue", {"fields": fields})["id"] for _ in range(2)]
    jira = desk.warmed()

    jira.send([Write("a", "update", "service", ids[0], values={"rto": 60})])
    desk.administer({"do": "take_off_screen", "field": "labels", "project": "OPS", "screen": "edit"})
    second = only(jira.send([Write("b", "update", "service", ids[1], values={"rto": 60})]))

    assert (second.status, second.warnings) == ("done", ())
    labels = {issue["id"]: issue["fields"]["labels"] for issue in desk.issues().values()}
    assert labels == {ids[0]: ["continuity-service"], ids[1]: []}
    rtos = {issue["fields"]["customfield_10121"] for issue in desk.issues().values()}
    assert rtos == {1.0}


def test_a_plan_beyond_what_jira_takes_is_cut_and_told_and_one_below_stands_whole(desk: Desk) -> None:
    jira = desk.warmed()
    step = "- Do **this** before that, and look at [the board](https://board.example)\n"
    long, whole = step * 900, step * 300

    cut, kept = jira.send([create("plan", {**PLAN, "text": long}, "a"), create("plan", {**PLAN, "text": whole}, "b")])

    (warning,) = cut.warnings
    assert (cut.status, kept.status, kept.warnings) == ("done", "done", ())
    assert "Description: Jira takes 32,767 characters; the end is left out there" in warning
    assert "plan.yaml" in warning
    changed = only(jira.send([update(kept, "plan", text=long)]))
    assert "the end is left out" in "\n".join(changed.warnings)


def test_a_title_too_long_for_a_summary_is_told(desk: Desk) -> None:
    (warning,) = only(desk.warmed().send([create("plan", {**PLAN, "title": "Plan " * 60})])).warnings

    assert "Summary: Jira takes 255 characters" in warning


def test_a_site_without_our_fields_gets_what_it_has_fields_for(desk: Desk) -> None:
    for name in ("Criticality", "Service owner", "RTO minutes", "RPO minutes", "MTPD minutes"):
        desk.administer({"do": "delete_field", "field": name})
    jira = desk.warmed()

    made = only(jira.send([create("service", SERVICE)]))

    assert (made.status, made.warnings) == ("done", ())
    (ticket,) = jira.read("service", [made.id])
    assert set(ticket.values) == {"name", "updated_at"}


@pytest.mark.parametrize("keeps", [frozenset(), frozenset(KEPT)])
def test_mappings_of_services_and_plans_are_checked_only_where_these_are_kept(
    desk: Desk, tmp_path: Path, keeps: frozenset[Record]
) -> None:
    mappings = own(
        tmp_path, "service", "issue_type: Service\nfields:\n  rto: {field: Recovery minutes, optional: false}\n"
    )
    jira = desk.adapter(mappings=mappings, keeps=keeps)

    found = "\n".join(map(str, jira.check(Names(projects=("OPS",))).problems))

    assert ("has no field 'Recovery minutes'" in found) is bool(keeps)
    assert ("project OPS has no issue type 'Service'" in found) is bool(keeps)


def test_a_project_of_the_services_own_is_checked_and_used(desk: Desk, tmp_path: Path) -> None:
    mappings = own(tmp_path, "service", "fields:\n  project: {default: NET}\n")
    jira = desk.adapter(mappings=mappings, keeps=frozenset(KEPT))
    desk.administer({"do": "withdraw", "project": "NET", "permission": "CREATE_ISSUES"})

    found = "\n".join(map(str, jira.check(Names(projects=("OPS",))).problems))
    refused = only(jira.send([create("service", SERVICE)]))

    assert "connections.jira-test.projects.NET: the account lacks CREATE_ISSUES" in found
    assert refused.status == "refused"
    assert "permission" in refused.reason


def test_what_would_keep_a_service_from_being_made_is_known_before(desk: Desk) -> None:
    desk.administer({"do": "add_field", "name": "Cost centre", "required_in": "OPS"})
    jira = desk.warmed()

    (problem,) = jira.preflight([create("service", SERVICE, "k")])

    assert problem.where == "k: Cost centre"
    assert problem.level == "error"
