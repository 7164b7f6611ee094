"""Steering a sandbox from outside: a wrong order is refused with what is allowed, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.servicenow.app import create
from sandbox.servicenow.options import Options


@pytest.fixture(scope="module")
def http() -> FlaskClient:
    return create(Options()).test_client()


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("faults", {"fault": []}, "the body: unknown fault; allowed are faults, seed"),
        ("faults", {}, 'faults is missing: write {"faults": [{"kind": "500"}]}'),
        ("faults", [], "the body must be a JSON object; allowed are faults, seed"),
        ("faults", {"faults": {"kind": "500"}}, "faults must be a list of JSON objects"),
        ("faults", {"faults": ["500"]}, "faults[0] must be a JSON object; allowed are kind, method, path"),
        ("faults", {"faults": [{"kind": "501"}]}, "faults[0].kind: '501' is not one of drop_before, drop_after"),
        ("faults", {"faults": [{"path": "/api"}]}, "faults[0].kind is missing: write one of drop_before"),
        ("faults", {"faults": [{"kind": "500", "times": "2"}]}, "faults[0].times: '2' is not a whole number or null"),
        ("faults", {"faults": [{"kind": "500", "path": "("}]}, "faults[0].path: not a regular expression"),
        ("faults", {"faults": [{"kind": "500", "tims": 2}]}, "faults[0]: unknown tims; allowed are kind, method"),
        ("faults", {"faults": [], "seed": "x"}, "seed: 'x' is not a whole number"),
        ("clock", {"now": "noon"}, "now: 'noon' is not a moment; write it as 2026-03-02T09:00:00Z"),
        ("clock", {"advance": "1h"}, "advance: '1h' is not a number"),
        ("clock", {"forward": 1}, "the body: unknown forward; allowed are real, now, advance"),
        ("latency", {"seconds": -1}, "seconds: -1 is not a number of seconds from 0 on"),
        ("latency", {"ms": 5}, "the body: unknown ms; allowed are seconds"),
        ("webhooks", {"targets": [{"secret": "x"}]}, "targets[0].url is missing: write a text"),
        ("webhooks", {"targets": {}}, "targets must be a list of JSON objects"),
        ("webhooks", {"behaviour": {"lose": "often"}}, "behaviour.lose: 'often' is not a number"),
        ("webhooks", {"behaviour": {"late": 1}}, "behaviour: unknown late; allowed are delay, jitter, double"),
    ],
)
def test_a_wrong_order_is_refused_with_what_is_allowed(path: str, body: Any, told: str, http: FlaskClient) -> None:
    before = http.get(f"/_sandbox/{path}").json if path != "latency" else None

    answer = http.post(f"/_sandbox/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json["error"].startswith(told)
    if before is not None and path != "clock":
        assert http.get(f"/_sandbox/{path}").json == before


def test_a_body_that_is_no_json_is_refused(http: FlaskClient) -> None:
    answer = http.post("/_sandbox/clock", data="advance=60")

    assert (answer.status_code, answer.json["error"]) == (
        400,
        "the body must be a JSON object, sent as application/json; allowed are real, now, advance",
    )


def test_a_promotion_names_its_incident_and_nothing_else(http: FlaskClient) -> None:
    for body in ("{", '["INC1"]', '{"incident": "INC1"}'):
        answer = http.post("/_sandbox/promote", data=body)
        assert answer.status_code == 400
        assert answer.json["error"].endswith("allowed are number, sys_id")


@pytest.mark.parametrize("path", ["/_sandbox", "/_sandbox/fautls", "/_sandbox/faults/1"])
def test_an_unknown_path_lists_what_exists(path: str, http: FlaskClient) -> None:
    answer = http.get(path, follow_redirects=True)

    assert answer.status_code == 404
    assert answer.json["error"] == f"there is no {path}"
    assert {"POST /_sandbox/faults", "GET /_sandbox/state", "POST /_sandbox/promote"} <= set(answer.json["endpoints"])


def test_a_wrong_method_names_the_right_ones(http: FlaskClient) -> None:
    answer = http.put("/_sandbox/faults", json={})

    assert answer.status_code == 405
    assert answer.json["error"] == "/_sandbox/faults takes DELETE and GET and POST, not PUT"
    assert "POST /_sandbox/clock" in answer.json["endpoints"]


def test_good_orders_are_carried_out(http: FlaskClient) -> None:
    now = http.post("/_sandbox/clock", json={"now": "2026-03-02T09:00:00Z", "advance": 60}).json["now"]
    faults = http.post("/_sandbox/faults", json={"faults": [{"kind": "429", "retry_after": "date", "times": None}]})
    webhooks = http.post("/_sandbox/webhooks", json={"behaviour": {"delay": 1, "shuffle": True}})

    assert now == "2026-03-02T09:01:00+00:00"
    assert faults.json["faults"][0]["kind"] == "429"
    assert webhooks.status_code == 200
    assert http.post("/_sandbox/latency", json={"seconds": 0}).json == {"seconds": 0}
    assert http.post("/_sandbox/reset").json == {"reset": True}
