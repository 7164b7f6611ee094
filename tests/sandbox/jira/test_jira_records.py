"""What continuity records need of a site: files, imports, archives, and pages that nothing shifts."""

import io

from sandbox.jira.options import Options


def test_a_file_is_taken_with_the_header_against_forged_requests_only(cloud):
    key = cloud.create()
    address = f"/rest/api/2/issue/{key}/attachments"

    def upload(**headers):
        data = {"file": (io.BytesIO(b"fine"), "failover.log")}
        return cloud.http.post(address, data=data, headers=headers, auth=cloud.account)

    assert upload().status_code == 403
    (made,) = upload(**{"X-Atlassian-Token": "no-check"}).json
    (listed,) = cloud.get(f"issue/{key}")["fields"]["attachment"]
    assert made == listed
    assert (made["filename"], made["size"], made["author"]["displayName"]) == (
        "failover.log",
        4,
        "Continuity Connector",
    )
    assert cloud.http.get(made["content"], auth=cloud.account).data == b"fine"


def test_an_import_makes_numbered_issues_over_time(cloud):
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Service {n}"}
    ids = cloud.steer("fill", {"count": 3, "fields": fields, "apart": 3600})["ids"]

    issues = [cloud.get(f"issue/{identity}")["fields"] for identity in ids]

    assert [issue["summary"] for issue in issues] == ["Service 1", "Service 2", "Service 3"]
    assert issues[0]["created"] < issues[1]["created"] < issues[2]["created"]


def test_a_token_holds_its_place_when_issues_before_it_are_deleted(cloud):
    keys = [cloud.create() for _ in range(4)]
    body = {"jql": "project = OPS ORDER BY created ASC, key ASC", "maxResults": 2, "fields": ["summary"]}
    token = cloud.ask("POST", "search/jql", body).json["nextPageToken"]
    cloud.ask("DELETE", f"issue/{keys[0]}")
    cloud.ask("DELETE", f"issue/{keys[1]}")

    page = cloud.ask("POST", "search/jql", body | {"nextPageToken": token}).json

    assert [issue["key"] for issue in page["issues"]] == keys[2:]


def test_an_archived_issue_is_found_by_no_search_and_shows_when_it_was_archived(datacenter):
    key = datacenter.create()
    datacenter.steer("archive", {"keys": [key]})

    assert datacenter.found("project = OPS") == []
    assert datacenter.get(f"issue/{key}")["fields"]["archiveddate"]
    datacenter.refused("PUT", f"issue/{key}", {"fields": {"summary": "Other"}})


def test_a_plain_site_has_no_fields_for_continuity(jira_with):
    names = {field["name"] for field in jira_with(Options(plain=True)).get("field")}

    assert "Summary" in names
    assert not {"RTO minutes", "Continuity plan", "Criticality"} & names
