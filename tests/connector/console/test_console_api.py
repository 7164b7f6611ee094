from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings

from adapters.memory import Memory
from connector.condition import INCIDENT_VARIABLES, Condition
from connector.console import api
from connector.console.bearer import admitted
from connector.flows.parts import Connection, Received

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1, minutes=30)
TOKEN = "first-token-of-the-settings"
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}


class Side(Memory):
    """A platform in memory whose records are mapped as ServiceNow's are."""

    platform = "servicenow"


def connection(name: str) -> Connection:
    always = Condition("true", INCIDENT_VARIABLES, "test")
    return Connection(
        ticketing=Side(name), open=lambda source, body: Received({}), major=always, note_for=always, incidents=None,
        desk_team="", project="", review_project="", poll=True,
    )  # fmt: skip


@pytest.fixture
def client(app: Flask, desk):
    sides = {"snow": connection("snow"), "jira": connection("jira")}
    api.register(app, desk.database, ["the-one-before", TOKEN], desk.clock, sides)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


def test_activations_are_listed_newest_first_with_their_incident(client, desk):
    first = desk.activation("INC1")
    second = desk.activation(exercise=True)

    answer = client.get("/api/activations").json

    assert [item["number"] for item in answer["activations"]] == [f"ACT-{second}", f"ACT-{first}"]
    assert answer["activations"][1]["incident"] == {
        "connection": "snow", "number": "INC1", "url": "https://desk.example/INC1",
    }  # fmt: skip
    assert answer["activations"][0]["incident"] is None
    assert answer["total"] == 2


def test_exercises_are_marked_and_can_be_left_out(client, desk):
    real = desk.activation("INC1")
    desk.activation(exercise=True)

    assert [item["exercise"] for item in client.get("/api/activations?exercise=true").json["activations"]] == [True]
    assert [item["id"] for item in client.get("/api/activations?exercise=false").json["activations"]] == [real]


def test_activations_are_filtered_by_state_and_paged(client, desk):
    ids = [desk.activation(f"INC{place}") for place in range(3)]
    desk.change(ids[0], state="closed", ended_at=NOW)

    assert [item["id"] for item in client.get("/api/activations?state=closed").json["activations"]] == [ids[0]]
    second = client.get("/api/activations?page=2&page_size=2").json
    assert [item["id"] for item in second["activations"]] == [ids[0]]
    assert (second["total"], second["page"], second["page_size"]) == (3, 2, 2)
    assert client.get(f"/api/activations?page={2**63 - 1}").json["activations"] == []


def test_an_activation_gives_its_actual_recovery_time_in_seconds_and_whether_the_rto_was_met(client, desk):
    met, missed, running = desk.activation("INC1"), desk.activation("INC2"), desk.activation("INC3")
    desk.restore(met, BEGAN + timedelta(hours=3, minutes=30))
    desk.restore(missed, BEGAN + timedelta(hours=5))
    desk.change(met, recovery_point_at=BEGAN - timedelta(minutes=7))

    figures = [client.get(f"/api/activations/{item}").json for item in (met, missed, running)]

    assert [item["actual_recovery_seconds"] for item in figures] == [12600, 18000, None]
    assert [item["rto_met"] for item in figures] == [True, False, None]
    assert [item["actual_recovery_point_seconds"] for item in figures] == [420, None, None]
    assert [item["rto_seconds"] for item in figures] == [14400] * 3


def test_an_overdue_activation_has_missed_its_rto_before_it_is_restored(client, desk):
    activation_id = desk.activation("INC1")
    desk.now = BEGAN + timedelta(hours=4, seconds=1)

    assert client.get(f"/api/activations/{activation_id}").json["rto_met"] is False


def test_an_activation_comes_with_tasks_placements_incidents_and_status(client, desk):
    activation_id = desk.activation("INC1", done=1)
    desk.ticket("INC2", activation_id=activation_id, role="child")

    answer = client.get(f"/api/activations/{activation_id}").json

    assert [(item["number"], item["role"]) for item in answer["incidents"]] == [("INC1", "lead"), ("INC2", "child")]
    assert [item["state"] for item in answer["tasks"]] == ["done", "open", "pending", "pending"]
    assert answer["tasks"][0]["closed_by"] == "Priya Nair"
    assert answer["tasks"][1]["after"] == ["task-0"]
    assert answer["tasks"][1]["duration_seconds"] == 300
    assert [item["number"] for item in answer["tasks"][1]["placements"]] == ["SNOW-task-1", "JIRA-task-1"]
    assert len(answer["placements"]) == 8
    assert (answer["status"]["done"], answer["status"]["total"], answer["status"]["percent"]) == (1, 4, 25)
    assert answer["status"]["phase"] == "containment"


def test_the_tasks_alone_are_the_same_as_in_the_activation(client, desk):
    activation_id = desk.activation("INC1", done=2)

    tasks = client.get(f"/api/activations/{activation_id}/tasks").json["tasks"]

    assert tasks == client.get(f"/api/activations/{activation_id}").json["tasks"]


def test_a_ticket_says_why_it_was_not_acted_on(client, desk):
    desk.ticket("INC7", why="no service is known by db-9", why_at=BEGAN, problems=["state 8 is not mapped"])

    answer = client.get("/api/tickets/snow/INC7").json

    assert answer["why"] == "no service is known by db-9"
    assert answer["problems"] == ["state 8 is not mapped"]
    assert answer["activation"] is None


def test_a_ticket_names_the_activation_it_takes_part_in(client, desk):
    activation_id = desk.activation("INC1")

    assert client.get("/api/tickets/snow/INC1").json["activation"] == f"ACT-{activation_id}"


def test_the_history_is_told_by_pages_that_follow_one_another(client, desk):
    activation_id = desk.activation("INC1")
    at = BEGAN + timedelta(minutes=1)
    desk.write("a", activation_id, number="OPS-1", values={"state": "done"}, before={"state": "open"}, created_at=at,
               cause="message D3", answer="done, id 7", mapping_version=2)  # fmt: skip
    desk.write("b", number="OPS-2", created_at=at)

    pages, after = [], {}
    while True:
        answer = client.get("/api/history", query_string={"page_size": 1, **after}).json
        pages.append([line["id"] for line in answer["lines"]])
        if answer["next"] is None:
            break
        after = {"after": answer["next"]}
    (line,) = client.get("/api/history?ticket=ops-1").json["lines"]
    mine = client.get(f"/api/history?activation=ACT-{activation_id}").json["lines"]
    late = client.get("/api/history", query_string={"since": "2026-03-02T10:00:01+01:00"}).json["lines"]

    assert pages == [["H1"], ["W1"], ["W2"], []]
    assert line["changes"] == [{"field": "state", "before": "open", "after": "done"}]
    assert (line["cause"], line["answer"], line["mapping_version"]) == ("message D3", "done, id 7", 2)
    assert (line["activation"], line["at"]) == (f"ACT-{activation_id}", "2026-03-02T09:01:00+00:00")
    assert [item["id"] for item in mine] == ["H1", "W1"]
    assert [item["id"] for item in late] == ["W1", "W2"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("after=W1", "after: Give what `next`"),
        ("activation=12", "activation: Write it as ACT-12"),
        ("since=today", "since: "),
        ("since=0001-01-01T00:00:00%2B14:00", "since: Not an instant"),
        ("page_size=1001", "page_size: "),
        ("ticket=%00", "ticket: "),
    ],
)
def test_a_place_or_filter_of_the_history_that_is_not_valid_is_refused_by_name(client, query, fault):
    answer = client.get(f"/api/history?{query}")

    assert answer.status_code == 422
    assert answer.json["detail"].startswith(fault)


@pytest.mark.parametrize(
    "path",
    [
        "activations/99",
        "activations/99/tasks",
        "tickets/snow/INC404",
        "tickets/other/INC1",
        "nothing",
        "tickets/snow/%00",
        "tickets/other/INC1/why",
    ],
)
def test_what_does_not_exist_is_a_problem_that_says_so(client, desk, path):
    desk.ticket("INC1")

    answer = client.get(f"/api/{path}")

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404
    assert answer.json["detail"]


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"]
)
def test_without_a_valid_token_nothing_is_told(client, desk, header):
    desk.activation("INC1")
    client.environ_base.pop("HTTP_AUTHORIZATION")

    for path in ("activations", "activations/1", "activations/1/tasks", "tickets/snow/INC1", "tickets/snow/INC1/why",
                 "history"):  # fmt: skip
        answer = client.get(f"/api/{path}", headers={"Authorization": header} if header is not None else {})

        assert answer.status_code == 401, path
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "INC1" not in answer.text


def test_either_of_two_tokens_is_good_during_a_rotation():
    assert admitted("Bearer old", ["new", "old"])
    assert admitted("bearer new", ["new", "old"])


def test_without_any_token_in_the_settings_everything_is_refused(app, desk):
    api.register(app, desk.database, [""], desk.clock)

    answer = app.test_client().get("/api/activations", headers={"Authorization": "Bearer "})

    assert answer.status_code == 401
    assert "no api_tokens are in the settings" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("page=0", "page"),
        ("page_size=1000", "page_size"),
        ("state=open", "state"),
        ("exercise=maybe", "exercise"),
        ("stat=closed", "stat"),
    ],
)
def test_a_query_that_is_not_valid_is_refused_by_name(client, query, fault):
    answer = client.get(f"/api/activations?{query}")

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"].startswith(f"{fault}: ")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_is_read_only(client, method):
    assert getattr(client, method)("/api/activations").status_code == 405


def test_errors_outside_the_api_keep_their_own_form(app, client):
    assert client.get("/elsewhere").mimetype == "text/html"


def test_the_reference_lists_every_operation_and_needs_nothing_from_elsewhere(client):
    text = client.get("/api/docs").text

    assert re.findall(r"<(?:script|link|img|iframe)\b|https?://", text) == []
    for path in client.get("/api/openapi.json").json["paths"]:
        assert f"GET {path}" in text


def test_every_field_of_the_document_is_described(client):
    document = client.get("/api/openapi.json").json
    schemas = document["components"]["schemas"]
    parameters = [
        item
        for path in document["paths"].values()
        for item in [*path.get("parameters", []), *path["get"]["parameters"]]
    ]

    bare = [f"{name}.{field}" for name, item in schemas.items() for field, about in item["properties"].items()
            if "description" not in about and "$ref" not in about]  # fmt: skip
    assert bare == []
    assert len(parameters) == 18
    assert all(item["description"] for item in parameters)


@pytest.mark.parametrize("number", ["INC1", "INC2", "SNOW-task-1", "INC404"])
def test_why_answers_as_its_document_says_whatever_the_ticket_is(app, client, desk, number):
    desk.activation("INC1")
    values = {"state": "new", "ci": ["db-9"], "opened_at": BEGAN.isoformat()}
    desk.ticket("INC2", why="no service is known by db-9", values=values, delivery_id=7)
    desk.write("parked", connection="snow", platform_id="id-INC1", record="incident", action="update", state="parked",
               reason="403", values={"continuity_plan": "PAY-DR"})  # fmt: skip
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    operation = schema["/api/tickets/{connection}/{number}/why"]["GET"]

    answer = operation.Case(path_parameters={"connection": "snow", "number": number}).call_and_validate(
        headers=SIGNED_IN
    )

    told = answer.json()
    assert (answer.status_code, told["known"], told["number"]) == (200, number != "INC404", number)
    if number == "INC1":
        (plan,) = [item for item in told["fields"] if item["name"] == "continuity_plan"]
        assert (plan["verdict"], plan["write"]["state"]) == ("parked", "parked")
    if number == "INC2":
        (state,) = [item for item in told["fields"] if item["name"] == "state"]
        assert (state["verdict"], state["delivery_id"], state["delivery_kept"]) == ("read", "D7", False)


def test_every_operation_answers_as_its_document_says(app, client, desk):
    activation_id = desk.activation("INC1", done=2)
    desk.restore(activation_id, BEGAN + timedelta(hours=3))
    desk.activation(exercise=True)
    desk.write("written", activation_id, created_at=BEGAN, before={"title": None})
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    seen = set()

    for found in schema.get_all_operations():

        @given(case=found.ok().as_strategy())
        @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def probe(case):
            seen.add(case.call_and_validate(headers=SIGNED_IN).status_code)

        probe()

    assert {200, 404} <= seen
