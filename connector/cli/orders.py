"""What a person asks for: recorded like any message, carried out by the service, its outcome waited for."""

from __future__ import annotations

import getpass
import json
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa

from connector.bootstrap import Connector
from connector.cli import output
from connector.durable import Wakes
from connector.flows.commands import COMMAND
from connector.store import deliveries, writes

LOOK_AGAIN = 0.1
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for what comes of it.",
)


@dataclass(frozen=True)
class Answer:
    """What has become of a delivery (`id` such as `D12`) or a write (`W12`): its state, and the reason."""

    id: str
    state: str
    reason: str

    @property
    def settled(self) -> bool:
        return self.state not in {"open", "pending"}

    @property
    def good(self) -> bool:
        return self.state == "done"


class Orders:
    """Records orders, and replays, so that the service carries them out."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._wakes = Wakes(connector.database)

    def record(self, tx: sa.Connection, event: str, order: Mapping[str, Any], now: datetime, subject: str = "") -> str:
        """Record an order and wake its flow, if `tx` commits; returns its id such as `D12`."""
        key = uuid.uuid4().hex
        message = deliveries.Message(
            connection=COMMAND,
            key=key,
            source="command",
            event=event,
            body=json.dumps(dict(order)).encode(),
            number=str(order.get("number", "")),
            subject=subject or f"command:{key}",
        )
        found = deliveries.record(tx, message, now)
        if found is None:
            raise RuntimeError(f"a new key {key} was taken already")
        self._wakes.wake(tx, "incident", message.subject)
        return f"D{found}"

    def replay(self, tx: sa.Connection, wanted: str, now: datetime) -> bool:
        """Put `W12` or `D34` back in line and wake its flow; False when there is nothing to replay."""
        number = int(wanted[1:])
        if wanted[0] == "W":
            write = writes.replay(tx, number, now, getpass.getuser())
            if write is not None:
                self._wakes.wake(tx, "send", f"{write.subject}|{write.connection}")
            return write is not None
        row = deliveries.get(tx, number)
        # An order that was carried out is not carried out again; ask anew.
        if row is None or row.state == "open" or (row.connection == COMMAND and row.state != "parked"):
            return False
        deliveries.reopen(tx, number, getpass.getuser(), now)
        self._wakes.wake(tx, "incident", row.subject)
        return True

    def answer(self, wanted: str, seconds: float) -> Answer | None:
        """Wait up to `seconds` for what comes of `W12` or `D34`; None when no service runs to do it."""
        if not self._connector.served():
            return None
        end = time.monotonic() + seconds
        while True:
            found = self.read(wanted)
            if found.settled or time.monotonic() >= end:
                return found
            time.sleep(LOOK_AGAIN)

    def answers(self, wanted: Sequence[str], seconds: float) -> list[tuple[str, Answer | None]]:
        """Wait up to `seconds` in all for what comes of several."""
        end = time.monotonic() + seconds
        return [(item, self.answer(item, max(0.0, end - time.monotonic()))) for item in wanted]

    def read(self, wanted: str) -> Answer:
        """Return what has become of `W12` or `D34` so far."""
        number = int(wanted[1:])
        with self._connector.database.begin() as tx:
            row = writes.by_id(tx, number) if wanted[0] == "W" else deliveries.get(tx, number)
        if row is None:
            raise output.Declined(f"there is no {wanted}")
        return Answer(wanted, row.state, row.reason)


def report(answers: Sequence[tuple[str, Answer | None]], *, as_json: bool) -> None:
    """Say what became of each order; ends with exit code 1 when one was settled otherwise than asked for."""
    if as_json:
        output.document([_plain(wanted, answer) for wanted, answer in answers])
    else:
        for wanted, answer in answers:
            output.say(_sentence(wanted, answer), style="" if answer is None or not answer.settled else _colour(answer))
    if any(answer is not None and answer.settled and not answer.good for _, answer in answers):
        sys.exit(1)


def _plain(wanted: str, answer: Answer | None) -> dict[str, str]:
    return {"id": wanted, "state": answer.state if answer else "open", "reason": answer.reason if answer else ""}


def _sentence(wanted: str, answer: Answer | None) -> str:
    if answer is None:
        return f"{wanted} is recorded; it will be done when the service runs (`continuity serve`)."
    if not answer.settled:
        so_far = f" So far: {answer.reason}." if answer.reason else ""
        return f"{wanted} is recorded and not done yet; the service goes on with it.{so_far}"
    return f"{wanted} {answer.state}: {answer.reason}" if answer.reason else f"{wanted} {answer.state}"


def _colour(answer: Answer) -> str:
    return "green" if answer.good else "yellow"
