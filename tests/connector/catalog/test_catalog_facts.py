"""Tests of the catalog as a set: its digest, its JSON, what it covers, and what a new one changes."""

import json
from dataclasses import replace
from datetime import timedelta

from connector.catalog import catalog_of, changes, from_json, to_json
from connector.recovery_task import Phase, PlanTask


def test_a_catalog_survives_json_without_its_warnings(records):
    records.edit("plans/pay-dr.yaml", "", "review_at: 2020-01-01\n")
    catalog = records.load()

    again = from_json(json.loads(json.dumps(to_json(catalog))))

    assert catalog.warnings
    assert again == catalog
    assert again.warnings == ()


def test_the_digest_changes_with_the_content_and_not_with_comments(records):
    before = records.load().digest
    records.edit("services.yaml", "services:", "# ours\nservices:")
    commented = records.load().digest
    records.edit("services.yaml", "rpo: 15m", "rpo: 20m")

    assert commented == before
    assert records.load().digest != before


def test_plans_are_found_by_service_those_of_the_first_service_first(records):
    catalog = records.load()
    pay = catalog.plans["PAY-DR"]
    portal = replace(pay, key="PORTAL", services=("portal", "payments"))
    known = catalog_of(catalog.services.values(), [pay, portal])

    assert known.plans_for(["portal", "payments"]) == (portal, pay)
    assert known.plans_for(["payments"]) == (pay, portal)
    assert known.plans_for(["unknown"]) == ()


def test_the_strictest_rto_is_the_shortest_of_the_known_services(records):
    catalog = records.load()
    cards = replace(catalog.services["payments"], key="cards", rto=timedelta(hours=2))
    known = catalog_of([*catalog.services.values(), cards], [])

    assert known.strictest_rto(["payments", "cards", "unknown"]) == timedelta(hours=2)
    assert known.strictest_rto(["unknown"]) is None


def test_the_first_catalog_adds_everything(records):
    found = changes(None, records.load())

    assert [str(change) for change in found] == ["service payments added", "plan PAY-DR added"]


def test_the_same_catalog_changes_nothing(records):
    assert changes(records.load(), records.load()) == []


def test_changes_name_each_record_and_field(records):
    old = records.load()
    pay = old.plans["PAY-DR"]
    _assess, failover = pay.tasks
    verify = PlanTask("verify", "Verify", Phase.RECOVERY, timedelta(minutes=5))
    new = catalog_of(
        [replace(old.services["payments"], rto=timedelta(hours=3), identifiers=())],
        [replace(pay, summary="Shorter.", tasks=(replace(failover, duration=timedelta(minutes=50)), verify))],
    )

    assert [str(change) for change in changes(old, new)] == [
        "service payments changed: rto, identifiers",
        "plan PAY-DR changed: tasks.failover.duration, tasks.verify (new), tasks.assess (gone), summary",
    ]


def test_a_new_order_of_tasks_is_a_change(records):
    old = records.load()
    pay = old.plans["PAY-DR"]
    new = catalog_of(old.services.values(), [replace(pay, tasks=pay.tasks[::-1])])

    assert [str(change) for change in changes(old, new)] == ["plan PAY-DR changed: tasks (order)"]


def test_what_is_gone_is_removed(records):
    assert [str(change) for change in changes(records.load(), catalog_of([], []))] == [
        "service payments removed",
        "plan PAY-DR removed",
    ]
