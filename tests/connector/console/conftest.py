from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from connector import activation as rules
from connector import catalog as catalogs
from connector.catalog import Catalog
from connector.page_link import PageLinks
from connector.plan import Communication, Plan, Role
from connector.recovery_task import Phase, PlanTask, TaskState
from connector.service import Service
from connector.standing import Standing
from connector.store import activations, tickets, writes
from connector.store import catalogs as stored
from connector.store.database import Database
from connector.store.tables import metadata
from tests.example_plan import payments_plan

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RTO = timedelta(hours=4)
NOW = BEGAN + timedelta(hours=1, minutes=30)


def plan(count: int = 4) -> Plan:
    """A plan with `count` tasks; one in four per phase."""
    phases = list(Phase)
    tasks = tuple(
        PlanTask(
            key=f"task-{place}",
            name=f"Task number {place}",
            phase=phases[place * 4 // count],
            duration=timedelta(minutes=5),
            role="database-lead",
            team="Database Operations",
            after=(f"task-{place - 1}",) if place else (),
            instructions=f"Do <b>thing</b> {place}",
        )
        for place in range(count)
    )
    return payments_plan(
        *tasks,
        scenario="database-loss",
        team=(Role("database-lead", "Priya Nair", "+44 (0)20 7946 0102", "priya@example.com", "#dba", "Tom Becker"),),
        communications=(
            Communication(
                "board", "Executive board", "email", timedelta(hours=1), "{{ service }}: {{ progress }} % done"
            ),
            Communication("all", "All staff", "intranet", None, "{{ no_such_name }}"),
        ),
        summary="Move Payments to the standby database.",
    )


@dataclass
class Desk:
    """A database with the continuity records applied, and what is needed to put tickets and activations into it."""

    database: Database
    catalog: Catalog
    links: PageLinks
    now: datetime = NOW

    def ticket(self, number: str, connection: str = "snow", **values: object) -> int:
        with self.database.begin() as tx:
            row = tickets.remember(tx, connection, f"id-{number}", BEGAN)
            url = f"https://desk.example/{number}"
            tickets.update(tx, row.id, {"number": number, "url": url, "version": 1, **values})
            return int(row.id)

    def activation(self, number: str = "", *, count: int = 4, exercise: bool = False, done: int = 0) -> int:
        """Start an activation that a ticket leads (or none), with each task on two platforms and `done` tasks done."""
        standing = rules.start(plan(count), rto=RTO, now=BEGAN, clock_start=BEGAN, exercise=exercise)
        lead = {"connection": "snow", "platform_id": f"id-{number}"} if number else {}
        with self.database.begin() as tx:
            key = f"key-{number or 'exercise'}"
            new = activations.New(key, key, standing, ("payments",), timedelta(minutes=15), "rule", **lead)
            activation_id = activations.create(tx, new)
            assert activation_id is not None
            for task in standing.plan.tasks:
                for connection in ("snow", "jira"):
                    activations.place(
                        tx,
                        {
                            "activation_id": activation_id,
                            "record": "recovery_task",
                            "key": task.key,
                            "connection": connection,
                            "write_key": f"{activation_id}:{task.key}:{connection}",
                            "number": f"{connection.upper()}-{task.key}",
                            "url": f"https://{connection}.example/{task.key}",
                            "platform_id": f"{connection}-{task.key}-{activation_id}",
                        },
                    )
            tickets.tell(tx, "activated", BEGAN, activation_id=activation_id)
        if number:
            self.ticket(number, activation_id=activation_id, role="lead", why="started plan PAY-DR", why_at=BEGAN)
        self.move(activation_id, *((f"task-{place}", TaskState.DONE) for place in range(done)))
        return activation_id

    def move(self, activation_id: int, *moves: tuple[str, TaskState]) -> None:
        """Have a person move tasks, 20 minutes after the disruption began, and apply the rules."""
        at = BEGAN + timedelta(minutes=20)
        with self.database.begin() as tx:
            row = activations.get(tx, activation_id)
            before = activations.standing(tx, row, ())
            after = before
            for key, state in moves:
                after = rules.moved(after, key, state, at=at, by="Priya Nair")
            self._save(tx, row, before, rules.progress(after, at).standing)

    def change(self, activation_id: int, **values: object) -> None:
        with self.database.begin() as tx:
            activations.update(tx, activation_id, values)

    def restore(self, activation_id: int, at: datetime) -> None:
        with self.database.begin() as tx:
            row = activations.get(tx, activation_id)
            before = activations.standing(tx, row, ())
            self._save(tx, row, before, replace(before, restored_at=at, restored_by="tasks"))

    def write(self, key: str, activation_id: int | None = None, **values: object) -> None:
        facts = {
            "key": key, "connection": "jira", "subject": "s", "activation_id": activation_id, "action": "create",
            "record": "recovery_task", "next_at": BEGAN, "created_at": BEGAN, "values": {"title": f"Title {key}"},
        }  # fmt: skip
        with self.database.begin() as tx:
            assert writes.intend(tx, {**facts, **values})

    def address(self, connection: str, number: str) -> str:
        return self.links.address(connection, number, BEGAN).removeprefix(self.links.public_url)

    def clock(self) -> datetime:
        return self.now

    def _save(self, tx, row, before: Standing, after: Standing) -> None:
        activations.save(tx, row.id, before, after, row.lock)


@pytest.fixture(scope="session")
def known() -> Catalog:
    service = Service("payments", "Payments", 1, RTO, timedelta(minutes=15), timedelta(hours=8), "Carla Mendes")
    return catalogs.catalog_of([service], [plan()])


@pytest.fixture(scope="session")
def prepared(known: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the tables and the records applied, to be copied: making one takes many a sync."""
    path = tmp_path_factory.mktemp("console") / "x.db"
    database = Database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    with database.begin() as tx:
        stored.apply(tx, known.digest, catalogs.to_json(known), "test", BEGAN)
    database.close()
    return path


@pytest.fixture
def desk(prepared: Path, known: Catalog, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(prepared, tmp_path / "x.db")
    database = Database(f"sqlite:///{tmp_path}/x.db")
    yield Desk(database, known, PageLinks("https://continuity.example", "0123456789abcdef"))
    database.close()


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    app.testing = True
    return app
