"""Messages outside both platforms: each is a write for every way that is set up, with the same fate as any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.flows.parts import ESCALATION, Parts
from connector.store import writes


@dataclass(frozen=True)
class Message:
    """What to tell; `key` makes it go out once. `values` are what `connector.escalation` makes a mail and a post of."""

    key: str
    subject: str
    values: Mapping[str, Any]
    cause: str
    activation_id: int | None = None


def tell(tx: sa.Connection, parts: Parts, message: Message, now: datetime) -> None:
    """Have it told in every way that is set up."""
    for way in parts.escalation.ways() if parts.escalation is not None else ():
        writes.intend(
            tx,
            {
                "key": f"{message.key}:{way}",
                "connection": ESCALATION,
                "subject": message.subject,
                "activation_id": message.activation_id,
                "action": "create",
                "record": "activation",
                "values": {**message.values, "way": way},
                "cause": message.cause,
                "next_at": now,
                "created_at": now,
            },
        )
        parts.wakes.wake(tx, "send", f"{message.subject}|{ESCALATION}")
