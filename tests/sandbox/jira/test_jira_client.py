"""The real client library works against both flavours, and its known traps are there."""

import time

import pytest
from jira import JIRA, JIRAError

from sandbox.jira.app import create
from sandbox.jira.options import Options
from sandbox.server import start

ACCOUNTS = {
    "cloud": ("continuity.integration@example.com", "sandbox-token"),
    "datacenter": ("continuity.integration", "sandbox-password"),
}


@pytest.fixture(params=["cloud", "datacenter"])
def client(request):
    running = start(create(Options(flavour=request.param, search_lag=0.05)))
    yield JIRA(
        server=running.url,
        basic_auth=ACCOUNTS[request.param],
        timeout=5,
        max_retries=0,
        get_server_info=True,
    )
    running.stop()


def new(client, **fields):
    return client.create_issue(
        fields={"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Fail over", **fields}
    )


def calls(client):
    report = client._session.get(f"{client.server_url}/_sandbox/calls").json()
    return [(call["method"], call["path"].rpartition("/rest/")[2]) for call in report["calls"]]


def test_it_learns_the_flavour_with_one_call(client):
    assert client.deploymentType in {"Cloud", "Server"}
    assert calls(client) == [("GET", "api/2/serverInfo")]


def test_it_creates_reads_moves_and_comments(client):
    issue = new(client, labels=["ours"], customfield_10104=40)

    client.transition_issue(issue, "Start work")
    client.add_comment(issue, "Started")

    read = client.issue(issue.key)
    assert (read.fields.status.name, read.fields.customfield_10104) == ("In Progress", 40.0)
    assert [way["name"] for way in client.transitions(issue)] == ["Stop work", "Finish"]
    assert [comment.body for comment in client.comments(issue)] == ["Started"]


@pytest.mark.filterwarnings("ignore:Unable to gather applicationlinks")
def test_it_adds_a_remote_link_after_asking_for_application_links(client):
    issue = new(client)
    before = len(calls(client))

    for title in ("Plan", "Plan, restored"):
        client.add_remote_link(issue.key, {"url": "http://plan", "title": title}, globalId="plan=1")

    (link,) = client.remote_links(issue)
    assert link.object.title == "Plan, restored"
    assert calls(client)[before] == ("GET", "applinks/latest/listApplicationlinks")


def test_it_searches_by_what_its_flavour_has(client):
    issue = new(client, labels=["ours"])
    time.sleep(0.1)

    found = client.search_issues("labels = ours", fields="summary")

    assert [hit.key for hit in found] == [issue.key]
    searched = [path for _, path in calls(client) if "search" in path]
    assert searched == ["api/2/search/jql" if client.deploymentType == "Cloud" else "api/2/search"]


def test_a_refusal_reaches_the_caller_whole(client):
    with pytest.raises(JIRAError) as caught:
        new(client, components=[{"name": "DB Ops"}])

    assert caught.value.status_code == 400
    assert caught.value.response.json()["errors"] == {"components": "Component name 'DB Ops' is not valid"}


def test_the_screens_are_read_raw(client):
    url = f"{client.server_url}/rest/api/2/issue/createmeta/OPS/issuetypes/10001"

    page = client._session.get(url).json()

    assert "summary" in [field["fieldId"] for field in page.get("fields") or page["values"]]
