"""The simulated clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.clock import Clock

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_frozen_clock_stands_still_until_it_is_advanced():
    clock = Clock()
    clock.freeze(NINE)

    assert clock.now() == clock.now() == NINE
    clock.advance(90)
    assert clock.now() == NINE + timedelta(seconds=90)


def test_a_moment_without_a_zone_is_utc_and_another_zone_is_converted():
    clock = Clock()
    clock.freeze(datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - that is what is tested
    assert clock.now() == NINE

    clock.freeze(datetime.fromisoformat("2026-03-02T11:00:00+02:00"))
    assert clock.now().isoformat() == "2026-03-02T09:00:00+00:00"


def test_a_released_clock_runs_with_real_time_and_can_run_ahead():
    clock = Clock()
    clock.freeze(NINE)
    clock.release()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)

    clock.advance(3600)
    assert timedelta(minutes=59) < clock.now() - datetime.now(UTC) < timedelta(minutes=61)
