"""What waits for a person or for too long is told outside both platforms: once, grouped by cause, daily, and when mended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.breaker import FAILURES
from connector.escalation import Escalations
from connector.flows.poll import HOUSEKEEPING, Sweep
from connector.flows.send import Send
from connector.settings import Escalation, Smtp
from connector.store import deliveries, writes
from connector.ticketing import Outcome, Write
from tests.connector.flows.test_budgets import Town, fresh
from tests.connector.flows.test_chances import NINE
from tests.connector.flows.test_escalation import SECRET, Box, hook_server, mail_server

__all__ = ["fresh"]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NO_GROUP = "no such group 'DB Ops'; add it to `teams` in mappings/jira/recovery_task.yaml"


class Post:
    """What was told, by the one way that is set up."""

    def __init__(self) -> None:
        self.told: list[Write] = []

    def ways(self) -> tuple[str, ...]:
        return ("mail",)

    def send(self, batch: Sequence[Write]) -> list[Outcome]:
        self.told += batch
        return [Outcome(write.key, "done", id=write.key) for write in batch]


class Watched(Town):
    """A town whose housekeeping runs each half minute, and whose board gets nothing that it should."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, limit=1000)
        self.post = Post()
        self.parts = replace(self.parts, escalation=self.post)
        send = Send(self.parts)
        self.flows |= {"incident": lambda _: None}
        self.flows |= {"send": lambda key: send(key) if key.endswith("|escalation") else None,
                       "sweep": Sweep(self.parts)}  # fmt: skip

    def pass_(self, span: timedelta) -> list[tuple[str, list[str]]]:
        """Let time pass and look after it, as often as it takes; returns what was told: each event with its lines."""
        self.time += span
        self.post.told.clear()
        for _ in range(2):
            self.flows["sweep"](HOUSEKEEPING)
            self.run()
            self.time += timedelta(seconds=30)
        return [(write.values["event"], write.values["reasons"]) for write in self.post.told]

    def park(self, *numbers: int, reason: str = NO_GROUP) -> None:
        with self.database.begin() as tx:
            for number in numbers:
                writes.intend(tx, {"key": f"p-{number}", "connection": "board", "subject": f"ticket:board:{number}",
                                   "action": "create", "record": "recovery_task", "values": {"title": "Fail over"},
                                   "state": "parked", "reason": reason, "number": f"OPS-{number}",
                                   "next_at": self.time, "created_at": self.time, "done_at": self.time})  # fmt: skip

    def mend(self) -> None:
        with self.database.begin() as tx:
            tx.exec_driver_sql("UPDATE write SET state = 'done' WHERE state IN ('parked', 'pending')")
            tx.exec_driver_sql("UPDATE delivery SET state = 'done'")

    def waiting(self, key: str, **values: Any) -> None:
        with self.database.begin() as tx:
            writes.intend(tx, {"key": key, "connection": "board", "subject": f"ticket:board:{key}",
                               "action": "update", "record": "incident", "platform_id": key, "values": {"x": 1},
                               "next_at": self.time, "created_at": self.time} | values)  # fmt: skip


@contextmanager
def watched(fresh: Path) -> Iterator[Watched]:
    path = fresh.with_name("watched.db")
    shutil.copy(fresh, path)
    made = Watched(path)
    try:
        yield made
    finally:
        made.database.close()


def test_what_is_parked_is_told_once_by_cause_each_day_and_when_it_is_mended(fresh: Path) -> None:
    with watched(fresh) as made:
        made.park(*range(100, 137))
        made.park(200, reason="HTTP 401: User Not Authenticated")

        ((event, lines),) = made.pass_(MINUTE)
        assert event == "queue.parked"
        assert [line.partition(";")[0] for line in lines] == [
            f"board: 37 tickets: {NO_GROUP.partition(';')[0]}",
            "board: 1 ticket: HTTP 401: User Not Authenticated",
        ]
        assert "`continuity replay G" in lines[0]
        assert made.post.told[0].values["title"] == "38 tickets wait for a person, by 2 causes"

        made.park(300)
        assert made.pass_(MINUTE) == [], "one more that waits for a known cause is no news"
        assert made.pass_(timedelta(hours=10)) == []
        ((event, lines),) = made.pass_(timedelta(hours=12))
        assert event == "queue.parked"
        assert lines[0].startswith("board: 38 tickets: ")

        made.mend()
        ((event, lines),) = made.pass_(MINUTE)
        assert (event, len(lines)) == ("queue.mended", 2)
        assert made.pass_(DAY) == []


def test_what_is_parked_and_replayed_between_two_looks_is_not_told(fresh: Path) -> None:
    with watched(fresh) as made:
        made.park(100)
        made.flows["sweep"](HOUSEKEEPING)
        made.mend()

        assert made.pass_(MINUTE) == []


def test_what_waits_for_too_long_is_told_with_what_is_known_of_why(fresh: Path) -> None:
    with watched(fresh) as made:
        made.waiting("fresh", next_at=NINE + timedelta(minutes=55))
        made.waiting("window", next_at=NINE + DAY)
        made.waiting("tried", tried_since=NINE, next_at=NINE + timedelta(minutes=59))
        made.waiting("service", record="service")
        for _ in range(FAILURES):
            made.parts.breakers.called("board", 0)
        with made.database.begin() as tx:
            message = deliveries.Message("desk", "m", "webhook", "changed", b"{}", "1", "INC1", 1, "ticket:other:1")
            deliveries.record(tx, message, NINE)

        assert made.pass_(timedelta(minutes=5)) == []
        ((event, lines),) = made.pass_(timedelta(minutes=52))
        assert event == "queue.behind"
        nine = "2026-03-02 09:00Z"
        assert lines == [
            f"board: 1 write should have gone out, the oldest at {nine}; it gives no answer since {nine}",
            f"desk: 1 message not decided yet, the oldest of {nine}",
        ]
        assert made.pass_(timedelta(hours=1)) == []

        made.mend()
        ((event, lines),) = made.pass_(MINUTE)
        assert (event, len(lines)) == ("queue.mended", 2)


def test_services_and_plans_may_wait_for_a_day(fresh: Path) -> None:
    with watched(fresh) as made:
        made.waiting("service", record="service")

        assert made.pass_(timedelta(hours=20)) == []
        assert [event for event, _ in made.pass_(timedelta(hours=5))] == ["queue.behind"]


def test_what_a_parked_write_holds_up_is_told_as_parked_only(fresh: Path) -> None:
    with watched(fresh) as made:
        made.waiting("held", platform_id="T1", state="parked", reason=NO_GROUP)
        made.waiting("later", platform_id="T1")

        assert [event for event, _ in made.pass_(timedelta(hours=1))] == ["queue.parked"]


def test_an_alert_goes_out_by_mail_and_by_webhook() -> None:
    box = Box()
    with mail_server(box) as port, hook_server() as (url, posted):
        smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
        sender = Escalations(Escalation(timedelta(minutes=10), smtp, url, SECRET))
        values = {"event": "queue.parked", "title": "37 tickets wait for a person, by one cause",
                  "text": "37 tickets wait for a person, by one cause", "reasons": [f"board: 37 tickets: {NO_GROUP}"]}  # fmt: skip

        outcomes = sender.send(
            [Write(f"k:{way}", "create", "activation", values={**values, "way": way}) for way in sender.ways()]
        )

        assert [outcome.status for outcome in outcomes] == ["done", "done"]
        (mail,) = box.mails
        assert mail["Subject"] == "Continuity: 37 tickets wait for a person, by one cause"
        assert NO_GROUP in mail.get_payload(decode=True).decode()
        assert posted[0]["type"] == "queue.parked"
        assert posted[0]["data"]["reasons"] == values["reasons"]


@pytest.mark.parametrize("event", ["queue.behind", "queue.mended"])
def test_only_what_is_parked_is_replayed(event: str) -> None:
    box = Box()
    with mail_server(box) as port:
        smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
        values = {"event": event, "title": "T", "text": "T", "reasons": ["one"], "way": "mail"}
        Escalations(Escalation(timedelta(minutes=10), smtp)).send([Write("k", "create", "activation", values=values)])

        assert "replay" not in box.mails[0].get_payload(decode=True).decode()
