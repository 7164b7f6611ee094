"""The Batch API: inner requests on their own, in order, some left unserviced, all in one call."""

from __future__ import annotations

import base64
import json

import pytest

from sandbox.gate import Dropped

TASKS = "/api/now/table/incident_task"


def statuses(answer):
    return [(row["id"], row["status_code"]) for row in answer["serviced_requests"]]


def test_each_inner_request_succeeds_or_fails_on_its_own(desk, inner_body):
    answer = desk.batch(
        ("POST", TASKS, {"short_description": "one"}),
        ("POST", "/api/now/table/no_such", {}),
        ("GET", f"{TASKS}?sysparm_fields=short_description", None),
    )

    assert answer["batch_request_id"] == "b1"
    assert statuses(answer) == [("0", 201), ("1", 400), ("2", 200)]
    assert inner_body(answer["serviced_requests"][2]) == {"result": [{"short_description": "one"}]}
    assert answer["serviced_requests"][0]["status_text"] == "Created"
    assert answer["unserviced_requests"] == []


def test_response_headers_can_be_left_out(desk):
    rows = [
        {"id": "1", "method": "GET", "url": TASKS, "exclude_response_headers": True},
        {"id": "2", "method": "GET", "url": TASKS},
    ]

    answer = desk.ask("POST", "v1/batch", {"batch_request_id": "1", "rest_requests": rows}).json

    without, with_them = answer["serviced_requests"]
    assert without["headers"] == []
    assert {"name": "X-Total-Count", "value": "0"} in with_them["headers"]


def test_base64_may_be_broken_into_lines(desk):
    body = base64.encodebytes(json.dumps({"short_description": "x" * 100}).encode()).decode()
    rows = [{"id": "1", "method": "POST", "url": TASKS, "body": body}]

    answer = desk.ask("POST", "v1/batch", {"batch_request_id": "1", "rest_requests": rows}).json

    assert statuses(answer) == [("1", 201)]


def test_only_relative_addresses_of_the_instance_are_served(desk):
    answer = desk.batch(("GET", "http://localhost/api/now/table/incident", None), ("POST", "/api/now/v1/batch", {}))

    assert statuses(answer) == [("0", 400), ("1", 400)]


def test_a_batch_is_signed_in_once_and_counts_as_one_call_that_lists_its_inner_ones(desk):
    desk.batch(("POST", TASKS, {}), ("GET", f"{TASKS}?sysparm_limit=1", None))

    calls = desk.http.get("/_sandbox/calls").json

    assert calls["total"] == 1
    assert [(row["method"], row["path"], row["query"], row["status"]) for row in calls["calls"][0]["inner"]] == [
        ("POST", TASKS, "", 201),
        ("GET", TASKS, "sysparm_limit=1", 200),
    ]
    assert desk.http.post("/api/now/v1/batch", json={"rest_requests": []}).status_code == 401


def test_an_unserviced_fault_leaves_the_last_ones_undone(desk):
    desk.control("faults", {"faults": [{"kind": "unserviced", "path": "batch", "count": 2}]})

    answer = desk.batch(*[("POST", TASKS, {"short_description": str(n)}) for n in range(5)])

    assert [row["id"] for row in answer["serviced_requests"]] == ["0", "1", "2"]
    assert answer["unserviced_requests"] == ["3", "4"]
    assert len(desk.get("incident_task")) == 3


def test_what_does_not_fit_the_time_quota_is_unserviced(desk):
    desk.control("faults", {"faults": [{"kind": "delay", "seconds": 31, "path": TASKS, "inner": True, "skip": 1}]})

    answer = desk.batch(*[("POST", TASKS, {}) for _ in range(3)])

    assert statuses(answer) == [("0", 201)]
    assert answer["unserviced_requests"] == ["1", "2"]


def test_a_fault_strikes_an_inner_request_only_when_it_says_so(desk):
    outer = {"kind": "429", "path": TASKS, "times": None}
    desk.control("faults", {"faults": [outer]})
    assert statuses(desk.batch(("POST", TASKS, {}))) == [("0", 201)]

    desk.control("faults", {"faults": [{**outer, "inner": True, "skip": 1, "times": 1, "retry_after": 2}]})
    answer = desk.batch(*[("POST", TASKS, {}) for _ in range(3)])

    assert statuses(answer) == [("0", 201), ("1", 429), ("2", 201)]
    assert {"name": "Retry-After", "value": "2"} in answer["serviced_requests"][1]["headers"]


def test_a_500_after_has_had_its_effect(desk):
    desk.control("faults", {"faults": [{"kind": "500_after", "path": TASKS, "inner": True}]})

    answer = desk.batch(("POST", TASKS, {}))

    assert statuses(answer) == [("0", 500)]
    assert len(desk.get("incident_task")) == 1


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 1), ("drop_after", 3)])
def test_a_dropped_inner_request_drops_the_batch(desk, kind, done):
    desk.control("faults", {"faults": [{"kind": kind, "path": TASKS, "inner": True, "skip": 1}]})

    with pytest.raises(Dropped):
        desk.batch(*[("POST", TASKS, {}) for _ in range(3)])

    assert len(desk.get("incident_task")) == done
