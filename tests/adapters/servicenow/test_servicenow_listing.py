"""Services and plans by pages: hidden rows, many changes in one second, classes, what is retired, and few calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from adapters.servicenow.batch import Answer
from adapters.servicenow.listing import Place, Unpaged, following, place
from connector.ticketing import Refused, Unavailable
from sandbox.servicenow.options import Options
from sandbox.servicenow.record import sys_id

SMALL = {"listing_size": 3}


def names(world, record="service", since=None):
    """Return what a listing shows, in its order, and how many pages it took."""
    found, after, pages = [], "", 0
    while True:
        page = world.adapter.listing(record, since=since, after=after)
        found += [ticket.values.get("name", ticket.number) for ticket in page.tickets]
        after, pages = page.next, pages + 1
        if not after:
            return found, pages


def test_pages_of_which_access_rules_hide_some_rows_or_all_are_not_the_end(make):
    hidden = sys_id("sys_user_group", "Service Desk")
    world = make(Options(hidden_groups=frozenset({"Service Desk"})), SMALL)
    world.order("fill", table="cmdb_ci_service", name="Secret", count=20, like=f"assignment_group={hidden}")
    world.order("fill", table="cmdb_ci_service", name="Open", count=20)

    found, _ = names(world)

    shown = [f"Open {number}" for number in range(1, 21)]
    assert sorted(found) == sorted([*shown, "Payments", "Customer Portal", "Card Processing"])


def test_a_thousand_changes_in_one_second_are_listed_whole_and_one_call_a_page(make):
    world = make(settings={"listing_size": 250})
    world.order("fill", table="cmdb_ci_service", name="Service", count=1000)  # all of one instant

    changed, pages = names(world, since=datetime(2026, 1, 5, 8, tzinfo=UTC))
    later = world.adapter.listing("service", since=datetime(2026, 1, 5, 8, 0, 1, tzinfo=UTC))

    assert (len(changed), len(set(changed)), pages) == (1003, 1003, 5)
    assert later.tickets == ()
    assert len(world.calls) == 6


def test_the_classes_that_the_mapping_names_are_services_and_others_that_extend_the_table_are_not(make):
    world = make(settings=SMALL)
    for table in ("cmdb_ci_service_business", "cmdb_ci_service_technical", "cmdb_ci_service_auto", "service_offering"):
        world.post(table, name=table)

    found, _ = names(world)

    assert set(found) - {"Payments", "Customer Portal", "Card Processing"} == {
        "cmdb_ci_service_business",
        "cmdb_ci_service_technical",
    }


def test_a_mapping_may_name_other_classes(make):
    world = make(service="classes: [service_offering]")
    offering = world.post("service_offering", name="Payments, gold")
    business = world.post("cmdb_ci_service_business", name="Trading")

    found, _ = names(world)

    assert "Payments, gold" in found
    assert "Trading" not in found
    assert world.adapter.read("service", [offering])[0].record == "service"
    assert [ticket.record for ticket in world.adapter.read("service", [business])] == ["other"]


def test_a_retired_service_is_gone_and_told_as_such_among_changes(make):
    world = make()
    made = world.post("cmdb_ci_service", name="Fax gateway")
    since = datetime.now(UTC) - timedelta(seconds=5)
    url = f"{world.running.url}/api/now/table/cmdb_ci_service/{made}"
    requests.patch(url, json={"install_status": "7"}, auth=("dana.desk", "sandbox-password"), timeout=5)

    assert "Fax gateway" not in names(world)[0]
    assert world.adapter.read("service", [made]) == []
    (changed,) = world.adapter.listing("service", since=since).tickets
    assert (changed.id, changed.deleted, changed.values) == (made, True, {})
    assert world.adapter.parse(changed.raw).deleted


@pytest.mark.parametrize("said", ['operational_status: "6"', "operational_status: Retired"])
def test_what_counts_as_retired_may_be_said_as_stored_or_as_shown(make, said):
    world = make(service=f"retired: {{install_status: null, {said}}}")
    made = world.post("cmdb_ci_service", name="Fax gateway", operational_status="6")
    kept = world.post("cmdb_ci_service", name="Old printer", install_status="7")

    assert [ticket.id for ticket in world.adapter.read("service", [made, kept])] == [kept]


def test_a_service_is_found_by_its_name_where_its_table_has_no_numbers(make):
    world = make()

    (found,) = world.adapter.read("service", ["Payments"])

    assert (found.number, found.values["criticality"], found.values["rto"]) == ("Payments", 1, None)
    assert world.adapter.read("service", ["Pay^ments"[:3]]) == []
    with pytest.raises(Refused):
        world.adapter.read("service", ["Pay^active=true"])


def test_a_service_of_another_tool_is_not_taken_for_one_of_ours(make):
    world = make()
    world.post("cmdb_ci_service", name="Imported", correlation_id="record:service:payments:desk:0")

    (found,) = world.adapter.read("service", ["Imported"])

    assert found.key == ""


def test_an_instance_that_is_down_or_a_place_that_is_none_is_told(make):
    world = make()
    with pytest.raises(Refused, match="no place"):
        world.adapter.listing("service", after="page 2")
    world.fail(method="POST", path="batch", kind="503", times=5)
    with pytest.raises(Unavailable):
        world.adapter.listing("service")


def test_a_place_is_read_as_it_is_written():
    for here in (Place(), Place("0" * 32), Place("f" * 32, 6), Place("", 3)):
        assert place(str(here)) == here


def test_a_platform_that_does_not_page_by_sys_id_is_told_instead_of_asked_forever():
    same = Answer(200, {"result": [{"sys_id": "a" * 32}]}, {"x-total-count": "9"})

    with pytest.raises(Unpaged):
        following(Place("a" * 32), same, 1)
