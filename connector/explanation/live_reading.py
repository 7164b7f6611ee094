"""A ticket as it stands on its platform now, beside what was last heard of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from connector.evidence import Heard, Revealing
from connector.flows.parts import Connection
from connector.ticketing import KEPT, Record, Refused, Ticket, Unavailable


@dataclass(frozen=True)
class Live:
    """What a ticket holds now, as just read (`ticket` None: the platform has no such ticket), or why it was not."""

    ticket: Ticket | None = None
    labels: Mapping[str, str] | None = None
    fault: str = ""


def look(side: Connection, name: str, record: str) -> Live:
    """Read a ticket as it stands now; `record` "" tries each. Calls the platform; raises nothing."""
    labels: Mapping[str, str] | None = None
    try:
        if isinstance(side.ticketing, Revealing):
            labels = side.ticketing.field_labels(ask=True)
        for kind in (cast("Record", record),) if record else (kind for kind in get_args(Record) if kind not in KEPT):
            found = next(iter(side.ticketing.read(kind, [name])), None)
            if found is not None:
                return Live(found, labels)
    except (Unavailable, Refused) as error:
        return Live(None, labels, str(error) or type(error).__name__)
    return Live(None, labels)


def labels(side: Connection, live: Live | None) -> Mapping[str, str] | None:
    if live is not None and live.labels is not None:
        return live.labels
    return side.ticketing.field_labels() if isinstance(side.ticketing, Revealing) else None


def heard_now(side: Connection, record: Record, live: Live, now: datetime) -> Heard | None:
    """Return what a ticket holds now, as a message would have told it."""
    if live.ticket is None:
        return None
    held = side.ticketing.fields_of(record, live.ticket.raw) if isinstance(side.ticketing, Revealing) else None
    return Heard(live.ticket.values, now, held=held)
