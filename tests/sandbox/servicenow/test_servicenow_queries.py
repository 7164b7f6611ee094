"""Encoded queries: operators, groups, order, and that what is invalid is ignored."""

from __future__ import annotations

import pytest


@pytest.fixture
def three(desk):
    """INC…1 P1 on payments-db, INC…2 P5 child of it, INC…3 P3 closed."""
    first = desk.create("incident", short_description="Database down", impact=1, urgency=1, cmdb_ci="payments-db")
    desk.create("incident", short_description="No card payments", parent_incident=first["sys_id"])
    third = desk.create("incident", short_description="Slow database", impact=2, urgency=2)
    desk.patch("incident", third, state="7")
    return desk


def numbers(desk, query, table="incident"):
    return [row["number"][-1] for row in desk.get(table, sysparm_query=query, sysparm_fields="number")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("priority=1", "1"),
        ("priority!=1", "23"),
        ("stateIN1,2", "12"),
        ("stateNOT IN1,2", "3"),
        ("short_descriptionLIKEDATABASE", "13"),
        ("short_descriptionSTARTSWITHslow", "3"),
        ("priority>=3", "23"),
        ("priority<=3", "13"),
        ("priority>1", "23"),
        ("priority<3", "1"),
        ("parent_incidentISEMPTY", "13"),
        ("parent_incidentISNOTEMPTY", "2"),
        ("cmdb_ci.name=payments-db", "1"),
        ("parent_incident.number=INC0010001", "2"),
        ("parent_incident.cmdb_ci.name=payments-db", "2"),
        ("active=true^priority=1", "1"),
        ("active=true^priority=1^ORpriority=5", "12"),
        ("active=false^NQpriority=1", "13"),
        ("priority=3^ORpriority=5^active=true", "2"),
        ("ORDERBYDESCnumber", "321"),
        ("active=true^ORDERBYDESCpriority", "21"),
        ("ORDERBYactive^ORDERBYDESCnumber", "321"),
        ("sys_created_on>=2020-01-01 00:00:00", "123"),
        ("", "123"),
    ],
)
def test_a_query_finds(three, query, found):
    assert numbers(three, query) == list(found)


@pytest.mark.parametrize(
    "query",
    [
        "prioritee=1",
        "priority~1",
        "cmdb_ci.nam=payments-db",
        "parent.incident_state=1",
        "priority",
        "sys_created_on>=javascript:gs.daysAgo(1)",
        "nonsense=1^ORmore=2",
    ],
)
def test_an_invalid_part_is_ignored_so_that_more_rows_match(three, query):
    assert numbers(three, query) == list("123")
    assert numbers(three, f"{query}^active=false") == ["3"]


def test_by_sys_id_and_in_a_list_of_sys_ids(three):
    first, second, _ = three.get("incident")

    assert numbers(three, f"sys_id={first['sys_id']}") == ["1"]
    assert numbers(three, f"sys_idIN{second['sys_id']},{first['sys_id']},{'0' * 32}^active=true") == ["2", "1"]
    assert numbers(three, f"sys_id={first['sys_id']}^ORnumber=INC0010002") == ["1", "2"]
    assert numbers(three, f"sys_id={first['sys_id']}^NQnumber=INC0010002") == ["1", "2"]


def test_the_base_table_lists_all_tasks_and_does_not_know_the_columns_of_an_extension(three):
    three.create("incident_task", incident=three.get("incident")[0]["sys_id"])

    assert len(three.get("task", sysparm_query="incident.number=INC0010001")) == 4
    assert len(three.get("incident_task", sysparm_query="incident.number=INC0010001")) == 1
    assert three.get("incident_task", sysparm_query="incident.number=INC0010003") == []


def test_a_parameter_named_after_a_column_is_one_more_condition(three):
    assert [row["number"] for row in three.get("incident", number="INC0010002")] == ["INC0010002"]
