from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.console.rto_clock import rto_clock

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = BEGAN + timedelta(hours=4)


def read(hours: float, **more):
    return rto_clock(start=BEGAN, due=DUE, now=BEGAN + timedelta(hours=hours), **more)


def test_while_it_runs_nothing_is_decided():
    clock = read(1)

    assert (clock.reading, clock.met, clock.actual_recovery) == ("running", None, None)
    assert (clock.elapsed, clock.remaining, clock.used_percent) == (timedelta(hours=1), timedelta(hours=3), 25)


def test_past_the_due_time_it_is_missed_though_not_restored():
    clock = read(5)

    assert (clock.reading, clock.met, clock.remaining) == ("overdue", False, timedelta(hours=-1))


@pytest.mark.parametrize(("hours", "reading"), [(4, "met"), (4.01, "missed")])
def test_a_restoration_at_the_due_time_has_met_the_rto(hours, reading):
    assert read(9, restored_at=BEGAN + timedelta(hours=hours)).reading == reading


def test_it_stops_with_the_restoration_whenever_it_is_read():
    restored = BEGAN + timedelta(hours=3, minutes=30)

    assert read(4, restored_at=restored) == read(400, restored_at=restored, ended_at=BEGAN + timedelta(hours=20))


def test_stood_down_it_is_neither_met_nor_missed():
    clock = read(9, ended_at=BEGAN + timedelta(hours=2), expected_at=DUE)

    assert (clock.reading, clock.met, clock.elapsed, clock.expected_at) == ("stopped", None, timedelta(hours=2), None)
