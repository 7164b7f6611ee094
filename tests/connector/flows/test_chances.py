"""Whatever the order of messages, the faults and the moments of a crash: the end state is the same.

Everything runs in one thread over the platform in memory, so that each seed repeats itself; the engine is a bag of wake-ups from which chance draws.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from adapters.memory import Memory
from connector.breaker import Breakers
from connector.budget import Budgets
from connector.catalog import catalog_of, to_json
from connector.condition import INCIDENT_VARIABLES, Condition
from connector.durable import Wakes
from connector.flows.decide import Decide
from connector.flows.parts import Connection, Parts, Received, Timing
from connector.flows.poll import Sweep
from connector.flows.send import Send
from connector.page_link import PageLinks
from connector.recovery_task import Phase, PlanTask, Target
from connector.service import Identifier, Service
from connector.store import catalogs, deliveries
from connector.store.database import Database
from connector.ticketing import Outcome, Ticket, Traits, Write
from tests.example_plan import payments_plan

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DESK, BOARD = Target("desk"), Target("board", "OPS")


class Killed(BaseException):
    """The process died; no handler may catch it."""


def _task(key: str, *after: str, phase: Phase = Phase.RECOVERY, on: Sequence[Target] = (DESK,)) -> PlanTask:
    return PlanTask(key, key, phase, timedelta(minutes=20), team="Team", after=after, targets=tuple(on))


TASKS = (
    _task("assess", phase=Phase.ACTIVATION),
    _task("stop", "assess", on=[BOARD]),
    _task("failover", "assess", on=[DESK, BOARD]),
    _task("verify", "stop", "failover"),
    _task("failback", "verify", phase=Phase.RETURN_TO_NORMAL, on=[BOARD]),
)
PLAN = payments_plan(*TASKS)
PAYMENTS = Service(
    "payments",
    "Payments",
    1,
    timedelta(hours=4),
    timedelta(minutes=15),
    timedelta(hours=8),
    "Carla",
    (Identifier("memory", "ci", "payments-db"),),
)


@dataclass
class Bell:
    """Wake-ups that wait, each with the instant from which it may be heard."""

    waiting: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        key, moment = (queue, subject), at or NINE
        self.waiting[key] = min(moment, self.waiting.get(key, moment))


class Mortal:
    """A platform before whose answer is recorded the process may die."""

    def __init__(self, memory: Memory, chance: random.Random) -> None:
        self.memory, self.chance, self.danger = memory, chance, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.memory, name)

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        if self.chance.random() < self.danger:
            raise Killed
        found = self.memory.send(writes)
        if self.chance.random() < self.danger:
            raise Killed
        return found


class Quiet:
    def delivered(self, connection: str, result: str) -> None: ...

    def wrote(self, connection: str, record: str, status: str) -> None: ...

    def stepped(self, step: str, seconds: float) -> None: ...

    def polled(self, connection: str, result: str) -> None: ...


class Small:
    """Two platforms in memory and the flows over them, driven step by step."""

    def __init__(self, path: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.time = NINE
        self.database = Database(f"sqlite:///{path}")
        self.bell = Bell()
        self.seen: dict[tuple[str, str], int] = {}
        self.post: list[tuple[str, Ticket]] = []
        clock = self.now
        self.desk = Mortal(
            Memory("desk", traits=Traits(tasks_close_with_incident=True), teams=["Team"], clock=clock), self.chance
        )
        self.board = Mortal(
            Memory("board", traits=Traits(activation_is_ticket=True, remote_links=True), teams=["Team"], clock=clock),
            self.chance,
        )
        self.sides = {"desk": self.desk, "board": self.board}
        parts = Parts(
            database=self.database,
            wakes=cast(Wakes, self.bell),
            connections={name: _connection(side) for name, side in self.sides.items()},
            links=PageLinks("http://here", "a secret of sixteen"),
            now=clock,
            meter=Quiet(),
            breakers=Breakers(clock),
            budgets=Budgets(clock),
            timing=Timing(write_back_window=timedelta(seconds=2)),
        )
        self.flows: dict[str, Callable[[str], None]] = {
            "incident": Decide(parts),
            "send": Send(parts),
            "sweep": Sweep(parts),
        }
        catalog = catalog_of([PAYMENTS], [PLAN])
        with self.database.begin() as tx:
            catalogs.apply(tx, catalog.digest, to_json(catalog), "test", NINE)

    def now(self) -> datetime:
        return self.time

    def happened(self) -> None:
        """Put what changed since the last look into the post, as webhooks do."""
        for name, side in self.sides.items():
            for ticket in side.memory.tickets():
                if self.seen.get((name, ticket.id), -1) != ticket.version:
                    self.seen[name, ticket.id] = ticket.version
                    self.post.append((name, ticket))

    def deliver(self) -> None:
        """Let one message arrive: any of those on their way; perhaps it comes again, perhaps it never came."""
        name, ticket = self.post.pop(self.chance.randrange(len(self.post)))
        if self.chance.random() < 0.15:
            return
        if self.chance.random() < 0.3:
            self.post.append((name, ticket))
        self.arrive(name, ticket)

    def arrive(self, name: str, ticket: Ticket) -> None:
        with self.database.begin() as tx:
            subject = deliveries.subject_of(tx, name, ticket.id)
            message = deliveries.Message(
                connection=name,
                key=str(self.chance.random()),
                source="webhook",
                event="changed",
                body=json.dumps(dict(ticket.raw)).encode(),
                platform_id=ticket.id,
                number=ticket.number,
                version=ticket.version,
                subject=subject,
            )
            deliveries.record(tx, message, self.time)
            self.bell.wake(tx, "incident", subject)

    def run(self) -> bool:
        """Run one flow that is due; False when none is."""
        due = sorted(key for key, at in self.bell.waiting.items() if at <= self.time)
        if not due:
            return False
        queue, subject = self.chance.choice(due)
        del self.bell.waiting[queue, subject]
        try:
            self.flows[queue](subject)
        except Killed:
            self.bell.waiting[queue, subject] = self.time  # the engine runs it again at the next start
        return True

    def poll(self) -> None:
        for name in self.sides:
            self.flows["sweep"](f"poll:{name}")

    def muddle(self, steps: int) -> None:
        """Let chance decide what happens next, `steps` times."""
        for _ in range(steps):
            self.time += timedelta(seconds=self.chance.choice([0, 1, 3]))
            self.happened()
            kind = self.chance.random()
            if kind < 0.05:
                self.poll()
            elif kind < 0.15:
                fault = self.chance.choice(["busy", "drop_before", "drop_after"])
                self.chance.choice([self.desk, self.board]).memory.fail(cast(Any, fault))
            elif kind < 0.5 and self.post:
                self.deliver()
            else:
                self.run()

    def calm(self) -> None:
        """Let everything come to rest: no more deaths, messages all there or found by polls, timers as they come."""
        for side in self.sides.values():
            side.danger = 0.0
        for _ in range(6):
            for _ in range(400):
                self.happened()
                self.time += timedelta(milliseconds=200)
                if not (self.run() or self.post):
                    ahead = [at for at in self.bell.waiting.values() if at < self.time + timedelta(minutes=10)]
                    if not ahead:
                        break
                    self.time = max(self.time, min(ahead))
                if self.post:
                    self.deliver()
            self.poll()

    def until_open(self, key: str) -> list[tuple[Mortal, Ticket]]:
        """Wait as people do until their task is open; returns where it stands."""
        for _ in range(200):
            found = [
                (side, ticket)
                for side in self.sides.values()
                for ticket in self.tickets(side, "recovery_task")
                if _name(ticket) == key
            ]
            if all(ticket.values["state"] == "open" for _, ticket in found):
                return found
            self.muddle(3)
        raise AssertionError(f"{key} does not open")

    def tickets(self, side: Mortal, record: str) -> list[Ticket]:
        return [ticket for ticket in side.memory.tickets() if ticket.record == record]


def _connection(side: Mortal) -> Connection:
    return Connection(
        ticketing=cast(Any, side),
        open=lambda source, body: Received(json.loads(body)),
        major=Condition("major_state == 'accepted'", INCIDENT_VARIABLES, "major"),
        note_for=Condition("priority <= 2", INCIDENT_VARIABLES, "note_for"),
        incidents=None,
        desk_team="Service Desk",
        project="OPS",
        review_project="",
        poll=True,
    )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("fresh") / "fresh.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


def _name(ticket: Ticket) -> str:
    return str(ticket.values["title"]).partition("] ")[2] or str(ticket.values["title"])


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_messages_faults_and_deaths_ends_in_the_same_state(fresh: Path, seed: int) -> None:
    path = fresh.with_name(f"{seed}.db")
    shutil.copy(fresh, path)
    small = Small(path, seed)
    try:
        _play(small)
        _judge(small)
    finally:
        small.database.close()
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink()


def _play(small: Small) -> None:
    """An outage from its first ticket to the last task, by people who do not wait for the connector."""
    for side in small.sides.values():
        side.danger = 0.1
    incident = small.desk.memory.open_incident(priority=1, ci=[])
    small.muddle(10)
    small.desk.memory.change(incident, major_state="accepted")
    small.muddle(10)
    small.desk.memory.change(incident, ci=["payments-db"])
    second = small.desk.memory.open_incident(priority=1, ci=["payments-db"])
    small.muddle(10)
    small.desk.memory.change(second, major_state="accepted")
    small.muddle(40)
    small.calm()
    for side in small.sides.values():
        side.danger = 0.1
    for key in ("assess", "stop", "failover", "verify", "failback"):
        side, ticket = small.chance.choice(small.until_open(key))
        small.time += timedelta(minutes=1)
        for state in ("in_progress", "done"):
            closed = {"closed_at": small.time} if state == "done" else {}
            side.memory.change(ticket.id, state=state, **closed)
            small.muddle(5)
        if key == "verify":
            small.calm()
            for major in (incident, second):
                small.desk.memory.change(major, state="resolved", resolved_at=small.time)
    small.muddle(20)
    small.calm()


def _judge(small: Small) -> None:
    desk = small.tickets(small.desk, "recovery_task")
    board = small.tickets(small.board, "recovery_task")
    assert sorted(map(_name, desk)) == ["assess", "failover", "verify"]
    assert sorted(map(_name, board)) == ["failback", "failover", "stop"]
    assert {ticket.values["state"] for ticket in desk + board} == {"done"}
    assert len(small.tickets(small.board, "activation")) == 1
    (review,) = small.tickets(small.desk, "review")
    assert review.values["state"] == "open"
    incidents = small.tickets(small.desk, "incident")
    assert {ticket.values["recovery_progress"] for ticket in incidents} == {100}
    assert len({ticket.values["recovery_status"] for ticket in incidents}) == 1
    assert "RTO met" in incidents[0].values["recovery_status"]
    told = [small.desk.memory.notes(ticket.id) for ticket in incidents]
    for notes in told:
        text = "\n".join(notes)
        assert text.count("Response team:") == 1
        assert text.count("Service restored at") == 1
    assert sum("was activated" in note for notes in told for note in notes) == 1
    with small.database.begin() as tx:
        rows = tx.execute(sa.text("SELECT state, restored_by FROM activation")).all()
        assert [row.state for row in rows] == ["closed"]
        left = tx.execute(sa.text("SELECT count(*) FROM write WHERE state IN ('pending', 'parked')")).scalar()
        assert left == 0
        parked = tx.execute(sa.text("SELECT count(*) FROM delivery WHERE state IN ('open', 'parked')")).scalar()
        assert parked == 0
