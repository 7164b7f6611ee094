"""What an admin changes on the simulated instance, and what its description of itself then says."""

from __future__ import annotations

import pytest


def described(desk, table, name):
    (row,) = desk.get(
        "sys_dictionary", sysparm_query=f"name={table}^element={name}", sysparm_exclude_reference_link="true"
    )
    return row


def test_the_dictionary_says_what_the_real_one_does(desk):
    row = described(desk, "task", "short_description")

    told = ("internal_type", "mandatory", "max_length", "reference", "column_label", "read_only", "active")
    assert {name: row[name] for name in told} == {
        "internal_type": "string",
        "mandatory": "false",
        "max_length": "160",
        "reference": "",
        "column_label": "Short description",
        "read_only": "false",
        "active": "true",
    }


def test_a_table_has_a_row_of_its_own_without_a_column(desk):
    assert described(desk, "incident", "")["internal_type"] == "collection"


def test_a_child_tables_override_holds_for_it_and_not_for_its_parent(desk):
    (override,) = desk.get("sys_dictionary_override", sysparm_query="name=problem")

    made = [desk.create(table)["state"] for table in ("task", "problem")]

    assert (override["element"], override["base_table"], override["default_value"]) == ("state", "task", "101")
    assert (override["default_value_override"], override["mandatory_override"]) == ("true", "false")
    assert made == ["1", "101"]


def test_a_column_that_is_added_holds_values_and_is_described(desk):
    before = desk.create("incident")
    desk.control("add-column", {"table": "task", "name": "u_cost", "label": "Cost", "kind": "decimal"})

    changed = desk.patch("incident", before, u_cost="1.5")
    odd = desk.patch("incident", before, u_cost="much")

    assert (changed["u_cost"], odd["u_cost"]) == ("1.5", "1.5")
    assert described(desk, "task", "u_cost")["internal_type"] == "decimal"
    assert desk.get("sys_documentation", sysparm_query="element=u_cost")[0]["label"] == "Cost"


def test_a_journal_of_ones_own_keeps_entries(desk):
    desk.control("add-column", {"table": "task", "name": "u_log", "label": "Desk log", "kind": "journal_input"})

    made = desk.create("incident", u_log="Looked.")
    shown = desk.one("incident", made, sysparm_display_value="true")

    assert made["u_log"] == ""
    assert shown["u_log"].endswith("(Desk log)\nLooked.\n\n")


def test_what_only_the_dictionary_calls_mandatory_binds_no_caller_of_the_api(desk):
    desk.control("change-column", {"table": "incident", "name": "cmdb_ci", "mandatory": True})

    made = desk.create("incident")

    assert made["cmdb_ci"] == ""
    (override,) = desk.get("sys_dictionary_override", sysparm_query="name=incident^element=cmdb_ci")
    assert (override["mandatory"], override["mandatory_override"]) == ("true", "true")


def test_a_data_policy_refuses_a_record_on_the_tables_below_too(desk):
    desk.control("require-column", {"table": "task", "column": "cmdb_ci"})

    refused = desk.ask("POST", "table/incident_task", {"short_description": "x"})

    assert refused.status_code == 403
    assert refused.json["error"]["detail"] == (
        "Data Policy Exception: The following fields are mandatory: Configuration item"
    )


@pytest.mark.parametrize(("acl", "seen"), [(True, 0), (False, 1)])
def test_policies_are_hidden_but_counted(make_desk, acl, seen):
    desk = make_desk(policy_acl=acl)
    desk.control("require-column", {"table": "task", "column": "cmdb_ci"})

    answer = desk.ask("GET", "table/sys_data_policy_rule")

    assert (len(answer.json["result"]), answer.headers["X-Total-Count"]) == (seen, "1")


def test_a_read_only_column_drops_what_is_written(desk):
    made = desk.create("incident", u_continuity_phase="Recovery")
    desk.control("change-column", {"table": "incident", "name": "u_continuity_phase", "read_only": True})

    assert desk.patch("incident", made, u_continuity_phase="x", priority="1")["u_continuity_phase"] == "Recovery"


def test_a_column_that_is_switched_off_is_in_no_record(desk):
    desk.control("change-column", {"table": "incident", "name": "u_rto_due", "active": False})

    assert "u_rto_due" not in desk.create("incident")
    assert described(desk, "incident", "u_rto_due")["active"] == "false"


def test_a_choice_that_is_replaced_stays_switched_off_and_only_on_its_table(desk):
    desk.control("change-choice", {"table": "incident_task", "column": "state", "value": "3", "to": "33"})

    query = "element=state^value={}^name={}"
    rows = {
        (value, table): [row["inactive"] for row in desk.get("sys_choice", sysparm_query=query.format(value, table))]
        for value, table in (("3", "incident_task"), ("33", "incident_task"), ("3", "task"))
    }

    assert rows == {("3", "incident_task"): ["true"], ("33", "incident_task"): ["false"], ("3", "task"): ["false"]}


def test_a_group_can_be_switched_off_and_renamed(desk):
    desk.control("change-group", {"name": "Service Desk", "to": "IT Desk", "active": False})

    (row,) = desk.get("sys_user_group", sysparm_query="name=IT Desk")
    assert row["active"] == "false"


def test_a_reset_takes_an_admins_changes_back(desk):
    desk.control("add-column", {"table": "task", "name": "u_cost", "label": "Cost"})
    desk.control("require-column", {"table": "task", "column": "u_cost"})

    desk.control("reset", {})

    assert "u_cost" not in desk.create("incident")
    assert desk.get("sys_dictionary", sysparm_query="element=u_cost") == []


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("add-column", {"table": "task", "name": "x", "label": "X", "kind": "text"}, "kind: 'text' is not one of string,"),
        ("add-column", {"table": "tusk", "name": "x", "label": "X"}, "table: no table 'tusk'; there are task, incident,"),
        ("add-column", {"table": "task", "name": "x"}, "the body.label is missing: write a text"),
        ("change-column", {"table": "task", "name": "x"}, "no column 'x' on task"),
        (
            "change-column",
            {"table": "incident", "name": "number", "length": 10},
            "incident inherits number: it cannot change length",
        ),
        (
            "change-choice",
            {"table": "task", "column": "state", "value": "9"},
            "value: task.state offers -5, 1, 2, 3, 4, 7",
        ),
        ("change-group", {"name": "Nobody"}, "name: no group 'Nobody'; there are Service Desk,"),
    ],
)  # fmt: skip
def test_a_wrong_order_is_told_with_what_is_allowed(desk, path, body, told):
    answer = desk.http.post(f"/_sandbox/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json["error"].startswith(told)
