"""Names looked up by a column of the mapping's choice, and what is taken where several bear one."""

from __future__ import annotations

import pytest
import requests

from adapters.servicenow import batch
from adapters.servicenow.lookups import Lookups
from connector.ticketing import Names, Write
from mappings.transforms import Lookup

BY_NUMBER = "fields: {assignee: {direction: write, lookup: {by: employee_number}}}"
BY_CODE = "fields: {team: {direction: write, lookup: {by: u_code}}}"
CODE = {"table": "sys_user_group", "name": "u_code", "label": "Code"}


def write(world, **values):
    given = {"title": "Fail over", "state": "open", "incident": world.post("incident")} | values
    (outcome,) = world.adapter.send([Write(given["incident"], "create", "recovery_task", values=given)])
    return outcome, world.row(outcome.id)


def test_a_person_is_found_by_the_column_that_the_mapping_names_and_by_no_other(make):
    world = make(recovery_task=BY_NUMBER)
    rosa = world.as_admin("sys_user", user_name="rosa", name="4711", employee_number="E-17")
    world.as_admin("sys_user", user_name="E-17", name="Someone else")

    found, row = write(world, assignee="e-17")
    missed, _ = write(world, assignee="4711")

    assert (found.warnings, row["assigned_to"]) == ((), rosa)
    assert "no user '4711' on the platform" in missed.warnings[0]


def test_a_group_is_found_by_a_column_of_ones_own_and_the_fallback_by_its_name(make):
    world = make(recovery_task=BY_CODE)
    world.order("add-column", **CODE)
    night = world.as_admin("sys_user_group", name="Night shift", u_code="NS")

    found, row = write(world, team="NS")
    missed, fallback = write(world, team="Night shift")

    assert (found.warnings, row["assignment_group"]) == ((), night)
    assert missed.warnings == (
        "no group 'Night shift' on ServiceNow: given to 'Service Desk'; create the group, or correct the plan",
    )
    assert fallback["assignment_group"] not in ("", night)


@pytest.mark.parametrize(("several", "taken"), [("refuse", False), ("first", True)])
def test_of_several_that_bear_a_name_the_first_is_taken_only_where_the_mapping_says_so(make, several, taken):
    world = make(
        recovery_task=f"fields: {{assignee: {{direction: write, lookup: {{by: employee_number, several: {several}}}}}}}"
    )
    world.order("clock", now="2026-03-02T09:00:00Z")
    first = world.as_admin("sys_user", user_name="rosa", employee_number="E-17")
    world.order("clock", now="2026-03-02T09:00:01Z")
    world.as_admin("sys_user", user_name="rosa.two", employee_number="E-17")

    outcome, row = write(world, assignee="E-17")

    assert row["assigned_to"] == (first if taken else "")
    assert (outcome.warnings == ()) is taken


@pytest.mark.parametrize("column", ["manager.email", "name^ORactive", "javascript:x", "Name"])
def test_a_column_that_is_none_never_gets_into_a_query(make, column):
    world = make(recovery_task=f'fields: {{assignee: {{direction: write, lookup: {{by: "{column}"}}}}}}')

    outcome, row = write(world, assignee="priya.dba")

    asked = requests.get(f"{world.running.url}/_sandbox/calls", timeout=5).text
    assert "sys_user?" not in asked
    assert column.replace("^", "%5E") not in asked
    assert (row["assigned_to"], len(outcome.warnings)) == ("", 1)
    assert any(
        f"the instance has no column sys_user.{column}, by which names are looked up" in told for told in world.told()
    )


def test_a_plans_names_are_warmed_as_the_mapping_looks_them_up(make):
    world = make(recovery_task=BY_CODE, review=BY_CODE)
    world.order("add-column", **CODE)
    world.as_admin("sys_user_group", name="Night shift", u_code="NS")

    problems = world.adapter.warm(Names(teams=("NS", "Network Operations")))

    assert [str(problem) for problem in problems] == [
        (
            "connection desk: no active group 'Network Operations' by u_code (or several of that name) on the instance; "
            "create it, or correct the name, or its tasks go to 'Service Desk'"
        )
    ]


def test_rows_that_a_query_on_an_unknown_column_let_through_are_not_taken():
    lookups, lookup = Lookups(), Lookup("team", "u_code", "first")
    rows = {"result": [{"sys_id": "a" * 32, "name": "Ops"}]}

    lookups.learn([(lookup, "NS")], {"lookup:team.u_code.first:0": batch.Answer(200, rows)})

    assert lookups.resolve(lookup, "NS") is None
    assert lookups.known([(lookup, "NS")])


def test_one_name_looked_up_in_two_ways_is_two_answers():
    lookups, by_code = Lookups(), Lookup("team", "u_code")
    wanted = [(Lookup("team"), "Ops"), (by_code, "Ops")]
    answers = {
        "lookup:team:0": batch.Answer(200, {"result": [{"sys_id": "a" * 32, "name": "Ops"}]}),
        "lookup:team.u_code.refuse:0": batch.Answer(200, {"result": [{"sys_id": "b" * 32, "u_code": "Ops"}]}),
    }

    lookups.learn(wanted, answers)

    assert [lookups.resolve(*each) for each in wanted] == ["a" * 32, "b" * 32]
