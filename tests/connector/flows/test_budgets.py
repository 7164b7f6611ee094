"""Counted call by call: where a platform takes few, a major incident comes first and whole, and the rest finishes later."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from adapters.memory import Memory
from connector.breaker import Breakers
from connector.budget import Budgets
from connector.call import Allowance, Call
from connector.catalog import catalog_of, to_json
from connector.flows.decide import Decide
from connector.flows.parts import Connection, Parts, Received, Timing
from connector.flows.poll import HOUSEKEEPING, Sweep
from connector.flows.send import Send
from connector.page_link import PageLinks
from connector.stepwise import Stepwise
from connector.store import catalogs, deliveries, writes
from connector.store.database import Database
from connector.ticketing import Outcome, Ticket, Traits, Unavailable, Watch, Write
from sandbox.servicenow.options import Options as ServiceNowOptions
from tests.connector.flows.stage import plan, stage, task
from tests.connector.flows.test_chances import NINE, PAYMENTS, PLAN, Quiet, _connection

HOUR = timedelta(hours=1)


class Rationed:
    """A platform that takes so many calls an hour, refuses the others, and counts them all; one write is one call."""

    def __init__(self, memory: Memory, limit: int, budgets: Budgets) -> None:
        self.memory, self.limit, self.budgets = memory, limit, budgets
        self.made: list[tuple[datetime, int, str]] = []  # when, how it was answered, what for

    def __getattr__(self, name: str) -> Any:
        return getattr(self.memory, name)

    def hour(self) -> datetime:
        return self.memory._clock().replace(minute=0, second=0, microsecond=0)

    def spent(self, hour: datetime) -> int:
        return sum(hour <= at < hour + HOUR and status == 200 for at, status, _ in self.made)

    def ask(self, what: str) -> float | None:
        """Spend one call; returns for how long to go away if there is none left."""
        now, hour = self.memory._clock(), self.hour()
        refused = self.spent(hour) >= self.limit
        self.made.append((now, 429 if refused else 200, what))
        left = self.limit - self.spent(hour)
        wait = (hour + HOUR - now).total_seconds() if refused else None
        said = Allowance("rule", self.limit, left, hour + HOUR)
        self.budgets.called(self.memory.connection, Call("POST", "/", self.made[-1][1], 0.01, said, wait))
        return wait

    def send(self, batch: Sequence[Write]) -> list[Outcome]:
        return [self.sent(write) for write in batch]

    def sent(self, write: Write) -> Outcome:
        wait = self.ask(write.record)
        if wait is not None:
            return Outcome(write.key, "retry", reason="too many requests", retry_after=wait)
        return self.memory.send([write])[0]

    def changed(self, watch: Watch) -> list[Ticket]:
        wait = self.ask("poll")
        if wait is not None:
            raise Unavailable("too many requests", wait)
        return self.memory.changed(watch)


class Town:
    """A desk and a rationed board, the flows over them in one thread, and services to be brought to the board."""

    def __init__(self, path: Path, limit: int) -> None:
        self.time = NINE
        self.database = Database(f"sqlite:///{path}")
        self.steps = Stepwise(self.now)
        budgets = Budgets(self.now)
        self.desk = Memory("desk", traits=Traits(tasks_close_with_incident=True), teams=["Team"], clock=self.now)
        traits = Traits(activation_is_ticket=True, remote_links=True)
        self.board = Rationed(Memory("board", traits=traits, teams=["Team"], clock=self.now), limit, budgets)
        sides: dict[str, Connection] = {
            "desk": _connection(cast(Any, self.desk)),
            "board": _connection(cast(Any, self.board)),
        }
        self.parts = Parts(
            database=self.database,
            wakes=self.steps,
            connections=sides,
            links=PageLinks("http://here", "a secret of sixteen"),
            now=self.now,
            meter=Quiet(),
            breakers=Breakers(self.now),
            budgets=budgets,
            timing=Timing(write_back_window=timedelta()),
        )
        self.flows = {"incident": Decide(self.parts), "send": Send(self.parts), "sweep": Sweep(self.parts)}
        catalog = catalog_of([PAYMENTS], [PLAN])
        with self.database.begin() as tx:
            catalogs.apply(tx, catalog.digest, to_json(catalog), "test", NINE)

    def now(self) -> datetime:
        return self.time

    def run(self) -> None:
        self.steps.run(self.flows)

    def until(self, end: datetime) -> None:
        """Let time pass, each wake-up at its time."""
        while (at := self.steps.next_at()) is not None and at < end:
            self.time = max(self.time, at)
            self.run()
        self.time = end

    def backfill(self, many: int, per_subject: int = 1) -> None:
        """Queue a write to each of so many records on the board."""
        with self.database.begin() as tx:
            for number in range(many):
                subject = f"service:{number // per_subject}"
                ticket = self.board.memory.make("service", name=f"Service {number}")
                values = {"name": f"Service {number}, renamed"}
                writes.intend(tx, {"key": f"test:service:{number}:0", "connection": "board", "subject": subject,
                                   "action": "update", "record": "service", "platform_id": ticket, "values": values,
                                   "next_at": self.time, "created_at": self.time})  # fmt: skip
                self.steps.wake(tx, "send", f"{subject}|board")

    def major(self) -> None:
        """Raise a major incident, and let the connector hear of it."""
        self.desk.open_incident(priority=1, ci=["payments-db"], major_state="accepted")
        self.hear()

    def hear(self, key: str = "m") -> None:
        """Let the message come that tells how the incident stands."""
        (ticket,) = self.desk.tickets("incident")
        with self.database.begin() as tx:
            subject = deliveries.subject_of(tx, "desk", ticket.id)
            body = json.dumps(dict(ticket.raw)).encode()
            deliveries.record(tx, deliveries.Message("desk", key, "webhook", "changed", body, ticket.id, ticket.number,
                                                     ticket.version, subject), self.time)  # fmt: skip
            self.steps.wake(tx, "incident", subject)

    def states(self, kind: str) -> Counter[str]:
        sign = "=" if kind == "backfill" else "<>"
        with self.database.begin() as tx:
            rows = tx.execute(sa.text(f"SELECT state FROM write WHERE record {sign} 'service'")).all()
        return Counter(row.state for row in rows)

    def status(self) -> str:
        (incident,) = self.desk.tickets("incident")
        return str(incident.values["recovery_status"])

    def tasks(self) -> int:
        return len(self.board.memory.tickets("recovery_task"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fresh") / "fresh.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@contextmanager
def town(fresh: Path, limit: int) -> Iterator[Town]:
    path = fresh.with_name("town.db")
    shutil.copy(fresh, path)
    made = Town(path, limit)
    made.board.ask("first")  # so that the limit is known
    try:
        yield made
    finally:
        made.database.close()


def test_an_activation_goes_first_and_whole_and_the_backfill_finishes_as_windows_reset(fresh: Path) -> None:
    with town(fresh, limit=60) as made:
        made.backfill(100)
        made.run()
        spent = made.board.spent(NINE)
        assert spent == 30, "half of the allowance is kept"
        assert made.states("backfill") == {"done": 29, "pending": 71}

        made.time += timedelta(minutes=5)
        made.major()
        made.run()
        assert made.tasks() == 3
        assert set(made.states("live")) == {"done"}, "the activation is complete in the hour in which calls are short"
        made.until(NINE + HOUR)
        assert made.states("backfill")["pending"] == 71

        made.until(NINE + 4 * HOUR)
        assert made.states("backfill") == {"done": 100}
        assert {status for _, status, _ in made.board.made} == {200}, "nothing was asked for that would be refused"
        assert max(made.board.spent(NINE + number * HOUR) for number in range(4)) <= 60
        assert Counter(what for _, _, what in made.board.made)["service"] == 100


def test_a_refusal_doubles_nothing_and_all_calls_wait_it_out_with_the_activation_first_after_it(fresh: Path) -> None:
    with town(fresh, limit=40) as made:
        made.backfill(12)
        made.major()
        for _ in range(30):  # others use the same account, and what is left is not what we think
            made.board.made.append((made.time, 200, "others"))
        made.board.limit = 34
        made.run()
        asked = len(made.board.made)
        refused = [what for _, status, what in made.board.made if status == 429]
        assert refused, "the platform refused what we thought it would take"
        for minutes in (10, 30, 50, 59):
            made.until(NINE + timedelta(minutes=minutes))
            made.flows["sweep"](HOUSEKEEPING)
            made.run()
        assert len(made.board.made) == asked, "nobody calls before the time that the platform asked for"
        assert "board takes no more calls until 2026-03-02 10:00Z: its tickets are behind" in made.status()

        made.board.limit = 40
        made.until(NINE + 3 * HOUR)
        made.flows["sweep"](HOUSEKEEPING)
        made.run()
        assert "behind" not in made.status()
        assert set(made.states("live")) == {"done"}
        assert made.states("backfill") == {"done": 12}
        after = [(at, what) for at, _, what in made.board.made[asked:]]
        assert after[0][1] != "service"
        good = Counter(what for _, status, what in made.board.made if status == 200)
        assert good["service"] == 12
        assert made.tasks() == 3
        assert len(made.board.memory.tickets("activation")) == 1


def test_a_subject_with_hundreds_of_writes_does_not_starve_another(fresh: Path) -> None:
    with town(fresh, limit=100) as made:
        made.backfill(500, per_subject=500)
        with made.database.begin() as tx:
            tx.exec_driver_sql(
                "UPDATE write SET subject = 'service:small' WHERE key IN ('test:service:498:0', 'test:service:499:0')"
            )
            made.steps.wake(tx, "send", "service:small|board")
        made.run()

        with made.database.begin() as tx:
            rows = tx.execute(sa.text("SELECT subject, state, count(*) FROM write GROUP BY subject, state")).all()
        assert {tuple(row) for row in rows} == {
            ("service:0", "done", 47),
            ("service:0", "pending", 451),
            ("service:small", "done", 2),
        }


def test_a_poll_waits_where_what_is_left_is_kept_for_running_activations(fresh: Path) -> None:
    with town(fresh, limit=20) as made:
        for _ in range(17):
            made.board.ask("others")
        made.flows["sweep"]("poll:board")
        made.flows["sweep"]("poll:board")
        assert [what for _, _, what in made.board.made].count("poll") == 0

        made.major()
        made.run()
        made.time += timedelta(seconds=1)
        made.flows["sweep"]("poll:board")
        assert [what for _, _, what in made.board.made][-1] == "poll" or made.board.spent(NINE) == 20


def test_a_message_that_has_to_be_read_again_waits_for_calls_without_counting_as_tried(fresh: Path) -> None:
    with town(fresh, limit=20) as made:
        made.major()
        made.run()
        (incident,) = made.desk.tickets("incident")
        made.parts.budgets.called("desk", Call("POST", "/", 429, 0.01, None, 600.0))
        made.parts.connections["desk"] = replace(
            made.parts.connections["desk"], open=lambda source, body: Received(json.loads(body), partial=True)
        )
        asked = made.desk.calls
        made.desk.change(incident.id, state="resolved", resolved_at=made.time)
        made.hear(key="again")
        for minutes in (3, 6, 9):
            made.until(NINE + timedelta(minutes=minutes))
            made.steps.run(made.flows)
        assert made.desk.calls == asked
        with made.database.begin() as tx:
            row = tx.execute(sa.text("SELECT state, attempts FROM delivery WHERE key = 'again'")).one()
        assert tuple(row) == ("open", 0)

        made.until(NINE + timedelta(minutes=11))
        with made.database.begin() as tx:
            assert tx.execute(sa.text("SELECT state FROM delivery WHERE key = 'again'")).scalar() == "done"


def test_under_an_hourly_rule_of_servicenow_notes_wait_and_the_activation_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = ServiceNowOptions(rate_limit_per_hour=60)
    with stage(tmp_path, monkeypatch, plan("PAY-DR", {"assess": task("Assess"), "fix": task("Fix")}),
               servicenow=many) as world:  # fmt: skip
        parts = world.connector.parts
        assert parts is not None
        world.forget_calls()
        tickets = [world.incident(short_description=f"Slow {number}", impact="3") for number in range(4)]
        world.settle()
        budgets = world.connector.budgets
        while (left := budgets.remaining("servicenow") or 0) > 8:  # others spend the hour's allowance
            parts.connections["servicenow"].ticketing.read("incident", [tickets[left % 4]["sys_id"]])
        with world.connector.database.begin() as tx:
            for item in tickets:
                subject = f"ticket:servicenow:{item['sys_id']}"
                for number in range(3):
                    writes.intend(tx, {"key": f"n-{number}-{item['sys_id']}", "connection": "servicenow",
                                       "subject": subject, "action": "update", "record": "incident", "values": {},
                                       "platform_id": item["sys_id"], "note": f"Note {number}",
                                       "next_at": world.clock.now(), "created_at": world.clock.now()})  # fmt: skip
                parts.wakes.wake(tx, "send", f"{subject}|servicenow")
        made = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
        world.promote(made["number"])
        world.wait(lambda: len(world.tasks(made["sys_id"])) == 2)
        hour = world.all_calls(world.servicenow)
        assert [call for call in hour if call["status"] == 429] == []
        assert len(hour) <= 60

        world.at("10:00:05")
        world.settle()
        journal = Counter(row["element_id"] for row in world.state(world.servicenow)["journal"])
        assert {journal[item["sys_id"]] for item in tickets} == {3}


def test_what_was_refused_again_and_again_stands_within_a_minute_of_the_platform_being_well(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with town(fresh, limit=1000) as made:
        with monkeypatch.context() as ill:
            ill.setattr(made.desk, "send", lambda batch: [Outcome(write.key, "retry", reason="500") for write in batch])
            made.major()
            made.run()
            made.until(NINE + timedelta(minutes=10))
        assert "pending" in made.states("live")

        made.until(NINE + timedelta(minutes=11, seconds=1))

        assert set(made.states("live")) == {"done"}
        assert made.status().startswith("0 of 5 recovery tasks done.")
