"""why, against a world at work: its text, its JSON, and what it says of a ticket that nobody knows."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from connector.console.explanation_shapes import Why
from tests.connector.cli.conftest import Run, answer
from tests.world import World


@pytest.fixture(scope="module")
def incident(served: World) -> dict[str, Any]:
    """A major incident whose plan runs."""
    made = served.incident(short_description="Pay [bold]now", impact="1", urgency="1", cmdb_ci=served.ci("payments-db"))
    served.settle()
    served.promote(made["number"])
    served.settle()
    return made


def test_the_text_tells_the_ticket_and_each_field(order: Run, incident: dict[str, Any]) -> None:
    result = order("why", incident["number"])

    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == f"incident {incident['number']} on servicenow (servicenow)"
    assert lines[1] == "  It takes part (lead) in ACT-1 (PAY-DR, running)."
    start = lines.index("continuity_plan -> u_continuity_plan: unchanged")
    assert lines[start + 1 : start + 4] == [
        "  why: it stands as W1 wrote it: nothing has changed since",
        "  ours: 'PAY-DR'   servicenow: 'PAY-DR'",
        "  rule: mappings/defaults/servicenow/incident.yaml (shipped):46: fields.continuity_plan",
    ]
    assert "; W1 update done 20" in lines[start + 4]
    assert "  ours: 'Pay [bold]now'   servicenow: 'Pay [bold]now'" in lines


def test_the_json_has_the_shape_that_the_api_publishes(order: Run, incident: dict[str, Any]) -> None:
    found = answer(order("why", incident["number"], "--connection", "servicenow", "--json"))

    assert Why().validate(found) == {}
    plan = next(item for item in found["fields"] if item["name"] == "continuity_plan")
    assert (plan["verdict"], plan["write"]["id"], plan["direction"]) == ("unchanged", "W1", "write")
    assert found["deliveries"][0]["source"] == "webhook"


def test_live_shows_what_the_ticket_holds_now(order: Run, served: World, incident: dict[str, Any]) -> None:
    issue = served.wait(lambda: [item for item in served.issues() if item["fields"].get("parent")])[0]["key"]
    silent = order("why", issue).stdout

    live = order("why", issue, "--live").stdout

    assert "if jira has a field 'RTO due' (--live asks)" in silent or "due_at <-> RTO due: written" in silent
    assert "due_at <-> RTO due (customfield_" in live
    assert "Read just now on jira" in live


def test_without_live_no_platform_is_called(
    order: Run, incident: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str | None] = []
    send = requests.Session.send

    def listened(session: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        # The service beside it works on in threads of its own.
        if threading.current_thread() is threading.main_thread():
            called.append(request.url)
        return send(session, request, **how)

    monkeypatch.setattr(requests.Session, "send", listened)

    order("why", incident["number"])
    order("why", "INC9999999")
    assert called == []

    order("why", incident["number"], "--live")
    assert called != []


def test_a_ticket_that_nobody_knows_says_what_to_check(order: Run, incident: dict[str, Any]) -> None:
    result = order("why", "INC9999999", "--connection", "servicenow", "--live")
    everywhere = answer(order("why", "INC9999999", "--json"))

    assert result.exit_code == 0
    assert "Nothing was ever heard of 'INC9999999' on servicenow" in result.stdout
    assert "webhooks came from servicenow in the last 24 hours, the last at 20" in result.stdout
    assert "No poll of servicenow has come to an end yet." in result.stdout
    assert "servicenow has no such ticket, or our account may not see it." in result.stdout
    assert "Check the number" in result.stdout
    assert [(item["connection"], item["known"]) for item in everywhere] == [("servicenow", False), ("jira", False)]


def test_a_ticket_that_is_there_and_was_never_told_of_is_found_by_live(order: Run, served: World) -> None:
    number = served.servicenow_call("POST", "/api/now/table/incident_task", json={"short_description": "Theirs"})[
        "number"
    ]
    served.settle()

    result = order("why", number, "--connection", "servicenow", "--live")

    assert number in result.stdout
    assert "no incident" in result.stdout


def test_an_unknown_connection_is_the_users_mistake(order: Run) -> None:
    result = order("why", "INC1", "--connection", "servicenw")

    assert result.exit_code == 1
    assert "did you mean 'servicenow'?" in result.stderr
