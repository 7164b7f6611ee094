"""What each platform's headers say of how many calls it takes, in the words of both; odd ones say nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from adapters.jira import allowance as jira
from adapters.jira.connection import Connection
from adapters.servicenow.allowance import allowance as servicenow
from connector.call import Allowance, Call
from connector.ticketing import Unavailable
from sandbox.jira.app import create as create_jira
from sandbox.jira.options import Options as JiraOptions
from sandbox.server import start
from sandbox.servicenow.options import Options as ServiceNowOptions
from tests.adapters.test_servicenow_calls import BASIC, desk

NOW = datetime(2026, 3, 2, 9, 59, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def headers(**values: str) -> CaseInsensitiveDict[str]:
    return CaseInsensitiveDict({name.replace("_", "-"): value for name, value in values.items()})


RULE: dict[str, str] = {"X_RateLimit_Limit": "500", "X_RateLimit_Reset": "1772445600", "X_RateLimit_Rule": "5f0b"}
BUCKET = {
    "X_RateLimit_Limit": "50",
    "X_RateLimit_Remaining": "12",
    "X_RateLimit_FillRate": "5",
    "X_RateLimit_Interval_Seconds": "2",
}


def test_an_hourly_rule_of_servicenow_says_its_limit_and_when_the_hour_ends() -> None:
    ten = datetime(2026, 3, 2, 10, tzinfo=UTC)

    assert servicenow(headers(**RULE), refused=False) == Allowance("5f0b", 500, None, ten)
    assert servicenow(headers(**RULE), refused=True) == Allowance("5f0b", 500, 0, ten)


def test_a_bucket_of_data_center_says_what_is_left_and_how_it_fills() -> None:
    told = jira.allowance(headers(**BUCKET, Retry_After="0"), cloud=False)

    assert told == Allowance("bucket", 50, 12, fill=5.0, every=2 * SECOND)


def test_cloud_says_what_is_left_of_a_second() -> None:
    told = jira.allowance(headers(X_RateLimit_Limit="350", X_RateLimit_Remaining="349"), cloud=True)

    assert told == Allowance("burst", 350, 349, fill=350, every=SECOND)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"X_RateLimit_Limit": "many"},
        {"X_RateLimit_Limit": "0"},
        {"X_RateLimit_Limit": "-1"},
        {"X_RateLimit_Remaining": ""},
        {"X_RateLimit_Reset": "9" * 30, "X_RateLimit_Remaining": "x"},
        {"X_RateLimit_Reset": "soon", "X_RateLimit_Interval_Seconds": "inf"},
        {"X_RateLimit_Reset": "", "X_RateLimit_Interval_Seconds": "0"},
        {"X_RateLimit_Reset": "", "X_RateLimit_FillRate": "nan"},
        {"X_RateLimit_Reset": "", "X_RateLimit_FillRate": "0"},
    ],
)
def test_odd_headers_say_nothing(odd: dict[str, str]) -> None:
    rule = {} if not odd else RULE | odd
    filled = {} if not odd else BUCKET | odd

    assert "X_RateLimit_Remaining" in odd or servicenow(headers(**rule), refused=False) is None
    assert jira.allowance(headers(**filled), cloud=False) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "7", "X_RateLimit_Reset": "2026-03-02T11:00Z"}, 7.0),
        ({"X_RateLimit_Reset": "2026-03-02T10:00Z"}, 30.0),
        ({"X_RateLimit_Reset": "2026-03-02T09:59Z"}, 0.0),
        ({"X_RateLimit_Reset": "2026-03-09T09:59Z"}, 3600.0),
        ({"X_RateLimit_Reset": "tomorrow"}, None),
        ({}, None),
        ({"Retry_After": "7", "RateLimit_Reason": "jira-per-issue-on-write"}, None),
    ],
)
def test_a_refusal_of_jira_says_how_long_all_calls_have_to_stop(said: dict[str, str], seconds: float | None) -> None:
    assert jira.leave_alone(headers(**said), NOW) == seconds


def test_what_concerns_one_issue_is_no_allowance_of_the_connection() -> None:
    said = headers(X_RateLimit_Limit="20", X_RateLimit_Remaining="0", RateLimit_Reason="jira-per-issue-on-write")

    assert jira.allowance(said, cloud=True) is None


def test_calls_to_servicenow_are_told_with_the_rule_and_the_refusal_with_its_wait() -> None:
    told: list[Call] = []
    made = desk(ServiceNowOptions(rate_limit_per_hour=1), BASIC, on_call=told.append)
    try:
        control = f"{made.running.url}/_sandbox/clock"
        requests.post(control, json={"now": "2026-03-02T09:59:30Z"}, timeout=5).raise_for_status()
        made.adapter.read("incident", ["a" * 32])
        with pytest.raises(Unavailable, match="429"):
            made.adapter.read("incident", ["a" * 32])
    finally:
        made.adapter.close()
        made.running.stop()

    ten = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert [call.status for call in told] == [200, 429]
    assert told[0].leave_alone is None
    assert 25.0 <= (told[1].leave_alone or 0.0) <= 30.0
    assert [call.allowance and (call.allowance.remaining, call.allowance.resets_at) for call in told] == [
        (None, ten),
        (0, ten),
    ]


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_calls_to_jira_are_told_with_what_is_left(flavour: Any) -> None:
    told: list[Call] = []
    running = start(create_jira(JiraOptions(flavour=flavour, rate_limits=True)))
    auth = ("continuity.integration@example.com", "sandbox-token") if flavour == "cloud" else "sandbox-token"
    way = Connection(running.url, auth, flavour, timeout=5, on_call=told.append)
    try:
        way.get("/myself")
    finally:
        way.close()
        running.stop()

    (call,) = told
    assert call.allowance is not None
    assert call.allowance.remaining == call.allowance.limit - 1
    assert call.allowance.name == {"cloud": "burst", "datacenter": "bucket"}[flavour]
    assert call.leave_alone is None
