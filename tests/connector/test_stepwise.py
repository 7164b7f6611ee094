"""Flows carried out one after another, without the engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connector.stepwise import Stepwise

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Day:
    def __init__(self) -> None:
        self.now = NINE
        self.done: list[str] = []
        self.steps = Stepwise(lambda: self.now)
        self.tx = sa.create_engine("sqlite://").connect()

    def note(self, subject: str) -> None:
        self.done.append(subject)
        if subject == "first":
            self.steps.wake(self.tx, "incident", "second")

    def run(self) -> int:
        return self.steps.run({"incident": self.note})


def test_wake_ups_of_one_subject_are_one_and_what_they_wake_follows() -> None:
    day = Day()
    for subject in ("first", "other", "first"):
        day.steps.wake(day.tx, "incident", subject)

    assert day.run() == 3
    assert day.done == ["first", "other", "second"]


def test_a_timed_wake_up_waits_for_its_time_unless_an_earlier_one_comes() -> None:
    day = Day()
    for hours in (3, 2):
        day.steps.wake(day.tx, "incident", "timer", NINE + timedelta(hours=hours))
    day.steps.wake(day.tx, "incident", "later", NINE + timedelta(hours=1))
    day.steps.wake(day.tx, "incident", "later")

    day.run()
    assert day.done == ["later"]
    assert day.steps.next_at() == NINE + timedelta(hours=2)
    day.now += timedelta(hours=2)
    day.run()
    assert day.done == ["later", "timer"]
    assert day.steps.next_at() is None


def test_flows_that_wake_themselves_for_ever_are_told() -> None:
    day = Day()
    day.steps.wake(day.tx, "incident", "circle")

    with pytest.raises(RuntimeError, match="circle"):
        day.steps.run({"incident": lambda subject: day.steps.wake(day.tx, "incident", subject)})


def test_what_is_forgotten_is_not_carried_out() -> None:
    day = Day()
    day.steps.wake(day.tx, "incident", "first")
    day.steps.forget()

    assert day.run() == 0
    assert day.done == []
