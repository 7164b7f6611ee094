"""Judges a campaign by what the platforms hold: what is lost, what is doubled, what is not as people left it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.acceptance.estate import RTO
from tests.acceptance.evidence import Held, Raised, expected_states, mark_of, unmarked
from tests.acceptance.people import Work

NOTES = {"first steps": "Continuity plan:", "activation": "was activated"}
RESTORED = "Service restored at"
Kind = Literal["lost", "doubled", "wrong", "disagreement"]


@dataclass(frozen=True)
class Fault:
    """Something that is not as it has to be, on `number` (a ticket people know)."""

    kind: Kind
    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind:13}{self.number}: {self.text}"


def judge(held: Held, works: Sequence[Work]) -> list[Fault]:
    """Return every fault; none when each record stands once and says what people did."""
    found = [fault for work in works for fault in _activation(held, work)]
    return [*found, *_strays(held, works)]


def _activation(held: Held, work: Work) -> Iterable[Fault]:
    raised = work.raised
    yield from _tasks(held, work)
    yield from _parents(held, work)
    yield from _once(raised, "review", len(held.reviews(raised)), 1 if work.restored else 0)
    yield from _notes(held, work)
    yield from _fields(held, work)
    if raised.side == "jira":
        links = held.links(raised.number)
        yield from _once(raised, "link to the plan", len(links), 1)
        if links and links[0] is not work.restored:
            yield Fault("wrong", raised.number, f"the link to the plan is marked resolved: {links[0]}")


def _tasks(held: Held, work: Work) -> Iterable[Fault]:
    raised = work.raised
    tickets = held.tickets(raised)
    states = expected_states(raised.service, work.closed, work.started)
    wanted = {(place, step.name): states[step.key] for step in raised.service.steps for place in step.places}
    counts = Counter((item.place, item.name) for item in tickets)
    for place, name in wanted:
        yield from _once(raised, f"'{name}' in {place or 'ServiceNow'}", counts[place, name], 1)
    for ticket in tickets:
        expected = wanted.get((ticket.place, ticket.name))
        if expected is None:
            yield Fault("doubled", raised.number, f"{ticket.number} '{ticket.name}' was not asked for there")
        elif ticket.state != expected:
            text = f"{ticket.number} '{ticket.name}' is {ticket.state}, by what people did it is {expected}"
            yield Fault("wrong", raised.number, text)


def _parents(held: Held, work: Work) -> Iterable[Fault]:
    raised = work.raised
    wanted = raised.service.projects | ({"OPS"} if raised.side == "jira" else set())
    parents = held.parents(raised)
    counts = Counter(issue["fields"]["project"]["key"] for issue in parents)
    for project in wanted | set(counts):
        yield from _once(raised, f"the activation's issue in {project}", counts[project], int(project in wanted))
    for issue in parents:
        links = held.links(issue["key"])
        yield from _once(raised, f"the link on {issue['key']}", len(links), 1)
        if links and links[0] is not work.restored:
            yield Fault("wrong", raised.number, f"the link on {issue['key']} is marked resolved: {links[0]}")


def _notes(held: Held, work: Work) -> Iterable[Fault]:
    raised = work.raised
    notes = held.notes(raised)
    for mark, count in Counter(mark_of(note) for note in notes).items():
        if count > 1 or not mark:
            yield Fault("doubled", raised.number, f"{count} notes bear the mark {mark or '(none)'}")
    told = [part.strip() for note in notes for part in unmarked(note).split("\n\n") if part.strip()]
    for part, count in Counter(told).items():
        if count > 1:
            yield Fault("doubled", raised.number, f"told {count} times: {part[:80]!r}")
    wanted = {name: (words, 1) for name, words in NOTES.items()} | {"restoration": (RESTORED, int(work.restored))}
    for name, (words, expected) in wanted.items():
        yield from _once(raised, f"the note of the {name}", sum(words in part for part in told), expected)
    if held.to_customer(raised):
        yield Fault("wrong", raised.number, "a note went to the customer")


def _fields(held: Held, work: Work) -> Iterable[Fault]:
    raised, service = work.raised, work.raised.service
    written = held.written_back(raised)
    done, total = len(work.closed), len(service.steps)
    begun, due = written["begun"], written["due"]
    wanted = {
        "plan": (written["plan"], service.plan),
        "progress": (written["progress"], round(100 * done / total)),
        "counted": (f"{done} of {total} recovery tasks done" in written["status"], True),
        "restored": ("Service restored" in written["status"], work.restored),
        "link": (bool(written["link"]), True),
        "RTO due": (bool(begun and due) and abs(due - begun - RTO).total_seconds() < 60, True),
    }
    for name, (found, expected) in wanted.items():
        if found != expected:
            text = f"{name} is {found!r}, not {expected!r} (status {written['status']!r})"
            yield Fault("wrong", raised.number, text)


def _strays(held: Held, works: Sequence[Work]) -> Iterable[Fault]:
    """Find records that belong to nothing that was raised, and marks that stand twice."""
    for mark, count in Counter(mark for mark, _ in held.unique_marks()).items():
        if count > 1:
            numbers = [number for other, number in held.unique_marks() if other == mark]
            yield Fault("doubled", numbers[0], f"the mark {mark} stands on {', '.join(numbers)}")
    known = {item.number for work in works for item in held.tickets(work.raised)}
    known |= {issue["key"] for work in works for issue in held.parents(work.raised)}
    known |= {number for work in works for number in held.reviews(work.raised)}
    kept = {"continuity-service", "continuity-plan"}
    made = {row["number"] for row in held.made_in_servicenow}
    made |= {issue["key"] for issue in held.made_in_jira if not kept & set(issue["fields"]["labels"])}
    for number in sorted(made - known):
        yield Fault("doubled", number, "belongs to no incident that was raised")


def _once(raised: Raised, what: str, found: int, wanted: int) -> Iterable[Fault]:
    if found < wanted:
        yield Fault("lost", raised.number, f"{what} is missing")
    elif found > wanted:
        yield Fault("doubled", raised.number, f"{what} stands {found} times, not {wanted}")
