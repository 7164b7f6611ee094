"""What an administrator changes in a running Jira, as an integration meets it."""

import pytest


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request):
    return request.getfixturevalue(request.param)


def administer(jira, *orders):
    jira.steer("admin", {"orders": list(orders)})


def screen(jira, project="OPS", kind="10001"):
    page = jira.get(f"issue/createmeta/{project}/issuetypes/{kind}", maxResults=200)
    return {field["fieldId"]: field for field in page.get("fields") or page["values"]}


SEVERITY = {"do": "add_field", "name": "Severity", "kind": "option", "required_in": "OPS", "options": ["Low", "High"]}
CREATE = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}


def test_a_required_field_is_told_on_the_create_screen_and_its_lack_refused(jira):
    administer(jira, SEVERITY)

    meta = screen(jira)["customfield_10201"]
    told = jira.refused("POST", "issue", {"fields": CREATE})["errors"]

    assert (meta["required"], meta["hasDefaultValue"]) == (True, False)
    assert meta["schema"] == {
        "type": "option",
        "custom": "com.atlassian.jira.plugin.system.customfieldtypes:select",
        "customId": 10201,
    }
    assert [option["value"] for option in meta["allowedValues"]] == ["Low", "High"]
    assert told == {"customfield_10201": "Severity is required."}
    assert not screen(jira, "NET")["customfield_10201"]["required"]


def test_an_option_is_an_object_whose_value_is_spelt_as_it_is_offered(jira):
    administer(jira, SEVERITY)

    def refusal(value):
        return jira.refused("POST", "issue", {"fields": CREATE | {"customfield_10201": value}})["errors"]

    assert refusal({"value": "high"}) == {"customfield_10201": "Option value 'high' is not valid"}
    assert "Specify a valid" in refusal("High")["customfield_10201"]
    key = jira.create("OPS", customfield_10201={"value": "High"})
    assert jira.get(f"issue/{key}")["fields"]["customfield_10201"]["value"] == "High"
    assert jira.found("Severity = high") == [key]


def test_a_renamed_option_and_status_are_renamed_on_the_issues_that_have_them(jira):
    administer(jira, SEVERITY)
    key = jira.create("OPS", customfield_10201={"value": "High"})

    administer(
        jira,
        {"do": "rename_option", "field": "Severity", "option": "High", "to": "Severe"},
        {"do": "rename_status", "status": "To Do", "to": "Ready"},
    )

    fields = jira.get(f"issue/{key}")["fields"]
    assert (fields["customfield_10201"]["value"], fields["status"]["name"]) == ("Severe", "Ready")
    assert "Ready" in [status["name"] for status in jira.get("status")]
    assert jira.move(key, "21").status_code == 204
    assert jira.found("status = Ready") == []


def test_a_field_can_leave_one_screen_or_both(jira):
    key = jira.create("OPS")
    administer(jira, {"do": "take_off_screen", "field": "RTO due", "project": "OPS", "screen": "edit"})

    assert "customfield_10105" in screen(jira)
    assert "customfield_10105" not in jira.get(f"issue/{key}/editmeta")["fields"]
    edit = {"fields": {"customfield_10105": "2026-03-02T09:00:00.000+0000"}}
    assert "not on the appropriate screen" in str(jira.refused("PUT", f"issue/{key}", edit))
    assert jira.create("OPS", **edit["fields"])


def test_a_removed_transition_is_offered_no_more_and_one_with_a_screen_asks(jira):
    key = jira.create("OPS")
    administer(
        jira,
        {"do": "remove_transition", "project": "OPS", "transition": "Start work"},
        {"do": "require_in_transition", "project": "OPS", "transition": "Finish", "field": "Team"},
    )

    (way,) = jira.get(f"issue/{key}/transitions", expand="transitions.fields")["transitions"]
    refused = jira.move(key, "31")
    done = jira.move(key, "31", fields={"customfield_10106": "Network"})

    assert (way["name"], way["fields"]["customfield_10106"]["required"]) == ("Finish", True)
    assert refused.json["errors"] == {"customfield_10106": "Team is required."}
    assert done.status_code == 204


def test_one_who_left_is_found_no_more_and_gets_no_work(jira, cloud):
    key = jira.create("OPS")
    search = {"query": "priya"} if jira is cloud else {"username": "priya"}
    assert len(jira.get("user/search", **search)) == 1

    administer(jira, {"do": "deactivate", "user": "priya.dba"})

    assert jira.get("user/search", **search) == []
    person = {"accountId": "acc-priya-dba"} if jira is cloud else {"name": "priya.dba"}
    assert "cannot be assigned" in str(jira.refused("PUT", f"issue/{key}", {"fields": {"assignee": person}}))


@pytest.mark.parametrize(
    ("permission", "method", "address", "body"),
    [
        ("CREATE_ISSUES", "POST", "issue", {"fields": CREATE}),
        ("EDIT_ISSUES", "PUT", "issue/OPS-1", {"fields": {"summary": "y"}}),
        ("ADD_COMMENTS", "POST", "issue/OPS-1/comment", {"body": "x"}),
        ("TRANSITION_ISSUES", "POST", "issue/OPS-1/transitions", {"transition": {"id": "21"}}),
    ],
)
def test_a_withdrawn_permission_is_told_and_missed(jira, permission, method, address, body):
    jira.create("OPS")
    administer(jira, {"do": "withdraw", "project": "OPS", "permission": permission})

    held = jira.get("mypermissions", permissions=permission, projectKey="OPS")["permissions"][permission]

    assert held["havePermission"] is False
    jira.refused(method, address, body)


def test_workflows_are_shown_to_administrators_of_cloud(cloud, datacenter):
    asked = {"projectAndIssueTypes": [{"projectId": "10000", "issueTypeId": "10001"}]}
    cloud.refused("POST", "workflows", asked, status=403)

    administer(cloud, {"do": "grant", "permission": "ADMINISTER"})

    answer = cloud.ask("POST", "workflows", asked).json
    names = {status["statusReference"]: status["name"] for status in answer["statuses"]}
    (flow,) = answer["workflows"]
    ways = {way["name"]: names[way["toStatusReference"]] for way in flow["transitions"]}
    assert ways == {
        "Create": "To Do",
        "Stop work": "To Do",
        "Start work": "In Progress",
        "Finish": "Done",
        "Reopen": "To Do",
    }
    assert datacenter.ask("POST", "workflows", asked).status_code == 404


def test_a_reset_takes_everything_back(jira):
    administer(jira, SEVERITY, {"do": "remove_component", "project": "OPS", "component": "Service Desk"})
    assert "Service Desk" not in [part["name"] for part in jira.get("project/OPS/components")]

    jira.steer("reset", {})

    assert "Service Desk" in [part["name"] for part in jira.get("project/OPS/components")]
    assert "customfield_10201" not in screen(jira)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"do": "explode"}, "orders[0].do: 'explode' is not one of add_field"),
        ({"do": "add_field"}, "orders[0].name is missing: write a text"),
        ({"do": "deactivate", "user": "nobody"}, "there is no user 'nobody'; there are dana.desk"),
        ({"do": "take_off_screen", "field": "RTO", "project": "OPS"}, "there is no field 'RTO'"),
    ],
)
def test_a_wrong_order_changes_nothing_and_says_why(cloud, wrong, told):
    good = {"do": "deactivate", "user": "priya.dba"}

    answer = cloud.http.post("/_sandbox/admin", json={"orders": [wrong, good]})

    assert answer.status_code == 400
    assert answer.json["error"].startswith(told)
    assert cloud.get("user/search", query="priya")
