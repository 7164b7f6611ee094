"""Some answers of the simulated Cloud, held against Atlassian's own OpenAPI description."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

OPENAPI = Path(__file__).parents[4] / "shared" / "samples" / "jira-openapi" / "jira-cloud-v3.json"
pytestmark = pytest.mark.skipif(not OPENAPI.is_file(), reason="the OpenAPI description is not beside the project")


@pytest.fixture(scope="module")
def description():
    return json.loads(OPENAPI.read_text(encoding="utf-8"))


@pytest.fixture
def checked(cloud3, description):
    """Asks, and holds the answer against the schema of that path, method and status."""

    def ask(method, path, address, body=None, **params):
        answer = cloud3.ask(method, address, body, **params)
        operation = description["paths"][f"/rest/api/3/{path}"][method.lower()]
        content = operation["responses"][str(answer.status_code)]["content"]
        schema = {**content["application/json"]["schema"], "components": description["components"]}
        wrong = [
            f"{error.json_path}: {error.message[:300]}"
            for error in Draft202012Validator(schema).iter_errors(answer.json)
        ]
        assert not wrong, wrong
        return answer

    return ask


NEW = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}


@pytest.mark.parametrize(
    ("path", "address", "params"),
    [
        ("serverInfo", "serverInfo", {}),
        ("myself", "myself", {}),
        ("field", "field", {}),
        ("priority", "priority", {}),
        ("status", "status", {}),
        ("issueLinkType", "issueLinkType", {}),
        ("mypermissions", "mypermissions", {"permissions": "CREATE_ISSUES"}),
        ("project/{projectIdOrKey}", "project/OPS", {}),
        ("project/{projectIdOrKey}/components", "project/OPS/components", {}),
        ("project/{projectIdOrKey}/statuses", "project/OPS/statuses", {}),
        ("issue/createmeta/{projectIdOrKey}/issuetypes", "issue/createmeta/OPS/issuetypes", {}),
        (
            "issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}",
            "issue/createmeta/OPS/issuetypes/10001",
            {"maxResults": 200},
        ),
        ("issue/{issueIdOrKey}", "issue/OPS-1", {"expand": "changelog"}),
        ("issue/{issueIdOrKey}/editmeta", "issue/OPS-1/editmeta", {}),
        ("issue/{issueIdOrKey}/transitions", "issue/OPS-1/transitions", {"expand": "transitions.fields"}),
        ("issue/{issueIdOrKey}/comment", "issue/OPS-1/comment", {"expand": "properties"}),
        ("issue/{issueIdOrKey}/properties", "issue/OPS-1/properties", {}),
        ("issue/{issueIdOrKey}/properties/{propertyKey}", "issue/OPS-1/properties/p", {}),
        ("user/search", "user/search", {"query": "priya"}),
        ("user/assignable/search", "user/assignable/search", {"project": "OPS"}),
        ("search/jql", "search/jql", {"jql": "project = OPS", "fields": "*all"}),
    ],
)
def test_a_read_answers_as_described(cloud, description, checked, path, address, params):
    if f"/rest/api/3/{path}" not in description["paths"]:
        pytest.skip("this path is not in the description beside the project")
    key = cloud.create(
        description="Do it", components=[{"name": "Service Desk"}], assignee={"accountId": "acc-priya-dba"}
    )
    cloud.create(kind="Sub-task", parent={"key": key})
    cloud.ask("POST", f"issue/{key}/comment", {"body": "x", "properties": [{"key": "p", "value": {"a": 1}}]})
    cloud.ask("PUT", f"issue/{key}/properties/p", {"a": 1})

    assert checked("GET", path, address, **params).status_code == 200


def test_a_bulk_create_answers_as_described(checked):
    updates = [{"fields": NEW}, {"fields": NEW | {"labels": ["a b"]}}]

    assert checked("POST", "issue/bulk", "issue/bulk", {"issueUpdates": updates}).status_code == 201
    assert checked("POST", "issue/bulk", "issue/bulk", {"issueUpdates": updates[1:]}).status_code == 400


def test_a_create_answers_as_described(checked):
    assert checked("POST", "issue", "issue", {"fields": NEW}).status_code == 201
    assert checked("POST", "issue", "issue", {"fields": {}}).status_code == 400


def test_a_remote_link_answers_as_described(cloud, checked):
    key = cloud.create()
    link = {"globalId": "plan=1", "object": {"url": "http://plan", "title": "Plan", "status": {"resolved": True}}}

    for status in (201, 200):
        path, address = "issue/{issueIdOrKey}/remotelink", f"issue/{key}/remotelink"
        assert checked("POST", path, address, link).status_code == status


def test_a_bulk_fetch_answers_as_described(cloud, checked):
    cloud.create()

    body = {"issueIdsOrKeys": ["OPS-1"], "fields": ["*all"]}
    assert checked("POST", "issue/bulkfetch", "issue/bulkfetch", body).status_code == 200


def test_workflows_answer_as_described(cloud, checked):
    asked = {"projectAndIssueTypes": [{"projectId": "10000", "issueTypeId": "10001"}]}
    cloud.steer("admin", {"orders": [{"do": "grant", "permission": "ADMINISTER"}]})

    assert checked("POST", "workflows", "workflows", asked).status_code == 200
