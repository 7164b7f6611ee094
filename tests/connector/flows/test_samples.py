"""Recorded webhooks go through the whole way in: each is acted on, or ignored for a stated reason; none is parked."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
import requests

from tests.world import JIRA_SECRET, World

SAMPLES = sorted((Path(__file__).parents[4] / "shared" / "samples" / "jira-webhooks").glob("*.json"))
IGNORED = {
    "webhook-cloud-comment-created.json": "comment",
    "webhook-server-comment-created.json": "comment",
}


@pytest.mark.skipif(not SAMPLES, reason="the recorded samples are not beside the project")
def test_each_recorded_webhook_is_decided_on_with_a_reason(running: World) -> None:
    for number, sample in enumerate(SAMPLES):
        body = sample.read_bytes()
        headers = {
            "X-Hub-Signature": "sha256=" + hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest(),
            "X-Atlassian-Webhook-Identifier": f"sample-{number}",
            "Content-Type": "application/json",
        }
        answer = requests.post(f"{running.web.url}/webhooks/jira", data=body, headers=headers, timeout=5)
        assert answer.status_code == 202, (sample.name, answer.text)
    running.settle()

    rows = running.rows("SELECT key, state, reason FROM delivery ORDER BY id")
    found = {SAMPLES[int(row.key.removeprefix("sample-"))].name: row for row in rows}
    assert len(found) == len(SAMPLES)
    for name, row in found.items():
        assert row.state in {"done", "ignored"}, (name, row)
        assert row.reason, name
        if name in IGNORED:
            assert IGNORED[name] in row.reason, (name, row)
    assert not running.rows("SELECT id FROM activation")
    # Workflows are read by a POST, in the live check that a start makes.
    changes = [call for call in running.calls(running.jira) if call["method"] != "GET"]
    assert [call["path"] for call in changes if not call["path"].endswith("/workflows")] == []
