"""What an administrator configured, as an integration reads it."""

import pytest

PLAN, TEAM = "customfield_10101", "customfield_10106"


def test_server_info_names_the_flavour_and_needs_no_credentials(cloud, datacenter):
    for jira, kind in ((cloud, "Cloud"), (datacenter, "Server")):
        info = jira.http.get("/rest/api/2/serverInfo").json
        assert info["deploymentType"] == kind
        assert all(isinstance(number, int) for number in info["versionNumbers"])


def test_myself_is_the_integration(cloud, datacenter):
    assert cloud.get("myself")["accountId"] == "acc-continuity-integration"
    assert "name" not in cloud.get("myself")
    assert datacenter.get("myself")["name"] == "continuity.integration"


def test_permissions_are_asked_for_by_name_on_cloud(cloud, datacenter):
    cloud.refused("GET", "mypermissions")
    cloud.refused("GET", "mypermissions", permissions="NOT_ONE")
    cloud.refused("GET", "mypermissions", status=404, permissions="CREATE_ISSUES", projectKey="NOPE")

    answer = cloud.get("mypermissions", permissions="CREATE_ISSUES,ADMINISTER", projectKey="OPS")["permissions"]

    assert {name: row["havePermission"] for name, row in answer.items()} == {
        "CREATE_ISSUES": True,
        "ADMINISTER": False,
    }
    assert len(datacenter.get("mypermissions")["permissions"]) > 5


def test_fields_can_be_found_by_name_and_by_type(cloud):
    fields = cloud.get("field")
    by_name = {field["name"]: field for field in fields}

    assert by_name["Continuity plan"]["id"] == PLAN
    assert by_name["Recovery progress"]["schema"]["type"] == "number"
    assert by_name["RTO due"]["schema"]["type"] == "datetime"
    customs = {field["schema"].get("custom", "").rpartition(":")[2] for field in fields}
    assert {"major-incident-entity-field-cftype", "service-entity-field-cftype", "vp-origin"} <= customs


def test_projects_have_their_types_components_and_statuses(cloud):
    assert {p["key"]: p["projectTypeKey"] for p in cloud.get("project")} == {
        "OPS": "software",
        "NET": "software",
        "SD": "service_desk",
    }
    assert [c["name"] for c in cloud.get("project/SD/components")] == ["Payments", "Portal", "Mail"]
    assert [t["name"] for t in cloud.get("project/SD")["issueTypes"]] == ["Incident", "Task", "Sub-task"]
    statuses = cloud.get("project/SD/statuses")[0]["statuses"]
    assert [s["name"] for s in statuses] == ["Open", "In Progress", "Pending", "Resolved", "Closed", "Canceled"]
    assert cloud.get("project/search")["total"] == 3
    cloud.refused("GET", "project/NOPE", status=404)


def test_a_component_is_read_by_id_and_made_by_administrators_only(cloud):
    component = cloud.get("project/OPS/components")[2]

    assert cloud.get(f"component/{component['id']}")["name"] == "Database Operations"
    cloud.refused("GET", "component/1", status=404)
    cloud.refused("POST", "component", {"name": "x", "project": "OPS"}, status=403)


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("priority", ["Highest", "High", "Medium", "Low", "Lowest"]),
        ("issuetype", ["Task", "Sub-task", "Epic", "Incident"]),
        ("resolution", ["Done", "Won't Do", "Duplicate", "Cannot Reproduce"]),
    ],
)
def test_the_lists_of_the_site(cloud, address, names):
    assert [row["name"] for row in cloud.get(address)] == names


def test_statuses_carry_their_category_and_link_types_both_verbs(cloud):
    categories = {row["name"]: row["statusCategory"]["key"] for row in cloud.get("status")}

    assert (categories["To Do"], categories["Pending"], categories["Canceled"]) == ("new", "indeterminate", "done")
    blocks = cloud.get("issueLinkType")["issueLinkTypes"][0]
    assert (blocks["name"], blocks["inward"], blocks["outward"]) == ("Blocks", "is blocked by", "blocks")


def test_the_create_screen_is_paged_and_named_differently_on_the_two_flavours(cloud, datacenter):
    types = cloud.get("issue/createmeta/OPS/issuetypes")["issueTypes"]
    task = next(t["id"] for t in types if t["name"] == "Task")

    page = cloud.get(f"issue/createmeta/OPS/issuetypes/{task}", startAt=2, maxResults=3)
    other = datacenter.get(f"issue/createmeta/OPS/issuetypes/{task}", maxResults=3)

    assert (len(page["fields"]), page["startAt"], page["maxResults"]) == (3, 2, 3)
    assert page["total"] > 10
    assert (len(other["values"]), other["isLast"]) == (3, False)
    assert datacenter.get("issue/createmeta/OPS/issuetypes")["values"][0]["name"] == "Task"
    cloud.refused("GET", "issue/createmeta/OPS/issuetypes", maxResults=201)
    cloud.refused("GET", "issue/createmeta/OPS/issuetypes/77", status=404)


def test_the_create_screen_tells_what_is_required_and_what_is_allowed(cloud):
    def screen(project):
        fields = cloud.get(f"issue/createmeta/{project}/issuetypes/10001", maxResults=200)["fields"]
        return {field["fieldId"]: field for field in fields}

    ops = screen("OPS")

    assert ops["summary"]["required"] is True
    assert ops["components"]["required"] is False
    assert "Database Operations" in [value["name"] for value in ops["components"]["allowedValues"]]
    assert ops[PLAN]["schema"] == {
        "type": "string",
        "custom": "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
        "customId": 10101,
    }
    assert TEAM in ops
    assert TEAM not in screen("NET")
    assert "resolution" not in ops


def test_the_edit_screen_of_an_issue(cloud):
    key = cloud.create("NET")

    fields = cloud.get(f"issue/{key}/editmeta")["fields"]

    assert fields["labels"]["operations"] == ["add", "set", "remove"]
    assert PLAN in fields
    assert TEAM not in fields
    assert "status" not in fields


def test_cloud_finds_people_by_query_and_may_hide_their_address(cloud):
    (priya,) = cloud.get("user/search", query="priya.dba@example.com")
    (tom,) = cloud.get("user/search", query="tom.network@example.com")

    assert (priya["accountId"], priya["emailAddress"]) == ("acc-priya-dba", "priya.dba@example.com")
    assert tom["accountId"] == "acc-tom-network"
    assert "emailAddress" not in tom
    assert cloud.get("user/search", query="tom.net") == []
    assert [u["displayName"] for u in cloud.get("user/search", query="becker")] == ["Tom Becker"]
    cloud.refused("GET", "user/search", username="priya.dba")
    assert cloud.get("user", accountId="acc-priya-dba")["displayName"] == "Priya Nair"
    cloud.refused("GET", "user", status=404, accountId="acc-nobody")


def test_data_center_finds_people_by_name(datacenter):
    assert [u["name"] for u in datacenter.get("user/search", username="pri")] == ["priya.dba"]
    assert datacenter.get("user", username="priya.dba")["emailAddress"] == "priya.dba@example.com"
    datacenter.refused("GET", "user/search", query="pri")


def test_only_assignable_people_are_offered(cloud):
    def offered(project):
        return {user["accountId"] for user in cloud.get("user/assignable/search", project=project)}

    assert "acc-dana-desk" in offered("OPS")
    assert "acc-dana-desk" not in offered("NET")
    key = cloud.create("NET")
    assert cloud.get("user/assignable/search", issueKey=key, query="dana") == []
