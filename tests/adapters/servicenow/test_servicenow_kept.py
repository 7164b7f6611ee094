"""Services and plans as they are written: on which table a plan stands, what it cannot hold, and whose a record is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import requests

from adapters.servicenow.records import sys_id_of
from connector.problem import Invalid
from connector.ticketing import KEPT, Unavailable, Write
from sandbox.servicenow.options import Options
from sandbox.servicenow.record import sys_id

KEEPS = {"keeps": frozenset(KEPT)}
BASE = sys_id("kb_knowledge_base", "Business Continuity")
ARTICLE = f"""
fields:
  x_base: {{field: kb_knowledge_base, direction: write, type: reference, default: {BASE}}}
"""
TEXT = "# Fail over\n\n* Move the database\n* Tell the bank"
BCM = Options(bcm=True)


def plan(key="record:plan:payments:desk:0", **values):
    given = {"title": "Payments fail over", "text": TEXT, "review_at": "2027-01-31"}
    return Write(key, "create", "plan", values=given | values)


def send(world, write):
    (outcome,) = world.adapter.send([write])
    return outcome


def test_a_plan_is_an_article_where_business_continuity_management_is_not_installed(make):
    world = make(plan=ARTICLE)

    made = send(world, plan())

    row = world.row(made.id)
    assert (made.status, made.warnings, made.number) == ("done", (), "KB0010001")
    assert (row["sys_class_name"], row["kb_knowledge_base"], row["u_review_at"]) == ("kb_knowledge", BASE, "2027-01-31")
    assert row["valid_to"] == "2100-01-01"
    assert "<h1>Fail over</h1>" in row["text"]
    (read,) = world.adapter.read("plan", [made.id, "KB0010001", "Payments fail over"])
    assert (read.values["title"], read.values["review_at"]) == ("Payments fail over", date(2027, 1, 31))
    assert made.id == sys_id_of("record:plan:payments:desk:0")


def test_a_plan_stands_on_the_table_of_business_continuity_management_where_that_is_installed(make):
    world = make(BCM, plan=ARTICLE)

    made = send(world, plan())

    row = world.row(made.id)
    assert (made.status, made.warnings, made.number) == ("done", (), "Payments fail over")
    assert (row["sys_class_name"], row["name"], row["expires"]) == ("sn_bcp_plan", "Payments fail over", "2027-01-31")
    assert row["description"] == TEXT.replace("* ", "- ")
    assert world.adapter.listing("plan").tickets[0].values["review_at"] == date(2027, 1, 31)
    assert world.adapter.read("plan", [made.id])[0].record == "plan"


def test_where_a_plan_stands_is_asked_once(make):
    world = make(BCM)

    for _ in range(3):
        world.adapter.listing("plan")

    assert len(world.calls) == 4


def test_a_message_is_read_by_the_table_that_it_names_before_anything_was_asked(make):
    world = make()
    raw = {"sys_class_name": "sn_bcp_plan", "sys_id": "a" * 32, "name": "Payments", "expires": "2027-01-31"}

    ticket = world.adapter.parse(raw)

    assert (ticket.record, ticket.values) == ("plan", {"title": "Payments", "review_at": date(2027, 1, 31)})
    assert world.calls == []


def test_nothing_is_written_while_it_is_not_known_where_a_plan_stands(make):
    world = make(BCM)
    world.fail(method="POST", path="batch", kind="503", times=3)

    lost = send(world, plan())
    world.fail(method="GET", path="sn_bcp_plan", kind="500", inner=True, times=None)

    assert (lost.status, lost.retry_after) == ("retry", None)
    with pytest.raises(Unavailable, match="could not be found out"):
        world.adapter.listing("plan")
    mixed = world.adapter.send([plan(), Write("s", "create", "service", values={"name": "Trading"})])
    assert [outcome.status for outcome in mixed] == ["retry", "done"]
    assert send(world, Write(**vars(plan()) | {"unclear_since": datetime.now(UTC)})).status == "unclear"


def test_an_approved_plan_is_read_only_there_and_the_write_is_refused(make):
    world = make(BCM)
    made = send(world, plan())
    url = f"{world.running.url}/api/now/table/sn_bcp_plan/{made.id}"
    requests.patch(url, json={"state": "approved"}, auth=("dana.desk", "sandbox-password"), timeout=5)

    refused = send(world, Write("w", "update", "plan", id=made.id, values={"title": "Other"}))

    assert (refused.status, "ACL Exception" in refused.reason) == ("refused", True)


def test_a_note_on_a_record_without_a_journal_is_told_and_not_dropped(make):
    world = make()
    made = send(world, Write("s", "create", "service", values={"name": "Trading"}, note="Was made by us."))
    alone = send(world, Write("n", "update", "service", id=made.id, note="Changed."))

    told = "cmdb_ci_service keeps no notes (name its journal with note:): "
    assert (made.status, made.warnings) == ("done", (f"{told}'Was made by us.'",))
    assert (alone.status, alone.reason) == ("refused", f"{told}'Changed.'")


def test_a_note_goes_to_the_journal_that_the_mapping_of_plans_names(make):
    world = make(BCM, plan="note: comments")
    made = send(world, plan())

    noted = send(world, Write("n", "update", "plan", id=made.id, note="Reviewed."))

    assert (noted.status, [column for column, _ in world.journal()]) == ("done", ["comments"])


def test_an_unclear_create_finds_the_article_by_its_sys_id(make):
    world = make(plan=ARTICLE)
    world.adapter.listing("plan")
    world.fail(method="POST", path="batch", kind="drop_after")

    lost = send(world, plan())
    found = send(world, Write(**vars(plan()) | {"unclear_since": datetime.now(UTC)}))

    assert (lost.status, found.status, found.number) == ("unclear", "done", "KB0010001")
    assert len(world.adapter.listing("plan").tickets) == 1


def test_an_owner_of_whom_only_the_id_was_told_is_no_change(make):
    world = make()
    row = {"sys_class_name": "cmdb_ci_service", "sys_id": "a" * 32, "name": "Payments"}

    told = world.adapter.parse(row | {"owned_by": {"value": "b" * 32, "display_value": "Carla Mendes"}})

    assert told.values["owner"] == "Carla Mendes"
    assert world.adapter.parse(row | {"owned_by": "b" * 32}).values == {"name": "Payments"}


@pytest.mark.parametrize(("options", "table"), [(Options(), "kb_knowledge"), (BCM, "sn_bcp_plan")])
def test_the_live_check_looks_at_services_and_plans_only_where_they_are_kept(make, options, table):
    files = {"service": "fields: {owner: {field: owner_of_it}}", "plan": "fields: {title: {field: headline}}"}

    silent = make(options, **files).told()
    told = make(options, KEEPS, **files).told()

    assert silent == []
    assert [line.partition("; ")[0] for line in told if line.startswith("error")] == [
        "error: mappings/servicenow/service.yaml:1: fields.owner: the instance has no column cmdb_ci_service.owner_of_it",
        f"error: mappings/servicenow/plan.yaml:1: fields.title: the instance has no column {table}.headline",
    ]


def test_the_live_check_tells_what_an_article_lacks_and_which_classes_there_are_not(make):
    world = make(Options(), KEEPS, service='classes: [cmdb_ci_srevice, cmdb_ci_appl]\nretired: {life_cycle: "9"}')

    told = world.told()

    lines = "\n".join(told)
    for name in ("cmdb_ci_srevice", "cmdb_ci_appl"):
        assert (
            f"service.yaml: classes: the instance has no table '{name}' that extends cmdb_ci_service; take it" in lines
        )
    assert "no column cmdb_ci_service.life_cycle, by which archived ones would be known" in lines
    assert "kb_knowledge.kb_knowledge_base ('Knowledge base') is mandatory on forms" in lines
    assert "error" not in lines


def test_a_plan_that_may_be_longer_than_its_column_is_told_by_the_check_and_a_longer_one_by_its_write(make):
    world = make(BCM, KEEPS)

    (told,) = world.told()
    made = send(world, plan(text="word " * 1000))

    assert "sn_bcp_plan.description takes 4000 characters, and text may have 20000: the rest would be cut" in told
    assert [warning.partition(":")[0] for warning in made.warnings] == ["sn_bcp_plan.description did not stick"]


def test_a_preflight_of_a_plan_is_clean_on_either_table(make):
    for options in (Options(policy_acl=False), Options(policy_acl=False, bcm=True)):
        world = make(options, KEEPS, plan=ARTICLE)

        assert world.adapter.preflight([plan()]) == ()
        assert world.calls
        assert world.adapter.listing("plan").tickets == ()


def asset(world, **objectives):
    names = {name: sys_id("sn_bcm_timeframe", timeframe) for name, timeframe in objectives.items()}
    return world.post("sn_bcp_plan_asset", name="Payments", **names)


def test_recovery_objectives_of_a_plans_assets_are_read_from_their_timeframes(make):
    world = make(BCM, KEEPS, service="like: assets")
    asset(world, recovery_time_objective="4 hours", recovery_point_objective="1 day")

    (found,) = world.adapter.listing("service").tickets

    assert (found.record, found.values["name"]) == ("service", "Payments")
    assert (found.values["rto"], found.values["rpo"]) == (4 * 3600, 86400)
    assert [line for line in world.told() if "plan.yaml" not in line] == []


def test_an_objective_is_written_to_an_asset_as_the_timeframe_that_starts_after_as_long(make):
    world = make(BCM, service="like: assets")
    made = asset(world, recovery_time_objective="4 hours")

    written = send(world, Write("w", "update", "service", id=made, values={"rto": 3600, "rpo": 86400}))

    row = world.row(made)
    assert (written.status, written.warnings) == ("done", ())
    assert row["recovery_time_objective"] == sys_id("sn_bcm_timeframe", "1 hour")
    assert row["recovery_point_objective"] == sys_id("sn_bcm_timeframe", "1 day")


def test_an_objective_for_which_there_is_no_timeframe_is_left_and_told(make):
    world = make(BCM, service="like: assets")
    made = asset(world, recovery_time_objective="4 hours")

    written = send(world, Write("w", "update", "service", id=made, values={"rto": 5400, "name": "Card payments"}))

    (warning,) = written.warnings
    row = world.row(made)
    assert (row["name"], row["recovery_time_objective"]) == ("Card payments", sys_id("sn_bcm_timeframe", "4 hours"))
    assert "no timeframe of 1h30m on the platform (platform field 'recovery_time_objective')" in warning
    alone = send(world, Write("a", "update", "service", id=made, values={"rto": 5400}))
    assert (alone.status, alone.warnings) == ("done", written.warnings)


def test_an_alternative_that_there_is_not_is_told(make):
    with pytest.raises(Invalid, match=r"service.yaml: like: no other mapping of a service is called 'asset'"):
        make(BCM, service="like: asset")


def test_without_objectives_on_the_service_the_rest_is_written_and_told(make):
    world = make(Options(plain=True))

    made = send(world, Write("s", "create", "service", values={"name": "Trading", "rto": 3600}))

    (warning,) = made.warnings
    assert made.status == "done"
    assert warning.startswith("cmdb_ci_service.u_rto did not stick: there is no such column")
