"""Limits and faults: the hourly allowance, 429 in both forms, failing and sleeping instances."""

from __future__ import annotations

import pytest


def test_without_a_rule_there_are_no_rate_headers(desk):
    assert not [name for name in desk.ask("GET", "table/incident").headers if name[0].startswith("X-RateLimit")]


def test_the_hourly_allowance_is_per_user_and_comes_back_with_the_hour(make_desk):
    desk = make_desk(rate_limit_per_hour=2)
    desk.control("clock", {"now": "2026-03-02T09:59:00Z"})

    answers = [desk.ask("GET", "table/incident") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["X-RateLimit-Limit"] == "2"
    assert answers[0].headers["X-RateLimit-Reset"] == "1772445600"
    assert answers[0].headers["X-RateLimit-Rule"]
    assert answers[2].headers["Retry-After"] == "60"
    assert answers[2].json["error"] == {
        "message": "Rate limit exceeded",
        "detail": "Rate limit of 2 requests per hour for Table API exceeded",
    }
    assert desk.as_admin().ask("GET", "table/incident").status_code == 200
    desk.control("clock", {"advance": 60})
    assert desk.ask("GET", "table/incident").status_code == 200


def test_a_batch_spends_one_request(make_desk):
    desk = make_desk(rate_limit_per_hour=1)

    answer = desk.batch(*[("POST", "/api/now/table/task", {}) for _ in range(3)])

    assert [row["status_code"] for row in answer["serviced_requests"]] == [201, 201, 201]
    assert desk.ask("GET", "table/task").status_code == 429


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("503", 503), ("429", 429)])
def test_a_fault_before_the_effect_leaves_no_record(desk, kind, status):
    desk.control("faults", {"faults": [{"kind": kind, "method": "POST"}]})

    answer = desk.ask("POST", "table/incident", {})

    assert answer.status_code == status
    assert answer.json["status"] == "failure"
    assert desk.get("incident") == []


def test_an_ordered_429_carries_retry_after_as_seconds_or_as_a_date(desk):
    rows = [{"kind": "429", "retry_after": 2}, {"kind": "429", "retry_after": "date"}, {"kind": "429"}]
    desk.control("faults", {"faults": rows})

    answers = [desk.ask("GET", "table/incident").headers for _ in rows]

    assert answers[0]["Retry-After"] == "2"
    assert answers[1]["Retry-After"].endswith("GMT")
    assert "Retry-After" not in answers[2]


def test_a_hibernating_instance_answers_200_with_a_page(desk):
    desk.control("faults", {"faults": [{"kind": "html_200"}]})

    answer = desk.ask("POST", "table/incident", {})

    assert answer.status_code == 200
    assert answer.content_type.startswith("text/html")
    assert "hibernating" in answer.text
    assert desk.get("incident") == []


def test_a_200_can_hold_some_rows_and_an_error(desk):
    for _ in range(4):
        desk.create("incident")
    desk.control("faults", {"faults": [{"kind": "error_200", "method": "GET"}]})

    answer = desk.ask("GET", "table/incident")

    assert answer.status_code == 200
    assert len(answer.json["result"]) == 2
    assert "maximum execution time" in answer.json["error"]["message"]
    assert answer.headers["X-Total-Count"] == "4"
