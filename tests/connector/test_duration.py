"""Tests of durations."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("15m", 15), ("90m", 90), ("4h", 240), ("1h30m", 90), ("2d", 2880), ("1d2h3m", 1563), (" 4h ", 240), ("0m", 0)],
)
def test_a_duration_is_days_hours_and_minutes(text, minutes):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "4", "h", "4 h", "30m1h", "-4h", "1.5h", "4H", "1w", "999999d", "4h4h"])
def test_any_other_form_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration; write it as 15m, 4h, 1h30m or 2d"):
        parse_duration(text)


@given(st.integers(0, 10**6))
def test_what_is_written_can_be_read(minutes):
    duration = timedelta(minutes=minutes)

    assert parse_duration(format_duration(duration)) == duration
