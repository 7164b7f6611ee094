"""Services, knowledge articles and plans on the simulated instance, and files on its records."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from sandbox.servicenow.record import sys_id
from sandbox.webhooks import Target

BASE = sys_id("kb_knowledge_base", "Business Continuity")


def test_a_list_of_services_shows_the_classes_that_extend_it(desk):
    desk.create("cmdb_ci_service_business", name="Trading")
    desk.create("service_offering", name="Trading, gold")

    shown = {row["name"]: row["sys_class_name"] for row in desk.get("cmdb_ci_service")}

    assert (shown["Trading"], shown["Trading, gold"]) == ("cmdb_ci_service_business", "service_offering")
    assert len(shown) == 5


def test_recovery_objectives_are_columns_of_the_seeded_instance_and_not_of_a_plain_one(desk, make_desk):
    seeded, plain = desk.get("cmdb_ci_service"), make_desk(plain=True).get("cmdb_ci_service")

    assert {"u_rto", "u_rpo", "u_mtpd"} <= set(seeded[0])
    assert not {"u_rto", "u_rpo", "u_mtpd"} & set(plain[0])


def test_an_article_has_a_number_and_no_correlation_and_is_refused_in_no_knowledge_base(desk):
    article = desk.create("kb_knowledge", short_description="Plan", kb_knowledge_base=BASE, correlation_id="k")
    refused = desk.ask("POST", "table/kb_knowledge", {"short_description": "Plan"})

    assert (article["number"], article["workflow_state"], article["valid_to"]) == ("KB0010001", "draft", "2100-01-01")
    assert "correlation_id" not in article
    assert (refused.status_code, refused.json["error"]["message"]) == (403, "Operation Failed")


def test_a_table_without_classes_shows_none_and_ignores_a_condition_on_them(make_desk):
    desk = make_desk(bcm=True)
    desk.create("sn_bcp_plan", name="Payments fail over")

    (row,) = desk.get("sn_bcp_plan", sysparm_query="sys_class_name=incident")

    assert row["name"] == "Payments fail over"
    assert not {"sys_class_name", "number", "correlation_id"} & set(row)


def test_an_instance_has_the_tables_of_business_continuity_management_only_where_asked(desk, make_desk):
    absent = desk.ask("GET", "table/sn_bcp_plan")
    named = "name=sn_bcp_plan"

    assert (absent.status_code, absent.json["error"]) == (400, {"message": "Invalid table sn_bcp_plan", "detail": None})
    assert desk.get("sys_db_object", sysparm_query=named) == []
    assert len(make_desk(bcm=True).get("sys_db_object", sysparm_query=named)) == 1


def test_an_asset_names_its_timeframe_whose_beginning_is_a_duration(make_desk):
    desk = make_desk(bcm=True)
    desk.create("sn_bcp_plan_asset", name="Payments", recovery_time_objective="4 hours")

    (row,) = desk.get("sn_bcp_plan_asset", sysparm_fields="recovery_time_objective.starts_at")

    assert row == {"recovery_time_objective.starts_at": "1970-01-01 04:00:00"}


def test_a_reference_that_leads_nowhere_is_dropped_without_a_word_from_tasks_and_assets(make_desk):
    desk = make_desk(bcm=True)
    plan = desk.create("sn_bcp_plan", name="Payments")["sys_id"]

    lost = desk.create("sn_bcp_recovery_task", short_description="Fail over", plan="0" * 32)
    kept = desk.create("sn_bcp_recovery_task", short_description="Fail over", plan=plan)
    strange = desk.create("sn_bcp_plan_asset", name="Payments", recovery_time_objective=plan)

    assert (lost["plan"], kept["plan"]["value"], strange["recovery_time_objective"]) == ("", plan, "")


def test_a_plan_counts_its_tasks_and_changes_with_them(make_desk):
    desk = make_desk(bcm=True)
    one, other = (desk.create("sn_bcp_plan", name=name)["sys_id"] for name in ("Payments", "Portal"))
    task = desk.create("sn_bcp_recovery_task", short_description="Fail over", plan=one)
    desk.patch("sn_bcp_recovery_task", task, plan=other)
    desk.patch("sn_bcp_recovery_task", task, order="2")

    counted = {row["name"]: (row["tasks_count"], row["sys_mod_count"]) for row in desk.get("sn_bcp_plan")}
    assert counted == {"Payments": ("0", "2"), "Portal": ("1", "1")}
    desk.ask("DELETE", f"table/sn_bcp_recovery_task/{task['sys_id']}")
    assert {row["tasks_count"] for row in desk.get("sn_bcp_plan")} == {"0"}


def test_only_planners_write_plans_tasks_and_assets(make_desk):
    desk = make_desk(bcm=True)
    desk = replace(desk, account=("tom.network", "sandbox-password"))
    refused = [
        desk.ask("POST", f"table/{table}", {"name": "Payments"}).status_code
        for table in ("sn_bcp_plan", "sn_bcp_recovery_task", "sn_bcp_plan_asset")
    ]

    assert refused == [403] * 3
    assert desk.ask("POST", "table/incident", {"short_description": "One"}).status_code == 201


def test_an_approved_plan_is_read_only_for_all_but_admin(make_desk):
    desk = make_desk(bcm=True)
    plan = desk.create("sn_bcp_plan", name="Payments", state="approved")["sys_id"]

    assert desk.ask("PATCH", f"table/sn_bcp_plan/{plan}", {"name": "Other"}).status_code == 403
    assert desk.as_admin().ask("PATCH", f"table/sn_bcp_plan/{plan}", {"name": "Other"}).status_code == 200


def test_a_data_policy_holds_on_services_too(desk):
    policy = {"table": "cmdb_ci_service", "column": "owned_by"}
    desk.http.post("/_sandbox/require-column", json=policy)

    assert desk.ask("POST", "table/cmdb_ci_service", {"name": "Trading"}).status_code == 403


def test_many_services_are_made_at_once_and_paged_by_their_ids(desk):
    started = time.perf_counter()
    order = {"table": "cmdb_ci_service", "name": "Service", "count": 10_000, "like": "install_status=7"}
    desk.http.post("/_sandbox/fill", json=order)
    seconds = time.perf_counter() - started

    first = desk.ask("GET", "table/cmdb_ci_service", sysparm_query="ORDERBYsys_id", sysparm_limit="2")
    rest = desk.ask("GET", "table/cmdb_ci_service", sysparm_query="install_status=7^sys_id>f", sysparm_limit="1")

    assert first.headers["X-Total-Count"] == "10003"
    assert 'rel="next"' in first.headers["Link"]
    assert 0 < int(rest.headers["X-Total-Count"]) < 2000
    assert rest.json["result"][0]["name"].startswith("Service ")
    assert seconds < 5


@pytest.mark.parametrize("wrong", [{"table": "cmdb_ci_srevice"}, {"column": "title"}, {"like": "u_x=1"}])
def test_a_wrong_order_to_fill_changes_nothing(desk, wrong):
    order = {"table": "cmdb_ci_service", "name": "Service", "count": 3} | wrong

    assert desk.http.post("/_sandbox/fill", json=order).status_code == 400
    assert len(desk.get("cmdb_ci_service")) == 3


def test_a_file_is_kept_listed_and_given_back_and_hidden_with_its_record(make_desk):
    desk = make_desk(hidden_groups=frozenset({"Service Desk"}))
    shown = desk.create("incident", short_description="One")["sys_id"]
    hidden = desk.as_admin().create("incident", short_description="Two", assignment_group="Service Desk")["sys_id"]
    for who, record in ((desk, shown), (desk.as_admin(), hidden)):
        place = {"table_name": "incident", "table_sys_id": record, "file_name": "a.log"}
        assert who.ask("POST", "attachment/file", {"x": 1}, **place).status_code == 201

    (row,) = desk.ask("GET", "attachment").json["result"]

    assert (row["table_sys_id"], row["file_name"], row["sys_created_by"]) == (shown, "a.log", "continuity.integration")
    given = desk.http.get(row["download_link"].partition("//localhost")[2], auth=desk.account)
    assert json.loads(given.data) == {"x": 1}
    assert desk.ask("GET", f"table/incident/{shown}").json["result"]["sys_mod_count"] == "0"


@pytest.mark.parametrize(
    ("options", "place", "status"),
    [
        ({"attachment_extensions": frozenset({"png"})}, {}, 403),
        ({"attachment_max_size": 3}, {}, 413),
        ({"attachment_rights": frozenset({"read"})}, {}, 403),
        ({}, {"file_name": ""}, 400),
        ({}, {"table_sys_id": "0" * 32}, 404),
    ],
)
def test_a_file_is_refused_by_type_size_right_or_place(make_desk, options, place, status):
    desk = make_desk(**options)
    made = desk.create("incident", short_description="One")["sys_id"]
    asked = {"table_name": "incident", "table_sys_id": made, "file_name": "a.log"} | place

    answer = desk.ask("POST", "attachment/file", {"x": 1}, **asked)

    assert (answer.status_code, answer.json["status"]) == (status, "failure")
    assert desk.ask("GET", "attachment").json["result"] == []


def test_files_that_an_account_may_not_read_are_not_listed_nor_given(make_desk):
    desk = make_desk(attachment_rights=frozenset({"write"}))
    made = desk.create("incident", short_description="One")["sys_id"]
    asked = {"table_name": "incident", "table_sys_id": made, "file_name": "a.log"}
    file = desk.ask("POST", "attachment/file", {"x": 1}, **asked).json["result"]["sys_id"]

    assert desk.ask("GET", "attachment").json["result"] == []
    assert desk.ask("GET", f"attachment/{file}/file").status_code == 404


def test_services_and_plans_are_told_as_incidents_are_and_their_end_too(make_desk, ear):
    desk = make_desk(bcm=True, targets=(Target(ear.url, "s", "static"),))
    service = desk.create("cmdb_ci_service_technical", name="Database")["sys_id"]
    desk.ask("PATCH", f"table/cmdb_ci_service/{service}", {"owned_by": "Priya Nair"})
    desk.create("sn_bcp_plan", name="Payments")
    desk.ask("DELETE", f"table/cmdb_ci_service/{service}")
    deadline = time.monotonic() + 5
    while len(ear.heard) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)

    bodies = sorted((json.loads(body) for _, body in ear.heard), key=lambda body: (body["table"], body["operation"]))
    assert [(body["table"], body["operation"]) for body in bodies] == [
        ("cmdb_ci_service_technical", "delete"),
        ("cmdb_ci_service_technical", "insert"),
        ("cmdb_ci_service_technical", "update"),
        ("sn_bcp_plan", "insert"),
    ]
    assert bodies[2]["record"]["owned_by"]["display_value"] == "Priya Nair"
    assert "sys_class_name" not in bodies[3]["record"]


def test_tasks_of_plans_are_told_only_where_an_admin_has_the_rule(make_desk, ear):
    target = (Target(ear.url, "s", "static"),)
    for rules in (frozenset(), frozenset({"sn_bcp_recovery_task"})):
        desk = make_desk(bcm=True, rules=rules, targets=target)
        desk.create("sn_bcp_recovery_task", short_description="Fail over")
        desk.create("sn_bcp_plan", name="Payments")
    deadline = time.monotonic() + 5
    while len(ear.heard) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)

    tables = sorted(json.loads(body)["table"] for _, body in ear.heard)
    assert tables == ["sn_bcp_plan", "sn_bcp_plan", "sn_bcp_recovery_task"]


def test_services_and_articles_have_pages_for_people(desk):
    article = desk.create("kb_knowledge", short_description="Plan", kb_knowledge_base=BASE)
    business = desk.create("cmdb_ci_service_business", name="Trading")
    named = f"cmdb_ci_service_business.do%3Fsys_id%3D{business['sys_id']}"

    home = desk.http.get("/").text
    page = desk.http.get(f"/nav_to.do?uri={named}", follow_redirects=True)

    assert "Payments" in home
    assert article["number"] in home
    assert (page.status_code, "Trading" in page.text) == (200, True)
    assert desk.http.get(f"/nav_to.do?uri=sys_user.do%3Fsys_id%3D{sys_id('sys_user', 'dana.desk')}").status_code == 404
