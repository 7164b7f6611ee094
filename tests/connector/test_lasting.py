"""What lasts is told once, again each day, and when it is mended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connector.lasting import DAILY, news

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_what_is_new_is_told_at_once_and_what_was_told_waits_for_the_next_day() -> None:
    assert news(None, NOW, lasts=True) == "lasts"
    assert news(NOW, NOW + DAILY - timedelta(seconds=1), lasts=True) is None
    assert news(NOW, NOW + DAILY, lasts=True) == "lasts"


def test_what_lasts_otherwise_than_it_was_told_is_told_at_once() -> None:
    assert news(NOW, NOW + timedelta(minutes=1), lasts=True, changed=True) == "lasts"


def test_only_what_was_told_is_told_as_mended() -> None:
    assert news(NOW, NOW, lasts=False) == "mended"
    assert news(None, NOW, lasts=False, changed=True) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 600)), max_size=60))
def test_each_trouble_is_told_at_most_once_in_a_while_and_mended_exactly_after(looks: list[tuple[bool, int]]) -> None:
    told_at, told = None, []
    now = NOW
    for lasts, minutes in looks:
        now += timedelta(minutes=minutes)
        found = news(told_at, now, lasts=lasts)
        if found is not None:
            told.append((found, now))
        told_at = (now if found == "lasts" else told_at) if lasts else None

    for (before, then), (after, at) in pairwise(told):
        assert (before, after) != ("mended", "mended")
        assert (before, after) != ("lasts", "lasts") or at - then >= DAILY
