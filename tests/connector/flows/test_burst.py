"""What a flood of messages costs: counted in transactions and statements, never in seconds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.flows import tasks
from connector.flows.decide import Decide
from connector.flows.send import Send
from connector.store import deliveries
from connector.ticketing import Ticket
from tests.connector.flows.stage import Stage, plan, stage, task

ECHOES = 5
PLAN = plan(
    "PAY-DR",
    {name: task(name.title(), phase="activation") for name in ("assess", "isolate", "inform", "failover", "verify")},
)


@contextmanager
def counted(world: Stage) -> Iterator[dict[str, int]]:
    """Count what this thread, and no flow, does on the database."""
    mine = threading.get_ident()
    found = {"transactions": 0, "statements": 0}

    def begun(*_: Any) -> None:
        found["transactions"] += threading.get_ident() == mine

    def asked(*_: Any) -> None:
        found["statements"] += threading.get_ident() == mine

    engine = world.connector.database.engine
    sa.event.listen(engine, "begin", begun)
    sa.event.listen(engine, "before_cursor_execute", asked)
    try:
        yield found
    finally:
        sa.event.remove(engine, "begin", begun)
        sa.event.remove(engine, "before_cursor_execute", asked)


class Asleep:
    """Takes wake-ups and wakes nothing, so that a test carries each flow out itself."""

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None: ...


def echo(world: Stage, times: int) -> None:
    """Record messages that tell of the recovery tasks as they stand, without waking the flow."""
    told = [world.message("incident_task", row["sys_id"]) for row in world.tasks().values()]
    with world.connector.database.begin() as tx:
        for turn in range(times):
            for message in told:
                found = deliveries.Message(
                    connection="servicenow",
                    key=f"echo:{turn}:{message['sys_id']}",
                    source="webhook",
                    event="update",
                    body=json.dumps(message).encode(),
                    platform_id=message["sys_id"],
                    version=int(message["sys_mod_count"]),
                    subject="activation:1",
                )
                assert deliveries.record(tx, found, world.clock.now()) is not None


def decided(world: Stage) -> dict[str, str]:
    return {row.key: row.state for row in world.rows("SELECT key, state FROM delivery WHERE key LIKE 'echo:%'")}


def test_many_echoes_of_an_activation_are_decided_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.major(cmdb_ci=world.ci("payments-db"))
        world.settle()
        parts = world.connector.parts
        assert parts is not None
        costs = []
        for times in (0, ECHOES):
            echo(world, times)
            with counted(world) as found:
                Decide(parts)("activation:1")
            costs.append(found)

        assert set(decided(world).values()) == {"ignored"}
        none, many = costs
        assert many["transactions"] == none["transactions"] + 1
        each = (many["statements"] - none["statements"]) / (ECHOES * len(world.tasks()))
        assert each < 8


def test_a_recovery_task_costs_few_statements_to_plan_and_to_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (_cost_of_starting(tmp_path / str(size), monkeypatch, size) for size in (1, 6))
    planned, sent = ((high - low) / 5 for low, high in zip(few, many, strict=True))
    # Its placement, and a line in what happened; its row and its write go in with those of the others.
    assert planned <= 2
    # What came of it: the write, the placement read and updated, a line in what happened.
    assert sent <= 4


def _cost_of_starting(folder: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> tuple[int, int]:
    """Start a plan of `size` tasks in this thread; returns the statements that it took to plan and to send them."""
    folder.mkdir()
    steps = {f"step-{place}": task(f"Step {place}", phase="activation") for place in range(size)}
    with stage(folder, monkeypatch, plan("PAY-DR", steps)) as world:
        world.hush()
        row = world.major(cmdb_ci=world.ci("payments-db"))
        parts = world.connector.parts
        assert parts is not None
        parts = replace(parts, wakes=Asleep())
        subject = f"ticket:servicenow:{row['sys_id']}"
        body = json.dumps(world.message("incident", row["sys_id"])).encode()
        told = deliveries.Message(
            "servicenow", "promoted", "webhook", "update", body, platform_id=row["sys_id"], subject=subject
        )
        with world.connector.database.begin() as tx:
            assert deliveries.record(tx, told, world.clock.now()) is not None
        with counted(world) as planned:
            Decide(parts)(subject)
        with counted(world) as sent:
            Send(parts)("activation:1|servicenow")
        assert len(world.tasks()) == size
    return planned["statements"], sent["statements"]


def test_a_message_that_cannot_be_decided_among_many_holds_only_its_own_ticket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.major(cmdb_ci=world.ci("payments-db"))
        world.settle()
        parts = world.connector.parts
        assert parts is not None
        bad = world.tasks()["Inform"]["sys_id"]
        known = tasks.apply

        def broken(*how: Any) -> tuple[str, str]:
            if isinstance(how[3], Ticket) and how[3].id == bad:
                raise KeyError("a fault of ours")
            return known(*how)

        monkeypatch.setattr(tasks, "apply", broken)
        echo(world, 2)
        Decide(parts)("activation:1")

        found = decided(world)
        assert {found.pop(f"echo:{turn}:{bad}") for turn in range(2)} == {"open"}
        assert set(found.values()) == {"ignored"}
        assert len(found) == 2 * (len(world.tasks()) - 1)


def test_an_idle_service_looks_for_work_and_claims_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path, monkeypatch, PLAN) as world:
        world.settle()
        asked: list[str] = []

        def note(*facts: Any) -> None:
            asked.append(facts[2])

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            time.sleep(0.4)
            idle = list(asked)
            world.major()
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)

        claim = "WITH RECURSIVE partitions"
        assert idle, "each queue was looked at"
        assert not [text for text in idle if claim in text]
        assert [text for text in asked if claim in text], "a claim is known by its statement"
