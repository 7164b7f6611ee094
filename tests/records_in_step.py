"""Continuity records on three sides - files and platforms in memory - and the flows between them, without an engine.

`Office.settle` decides all that is open and sends all that is due, until nothing is: use it with a clock that moves
only when `Office.pass_time` says so.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.memory import Memory
from connector.breaker import Breakers
from connector.budget import Budgets
from connector.catalog import catalog_of, to_json
from connector.condition import INCIDENT_VARIABLES, Condition
from connector.continuity_record import LENGTHS, TAKEABLE, plain, values_of
from connector.flows.commands import COMMAND
from connector.flows.decide import Decide
from connector.flows.parts import Connection, Keeping, Parts, Received, Timing
from connector.flows.poll import Sweep
from connector.flows.records.links import link
from connector.flows.records.wakes import sending
from connector.flows.send import Send
from connector.page_link import PageLinks
from connector.plan import Plan
from connector.record_merge import Carried, Rule
from connector.recovery_task import Phase, PlanTask
from connector.service import Identifier, Service
from connector.stepwise import Stepwise
from connector.store import catalogs, counterparts, deliveries
from connector.store.database import Database
from connector.ticketing import Record, Ticket
from tests.example_plan import payments_plan
from tests.world import empty_database

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
NIGHT = time(3, 30)
NEVER = Condition("false", INCIDENT_VARIABLES, "test")
MAJOR = Condition("priority == 1", INCIDENT_VARIABLES, "test")
HOUR = timedelta(hours=1)
PAYMENTS = Service(
    "payments",
    "Payments",
    1,
    4 * HOUR,
    timedelta(minutes=15),
    8 * HOUR,
    "Carla Mendes",
    (Identifier("memory", "ci", "payments-db"),),
)
PLAN = payments_plan(
    PlanTask("failover", "Fail over", Phase.RECOVERY, timedelta(minutes=20), team="Team"),
    team=(),
    summary="For a test.",
)
OURS_ALONE = Rule(reads=False, writes=True)


def rules(record: str, **changed: Rule) -> dict[str, Rule]:
    """Return the rules by which a kind crosses: both ways where that can be, ours alone else, but for `changed`."""
    names = ("name", "criticality", "rto", "rpo", "mtpd", "owner", "text")
    if record == "plan":
        names = ("title", "summary", "text", "scenario", "owner", "services", "review_at", "tested_at")
    if record == "plan_task":
        names = ("title", "text", "phase", "order", "team", "role", "duration", "required", "after", "plan")
    return {name: Rule() if name in TAKEABLE[record] else OURS_ALONE for name in names} | changed


def minutes(values: Mapping[str, Any]) -> Carried:
    """Carry values as a platform does that keeps lengths of time in whole minutes, and texts that it does not show."""
    carried = {
        name: round(value / 60) * 60 if name in LENGTHS and isinstance(value, (int, float)) else value
        for name, value in values.items()
        if name != "text"
    }
    return Carried({name: plain(value) for name, value in carried.items()})


class Unmetered:
    """Counts nothing."""

    def delivered(self, connection: str, result: str) -> None: ...

    def wrote(self, connection: str, record: str, status: str) -> None: ...

    def stepped(self, step: str, seconds: float) -> None: ...

    def polled(self, connection: str, result: str) -> None: ...


@dataclass(frozen=True)
class Desk:
    """A platform in memory: `keeps` says how its records are kept in step."""

    memory: Memory
    keeps: Mapping[str, Keeping]


class Office:
    """The files, the platforms by name, and the connector over its database."""

    def __init__(
        self,
        directory: Path,
        *,
        desks: tuple[str, ...] = ("desk", "board"),
        page: int = 50,
        services: tuple[Service, ...] = (PAYMENTS,),
        plans: tuple[Plan, ...] = (PLAN,),
        create: bool = False,
        tasks: bool = False,
        lacks: tuple[Record, ...] = (),
        changed: Mapping[str, Mapping[str, Rule]] | None = None,
        there: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`changed` are rules for a desk's services that differ from `rules("service")`.

        `tasks` keeps the tasks of plans too; `lacks` are kinds of records for which the desks have no place.
        `there` gives each desk a service that stands there before the files are first applied.
        """
        self.now = NINE
        shutil.copy(empty_database(), directory / "continuity.db")
        self.database = Database(f"sqlite:///{directory}/continuity.db")
        self.services = {item.key: item for item in services}
        self.plans = {item.key: item for item in plans}
        self.desks = {
            name: Desk(
                Memory(name, clock=lambda: self.now, page=page, teams=("Team",), lacks=lacks),
                {
                    "service": Keeping(rules("service", **(changed or {}).get(name, {})), minutes, create),
                    "plan": Keeping(rules("plan"), minutes, create),
                    **({"plan_task": Keeping(rules("plan_task"), minutes, create)} if tasks else {}),
                },
            )
            for name in desks
        }
        self.there = {name: self[name].make("service", **values) for name, values in (there or {}).items()}
        self.start()
        self.apply()

    def start(self, budgets: Budgets | None = None) -> None:
        """Put the connector together anew, as after a crash: what waited in memory is lost, the database is not."""
        self.steps = Stepwise(lambda: self.now)
        self.breakers = Breakers(lambda: self.now)
        self.parts = Parts(
            database=self.database,
            wakes=self.steps,
            connections={name: self._connection(desk) for name, desk in self.desks.items()},
            links=PageLinks("http://here", "a secret of sixteen"),
            now=lambda: self.now,
            meter=Unmetered(),
            breakers=self.breakers,
            budgets=budgets or Budgets(lambda: self.now),
            timing=Timing(),
        )
        self.flows: Mapping[str, Callable[[str], None]] = {
            "incident": Decide(self.parts),
            "send": Send(self.parts),
            "sweep": Sweep(self.parts),
        }

    def _connection(self, desk: Desk) -> Connection:
        return Connection(
            ticketing=desk.memory,
            open=_open,
            major=MAJOR,
            note_for=NEVER,
            incidents=None,
            desk_team="Team",
            project="",
            review_project="",
            poll=True,
            keeps=desk.keeps,
            audit_at=NIGHT,
        )

    def __getitem__(self, name: str) -> Memory:
        return self.desks[name].memory

    # The files.

    def apply(self) -> None:
        """Put the services and plans in force as the command line does."""
        catalog = catalog_of(self.services.values(), self.plans.values())
        with self.database.begin() as tx:
            catalogs.apply(tx, catalog.digest, to_json(catalog), "test", self.now)
        self.command("apply", by="test")

    def edit(self, key: str = "payments", **values: Any) -> None:
        """Change a service's file and apply it."""
        self.services[key] = replace(self.services[key], **values)
        self.apply()

    def command(self, event: str, **order: Any) -> str:
        """Record a command, carry it out, and return what came of it."""
        key = uuid.uuid4().hex
        body = json.dumps(order).encode()
        message = deliveries.Message(COMMAND, key, "command", event, body, subject=f"command:{key}")
        with self.database.begin() as tx:
            found = deliveries.record(tx, message, self.now)
            self.steps.wake(tx, "incident", message.subject)
        assert found is not None
        self.steps.run(self.flows)
        with self.database.begin() as tx:
            row = deliveries.get(tx, found)
        assert row is not None
        return f"{row.state}: {row.reason}"

    # The platforms.

    def link(self, connection: str, ticket: str, record: Record = "service", key: str = "payments") -> None:
        """Link a record with a ticket as `continuity adopt` does, or with "" have it created."""
        found = self[connection].read(record, [ticket])[0] if ticket else None
        with self.database.begin() as tx:
            link(tx, self.parts, (record, key, connection), found, "test", self.now)

    def webhook(self, connection: str, ticket: str | Ticket, *, deleted: bool = False) -> None:
        """Let the platform tell of a ticket as it stands, or as it stood when it was read."""
        told = ticket if isinstance(ticket, Ticket) else self.ticket(connection, ticket)
        identity = ticket if isinstance(ticket, str) else ticket.id
        with self.database.begin() as tx:
            message = deliveries.Message(
                connection=connection,
                key=uuid.uuid4().hex,
                source="webhook",
                event="changed",
                body=json.dumps({} if deleted or told is None else dict(told.raw)).encode(),
                platform_id=identity,
                number=told.number if told is not None else "",
                version=told.version if told is not None else None,
                subject=deliveries.subject_of(tx, connection, identity),
            )
            deliveries.record(tx, message, self.now)
            self.steps.wake(tx, "incident", message.subject)

    def ticket(self, connection: str, ticket: str) -> Ticket | None:
        return next((item for item in self[connection].tickets() if item.id == ticket), None)

    def sweep(self, *connections: str) -> None:
        """Let connections be swept, all of them where none is named, and carry out what follows."""
        with self.database.begin() as tx:
            for name in connections or self.desks:
                self.steps.wake(tx, "sweep", sending(name))
        self.settle()

    # What comes of it.

    def settle(self) -> int:
        """Carry out all that waits now; returns how many turns of flows that took."""
        return self.steps.run(self.flows)

    def pass_time(self, span: timedelta) -> None:
        """Let time pass, and with it what was timed and what the housekeeping finds."""
        self.now += span
        with self.database.begin() as tx:
            self.steps.wake(tx, "sweep", "housekeeping")
        self.settle()

    def ours(self, key: str = "payments", record: str = "service") -> Mapping[str, Any]:
        """Return a record's values as they are in force."""
        with self.database.begin() as tx:
            return values_of(self.parts.records.read(tx), record, key) or {}

    def theirs(self, connection: str, record: Record = "service") -> Mapping[str, Any]:
        """Return what the one record of a kind holds on a platform; fails where there are several."""
        (ticket,) = self[connection].tickets(record)
        return ticket.values

    def counterpart(self, connection: str, key: str = "payments", record: str = "service") -> sa.Row[Any]:
        with self.database.begin() as tx:
            return next(row for row in counterparts.of_record(tx, record, key) if row.connection == connection)

    def rows(self, query: str) -> list[sa.Row[Any]]:
        with self.database.begin() as tx:
            return list(tx.execute(sa.text(query)).all())

    def history(self) -> list[str]:
        return [row.text for row in self.rows("SELECT text FROM history ORDER BY id")]

    def close(self) -> None:
        self.database.close()


def _open(source: str, body: bytes) -> Received:
    del source
    raw = json.loads(body)
    return Received(raw, deleted=not raw)
