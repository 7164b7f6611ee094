"""Two platforms in memory and the flows over them, where every message arrives once and nothing goes wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.store import deliveries
from connector.store.database import Database
from connector.store.tables import metadata, write
from tests.connector.flows.test_chances import Mortal, Small

MOMENT = timedelta(milliseconds=30)


class Calm(Small):
    """Time goes on by a moment with each message and each flow."""

    def __init__(self, path: Path) -> None:
        made = Database(f"sqlite:///{path}")
        metadata.create_all(made.engine)
        made.close()
        super().__init__(path, seed=0)

    def deliver(self) -> None:
        self.time += MOMENT
        self.arrive(*self.post.pop(0))

    def settle(self) -> None:
        """Let all that is due within some seconds happen."""
        for _ in range(1000):
            self.happened()
            if self.post:
                self.deliver()
                continue
            self.time += MOMENT
            if self.run():
                continue
            ahead = [at for at in self.bell.waiting.values() if at < self.time + timedelta(seconds=10)]
            if not ahead:
                return
            self.time = max(self.time, min(ahead))
        raise AssertionError("it does not come to rest")

    def outage(self, **more: Any) -> str:
        """Have an incident raised and promoted, and its plan started; returns the incident."""
        incident = self.desk.memory.open_incident(priority=1, ci=["payments-db"], **more)
        self.settle()
        self.desk.memory.change(incident, major_state="accepted")
        self.settle()
        return incident

    def finish(self, *keys: str) -> None:
        """Have people do these tasks, each where it stands first, a minute after the other."""
        for key in keys:
            side, ticket = self.place(key)
            for state in ("in_progress", "done"):
                self.time += timedelta(minutes=1)
                closed = {"closed_at": self.time} if state == "done" else {}
                side.memory.change(ticket, state=state, assignee="Priya Nair", **closed)
                self.settle()

    def place(self, key: str) -> tuple[Mortal, str]:
        found = [
            (side, ticket.id)
            for side in self.sides.values()
            for ticket in self.tickets(side, "recovery_task")
            if str(ticket.values["title"]).endswith(f"] {key}")
        ]
        return found[0]

    def order(self, event: str, subject: str = "", **what: Any) -> None:
        """Record a command as the command line does, and have it carried out."""
        self.time += MOMENT
        key = f"{event} at {self.time}"
        body, number = json.dumps({"reason": "", **what}).encode(), str(what.get("number", ""))
        message = deliveries.Message(
            "command", key, "command", event, body, number=number, subject=subject or f"command:{key}"
        )
        with self.database.begin() as tx:
            deliveries.record(tx, message, self.time)
            self.bell.wake(tx, "incident", message.subject)
        self.settle()

    def close(self, incident: str) -> None:
        for state in ("resolved", "closed"):
            self.time += timedelta(minutes=1)
            at = {f"{state}_at": self.time}
            self.desk.memory.change(incident, state=state, **at)
            self.settle()

    def writes(self) -> list[sa.Row[Any]]:
        with self.database.begin() as tx:
            return list(tx.execute(sa.select(write).order_by(write.c.id)))
