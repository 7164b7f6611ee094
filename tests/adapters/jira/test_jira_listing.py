"""Services and plans listed by pages, while people go on working."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.jira import Jira, instants
from connector.ticketing import Refused, Ticket, Write
from mappings.library import load
from tests.adapters.jira.jira_desk import Desk, write


def services(desk: Desk, count: int, *, apart: float = 0.0, **fields: Any) -> list[str]:
    """Import services that a person labelled; returns their ids, oldest first."""
    told = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Service {n}"}
    order = {"count": count, "fields": {**told, "labels": ["continuity-service"], **fields}, "apart": apart}
    found: list[str] = desk.steer("fill", order)["ids"]
    return found


def shown(jira: Jira, since: datetime | None = None, after: str = "") -> Iterator[Ticket]:
    while True:
        page = jira.listing("service", since=since, after=after)
        yield from page.tickets
        after = page.next
        if not after:
            return


def search(desk: Desk) -> str:
    return "POST /search/jql" if desk.flavour == "cloud" else "POST /search"


@pytest.mark.parametrize("apart", [0.0, 40.0, 300.0])
def test_each_service_is_listed_once_whether_a_minute_holds_one_or_all(desk: Desk, apart: float) -> None:
    made = services(desk, 23, apart=apart)
    jira = desk.warmed(page=6)
    desk.person(
        "POST", "/issue", {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "T"}}
    )
    jira.send([write("a", "activation"), write("p", "plan")])

    found = list(shown(jira))

    assert [ticket.id for ticket in found] == made
    assert {ticket.record for ticket in found} == {"service"}
    assert found[0].values["name"] == "Service 1"


def test_a_page_is_one_search_and_asks_for_no_more_than_is_read(desk: Desk) -> None:
    services(desk, 5, description="A long text")
    jira = desk.warmed(page=10)

    page = jira.listing("service")

    assert desk.calls() == [search(desk)]
    assert len(page.tickets) == 5
    assert page.next == ""
    assert "description" not in page.tickets[0].raw["fields"]


@pytest.mark.parametrize("apart", [0.0, 300.0])
@pytest.mark.parametrize("gone", [1, 9])
def test_issues_deleted_and_changed_between_two_pages_make_none_be_skipped(desk: Desk, apart: float, gone: int) -> None:
    made = services(desk, 30, apart=apart)
    jira = desk.warmed(page=10)
    listing = shown(jira)
    begun = [next(listing).id for _ in range(10)]
    for identity in made[:gone]:
        desk.person("DELETE", f"/issue/{identity}")
    desk.person("PUT", f"/issue/{made[9]}", {"fields": {"summary": "Changed"}})
    desk.person("PUT", f"/issue/{made[20]}", {"fields": {"summary": "Changed"}})

    assert begun + [ticket.id for ticket in listing] == made


def test_a_listing_since_shows_what_changed_from_then_on(desk: Desk) -> None:
    first, second, third = services(desk, 3)
    desk.steer("clock", {"advance": 3600})
    jira = desk.warmed()
    desk.person("PUT", f"/issue/{second}", {"fields": {"summary": "Second"}})
    desk.forget_calls()

    (ticket,) = shown(jira, desk.now + timedelta(minutes=58))

    assert (ticket.id, ticket.values["name"]) == (second, "Second")
    assert desk.calls() == [search(desk)]
    assert ticket.id not in (first, third)


def test_issues_of_a_type_that_is_the_services_own_can_be_adopted(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "service.yaml").write_text("issue_type: Epic\n")
    epic = services(desk, 1, issuetype={"name": "Epic"}, labels=[])
    services(desk, 1, labels=[])
    jira = desk.warmed(mappings=load("jira", tmp_path))

    (ticket,) = shown(jira)

    assert [ticket.id] == epic
    assert jira.parse(ticket.raw).record == "service"


def test_an_issue_that_nothing_tells_is_read_as_what_it_was_linked_as(desk: Desk) -> None:
    made = services(desk, 2, labels=[])
    jira = desk.warmed()

    tickets = jira.read("service", made)

    assert [(ticket.record, ticket.values["name"]) for ticket in tickets] == [
        ("service", "Service 1"),
        ("service", "Service 2"),
    ]
    assert jira.parse(tickets[0].raw).record == "other"


def test_a_listing_goes_on_when_its_token_has_grown_old(cloud: Desk) -> None:
    made = services(cloud, 9)
    jira = cloud.warmed(page=4)
    first = jira.listing("service")
    place, _, _ = first.next.rpartition("|")

    later = shown(jira, after=f"{place}|b2xk")

    assert [ticket.id for ticket in (*first.tickets, *later)] == made


def test_a_place_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="no place"):
        desk.warmed().listing("service", after="yesterday")


def test_a_time_that_comes_twice_is_asked_for_from_before_it_came_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    told = [
        instants.minute(datetime(2026, 10, 25, hour, 30, tzinfo=UTC), berlin, timedelta())
        for hour in (23 - 24 + 1, 1, 2)
    ]

    assert told == ["2026-10-25 01:30", "2026-10-25 01:30", "2026-10-25 03:30"]


def test_an_archived_issue_is_neither_listed_nor_read_and_cannot_be_changed(desk: Desk) -> None:
    first, second = services(desk, 2)
    jira = desk.warmed()
    desk.steer("archive", {"keys": [first]})

    assert [ticket.id for ticket in shown(jira)] == [second]
    assert [ticket.id for ticket in jira.read("service", [first, second])] == [second]
    (outcome,) = jira.send([Write("w", "update", "service", first, values={"name": "Other"})])
    assert outcome.status == "refused"
