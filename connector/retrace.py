"""An activation decided again from what is stored of it, in a database of its own, and held against what was decided.

The flows are led by what is stored: each message is decided at the instant at which it was decided, the activation is
looked at whenever something was intended for it, and a write goes out, and is answered, when and as it was. So what
comes out differs only where the rules, the settings or the code do. Nobody is asked and nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from connector.breaker import Breakers
from connector.budget import Budgets
from connector.flows.advance import advance
from connector.flows.decide import MANY, Decide
from connector.flows.parts import ESCALATION, Connection, Parts, Timing
from connector.flows.send import Send
from connector.flows.urgency import Chosen
from connector.page_link import PageLinks
from connector.stepwise import Stepwise
from connector.store import activations, deliveries, writes
from connector.store.database import Database
from connector.store.recording import Recording
from connector.store.tables import catalog, delivery, metadata, write
from connector.ticketing import Outcome, Ticket, Ticketing, Traits, Write
from connector.value import SAME_TIME, same

_VERSION = re.compile(r"\bversion (\d+)")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\dZ")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")
_BEHIND = re.compile(r"(?:\.|,) [^.,]* gives no answer since [^.]*?: its tickets are behind")
_MISSING = object()
_DEAD = "superseded"


@dataclass(frozen=True)
class Epoch:
    """The connections as they were set up from an instant on; of each only what reads messages is used."""

    since: datetime
    connections: Mapping[str, Connection]


@dataclass(frozen=True)
class Difference:
    """A write that came out otherwise: `was` and `now` are what it set `field` to, None for nothing.

    `field` is "" where the write as a whole is `missing` now, or is `added`.
    """

    key: str
    connection: str
    number: str
    action: str
    record: str
    field: str
    was: Any
    now: Any


@dataclass(frozen=True)
class Retraced:
    """How many messages were decided again and writes compared, what came out otherwise, and what had to be assumed."""

    messages: int
    writes: int
    differences: tuple[Difference, ...]
    assumed: tuple[str, ...]


def retrace(
    recorded: Recording, epochs: Sequence[Epoch], links: PageLinks, timing: Timing, database: Database
) -> Retraced:
    """Decide again in `database`, which is empty and holds nothing but this; returns what came of it."""
    metadata.create_all(database.engine)
    course = _Course(recorded, epochs, links, timing, database)
    course.run()
    with database.begin() as tx:
        found = tx.execute(sa.select(write).order_by(write.c.id)).all()
    differences = tuple(_differences(recorded.writes, found))
    return Retraced(len(recorded.messages), len(recorded.writes), differences, tuple(dict.fromkeys(course.assumed)))


@dataclass
class _Step:
    """What happened at one instant; `keys` of writes that went out, by subject and connection."""

    messages: list[sa.Row[Any]] = field(default_factory=list)
    look: bool = False
    keys: dict[tuple[str, str], set[str]] = field(default_factory=dict)


class _Course:
    """Leads the flows through what is stored, instant by instant."""

    def __init__(
        self,
        recorded: Recording,
        epochs: Sequence[Epoch],
        links: PageLinks,
        timing: Timing,
        database: Database,
    ) -> None:
        self.recorded = recorded
        self.assumed: list[str] = []
        self.now = recorded.activation.started_at
        self.answers = {row.key: row for row in recorded.writes}
        self._given_up = frozenset(row.key for row in recorded.writes if row.state == _DEAD)
        self._epochs = epochs
        self._connections: dict[str, Connection] = {}
        self._catalogs = list(recorded.catalogs)
        ways = tuple(str(row.values.get("way")) for row in recorded.writes if row.connection == ESCALATION)
        self._parts = Parts(
            database=database,
            wakes=Stepwise(lambda: self.now),
            connections=self._connections,
            links=links,
            now=lambda: self.now,
            meter=_Unmetered(),
            breakers=Breakers(lambda: self.now),
            budgets=Budgets(lambda: self.now),
            timing=timing,
            escalation=_Outside(self, ways) if ways else None,
        )

    def run(self) -> None:
        """Carry out every step, and look at the activation once more at the end."""
        id_ = self.recorded.activation.id
        with self._parts.database.begin() as tx:
            # The activation gets the number that it had: it stands in texts and addresses.
            tx.execute(
                sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('activation', :last)"), {"last": id_ - 1}
            )
        for at, step in sorted(self._steps().items()):
            self.now = at
            self._take_up(at)
            if step.messages:
                self._decide(step.messages)
            if step.look:
                self._look()
            for (subject, connection), keys in step.keys.items():
                self.now = at
                if not subject.startswith("activation:") or self._began():
                    _Sending(self._parts, keys, self._given_up)(f"{subject}|{connection}")
        self._look()

    def _steps(self) -> dict[datetime, _Step]:
        steps: dict[datetime, _Step] = {}
        for row in self.recorded.messages:
            if row.event != "apply":  # what it led to is stored ticket by ticket
                steps.setdefault(row.decided_at, _Step()).messages.append(row)
        for at in self.recorded.looks:
            steps.setdefault(at, _Step()).look = True
        for row in self.recorded.writes:
            steps.setdefault(row.created_at, _Step()).look = True
            for at in {row.tried_since, row.sent_at} - {None}:
                keys = steps.setdefault(at, _Step()).keys
                keys.setdefault((row.subject, row.connection), set()).add(row.key)
        return steps

    def _take_up(self, at: datetime) -> None:
        """Put in force what was in force then: the newest connections and records."""
        epoch = next((item for item in reversed(self._epochs) if item.since <= at), self._epochs[0])
        for name, side in epoch.connections.items():
            told = cast("Ticketing", _Told(self, name, side))
            self._connections[name] = replace(side, ticketing=told)
        due = [row for row in self._catalogs if row.applied_at <= at]
        if due:
            self._catalogs = [row for row in self._catalogs if row.applied_at > at]
            with self._parts.database.begin() as tx:
                tx.execute(sa.insert(catalog).values(dict(due[-1]._mapping)))  # noqa: SLF001 - SQLAlchemy's name

    def _decide(self, rows: Sequence[sa.Row[Any]]) -> None:
        """Decide messages that were decided together, without the look at their activation that came later."""
        with self._parts.database.begin() as tx:
            for row in rows:
                told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's name
                ignored = row.state == "ignored" and row.decided_at == row.received_at
                told |= {} if ignored else {"state": "open", "reason": "", "decided_at": None, "attempts": 0}
                known = sa.select(delivery.c.id).where(
                    sa.or_(
                        delivery.c.id == row.id,
                        sa.and_(delivery.c.connection == row.connection, delivery.c.key == row.key),
                    )
                )
                if tx.execute(known).first() is None:
                    tx.execute(sa.insert(delivery).values(told))
        for subject in dict.fromkeys(row.subject for row in rows):
            _Deciding(self._parts)(subject)

    def _began(self) -> bool:
        with self._parts.database.begin() as tx:
            return activations.find(tx, self.recorded.activation.id) is not None

    def _look(self) -> None:
        if self._began():
            with self._parts.database.begin() as tx:
                advance(tx, replace(self._parts, cause="retraced"), self.recorded.activation.id, self.now)

    def answer(self, item: Write) -> Outcome:
        """Answer a write as it was answered then; one that was not made then is never answered."""
        row = self.answers.get(item.key)
        if row is None or row.state == _DEAD or row.sent_at is None or self.now < row.sent_at:
            return Outcome(item.key, "retry", id=item.id, reason="not answered at this time", retry_after=3600.0)
        self.now = max(self.now, row.done_at or self.now)
        if row.state == "parked":
            return Outcome(item.key, "refused", id=item.id, reason=row.reason)
        if row.state != "done":
            return Outcome(item.key, "retry", id=item.id, reason=row.reason, retry_after=3600.0)
        told = _VERSION.search(row.answer)
        return Outcome(
            key=item.key,
            status="done",
            id=row.platform_id,
            number=row.number,
            url=next((place.url for place in self.recorded.placements if place.id == row.placement_id), ""),
            version=int(told[1]) if told else None,
            warnings=tuple(row.warnings),
        )

    def read(self, side: Connection, name: str) -> Ticket | None:
        """Return a ticket, by id or number, as the stored messages tell of it at this time."""
        about = [
            row
            for row in self.recorded.messages
            if row.connection == side.name and name in {row.platform_id, row.number} and row.source != "command"
        ]
        told = [(row, side.open(row.source, row.body)) for row in about]
        whole = [(row, received) for row, received in told if not received.partial]
        before = [item for item in whole if item[0].received_at <= self.now]
        for row, received in before[-1:] or whole[:1]:
            if not before:
                self.assumed.append(f"{row.number or name} was read as message D{row.id} told of it later")
            if received.deleted:
                return None
            return side.ticketing.parse(received.raw)
        for row in self.recorded.tickets:
            if row.connection == side.name and name in {row.platform_id, row.number} and row.version is not None:
                self.assumed.append(f"{row.number} was read as it was known last: no message about it is kept")
                return Ticket(
                    side.name, "incident", row.platform_id, row.number, row.url, row.version, values=row.values
                )
        self.assumed.append(f"what was read of {name} on {side.name} is not stored")
        return None


class _Told:
    """A platform of which only what is stored is known; what the flows ask of a `Ticketing` here."""

    def __init__(self, course: _Course, name: str, side: Connection) -> None:
        self._course, self._side = course, side
        self.connection, self.platform = name, side.platform
        self.traits: Traits = side.ticketing.traits

    def parse(self, raw: Mapping[str, Any]) -> Ticket:
        return self._side.ticketing.parse(raw)

    def read(self, record: str, ids: Sequence[str]) -> list[Ticket]:  # noqa: ARG002 - the port's form
        found = (self._course.read(self._side, name) for name in ids)
        return [ticket for ticket in found if ticket is not None]

    def send(self, batch: Sequence[Write]) -> list[Outcome]:
        return [self._course.answer(item) for item in batch]


class _Outside:
    """The escalation outside both platforms, in the ways in which it went."""

    def __init__(self, course: _Course, ways: tuple[str, ...]) -> None:
        self._course, self._ways = course, tuple(dict.fromkeys(ways))

    def ways(self) -> tuple[str, ...]:
        return self._ways

    def send(self, batch: Sequence[Write]) -> list[Outcome]:
        return [self._course.answer(item) for item in batch]


class _Deciding(Decide):
    """Decides a subject's messages and stops there: the look that followed has an instant of its own."""

    def __call__(self, subject: str) -> None:
        with self._parts.database.begin() as tx:
            found = deliveries.open_messages(tx, subject, limit=MANY)
        self._settle_all(found, set())


class _Sending(Send):
    """Sends the writes that went out together, whatever would be due now."""

    def __init__(self, parts: Parts, keys: set[str], given_up: frozenset[str]) -> None:
        super().__init__(parts)
        self._keys = keys
        self._given_up = given_up

    def _look_again(self, connection: str, tried: Sequence[sa.Row[Any]]) -> tuple[set[int], dict[str, Outcome]]:  # noqa: ARG002 - its form
        """Leave out what was left out then: what a ticket was found to hold between two tries is not stored."""
        overtaken = {row.id for row in tried if row.key in self._given_up}
        with self._parts.database.begin() as tx:
            writes.update(tx, sorted(overtaken), {"state": _DEAD, "done_at": self._parts.now()})
        return overtaken, {}

    def _take(self, tx: sa.Connection, key: str, now: datetime, side: Connection | None, *, running: bool) -> Chosen:  # noqa: ARG002 - its form
        subject, _, connection = key.rpartition("|")
        due = [row for row in writes.unfinished(tx, subject, connection) if row.key in self._keys]
        self._keys = self._keys - {row.key for row in due}
        writes.take(tx, [row.id for row in due], side.mapping_version if side is not None else None, now)
        return Chosen(tuple(due))


class _Unmetered:
    """Counts nothing."""

    def delivered(self, connection: str, result: str) -> None: ...

    def wrote(self, connection: str, record: str, status: str) -> None: ...

    def stepped(self, step: str, seconds: float) -> None: ...

    def polled(self, connection: str, result: str) -> None: ...


def _differences(was: Sequence[sa.Row[Any]], now: Sequence[sa.Row[Any]]) -> Iterator[Difference]:
    """Hold the writes against each other by their keys; those that were given up then count on neither side."""
    given_up = {row.key for row in was if row.state == _DEAD}
    before = {row.key: row for row in was if row.key not in given_up}
    after = {row.key: row for row in now if row.state != _DEAD and row.key not in given_up}
    for key, row in {**before, **after}.items():
        old, new = before.get(key), after.get(key)
        about = (key, row.connection, row.number, row.action, row.record)
        if old is None or new is None:
            yield Difference(*about, "", _whole(old), _whole(new))
            continue
        for name in dict.fromkeys((*old.values, *new.values)):
            one, other = old.values.get(name, _MISSING), new.values.get(name, _MISSING)
            if not alike(name, one, other):
                yield Difference(*about, name, _plain(one), _plain(other))
        if not alike("note", old.note, new.note):
            yield Difference(*about, "note", old.note, new.note)


def alike(name: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a field are one.

    Instants may be a minute apart, in texts too, as far as they are shown: the exact instant of a look that led to no
    write is not stored. That a platform gave no answer is known to the process alone, so that words on it count not.
    """
    if one is _MISSING or other is _MISSING:
        return one is other
    if not (isinstance(one, str) and isinstance(other, str)):
        return bool(same(name, one, other))
    left, right = _BEHIND.sub("", one), _BEHIND.sub("", other)
    if left == right:
        return True
    for pattern in (_INSTANT, _ISO):
        if pattern.sub("", left) == pattern.sub("", right) != left:
            pairs = zip(pattern.findall(left), pattern.findall(right), strict=True)
            return all(abs(_read(a) - _read(b)) <= SAME_TIME for a, b in pairs)
    return False


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _whole(row: sa.Row[Any] | None) -> Any:
    return None if row is None else {**row.values, **({"note": row.note} if row.note else {})}


def _plain(value: Any) -> Any:
    return None if value is _MISSING else value
