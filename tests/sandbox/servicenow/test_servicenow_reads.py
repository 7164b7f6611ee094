"""Reading: lists, fields, display values, paging and refusals, as the platform shows them."""

from __future__ import annotations

import pytest

SEEDED = "payments-db"


def test_without_credentials_the_answer_is_401_in_the_platform_s_words(desk):
    answer = desk.http.get("/api/now/table/incident")

    assert answer.status_code == 401
    assert answer.json == {
        "error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"},
        "status": "failure",
    }
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("account", [("continuity.integration", "wrong"), ("nobody", "sandbox-password")])
def test_wrong_credentials_are_401(desk, account):
    assert desk.http.get("/api/now/table/incident", auth=account).status_code == 401


def test_every_seeded_user_signs_in_with_the_sandbox_password(desk):
    for user in ("dana.desk", "ivan.incident", "priya.dba", "tom.network", "aisha.apps", "carla.continuity"):
        assert desk.http.get("/api/now/table/incident", auth=(user, "sandbox-password")).status_code == 200


def test_a_client_credentials_token_is_taken_as_bearer(desk):
    form = {"grant_type": "client_credentials", "client_id": "continuity-client", "client_secret": "sandbox-secret"}
    token = desk.http.post("/oauth_token.do", data=form).json["access_token"]

    answer = desk.http.get("/api/now/table/incident", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    assert desk.http.get("/api/now/table/incident", headers={"Authorization": "Bearer no"}).status_code == 401
    assert desk.http.post("/oauth_token.do", data=form | {"client_secret": "x"}).status_code == 401


def test_an_unknown_table_is_400_with_a_null_detail(desk):
    answer = desk.ask("GET", "table/incidnt")

    assert answer.status_code == 400
    assert answer.json == {"error": {"message": "Invalid table incidnt", "detail": None}, "status": "failure"}


def test_an_unknown_record_is_404_and_an_empty_list_is_200(desk):
    answer = desk.ask("GET", f"table/incident/{'0' * 32}")

    assert answer.status_code == 404
    assert answer.json["error"]["message"] == "No Record found"
    assert desk.get("incident") == []


def test_an_unknown_resource_is_400_as_json(desk):
    answer = desk.ask("GET", "tabel/incident")

    assert answer.status_code == 400
    assert "Requested URI does not represent any resource" in answer.json["error"]["message"]


def test_a_record_is_not_found_through_a_table_that_it_does_not_belong_to(desk):
    made = desk.create("problem")

    assert desk.ask("GET", f"table/incident/{made['sys_id']}").status_code == 404
    assert desk.one("task", made)["sys_class_name"] == "problem"


def test_values_are_strings_and_references_are_link_and_value(desk):
    made = desk.create("incident", cmdb_ci=SEEDED, impact=1)

    assert {type(value) for value in made.values()} == {str, dict}
    assert made["cmdb_ci"]["link"] == f"http://localhost/api/now/table/cmdb_ci/{made['cmdb_ci']['value']}"
    assert made["parent_incident"] == ""
    assert made["sys_domain"]["value"] == "global"


def test_display_value_true_and_all_show_labels_names_and_values(desk):
    made = desk.create("incident", cmdb_ci=SEEDED)
    fields = "state,cmdb_ci,assigned_to,sys_class_name"

    shown = desk.one("incident", made, sysparm_display_value="true", sysparm_fields=fields)
    both = desk.one("incident", made, sysparm_display_value="all", sysparm_fields=fields)

    assert shown["state"] == "New"
    assert shown["sys_class_name"] == "Incident"
    assert set(shown["cmdb_ci"]) == {"display_value", "link"}
    assert both["state"] == {"display_value": "New", "value": "1"}
    assert both["cmdb_ci"]["display_value"] == SEEDED
    assert both["cmdb_ci"]["value"] == made["cmdb_ci"]["value"]
    assert both["assigned_to"] == {"display_value": "", "value": ""}


def test_excluding_reference_links_leaves_the_bare_value(desk):
    made = desk.create("incident", cmdb_ci=SEEDED)

    bare = desk.one("incident", made, sysparm_exclude_reference_link="true")
    both = desk.one("incident", made, sysparm_exclude_reference_link="true", sysparm_display_value="all")

    assert bare["cmdb_ci"] == made["cmdb_ci"]["value"]
    assert set(both["cmdb_ci"]) == {"display_value", "value"}


def test_fields_dot_walk_and_unknown_ones_are_absent(desk):
    made = desk.create("incident", cmdb_ci=SEEDED)

    row = desk.one(
        "incident", made, sysparm_fields="number,cmdb_ci.name,cmdb_ci.support_group.name,assigned_to.name,no"
    )

    assert row == {
        "number": made["number"],
        "cmdb_ci.name": SEEDED,
        "cmdb_ci.support_group.name": "Database Operations",
        "assigned_to.name": "",
    }


def test_pages_carry_the_total_and_links(desk):
    for _ in range(5):
        desk.create("incident")

    answer = desk.ask("GET", "table/incident", sysparm_limit="2", sysparm_offset="2", sysparm_fields="number")

    assert [row["number"] for row in answer.json["result"]] == ["INC0010003", "INC0010004"]
    assert answer.headers["X-Total-Count"] == "5"
    links = answer.headers["Link"].split(",")
    assert [link.partition("rel=")[2] for link in links] == ['"first"', '"prev"', '"next"', '"last"']
    assert "sysparm_offset=4" in links[2]


def test_the_page_is_cut_before_the_access_rules_so_a_page_can_be_short(make_desk):
    desk = make_desk(hidden_groups=frozenset({"Network Operations"}))
    hidden = desk.create("incident", assignment_group="Network Operations")
    desk.create("incident")

    answer = desk.ask("GET", "table/incident", sysparm_limit="1")

    assert answer.json["result"] == []
    assert answer.headers["X-Total-Count"] == "2"
    assert desk.ask("GET", f"table/incident/{hidden['sys_id']}").status_code == 404
    assert len(desk.as_admin().get("incident")) == 2


def test_fields_that_the_caller_may_not_read_are_absent(make_desk):
    desk = make_desk(unreadable=frozenset({"incident.caller_id", "task.due_date"}))
    made = desk.create("incident")

    assert not {"caller_id", "due_date"} & set(desk.one("incident", made))
    assert {"caller_id", "due_date"} <= set(desk.as_admin().one("incident", made))


def test_subclasses_are_seen_through_their_base(desk):
    items = {row["name"]: row["sys_class_name"] for row in desk.get("cmdb_ci")}

    assert items["payments-db"] == "cmdb_ci_db_instance"
    assert items["Card Processing"] == "cmdb_ci_service"
    assert {row["name"] for row in desk.get("cmdb_ci_service")} == {"Payments", "Customer Portal", "Card Processing"}


def test_services_carry_the_misspelt_criticality_and_depend_on_their_items(desk):
    payments = desk.get("cmdb_ci_service", sysparm_query="name=Payments")[0]
    rows = desk.get("cmdb_rel_ci", sysparm_query="parent.name=Payments", sysparm_fields="child.name,type.name")

    assert payments["busines_criticality"] == "1 - most critical"
    assert {row["child.name"] for row in rows} == {"payments-db", "payments-api", "payments-queue"}
    assert {row["type.name"] for row in rows} == {"Depends on::Used by"}


def test_the_count_of_the_aggregate_api(desk):
    desk.create("incident")

    answer = desk.ask("GET", "stats/incident", sysparm_count="true", sysparm_query="state=1")

    assert answer.json == {"result": {"stats": {"count": "1"}}}
