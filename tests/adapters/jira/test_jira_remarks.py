"""What people write on issues, and what they attach, as it is told elsewhere."""

from __future__ import annotations

from typing import Any

import requests

from connector.ticketing import Write
from tests.adapters.jira.jira_desk import Desk, only, write


def attach(desk: Desk, issue: str, name: str) -> Any:
    auth = ("dana.desk@example.com", "sandbox-token") if desk.flavour == "cloud" else ("dana.desk", "sandbox-password")
    answer = requests.post(
        f"{desk.url}/rest/api/2/issue/{issue}/attachments",
        auth=auth,
        headers={"X-Atlassian-Token": "no-check"},
        files={"file": (name, b"fine")},
        timeout=5,
    )
    answer.raise_for_status()
    return answer.json()


def test_comments_internal_and_public_and_files_are_told_in_their_order_without_our_notes(desk: Desk) -> None:
    jira = desk.warmed()
    made = only(jira.send([write("t", project="SD")]))
    other = only(jira.send([write("u")]))
    desk.person("POST", f"/issue/{made.id}/comment", {"body": "We wait until 10:00"})
    jira.send([Write("n", "update", "recovery_task", made.id, made.number, note="Your turn")])
    attach(desk, made.id, "failover.log")
    internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
    desk.person("POST", f"/issue/{made.id}/comment", {"body": "Not for customers", "properties": internal})
    desk.forget_calls()

    found = jira.remarks("recovery_task", [made.id, other.id, "999999"])

    assert [(item.kind, item.text) for item in found] == [
        ("comment", "We wait until 10:00"),
        ("attachment", "failover.log"),
        ("comment", "Not for customers"),
    ]
    assert {(item.ticket, item.author) for item in found} == {(made.id, "Dana Reyes")}
    assert len({item.id for item in found}) == 3
    assert "focusedCommentId=" in found[0].url
    assert found[1].url.startswith(desk.url)
    assert len(desk.calls()) == (1 if desk.flavour == "cloud" else 3)
    assert found[0].written_at is not None
    assert jira.remarks("recovery_task", [made.id], found[1].written_at) == found[1:]


def test_what_the_integrations_own_account_writes_without_our_mark_is_told(cloud: Desk) -> None:
    jira = cloud.warmed()
    made = only(jira.send([write("t")]))
    auth = ("continuity.integration@example.com", "sandbox-token")
    url = f"{cloud.url}/rest/api/2/issue/{made.id}/comment"
    requests.post(url, json={"body": "By hand"}, auth=auth, timeout=5).raise_for_status()

    assert [item.text for item in jira.remarks("recovery_task", [made.id])] == ["By hand"]


def test_comments_that_an_answer_leaves_out_are_read_by_pages(cloud: Desk, monkeypatch: Any) -> None:
    jira = cloud.warmed()
    made = only(jira.send([write("t")]))
    for number in range(5):
        cloud.person("POST", f"/issue/{made.id}/comment", {"body": f"Remark {number}"})
    connection = jira._site.connection
    once = connection._once

    def short(method: str, path: str, params: Any, body: Any) -> Any:
        answer = once(method, path, params, body)
        if path == f"/issue/{made.id}":
            del answer["fields"]["comment"]["comments"][2:]
        return answer

    monkeypatch.setattr(connection, "_once", short)
    monkeypatch.setattr("adapters.jira.remarks._PAGE", 2)

    found = jira.remarks("recovery_task", [made.id])

    assert [item.text for item in found] == [f"Remark {number}" for number in range(5)]
