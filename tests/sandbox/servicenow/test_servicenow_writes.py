"""Writing: what sticks, what is dropped without a word, and what is refused."""

from __future__ import annotations

import pytest

KEY = "0123456789abcdef0123456789abcdef"


def test_a_post_answers_201_with_its_location_and_the_whole_record(desk):
    answer = desk.ask("POST", "table/incident", {"short_description": "x"})

    record = answer.json["result"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"http://localhost/api/now/table/incident/{record['sys_id']}"
    assert record["number"] == "INC0010001"
    assert record["sys_created_by"] == record["sys_updated_by"] == "continuity.integration"
    assert record["sys_mod_count"] == "0"
    assert record["sys_class_name"] == "incident"


@pytest.mark.parametrize(
    ("table", "number"),
    [
        ("incident", "INC0010001"),
        ("incident_task", "INCTSK0010001"),
        ("problem", "PRB0010001"),
        ("problem_task", "PTASK0010001"),
        ("task", "TASK0010001"),
    ],
)
def test_each_table_numbers_its_own(desk, table, number):
    assert desk.create(table)["number"] == number


@pytest.mark.parametrize("status", [403, 500])
def test_a_sys_id_in_the_body_is_honoured_and_refused_twice(make_desk, status):
    desk = make_desk(duplicate_status=status)

    made = desk.create("incident_task", sys_id=KEY.upper(), short_description="first")
    again = desk.ask("POST", "table/incident_task", {"sys_id": KEY, "short_description": "second"})

    assert made["sys_id"] == KEY
    assert again.status_code == status
    assert "Unique Key violation detected by database" in again.json["error"]["detail"]
    assert [row["short_description"] for row in desk.get("incident_task")] == ["first"]


def test_a_sys_id_that_is_not_32_hex_digits_is_dropped(desk):
    assert desk.create("incident", sys_id="my-own-id")["sys_id"] != "my-own-id"


def test_unknown_columns_are_dropped_with_success(desk):
    made = desk.create("incident", u_no_such="x", short_description="kept")

    assert "u_no_such" not in made
    assert made["short_description"] == "kept"


def test_read_only_columns_do_not_stick(desk):
    made = desk.create("incident", sys_created_on="2001-01-01 00:00:00", sys_mod_count="9", sys_created_by="me")
    kept = desk.patch("incident", made, sys_id=KEY, sys_mod_count="9", reopen_count="7", sys_class_name="problem")

    assert kept == made
    assert made["sys_created_by"] == "continuity.integration"


def test_columns_that_the_caller_may_not_write_are_dropped_with_success(make_desk):
    desk = make_desk(unwritable=frozenset({"incident.u_continuity_plan"}))
    made = desk.create("incident", u_continuity_plan="PAY-DR")

    assert made["u_continuity_plan"] == ""
    assert desk.as_admin().patch("incident", made, u_continuity_plan="PAY-DR")["u_continuity_plan"] == "PAY-DR"


def test_priority_written_alone_does_not_stick(desk):
    made = desk.create("incident", priority=1)

    assert made["priority"] == "5"
    assert desk.patch("incident", made, priority="1")["priority"] == "5"
    assert desk.patch("incident", made, impact="1", urgency="2", priority="4")["priority"] == "2"


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [(1, 1, 1), (1, 2, 2), (2, 1, 2), (1, 3, 3), (2, 2, 3), (3, 1, 3), (2, 3, 4), (3, 2, 4), (3, 3, 5)],
)
def test_priority_follows_from_impact_and_urgency(desk, impact, urgency, priority):
    assert desk.create("incident", impact=impact, urgency=urgency)["priority"] == str(priority)


@pytest.mark.parametrize(
    ("field", "written", "stuck"),
    [
        ("due_date", "2026-03-02 13:00:00", "2026-03-02 13:00:00"),
        ("due_date", "2026-03-02", "2026-03-02 00:00:00"),
        ("due_date", "2026-03-02T13:00:00Z", ""),
        ("due_date", "tomorrow", ""),
        ("due_date", "2026-02-30 00:00:00", ""),
        ("order", 5, "5"),
        ("order", "five", ""),
        ("knowledge", True, "true"),
        ("u_recovery_progress", "40 %", ""),
        ("short_description", "x" * 200, "x" * 160),
        ("short_description", {"value": "x"}, ""),
        ("correlation_id", "c" * 120, "c" * 100),
    ],
)
def test_a_value_sticks_only_as_far_as_its_column_can_hold_it(desk, field, written, stuck):
    assert desk.create("incident", **{field: written})[field] == stuck


def test_null_empties_a_field(desk):
    made = desk.create("incident", description="long")

    assert desk.patch("incident", made, description=None)["description"] == ""


def test_a_reference_to_nobody_sticks_because_nothing_checks_it(desk):
    assert desk.create("incident", cmdb_ci=KEY)["cmdb_ci"]["value"] == KEY


def test_a_reference_given_by_name_resolves_or_becomes_empty(desk):
    made = desk.create("incident", assignment_group="Database Operations", assigned_to="Priya Nair")

    group = desk.get("sys_user_group", sysparm_query="name=Database Operations")[0]
    assert made["assignment_group"]["value"] == group["sys_id"]
    assert made["assigned_to"]["value"]
    assert desk.patch("incident", made, assignment_group="DB Ops")["assignment_group"] == ""


def test_labels_of_choices_are_taken_only_with_input_display_value(desk):
    made = desk.create("incident_task")
    address = f"table/incident_task/{made['sys_id']}"

    bare = desk.ask("PATCH", address, {"state": "Work in Progress"}).json["result"]
    labelled = desk.http.patch(
        f"/api/now/{address}?sysparm_input_display_value=true", json={"state": "Work in Progress"}, auth=desk.account
    ).json["result"]

    assert bare["state"] == "1"
    assert labelled["state"] == "2"


def test_a_change_bumps_the_version_and_no_change_does_not(desk):
    desk.control("clock", {"now": "2026-03-02T09:00:00Z"})
    made = desk.create("incident", short_description="x")
    desk.control("clock", {"advance": 60})

    same = desk.patch("incident", made, short_description="x", u_no_such="y")
    changed = desk.patch("incident", made, short_description="y")

    assert (same["sys_mod_count"], same["sys_updated_on"]) == ("0", "2026-03-02 09:00:00")
    assert (changed["sys_mod_count"], changed["sys_updated_on"]) == ("1", "2026-03-02 09:01:00")


def test_put_changes_like_patch_and_delete_removes(desk):
    made = desk.create("incident", short_description="x", description="kept")

    put = desk.ask("PUT", f"table/incident/{made['sys_id']}", {"short_description": "y"}).json["result"]

    assert (put["short_description"], put["description"]) == ("y", "kept")
    assert desk.ask("DELETE", f"table/incident/{made['sys_id']}").status_code == 204
    assert desk.ask("DELETE", f"table/incident/{made['sys_id']}").status_code == 404


@pytest.mark.parametrize("body", ["no json", "[]", '"text"'])
def test_a_body_that_is_no_json_object_is_400(desk, body):
    answer = desk.http.post("/api/now/table/incident", data=body, auth=desk.account)

    assert answer.status_code == 400
    assert desk.get("incident") == []


@pytest.mark.parametrize("table", ["sys_user", "sys_properties", "cmdb_ci_appl", "sys_dictionary"])
def test_the_integration_s_account_may_not_write_what_is_not_the_desk_s(desk, table):
    answer = desk.ask("POST", f"table/{table}", {"name": "x"})

    assert answer.status_code == 403
    assert "ACL Exception Insert Failed" in answer.json["error"]["detail"]
    assert desk.as_admin().create(table, name="x")["name"] == "x"


def test_a_data_policy_refuses_to_resolve_without_code_and_notes(make_desk):
    desk = make_desk(data_policy=True)
    made = desk.create("incident")

    refused = desk.ask("PATCH", f"table/incident/{made['sys_id']}", {"state": "6", "close_notes": "done"})

    assert refused.status_code == 403
    assert refused.json["error"]["detail"].endswith("mandatory: Resolution code")
    assert desk.one("incident", made)["state"] == "1"
    desk.patch("incident", made, state="6", close_notes="done", close_code="Solved (Permanently)")


def test_an_outage_and_an_affected_item_can_be_recorded(desk):
    made = desk.create("incident")

    outage = desk.create(
        "cmdb_ci_outage", cmdb_ci="payments-db", begin="2026-03-02 08:55:00", task_number=made["sys_id"]
    )
    affected = desk.create("task_ci", task=made["sys_id"], ci_item="payments-db")

    assert outage["begin"] == "2026-03-02 08:55:00"
    assert affected["ci_item"]["value"] == outage["cmdb_ci"]["value"]
