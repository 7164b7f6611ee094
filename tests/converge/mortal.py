"""A connector without its engine that may die at each commit and at each call, and starts again as a real one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from connector.bootstrap import Accept
from connector.breaker import Breakers
from connector.budget import Budgets
from connector.flows.decide import Decide
from connector.flows.leave import Later
from connector.flows.parts import Connection, Parts, Timing
from connector.flows.poll import HOUSEKEEPING, LOST_AFTER, Sweep
from connector.flows.reconcile.audit import Audit
from connector.flows.send import Send
from connector.page_link import PageLinks
from connector.stepwise import Stepwise
from connector.store import activations, writes
from connector.store.database import Database
from connector.ticketing import Outcome, Page, Record, Remark, Ticket, Unavailable, Watch, Write
from tests.converge.clock import Clock
from tests.converge.nasty import Letter, Nasty
from webhooks.envelope import Envelope

SOON = timedelta(minutes=10)
"""How far ahead a timer may be that is waited for when things come to rest; marks of the RTO are further off."""

UNDONE = "another system keeps changing"
"""How the reason begins of a write that is parked since its value is undone each time."""


class Killed(BaseException):
    """The process died; no handler may catch it."""


class _Enough(BaseException):
    """As many flows ran as were asked for."""


class Fate:
    """Counts the boundaries that are passed, and kills at the one that was chosen."""

    def __init__(self) -> None:
        self.left: int | None = None

    def passes(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Killed


class _Committed:
    """Takes wake-ups, which count only when their transaction commits, as the engine's do."""

    def __init__(self, steps: Stepwise) -> None:
        self._steps = steps
        self._held: list[tuple[Any, ...]] = []

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        self._held.append((tx, queue, subject, at))

    def settle(self, *, committed: bool) -> None:
        held, self._held = self._held, []
        for order in held if committed else ():
            self._steps.wake(*order)


class _MortalDatabase:
    """Transactions, before and after whose commit the process may die."""

    def __init__(self, database: Database, wakes: _Committed, fate: Fate) -> None:
        self._database, self._wakes, self._fate = database, wakes, fate
        self.sqlite, self.engine = database.sqlite, database.engine

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        try:
            with self._database.begin() as tx:
                yield tx
                self._fate.passes()
        except BaseException:
            self._wakes.settle(committed=False)
            raise
        self._wakes.settle(committed=True)
        self._fate.passes()


class _MortalPlatform:
    """A platform before and after whose answers the process may die."""

    def __init__(self, platform: Nasty, fate: Fate) -> None:
        self._platform, self._fate = platform, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        return cast("list[Ticket]", self._call(lambda: self._platform.read(record, ids)))

    def changed(self, watch: Watch) -> list[Ticket]:
        return cast("list[Ticket]", self._call(lambda: self._platform.changed(watch)))

    def listing(self, record: Record, *, since: datetime | None = None, after: str = "") -> Page:
        return cast("Page", self._call(lambda: self._platform.listing(record, since=since, after=after)))

    def remarks(self, record: Record, ids: Sequence[str], since: datetime | None = None) -> list[Remark]:
        return cast("list[Remark]", self._call(lambda: self._platform.remarks(record, ids, since)))

    def send(self, batch: Sequence[Write]) -> list[Outcome]:
        return cast("list[Outcome]", self._call(lambda: self._platform.send(batch)))

    def _call(self, do: Callable[[], Any]) -> Any:
        self._fate.passes()
        found = do()
        self._fate.passes()
        return found


class _Unmetered:
    def delivered(self, connection: str, result: str) -> None: ...

    def wrote(self, connection: str, record: str, status: str) -> None: ...

    def stepped(self, step: str, seconds: float) -> None: ...

    def polled(self, connection: str, result: str) -> None: ...


@dataclass(frozen=True)
class Setup:
    """What a connector is started with: how to connect to each platform, and the times that it keeps."""

    connect: Callable[[Any], Connection]
    timing: Timing
    forgets: bool = True
    """Whether a death loses the wake-ups too; the engine keeps them, and carries out again what was interrupted."""


class Mortal:
    """The connector over its database; `die` and `start` are a crash and the next start."""

    def __init__(self, database: Database, platforms: Mapping[str, Nasty], clock: Clock, setup: Setup) -> None:
        self.database = database
        self.platforms = platforms
        self.clock = clock
        self.fate = Fate()
        self.deaths = 0
        self._setup = setup
        self._steps = Stepwise(clock.now)
        self._wakes = _Committed(self._steps)
        self._running: list[tuple[str, str]] = []
        self.start()

    def start(self) -> None:
        """Put the connector together anew and wake what `Connector.launch` wakes."""
        self.safe = _MortalDatabase(self.database, self._wakes, self.fate)
        sides = {name: self._setup.connect(_MortalPlatform(side, self.fate)) for name, side in self.platforms.items()}
        breakers = Breakers(self.clock.now)
        self.parts = Parts(
            database=cast(Any, self.safe),
            wakes=self._wakes,
            connections=sides,
            links=PageLinks("http://here", "a secret of sixteen"),
            now=self.clock.now,
            meter=_Unmetered(),
            breakers=breakers,
            budgets=Budgets(self.clock.now),
            timing=self._setup.timing,
        )
        flows: dict[str, Callable[[str], None]] = {
            "incident": Decide(self.parts),
            "send": Send(self.parts),
            "sweep": Sweep(self.parts),
            "audit": self._audit,
        }
        self._flows = flows
        self._accept = Accept(cast(Any, self.safe), cast(Any, self._wakes), self.clock.now)
        for side in self.platforms.values():
            side.called = breakers.called
        with self.safe.begin() as tx:
            for name, connection in sides.items():
                writes.hold_notes_in_flight(tx, name, connection.timeout * 2)
            for row in activations.followed(tx):
                self._wakes.wake(tx, "incident", f"activation:{row.id}")

    def deliver(self, letter: Letter, identity: str, *, partial: bool = False) -> None:
        """Let a webhook message arrive."""
        ticket = letter.ticket
        envelope = Envelope(identity, "changed", ticket.id, ticket.number, ticket.version)
        self._accept(letter.connection, envelope, letter.body(partial=partial))
        self.platforms[letter.connection].hear(ticket.id, ticket.version)

    def wake(self, queue: str, subject: str) -> None:
        with self.safe.begin() as tx:
            self._wakes.wake(tx, queue, subject)

    def waits(self, queue: str, subject: str) -> bool:
        """Tell whether a flow is yet to look at a subject."""
        return (queue, subject) in self._steps._waiting

    def sweep(self, subject: str) -> None:
        self.wake("sweep", subject)

    def work(self, most: int = 10_000) -> None:
        """Carry out flows that are due, at most so many; a death among them is followed by the next start."""
        left = most
        heard: dict[str, dict[str, int]] = {}

        def counted(queue: str, flow: Callable[[str], None]) -> Callable[[str], None]:
            def run(subject: str) -> None:
                nonlocal left
                self._running = [(queue, subject)]
                heard.update({name: dict(side.heard) for name, side in self.platforms.items()})
                flow(subject)
                left -= 1
                if left <= 0:
                    raise _Enough

            return run

        try:
            self._steps.run({queue: counted(queue, flow) for queue, flow in self._flows.items()})
        except _Enough:
            pass
        except Killed:
            self.die(heard)

    def die(self, heard: Mapping[str, dict[str, int]]) -> None:
        """Lose what was in memory: what was read and not stored is not known."""
        self.deaths += 1
        for name, side in self.platforms.items():
            side.heard = dict(heard[name])
        if self._setup.forgets:
            self._steps.forget()
        self.start()
        for interrupted in () if self._setup.forgets else self._running:
            self.wake(*interrupted)

    def meanwhile(self) -> None:
        """Decide on what is due in the middle of a call, as the engine's other threads do."""
        if len(self._running) > 1:
            return
        now, waiting = self.clock.now(), self._steps._waiting
        for key in [key for key, at in waiting.items() if key[0] == "incident" and (at is None or at <= now)]:
            if key not in self._running and key in waiting:  # no flow looks at a subject twice at once
                del waiting[key]
                self._running.append(key)
                self._flows["incident"](key[1])
                self._running.pop()

    def lose_wake(self, place: int) -> None:
        """Lose a wake-up for what stands in the database, as a queue does that was restored from a copy."""
        with self.database.begin() as tx:
            told = tx.execute(sa.text("SELECT DISTINCT subject FROM delivery WHERE state = 'open'")).scalars()
            due = tx.execute(sa.text("SELECT DISTINCT subject, connection FROM write WHERE state = 'pending'")).all()
            lost = {*(("incident", subject) for subject in told), *(("send", f"{row[0]}|{row[1]}") for row in due)}
        waiting = self._steps._waiting
        found = [
            (queue, subject)
            for (queue, subject), at in waiting.items()
            if (queue, subject) in lost or subject.startswith("remarks:") or (queue == "incident" and at is not None)
        ]
        if found:
            del waiting[found[place % len(found)]]

    def replay(self) -> None:
        """Have what is parked tried again, as a person does who mended the cause; what another system undoes rests."""
        with self.safe.begin() as tx:
            for row in writes.parked(tx):
                if UNDONE not in row.reason:
                    writes.replay(tx, row.id, self.clock.now(), "Ops")
                    self._wakes.wake(tx, "send", f"{row.subject}|{row.connection}")

    def audit(self, connection: str) -> None:
        """Have all records of a connection compared, as the command line does."""
        self.wake("audit", connection)

    def _audit(self, connection: str) -> None:
        """Compare a page; one that cannot be read breaks the audit off, and the next one goes on there."""
        try:
            progress = Audit(self.parts, self.parts.connections[connection], "test").step()
        except (Later, Unavailable):
            return
        if not progress.ended:
            self.audit(connection)

    def rest(self) -> None:
        """Carry out all that is due, and what timers bring soon."""
        for _ in range(200):
            self.work()
            ahead = self._steps.next_at()
            if ahead is None or ahead > self.clock.now() + SOON:
                return
            self.clock.until(ahead)
            for side in self.platforms.values():
                side.land()
        raise AssertionError("the connector does not come to rest: it wakes itself again and again")

    def housekeep(self) -> None:
        """Let time pass until housekeeping finds what waits in vain, and let it look."""
        self.clock.advance(LOST_AFTER + timedelta(seconds=1))
        for side in self.platforms.values():
            side.land()
        self.sweep(HOUSEKEEPING)
        self.rest()
