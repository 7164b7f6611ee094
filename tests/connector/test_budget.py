"""What a platform allows is never spent beyond, and what is most urgent never waits for what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.budget import BEHIND, RESERVED, Budgets, Urgency
from connector.call import Allowance, Call

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.at = NINE

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> Time:
    return Time()


def call(
    allowance: Allowance | None = None, *, status: int = 200, leave_alone: float | None = None, method: str = "GET"
) -> Call:
    return Call(method, "/", status, 0.01, allowance, leave_alone)


def hourly(limit: int, at: datetime = NINE, remaining: int | None = None) -> Allowance:
    return Allowance("rule", limit, remaining, resets_at=at + HOUR)


def bucket(limit: int, remaining: int, fill: float = 1.0) -> Allowance:
    return Allowance("bucket", limit, remaining, fill=fill, every=SECOND)


def granted(budgets: Budgets, urgency: Urgency, most: int = 1000) -> int:
    """Return how many calls, one by one, go out before the first has to wait."""
    for made in range(most):
        if budgets.wait_until("desk", urgency) is not None:
            return made
        budgets.called("desk", call())
    return most


def test_where_nothing_names_a_limit_everybody_may_call(time: Time) -> None:
    budgets = Budgets(time)

    assert budgets.wait_until("desk", "backfill", 1000) is None
    assert budgets.room("desk", "backfill") is None
    assert budgets.remaining("desk") is None


@pytest.mark.parametrize(("urgency", "many"), [("live", 100), ("note", 90), ("backfill", 50)])
def test_each_urgency_leaves_its_part_to_what_is_more_urgent(time: Time, urgency: Urgency, many: int) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(hourly(100, remaining=100)))

    assert budgets.room("desk", urgency) == many
    assert budgets.wait_until("desk", urgency, many) is None
    budgets.done("desk")
    assert budgets.wait_until("desk", urgency, many + 1) is None, "more than there could ever be is asked in vain"


def test_where_the_platform_does_not_say_what_is_left_calls_are_counted(time: Time) -> None:
    budgets = Budgets(time)
    for _ in range(4):
        budgets.called("desk", call(hourly(10)))

    assert budgets.remaining("desk") == 6
    assert budgets.wait_until("desk", "backfill", 2) == NINE + HOUR
    time.at = NINE + HOUR
    assert budgets.remaining("desk") == 10
    budgets.called("desk", call(hourly(10, time.at)))
    assert budgets.remaining("desk") == 9


def test_a_late_answer_of_the_hour_before_does_not_fill_the_allowance(time: Time) -> None:
    budgets = Budgets(time)
    time.at = NINE + HOUR
    for _ in range(10):
        budgets.called("desk", call(hourly(10, time.at)))
    budgets.called("desk", call(hourly(10, NINE)))

    assert budgets.remaining("desk") == 0


def test_answers_that_overtake_each_other_do_not_give_back_what_was_spent(time: Time) -> None:
    budgets = Budgets(time)
    for left in (7, 9, 8):
        budgets.called("desk", call(hourly(10, remaining=left)))

    assert budgets.remaining("desk") == 5


def test_the_narrowest_of_several_rules_counts(time: Time) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(hourly(1000)))
    budgets.called("desk", call(bucket(50, 3)))

    assert budgets.remaining("desk") == 3


def test_a_bucket_gives_back_by_whole_intervals(time: Time) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(bucket(50, 0, fill=5.0)))

    time.at += timedelta(seconds=0.9)
    assert budgets.wait_until("desk", "live", 3) == NINE + timedelta(seconds=1.9), (
        "what is under way is asked for again"
    )
    time.at = NINE + SECOND
    assert budgets.remaining("desk") == 5
    assert budgets.wait_until("desk", "backfill") == NINE + 6 * SECOND


def test_a_call_without_an_answer_is_taken_for_spent_one_that_no_rule_concerned_is_not(time: Time) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(hourly(10, remaining=9)))

    budgets.called("desk", call())
    assert budgets.remaining("desk") == 9
    budgets.called("desk", call(status=0))
    assert budgets.remaining("desk") == 8


def test_leave_that_another_thread_has_is_not_given_twice(time: Time) -> None:
    mine = 1
    budgets = Budgets(time, thread=lambda: mine)
    budgets.called("desk", call(hourly(10, remaining=4)))
    assert budgets.wait_until("desk", "live", 3) is None

    mine = 2
    assert budgets.wait_until("desk", "live", 2) == NINE + HOUR
    assert budgets.wait_until("desk", "live", 1) is None
    mine = 1
    budgets.called("desk", call(hourly(10, remaining=3)))
    budgets.done("desk")
    mine = 3
    assert budgets.room("desk", "live") == 2, "what the first did not use is free, what the second may use is not"


def test_who_asks_again_does_not_wait_for_leave_of_its_own(time: Time) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(hourly(10, remaining=4)))

    assert budgets.wait_until("desk", "live", 4) is None
    assert budgets.wait_until("desk", "live", 3) is None
    assert budgets.remaining("desk") == 1


def test_after_a_refusal_nobody_calls_in_the_time_asked_for_and_the_most_urgent_goes_first(time: Time) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(status=429, leave_alone=30.0))

    for urgency in RESERVED:
        assert budgets.wait_until("desk", urgency) == NINE + timedelta(seconds=30) + BEHIND[urgency]
    assert budgets.remaining("desk") == 0
    assert budgets.wait_until("board", "backfill") is None
    time.at = NINE + timedelta(seconds=30)
    assert budgets.wait_until("desk", "live") is None
    assert budgets.wait_until("desk", "note") == NINE + timedelta(seconds=31)


def test_a_shorter_wait_does_not_cut_a_longer_one(time: Time) -> None:
    budgets = Budgets(time)
    budgets.called("desk", call(status=429, leave_alone=30.0))
    budgets.called("desk", call(status=429, leave_alone=2.0))

    assert budgets.wait_until("desk", "live") == NINE + timedelta(seconds=30)


def test_the_settings_cap_is_refilled_through_the_minute(time: Time) -> None:
    budgets = Budgets(time, {"desk": 120})

    assert granted(budgets, "live") == 120
    assert budgets.wait_until("desk", "live", 4) == NINE + 2 * SECOND
    time.at += 2 * SECOND
    assert granted(budgets, "live") == 4
    assert budgets.wait_until("board", "live", 1000) is None


def test_an_audit_has_a_pace_of_its_own(time: Time) -> None:
    budgets = Budgets(time, audits={"desk": 30})

    assert granted(budgets, "audit") == 30
    assert budgets.wait_until("desk", "audit") == NINE + 2 * SECOND
    assert budgets.wait_until("desk", "backfill") is None
    budgets.called("desk", call(hourly(10, remaining=5)))
    time.at += timedelta(minutes=1)
    assert budgets.wait_until("desk", "audit") == NINE + HOUR, "and leaves to others what any backfill leaves"


@given(
    limit=st.integers(1, 40),
    tells=st.booleans(),
    steps=st.lists(
        st.tuples(
            st.integers(0, 3),  # whose thread
            st.sampled_from(["ask", "call", "done", "pass"]),
            st.sampled_from(["live", "note", "backfill"]),
            st.integers(1, 12),
        ),
        max_size=80,
    ),
)
def test_no_order_of_threads_spends_beyond_the_allowance_and_what_is_live_has_its_part(
    *, limit: int, tells: bool, steps: list[tuple[int, str, Urgency, int]]
) -> None:
    time = Time()
    mine = -1
    budgets = Budgets(time, thread=lambda: mine)
    spent = {0: 1}
    may: dict[int, int] = {}  # the calls that each thread has leave for

    def hour() -> int:
        return (time.at - NINE) // HOUR

    def answer() -> Call:
        return call(hourly(limit, NINE + hour() * HOUR, limit - spent[hour()] if tells else None))

    budgets.called("desk", answer())
    for who, what, urgency, wish in steps:
        mine = who
        if what == "ask":
            budgets.done("desk")
            may.pop(who, None)
            many = min(wish, limit - int(limit * RESERVED[urgency]))
            free = limit - spent.get(hour(), 0) - sum(may.values())
            if budgets.wait_until("desk", urgency, many) is None:
                may[who] = many
                assert free - many >= int(limit * RESERVED[urgency])
            else:
                assert free - many < int(limit * RESERVED[urgency]), "nobody waits for what is there"
        elif what == "call" and may.get(who):
            may[who] -= 1
            spent[hour()] = spent.get(hour(), 0) + 1
            assert spent[hour()] <= limit
            budgets.called("desk", answer())
        elif what == "done":
            may.pop(who, None)
            budgets.done("desk")
        elif what == "pass" and not any(may.values()):
            time.at += wish * timedelta(minutes=10)


@given(limit=st.integers(2, 200), wishes=st.lists(st.integers(1, 20), max_size=60))
def test_however_much_backfill_there_is_half_of_the_allowance_stays_for_what_is_live(
    limit: int, wishes: list[int]
) -> None:
    time = Time()
    budgets = Budgets(time)
    left = limit
    budgets.called("desk", call(hourly(limit, remaining=left)))
    for many in wishes:
        if budgets.wait_until("desk", "backfill", min(many, limit // 2 or 1)) is None:
            for _ in range(min(many, limit // 2 or 1)):
                left -= 1
                budgets.called("desk", call(hourly(limit, remaining=left)))

    assert left >= limit // 2
    assert budgets.wait_until("desk", "live", limit // 2) is None
