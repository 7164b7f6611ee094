"""What every adapter promises of services, plans, and what people write on tickets, judged by what the platform holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.ticketing import Outcome, Record, Ticket, Write
from tests.contract.benches import TEAM, Bench


def listed(bench: Bench, record: Record = "service", since: datetime | None = None) -> Iterator[Ticket]:
    after, pages = "", 0
    while pages < 50:
        page = bench.adapter.listing(record, since=since, after=after)
        yield from page.tickets
        after, pages = page.next, pages + 1
        if not after:
            return
    raise AssertionError("the listing does not end")


def seeded(bench: Bench) -> set[str]:
    bench.settle()
    return {ticket.id for ticket in listed(bench)}


def kept(bench: Bench) -> list[Write]:
    """A service and a plan of ours."""
    values = {"title": "Payments fail over", "text": "# Fail over\n\nMove.", "review_at": "2027-01-31"}
    return [
        Write("record:service:payments:x:0", "create", "service", values={"name": "Payments of ours"}),
        Write("record:plan:payments:x:0", "create", "plan", values=values),
    ]


def again(write: Write) -> Write:
    return replace(write, unclear_since=datetime.now(UTC) - timedelta(seconds=30))


def test_a_listing_shows_each_record_of_its_kind_once_however_small_the_pages(bench: Bench) -> None:
    before = seeded(bench)
    bench.raise_incident()
    made = {bench.make_service(f"Service {number}"): f"Service {number}" for number in range(7)}
    bench.adapter.send(kept(bench))
    bench.settle()

    found = [ticket for ticket in listed(bench) if ticket.id not in before]

    assert len(found) == len(made) + 1
    assert {ticket.id: ticket.values["name"] for ticket in found if not ticket.key} == made
    assert {(ticket.record, ticket.problems, ticket.deleted) for ticket in found} == {("service", (), False)}
    assert [ticket.values["title"] for ticket in listed(bench, "plan")] == ["Payments fail over"]


def test_records_that_change_or_go_between_two_pages_hide_no_other_and_keep_no_listing_going(bench: Bench) -> None:
    before = seeded(bench)
    made = [bench.make_service(f"Service {number}") for number in range(8)]
    bench.settle()
    found = listed(bench)
    begun = [next(found).id for _ in range(3)]
    shown = [each for each in made if each in begun]
    unseen = [each for each in made if each not in begun]

    bench.rename_service(unseen[0], "Renamed")
    bench.delete_service(unseen[1])
    for each in shown[:1]:
        bench.delete_service(each)
    bench.settle()
    rest = [ticket.id for ticket in found]

    assert {*begun, *rest} - before - set(shown[:1]) - {unseen[1]} == set(made) - set(shown[:1]) - {unseen[1]}
    assert len(begun + rest) == len({*begun, *rest})


def test_a_listing_since_shows_what_changed_from_then_on(bench: Bench) -> None:
    made = [bench.make_service(f"Service {number}") for number in range(5)]
    since = bench.pass_time(900)
    bench.rename_service(made[3], "Renamed")
    bench.pass_time(60)
    bench.settle()

    changed = list(listed(bench, since=since))

    assert [(ticket.id, ticket.values["name"]) for ticket in changed] == [(made[3], "Renamed")]
    assert changed[0].values["updated_at"] >= since.replace(microsecond=0)


def test_a_service_and_a_plan_whose_making_was_not_answered_are_made_once(bench: Bench) -> None:
    before = seeded(bench)
    writes = kept(bench)
    bench.adapter.listing("plan")
    bench.lose_answer(effect=True)

    lost = bench.adapter.send(writes)
    bench.settle()
    found = bench.adapter.send([again(write) for write in writes])
    bench.settle()

    assert {outcome.status for outcome in lost} <= {"unclear", "done"}
    assert "unclear" in {outcome.status for outcome in lost}
    assert [outcome.status for outcome in found] == ["done", "done"]
    assert [ticket.id for ticket in listed(bench) if ticket.id not in before] == [found[0].id]
    assert [ticket.id for ticket in listed(bench, "plan")] == [found[1].id]


def test_a_continuity_record_is_changed_and_read_back(bench: Bench) -> None:
    service, plan = bench.adapter.send(kept(bench))

    outcomes = bench.adapter.send(
        [
            Write("w1", "update", "service", id=service.id, values={"name": "Card payments"}),
            Write("w2", "update", "plan", id=plan.id, values={"title": "Card payments fail over"}),
        ]
    )

    (changed,) = bench.adapter.read("service", [service.id])
    assert [outcome.status for outcome in outcomes] == ["done", "done"]
    assert (changed.record, changed.values["name"], changed.problems) == ("service", "Card payments", ())
    assert bench.adapter.read("plan", [plan.id])[0].values["title"] == "Card payments fail over"
    assert bench.adapter.parse(changed.raw).values == changed.values
    bench.delete_service(service.id)
    assert bench.adapter.read("service", [service.id]) == []


def test_a_task_of_a_plan_stands_under_it_or_is_refused_where_there_is_no_place_for_it(bench: Bench) -> None:
    (plan,) = bench.adapter.send(kept(bench)[1:])
    values = {"title": "Fail over", "text": "Move.", "duration": 1200, "plan": plan.id}
    write = Write("record:plan_task:payments/failover:x:0", "create", "plan_task", values=values)
    page = bench.adapter.listing("plan_task")

    (made,) = bench.adapter.send([write])

    if page.nowhere:
        assert (made.status, bool(made.reason), bench.adapter.read("plan_task", [plan.id])) == ("refused", True, [])
        return
    (found,) = bench.adapter.send([again(write)])
    assert (made.status, found.id) == ("done", made.id)
    (read,) = bench.adapter.read("plan_task", [made.id])
    assert (read.record, read.values["title"], read.values["plan"]) == ("plan_task", "Fail over", plan.id)
    bench.settle()
    assert [ticket.id for ticket in listed(bench, "plan_task")] == [made.id]
    assert [ticket.id for ticket in listed(bench, "plan")] == [plan.id]


def task(bench: Bench, key: str) -> Outcome:
    given = {"title": "Fail over", "text": "Move", "state": "open", "team": TEAM}
    values = given | dict(bench.task_values(bench.raise_incident()))
    (outcome,) = bench.adapter.send([Write(key, "create", "recovery_task", values=values)])
    return outcome


def test_what_people_write_on_tickets_is_read_with_author_and_time_and_our_notes_are_not(bench: Bench) -> None:
    one, other = task(bench, "act-1:a"), task(bench, "act-1:b")
    bench.comment(one.id, "On my way.\n\nBack soon.")
    bench.adapter.send([Write("act-1:note", "update", "recovery_task", id=one.id, note="The plan was activated.")])
    bench.comment(one.id, "Done.")
    bench.comment(other.id, "Done.")
    bench.settle()

    found = bench.adapter.remarks("recovery_task", [one.id, other.id])

    told = {ticket: [remark.text for remark in found if remark.ticket == ticket] for ticket in (one.id, other.id)}
    assert told == {one.id: ["On my way.\n\nBack soon.", "Done."], other.id: ["Done."]}
    assert {(remark.author, remark.kind) for remark in found} == {("Dana Reyes", "comment")}
    assert len({remark.id for remark in found}) == len(found)
    assert all(remark.written_at for remark in found)
    assert bench.adapter.remarks("recovery_task", [one.id, other.id]) == found


def test_only_what_was_written_since_then_has_to_be_looked_at_again(bench: Bench) -> None:
    made = task(bench, "act-1:a")
    bench.comment(made.id, "Before.")
    since = bench.pass_time(900)
    bench.comment(made.id, "After.")
    bench.settle()

    found = bench.adapter.remarks("recovery_task", [made.id], since)

    assert [remark.text for remark in found if remark.written_at and remark.written_at >= since.replace(microsecond=0)]
    assert "After." in [remark.text for remark in found]
    assert bench.adapter.remarks("recovery_task", [made.id], bench.pass_time(900)) == []


def test_a_file_on_a_ticket_is_a_remark_with_its_name_and_address(bench: Bench) -> None:
    made = task(bench, "act-1:a")
    bench.attach(made.id, "failover.log")
    bench.settle()

    (remark,) = bench.adapter.remarks("recovery_task", [made.id])

    assert (remark.kind, remark.text, remark.ticket) == ("attachment", "failover.log", made.id)
    assert remark.author
    assert remark.written_at
    assert remark.url
