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
    assert cloud.http.get(f"{made['content']}?redirect=false", auth=cloud.account).data == b"fine"


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


def uploaded(jira, content=b"fine", name="failover.log"):
    key = jira.create()
    return jira.http.post(
        f"/rest/api/2/issue/{key}/attachments",
        data={"file": (io.BytesIO(content), name)},
        headers={"X-Atlassian-Token": "no-check"},
        auth=jira.account,
    )


def test_the_content_of_a_file_is_elsewhere_and_that_place_refuses_jiras_credentials(cloud, jira_with):
    (made,) = uploaded(cloud).json
    always = jira_with(Options(redirects_always=True))
    (other,) = uploaded(always).json

    answer = cloud.http.get(made["content"], auth=cloud.account)

    assert (answer.status_code, answer.data) == (303, b"")
    assert cloud.http.get(answer.headers["Location"], auth=cloud.account).status_code == 400
    assert cloud.http.get(answer.headers["Location"]).data == b"fine"
    assert cloud.http.get(answer.headers["Location"] + "0").status_code == 403
    assert always.http.get(f"{other['content']}?redirect=false", auth=always.account).status_code == 303


def test_a_data_center_gives_files_on_a_page_that_sends_strangers_to_the_login(datacenter, jira_with):
    (made,) = uploaded(datacenter).json
    bearer = {"Authorization": "Bearer sandbox-token"}
    older = jira_with(Options(flavour="datacenter", secure_takes_pat=False))
    (other,) = uploaded(older).json

    assert datacenter.http.get(made["content"], auth=datacenter.account).data == b"fine"
    assert datacenter.http.get(made["content"], headers=bearer).data == b"fine"
    assert datacenter.http.get(made["content"]).status_code == 302
    assert b"Log in" in datacenter.http.get(made["content"], follow_redirects=True).data
    assert older.http.get(other["content"], headers=bearer).status_code == 302


def test_who_may_add_no_files_is_refused_and_told_so(cloud):
    order = {"do": "withdraw", "project": "OPS", "permission": "CREATE_ATTACHMENTS"}
    cloud.steer("admin", {"orders": [order]})

    held = cloud.get("mypermissions", permissions="CREATE_ATTACHMENTS", projectKey="OPS")["permissions"]

    assert held["CREATE_ATTACHMENTS"]["havePermission"] is False
    assert uploaded(cloud).status_code == 403


def test_files_that_are_too_large_or_switched_off_are_refused(jira_with):
    small, off = jira_with(Options(upload_limit=3)), jira_with(Options(attachments=False))

    assert (uploaded(small).status_code, uploaded(small, b"abc").status_code) == (413, 200)
    assert uploaded(off).status_code == 404
    assert small.get("attachment/meta") == {"enabled": True, "uploadLimit": 3}
    assert off.get("attachment/meta")["enabled"] is False
