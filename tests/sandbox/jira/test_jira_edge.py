"""The edge: who gets in, how failures look, faults on demand, limits, the call log and the pages for people."""

import base64
import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from sandbox.jira.app import create
from sandbox.jira.limits import Limits
from sandbox.jira.options import Options
from sandbox.server import start


@pytest.fixture
def served():
    """A cloud over a real socket."""
    running = start(create(Options(search_lag=0)))
    yield running
    running.stop()


def session(served):
    found = requests.Session()
    found.auth = ("continuity.integration@example.com", "sandbox-token")
    return found


NEW = {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}}


def test_cloud_refuses_a_wrong_token_in_plain_words(cloud):
    answer = cloud.http.get("/rest/api/3/myself", auth=("continuity.integration@example.com", "wrong"))

    assert answer.status_code == 401
    assert answer.content_type.startswith("text/plain")
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"


def test_data_center_refuses_a_wrong_password_with_a_page(datacenter):
    answer = datacenter.http.get("/rest/api/2/myself", auth=("continuity.integration", "wrong"))

    assert answer.status_code == 401
    assert answer.content_type.startswith("text/html")
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"


def test_without_credentials_an_issue_does_not_exist_and_the_rest_is_401(cloud, datacenter):
    cloud.create()

    assert cloud.http.get("/rest/api/3/issue/OPS-1").status_code == 404
    assert cloud.http.get("/rest/api/3/myself").json["status-code"] == 401
    assert datacenter.http.get("/rest/api/2/issue/OPS-1").status_code == 401


def test_data_center_takes_a_personal_token_and_cloud_any_seeded_user(cloud, datacenter):
    token = {"Authorization": "Bearer sandbox-token"}

    assert datacenter.http.get("/rest/api/2/myself", headers=token).json["name"] == "continuity.integration"
    assert cloud.http.get("/rest/api/2/myself", headers=token).status_code == 401
    dana = cloud.http.get("/rest/api/2/myself", auth=("dana.desk@example.com", "sandbox-token"))
    assert dana.json["accountId"] == "acc-dana-desk"


def test_a_body_that_is_no_json_is_answered_without_errors(cloud):
    for raw in (b"{", b"[]"):
        answer = cloud.http.post("/rest/api/2/issue", data=raw, content_type="application/json", auth=cloud.account)
        assert (answer.status_code, list(answer.json)) == (400, ["errorMessages"])


@pytest.mark.parametrize(
    "sent", [{}, {"fields": []}, {"fields": {}, "update": []}, {"fields": {}, "update": {"labels": 1}}]
)
def test_a_body_of_another_shape_is_a_400(cloud, sent):
    key = cloud.create()

    cloud.refused("POST", "issue", sent)
    if sent:
        cloud.refused("PUT", f"issue/{key}", sent)


def test_a_body_must_say_that_it_is_json(cloud):
    answer = cloud.http.post("/rest/api/2/issue", data="{}", content_type="text/plain", auth=cloud.account)

    assert answer.status_code == 415


def test_an_unknown_path_is_a_problem_on_cloud_and_xml_on_data_center(cloud, datacenter):
    problem, xml = cloud.ask("GET", "nonsense"), datacenter.ask("GET", "nonsense")

    assert (problem.status_code, problem.content_type) == (404, "application/problem+json")
    assert problem.json["status"] == 404
    assert xml.status_code == 404
    assert "<message>null for uri: http://localhost/rest/api/2/nonsense</message>" in xml.text


@pytest.mark.parametrize(
    ("kind", "status", "made"), [("500", 500, 0), ("503", 503, 0), ("503_after", 503, 1), ("html_200", 200, 0)]
)
def test_a_fault_strikes_before_or_after_the_effect(cloud, kind, status, made):
    cloud.steer("faults", {"faults": [{"method": "POST", "path": "/issue$", "kind": kind}]})

    answer = cloud.ask("POST", "issue", NEW)

    assert answer.status_code == status
    assert len(cloud.state()["issues"]) == made
    assert cloud.ask("POST", "issue", NEW).status_code == 201


def test_a_dropped_connection_may_have_had_its_effect(served):
    client = session(served)
    for kind, made in (("drop_before", 0), ("drop_after", 1)):
        client.post(f"{served.url}/_sandbox/faults", json={"faults": [{"path": "/issue$", "kind": kind}]})
        with pytest.raises(requests.ConnectionError):
            client.post(f"{served.url}/rest/api/3/issue", json=NEW, timeout=5)
        assert len(client.get(f"{served.url}/_sandbox/state").json()["issues"]) == made


def test_a_429_says_when_to_come_back_in_seconds_as_a_date_or_not_at_all(cloud):
    faults = [{"path": "/myself", "kind": "429", "retry_after": wish} for wish in (2, "date", None)]
    cloud.steer("faults", {"faults": faults})

    seconds, date, none = (cloud.ask("GET", "myself") for _ in range(3))

    assert [answer.status_code for answer in (seconds, date, none)] == [429, 429, 429]
    assert seconds.headers["Retry-After"] == "2"
    assert abs(parsedate_to_datetime(date.headers["Retry-After"]).timestamp() - time.time()) < 4
    assert "Retry-After" not in none.headers
    assert none.headers["RateLimit-Reason"] == "jira-burst-based"
    assert none.headers["X-RateLimit-Remaining"] == "0"


def test_cloud_limits_writes_on_one_issue(jira_with):
    cloud = jira_with(Options(rate_limits=True))
    key = cloud.create()

    answers = [cloud.ask("PUT", f"issue/{key}", {"fields": {"summary": str(n)}}) for n in range(21)]

    assert {answer.status_code for answer in answers[:20]} == {204}
    assert answers[20].status_code == 429
    assert answers[20].headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert cloud.ask("GET", f"issue/{key}").headers["X-RateLimit-Limit"] == "100"


def test_cloud_limits_bursts(jira_with):
    cloud = jira_with(Options(rate_limits=True))

    statuses = [cloud.ask("GET", "myself").status_code for _ in range(130)]

    assert statuses[:100] == [200] * 100
    assert 429 in statuses[100:]
    assert cloud.ask("GET", "serverInfo").status_code == 200, "another endpoint has a count of its own"


def test_data_center_tells_its_token_bucket(jira_with):
    jira = jira_with(Options(flavour="datacenter", rate_limits=True))

    headers = jira.ask("GET", "myself").headers

    assert headers["Retry-After"] == "0"
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-FillRate"} <= set(headers.keys())
    assert 429 in [jira.ask("GET", "myself").status_code for _ in range(80)]


def test_the_bucket_of_data_center_is_filled_by_whole_intervals(monkeypatch):
    now = 100.0
    monkeypatch.setattr("sandbox.jira.limits.time.monotonic", lambda: now)
    limits = Limits(cloud=False)

    spent = [limits.admit("GET", "/", "").passes for _ in range(51)]
    now += 0.9
    early = limits.admit("GET", "/", "")
    now += 0.1
    filled = limits.admit("GET", "/", "")

    assert (spent.count(True), spent[-1]) == (50, False)
    assert (early.passes, early.headers["Retry-After"]) == (False, "1")
    assert (filled.passes, filled.headers["X-RateLimit-Remaining"]) == (True, "24")


def test_calls_are_counted_with_their_account_and_pages_are_not(cloud):
    cloud.http.get("/")
    cloud.state()
    cloud.get("myself")

    report = cloud.http.get("/_sandbox/calls").json

    assert report["total"] == 1
    assert (report["calls"][0]["path"], report["calls"][0]["account"]) == (
        "/rest/api/2/myself",
        "continuity.integration",
    )


def test_a_person_can_look_at_the_issues(cloud):
    key = cloud.create(labels=["ours"], description="<b>bold</b>", summary="Fail over")
    cloud.create(kind="Sub-task", parent={"key": key}, summary="Verify")
    cloud.ask("POST", f"issue/{key}/comment", {"body": "Started"})
    cloud.ask("POST", f"issue/{key}/remotelink", {"object": {"url": "http://plan", "title": "The plan"}})

    page = cloud.http.get(f"/browse/{key}").text

    assert f'href="/browse/{key}"' in cloud.http.get("/").text
    for text in ("Fail over", "Verify", "Started", "The plan", "ours", "&lt;b&gt;bold"):
        assert text in page
    assert cloud.http.get("/browse/OPS-99").status_code == 404


def test_many_writes_are_fast(served):
    client = session(served)
    started = time.perf_counter()

    for _ in range(20):
        answer = client.post(f"{served.url}/rest/api/3/issue/bulk", json={"issueUpdates": [NEW] * 50})
        assert answer.status_code == 201

    # 1,000 issues; the generous bound is for a busy machine.
    assert time.perf_counter() - started < 5


def test_the_basic_header_is_read_as_such():
    raw = base64.b64encode(b"continuity.integration@example.com:sandbox-token").decode()
    http = create(Options()).test_client()

    assert http.get("/rest/api/2/myself", headers={"Authorization": f"basic {raw}"}).status_code == 200
    assert http.get("/rest/api/2/myself", headers={"Authorization": "Basic ???"}).status_code == 401
