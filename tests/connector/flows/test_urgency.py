"""Which writes go out first: what is live, whole; and a ticket's writes in their order, whatever they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.budget import Urgency
from connector.flows.urgency import MOST, ORDER, TURN, Chosen, choose, inherited, urgency_of


@dataclass(frozen=True)
class Row:
    id: int = 1
    platform_id: str = ""
    record: str = "recovery_task"
    action: str = "update"
    note: str = ""
    values: dict[str, Any] = field(default_factory=lambda: {"state": "open"})
    is_: Urgency = "live"


def chosen(rows: list[Row], per_call: int = 1, **rooms: int | None) -> Chosen:
    return choose(cast(Any, rows), lambda row: cast(Urgency, row.is_), rooms.get, per_call)


def ids(found: Chosen) -> list[int]:
    return [row.id for row in found.rows]


@pytest.mark.parametrize(
    ("row", "running", "urgency"),
    [
        (Row(), True, "live"),
        (Row(action="create"), True, "live"),
        (Row(record="incident", note="told", values={"recovery_progress": 50}), True, "live"),
        (Row(record="incident", note="told", values={}), True, "note"),
        (Row(action="link"), True, "note"),
        (Row(), False, "note"),
        (Row(record="service"), False, "backfill"),
        (Row(record="plan", action="create"), True, "backfill"),
    ],
)
def test_how_urgent_a_write_is(row: Row, running: bool, urgency: Urgency) -> None:  # noqa: FBT001
    assert urgency_of(cast(Any, row), running=running) == urgency


def test_without_limits_everything_goes_at_once_with_the_most_urgent_first() -> None:
    rows = [Row(1, "a", is_="backfill"), Row(2, "b", is_="note"), Row(3, "c")]

    assert ids(chosen(rows)) == [3, 2, 1]
    assert not chosen(rows).turn_over


def test_what_is_less_urgent_waits_without_holding_other_tickets() -> None:
    rows = [Row(1, "a", is_="backfill"), Row(2, "b", is_="note"), Row(3, "c")]

    found = chosen(rows, live=5, note=0, backfill=0)

    assert (ids(found), found.urgency, found.calls, found.waits) == ([3], "live", 1, "note")


def test_a_note_before_a_live_write_to_its_ticket_is_as_urgent() -> None:
    rows = [Row(1, "a", is_="note"), Row(2, "b", is_="note"), Row(3, "a")]

    assert ids(chosen(rows, live=5, note=0)) == [1, 3]


def test_what_is_live_goes_whole_while_one_call_is_left() -> None:
    rows = [Row(number, action="create") for number in range(20)]

    found = chosen(rows, live=2)

    assert (len(found.rows), found.calls) == (20, 2)
    assert chosen(rows, live=0) == Chosen(waits="live")


def test_one_call_carries_as_many_writes_as_the_platform_takes_in_one() -> None:
    rows = [Row(number, str(number), is_="note") for number in range(120)]

    found = chosen(rows, per_call=50, note=2)

    assert (len(found.rows), found.calls, found.waits) == (100, 2, "note")


def test_a_long_queue_gives_way_after_its_turn_where_calls_are_limited() -> None:
    rows = [Row(number, str(number), is_="backfill") for number in range(500)]

    limited, free = chosen(rows, backfill=100), chosen(rows)

    assert (len(limited.rows), limited.turn_over) == (TURN, True)
    assert (len(free.rows), free.turn_over) == (MOST, False)


@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from(ORDER)), max_size=30),
    st.lists(st.one_of(st.none(), st.integers(0, 20)), min_size=3, max_size=3),
    st.integers(1, 3),
)
def test_a_tickets_writes_keep_their_order_and_none_goes_beyond_its_room(
    facts: list[tuple[str, Urgency]], rooms: list[int | None], per_call: int
) -> None:
    rows = [Row(number, ticket, is_=urgency) for number, (ticket, urgency) in enumerate(facts)]
    limits = [room for room in rooms if room is not None]
    falling = dict(zip(ORDER, sorted(limits, reverse=True), strict=True)) if len(limits) == 3 else {}

    found = chosen(rows, per_call, **cast(Any, falling))

    for ticket in "abc":
        sent = [row.id for row in found.rows if row.platform_id == ticket]
        assert sent == [row.id for row in rows if row.platform_id == ticket][: len(sent)]
    effective = dict(zip((row.id for row in rows), inherited(cast(Any, rows), lambda row: row.is_), strict=True))
    for place, row in enumerate(found.rows):
        room = falling.get(effective[row.id])
        assert room is None or (room > 0 if effective[row.id] == "live" else place < room * per_call)
    assert len(found.rows) == len(rows) or found.waits is not None
