"""The world of the first machine: a plan whose tasks stand on a desk, on a board, or on both, and its activation."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from connector.catalog import catalog_of, to_json
from connector.condition import INCIDENT_VARIABLES, Condition
from connector.flows.parts import Connection, Received, Timing
from connector.merge import Policy
from connector.recovery_task import Phase, PlanTask, Target
from connector.service import Identifier, Service
from connector.store import catalogs
from connector.store.database import Database
from connector.ticketing import Traits
from tests.converge.clock import NINE, Clock
from tests.converge.mortal import Mortal, Setup
from tests.converge.nasty import Nasty
from tests.example_plan import payments_plan

RTO = timedelta(hours=4)
DESK, BOARD = "desk", "board"
START = Literal["promoted", "standing"]


def _task(key: str, phase: Phase, *after: str, on: Sequence[str], required: bool = True) -> PlanTask:
    targets = tuple(Target(side, "OPS" if side == BOARD else "") for side in on)
    return PlanTask(
        key, key, phase, timedelta(minutes=20), team="Team", after=after, required=required, targets=targets
    )


TASKS = (
    _task("assess", Phase.ACTIVATION, on=[DESK, BOARD]),
    _task("stop", Phase.CONTAINMENT, "assess", on=[BOARD]),
    _task("failover", Phase.RECOVERY, "assess", on=[DESK, BOARD]),
    _task("tell", Phase.RECOVERY, on=[DESK], required=False),
    _task("verify", Phase.RECOVERY, "stop", "failover", on=[DESK, BOARD]),
    _task("failback", Phase.RETURN_TO_NORMAL, "verify", on=[BOARD]),
)
PLAN = payments_plan(*TASKS)
PAYMENTS = Service(
    "payments",
    "Payments",
    1,
    RTO,
    timedelta(minutes=15),
    timedelta(hours=8),
    "Carla",
    (Identifier("memory", "ci", "payments-db"),),
)


@dataclass(frozen=True)
class Ways:
    """How the platforms of a world behave, and whose due time stands when both sides changed it."""

    wins: Policy = "platform"
    desk_counts: bool = True
    skew: timedelta = timedelta()


@cache
def empty_database() -> Path:
    """A database with its tables and nothing in them, to be copied."""
    path = scratch() / "empty.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@cache
def scratch() -> Path:
    """A folder for this process's databases, in memory where the machine has such a place."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="continuity-converge-", dir=memory if memory.is_dir() else None))


def opened(template: Path) -> Database:
    """Copy a database and open it; what a crash of the machine would lose is not tried here."""
    path = scratch() / "world.db"
    for left in path.parent.glob("world.db*"):
        left.unlink()
    shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    sa.event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return database


def connect(platform: Any, *, wins: Policy = "platform") -> Connection:
    return Connection(
        ticketing=platform,
        open=_open,
        major=Condition("major_state == 'accepted'", INCIDENT_VARIABLES, "major"),
        note_for=Condition("priority <= 2", INCIDENT_VARIABLES, "note_for"),
        incidents=None,
        desk_team="Team",
        project="OPS",
        review_project="",
        poll=True,
        wins={("recovery_task", "due_at"): wins},
    )


def _open(source: str, body: bytes) -> Received:
    data = json.loads(body)
    return Received(data["raw"], data["deleted"], data["partial"]) if source == "webhook" else Received(data)


class World:
    """Both platforms, the connector between them, and a first incident that was raised but not promoted."""

    def __init__(self, ways: Ways, start: START) -> None:
        self.ways = ways
        self.clock = Clock()
        desk = Traits(tasks_close_with_incident=True, versions_are_instants=not ways.desk_counts)
        board = Traits(activation_is_ticket=True, remote_links=True, versions_are_instants=True)
        self.platforms = {
            DESK: Nasty(DESK, self.clock, desk),
            BOARD: Nasty(BOARD, self.clock, board, skew=ways.skew, lag=timedelta(seconds=15)),
        }
        setup = Setup(lambda side: connect(side, wins=ways.wins), Timing(write_back_window=timedelta(seconds=2)))
        if start == "standing":
            template, kept, at = _standing(ways)
            self.clock.until(at)
            for name, side in self.platforms.items():
                side.restore(kept[name])
            self.connector = Mortal(opened(template), self.platforms, self.clock, setup)
            self.incident = next(ticket.id for ticket in self.desk.tickets("incident"))
            self.connector.work()
            return
        self.connector = Mortal(opened(empty_database()), self.platforms, self.clock, setup)
        catalog = catalog_of([PAYMENTS], [PLAN])
        with self.connector.database.begin() as tx:
            catalogs.apply(tx, catalog.digest, to_json(catalog), "test", NINE)
        self.incident = self.desk.open_incident(priority=1, ci=["payments-db"])
        for name in self.platforms:
            self.connector.sweep(f"poll:{name}")
        self.connector.work()
        self.promote()

    @property
    def desk(self) -> Nasty:
        return self.platforms[DESK]

    @property
    def board(self) -> Nasty:
        return self.platforms[BOARD]

    def promote(self) -> None:
        self.desk.edit(self.incident, major_state="accepted")

    def deliver_all(self) -> None:
        """Let all messages arrive in order, and what they lead to happen, until no message is on its way."""
        for _ in range(100):
            letters = [letter for side in self.platforms.values() for letter in side.letters]
            for side in self.platforms.values():
                side.letters.clear()
            for letter in letters:
                self.connector.deliver(letter, letter.identity)
            self.connector.rest()
            if not any(side.letters for side in self.platforms.values()):
                return
        raise AssertionError("messages and writes follow each other without an end")

    def rows(self, query: str, **values: Any) -> Sequence[sa.Row[Any]]:
        with self.connector.database.begin() as tx:
            return tx.execute(sa.text(query), values).all()

    def close(self) -> None:
        self.connector.database.close()


@cache
def _standing(ways: Ways) -> tuple[Path, dict[str, Any], Any]:
    """Let an activation come to stand undisturbed, once for all worlds of its ways; returns what to start from."""
    world = World(ways, "promoted")
    world.deliver_all()
    world.close()
    path = scratch() / f"standing-{len(list(scratch().glob('standing-*')))}.db"
    shutil.copy(scratch() / "world.db", path)
    return path, {name: side.snapshot() for name, side in world.platforms.items()}, world.clock.now()
