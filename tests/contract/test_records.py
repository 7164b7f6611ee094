"""What every adapter promises of continuity records, judged by what the platform holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory import Memory
from connector.ticketing import Ticket, Ticketing, Write

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Day:
    """Services on a platform that shows them by pages of two; the clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NINE
        self.people = Memory(clock=lambda: self.now, page=2)
        self.adapter: Ticketing = self.people

    def all(self, since: datetime | None = None) -> Iterator[Ticket]:
        after = ""
        while True:
            page = self.adapter.listing("service", since=since, after=after)
            yield from page.tickets
            after = page.next
            if not after:
                return


@pytest.fixture
def day() -> Day:
    return Day()


def test_a_listing_shows_each_record_of_its_kind_once_page_by_page(day: Day) -> None:
    made = [day.people.make("service", name=f"Service {number}") for number in range(5)]
    day.people.make("plan", title="A plan")
    day.people.open_incident()
    calls = day.people.calls

    assert [ticket.id for ticket in day.all()] == made
    assert day.people.calls - calls == 3


def test_a_listing_since_shows_only_what_changed_from_then_on_in_one_call(day: Day) -> None:
    first, second, _ = (day.people.make("service", name=name) for name in ("One", "Two", "Three"))
    day.now += timedelta(minutes=5)
    since = day.now
    day.people.change(second, name="Second")
    calls = day.people.calls

    assert [(ticket.id, ticket.values["name"]) for ticket in day.all(since)] == [(second, "Second")]
    assert day.people.calls - calls == 1
    assert first


def test_a_record_that_is_deleted_or_changes_between_two_pages_makes_none_be_skipped(day: Day) -> None:
    made = [day.people.make("service", name=f"Service {number}") for number in range(5)]
    shown = day.all()
    begun = [next(shown).id, next(shown).id]
    day.people.change(made[0], name="Changed")
    day.people.delete(made[1])

    assert begun + [ticket.id for ticket in shown] == made


def test_a_record_that_we_made_is_listed_with_our_key_and_with_when_it_changed(day: Day) -> None:
    day.adapter.send([Write("record:service:payments:desk:0", "create", "service", values={"name": "Payments"})])

    (ticket,) = day.all()

    assert ticket.key == "record:service:payments:desk:0"
    assert ticket.values == {"name": "Payments", "updated_at": NINE}
    assert day.adapter.parse(ticket.raw).values == ticket.values
