from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import schemathesis
from flask import Flask

from connector.console import api
from connector.store import preflights

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1, minutes=30)
SIGNED_IN = {"Authorization": "Bearer first-token-of-the-settings"}


@pytest.fixture
def client(app: Flask, desk):
    api.register(app, desk.database, ["first-token-of-the-settings"], desk.clock, {})
    return app.test_client()


def test_plans_come_with_what_was_found_when_they_were_last_tried(app, client, desk):
    error = ["error", "plans/pay-dr.yaml:31: tasks.failover on jira: Cost centre", "nothing supplies it", "map it"]
    with desk.database.begin() as tx:
        failed = {"failed": True, "problems": [error], "checked_at": BEGAN}
        preflights.put(tx, "jira", "PAY-DR", failed)
        preflights.put(tx, "jira", "", {"failed": False, "checked_at": BEGAN, "unanswered_since": NOW})

    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    answer = schema["/api/plans"]["GET"].Case().call_and_validate(headers=SIGNED_IN)

    found = answer.json()

    (plan,) = found["plans"]
    (tried,) = plan["preflights"]
    assert (plan["key"], plan["services"]) == ("PAY-DR", ["payments"])
    assert (tried["connection"], tried["failed"], tried["checked_at"]) == ("jira", True, "2026-03-02T09:00:00+00:00")
    assert tried["problems"] == [dict(zip(("level", "where", "what", "fix"), error, strict=True))]
    assert [(item["connection"], item["failed"]) for item in found["connections"]] == [("jira", False)]
    assert found["connections"][0]["unanswered_since"] == "2026-03-02T10:30:00+00:00"


def test_plans_want_a_token(client):
    assert client.get("/api/plans").status_code == 401
