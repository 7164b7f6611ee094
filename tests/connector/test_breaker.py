"""A platform that is down is left in peace, asked now and then, and used again as soon as it answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.breaker import FAILURES, FIRST_WAIT, LONGEST_WAIT, Breakers


class Time:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, span: timedelta) -> None:
        self.at += span


@pytest.fixture
def time() -> Time:
    return Time()


def broken(time: Time, status: int = 0) -> Breakers:
    breakers = Breakers(time)
    for _ in range(FAILURES):
        breakers.called("jira", status)
    return breakers


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_calls_stop_after_failures_in_a_row(time: Time, status: int) -> None:
    breakers = broken(time, status)

    assert breakers.wait_until("jira") == time.at + FIRST_WAIT
    assert breakers.down_since("jira") == time.at
    assert breakers.wait_until("servicenow") is None


def test_one_answer_between_failures_keeps_calls_going(time: Time) -> None:
    breakers = Breakers(time)
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breakers.called("jira", 503)
        breakers.called("jira", 404)

    assert breakers.wait_until("jira") is None
    assert breakers.down_since("jira") is None


def test_one_caller_at_a_time_is_let_through_as_a_probe(time: Time) -> None:
    breakers = broken(time)
    time.pass_(FIRST_WAIT)

    assert breakers.wait_until("jira") is None
    assert breakers.wait_until("jira") == time.at + FIRST_WAIT


def test_the_probes_answer_closes_it_for_all(time: Time) -> None:
    breakers = broken(time)
    time.pass_(FIRST_WAIT)
    breakers.wait_until("jira")
    breakers.called("jira", 200)

    assert breakers.wait_until("jira") is None
    assert breakers.down_since("jira") is None


def test_each_failed_probe_waits_twice_as_long_within_reason(time: Time) -> None:
    breakers = broken(time)
    began = time.at
    waits = []
    for _ in range(6):
        until = breakers.wait_until("jira")
        assert until is not None
        time.at = until
        assert breakers.wait_until("jira") is None
        breakers.called("jira", 0)
        waits.append((breakers.wait_until("jira") or time.at) - time.at)

    assert waits == [FIRST_WAIT * 2, FIRST_WAIT * 4, FIRST_WAIT * 8, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
    assert breakers.down_since("jira") == began


def test_a_failed_probe_of_several_tries_counts_once(time: Time) -> None:
    breakers = broken(time)
    time.pass_(FIRST_WAIT)
    breakers.wait_until("jira")
    for _ in range(3):
        breakers.called("jira", 503)

    assert breakers.wait_until("jira") == time.at + FIRST_WAIT * 2


def test_a_probe_that_had_nothing_to_call_for_leaves_it_to_the_next(time: Time) -> None:
    breakers = broken(time)
    time.pass_(FIRST_WAIT)
    assert breakers.wait_until("jira") is None

    breakers.unused("jira")

    assert breakers.wait_until("jira") is None, "what is due waits for a caller that called nobody"
    assert breakers.wait_until("jira") == time.at + FIRST_WAIT


def test_a_caller_with_nothing_to_call_for_does_not_open_what_is_held(time: Time) -> None:
    breakers = broken(time)

    breakers.unused("jira")

    assert breakers.wait_until("jira") == time.at + FIRST_WAIT
