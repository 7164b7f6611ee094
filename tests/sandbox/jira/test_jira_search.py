"""Searches: bounded and paged by token on Cloud, by offset on Data Center, and behind the database on both."""

import time

import pytest

from sandbox.jira.options import Options

LAG = 0.25


def wait_for(jira, jql):
    """Seconds until the search finds something."""
    started = time.monotonic()
    while not jira.found(jql):
        assert time.monotonic() - started < 5
        time.sleep(0.02)
    return time.monotonic() - started


def test_the_old_search_is_gone_from_cloud(cloud, cloud3):
    for jira in (cloud, cloud3):
        for method, body in (("GET", None), ("POST", {"jql": "project = OPS"})):
            answer = jira.refused(method, "search", body, status=410)
            assert "/rest/api/3/search/jql" in answer["errorMessages"][0]
            assert answer["errors"] == {}


def test_data_center_knows_neither_the_new_search_nor_version_3(datacenter):
    assert datacenter.ask("GET", "search/jql", jql="project = OPS").status_code == 404
    assert datacenter.http.get("/rest/api/3/myself", auth=datacenter.account).status_code == 404


@pytest.mark.parametrize("jql", ["", "ORDER BY created DESC"])
def test_an_unbounded_query_is_refused_on_cloud_and_finds_all_on_data_center(cloud, datacenter, jql):
    datacenter.create()

    assert "Unbounded JQL" in cloud.refused("GET", "search/jql", jql=jql)["errorMessages"][0]
    assert datacenter.found(jql) == ["OPS-1"]


def test_cloud_gives_only_ids_unless_fields_are_asked_for(cloud):
    cloud.create()

    assert cloud.get("search/jql", jql="project = OPS") == {"issues": [{"id": "10000"}], "isLast": True}
    (issue,) = cloud.ask("POST", "search/jql", {"jql": "project = OPS", "fields": ["summary"]}).json["issues"]
    assert (issue["key"], issue["fields"]) == ("OPS-1", {"summary": "Fail over"})


def test_cloud_pages_by_token_until_the_last_page(cloud):
    keys = [cloud.create() for _ in range(5)]
    seen, token = [], None
    while True:
        body = {"jql": "project = OPS ORDER BY key ASC", "maxResults": 2, "fields": ["summary"]}
        page = cloud.ask("POST", "search/jql", body | ({"nextPageToken": token} if token else {})).json
        seen.append([issue["key"] for issue in page["issues"]])
        token = page.get("nextPageToken")
        if page["isLast"]:
            break

    assert seen == [keys[:2], keys[2:4], keys[4:]]
    assert token is None
    cloud.refused("GET", "search/jql", jql="project = OPS", nextPageToken="nonsense")


def test_cloud_refuses_members_of_the_body_that_it_does_not_know(cloud):
    cloud.refused("POST", "search/jql", {"jql": "project = OPS", "startAt": 0})


def test_data_center_pages_by_offset_with_a_total(datacenter):
    keys = [datacenter.create() for _ in range(3)]

    page = datacenter.get("search", jql="project = OPS ORDER BY key", startAt=2, maxResults=2)

    assert (page["startAt"], page["maxResults"], page["total"]) == (2, 2, 3)
    assert [issue["key"] for issue in page["issues"]] == keys[2:]


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_a_search_finds_a_new_issue_only_after_the_lag(jira_with, flavour):
    jira = jira_with(Options(flavour=flavour, search_lag=LAG))

    key = jira.create(labels=["ours"])

    assert jira.get(f"issue/{key}")["key"] == key
    assert jira.found("labels = ours") == []
    assert wait_for(jira, "labels = ours") > LAG / 2


def test_a_search_shows_a_change_and_a_deletion_only_after_the_lag(jira_with):
    cloud = jira_with(Options(search_lag=LAG))
    key = cloud.create()
    wait_for(cloud, "project = OPS")

    cloud.ask("PUT", f"issue/{key}", {"fields": {"summary": "Renamed"}})

    (stale,) = cloud.get("search/jql", jql="project = OPS", fields="summary")["issues"]
    assert stale["fields"]["summary"] == "Fail over"
    assert wait_for(cloud, "summary ~ Renamed") > 0
    cloud.ask("DELETE", f"issue/{key}")
    assert cloud.found("project = OPS") == [key]


def test_reconciled_issues_are_read_after_write(jira_with):
    cloud = jira_with(Options(search_lag=60))
    cloud.create(labels=["ours"])
    cloud.create(labels=["ours"])

    body = {"jql": "labels = ours", "reconcileIssues": [10000], "fields": ["summary"]}

    assert [issue["key"] for issue in cloud.ask("POST", "search/jql", body).json["issues"]] == ["OPS-1"]
    cloud.refused("POST", "search/jql", body | {"reconcileIssues": list(range(51))})


def test_an_approximate_count_needs_a_bounded_query_too(cloud):
    cloud.create()

    assert cloud.ask("POST", "search/approximate-count", {"jql": "project = OPS"}).json == {"count": 1}
    cloud.refused("POST", "search/approximate-count", {"jql": ""})
