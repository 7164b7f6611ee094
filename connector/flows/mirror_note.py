"""The notes by which a recovery task's other tickets hear of what people wrote on one, or added to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector import file_name
from connector.flows.parts import Parts
from connector.moment import instant
from connector.store import writes

LONGEST = 8000
"""Characters of a comment that are told; the rest is read where it was written."""


def written(author: str, at: datetime | None, text: str, number: str) -> str:
    """Say on another ticket of the task what was written on `number`."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}... (the rest stands on {number})"
    return f"{author or 'somebody'} on {number}{_when(at)}:\n{text}"


def attached(author: str, at: datetime | None, name: str, number: str) -> str:
    """Say on another ticket who added to `number` the file that was copied to it."""
    return (
        f"{author or 'somebody'} attached '{file_name.cleaned(name)}' to {number}{_when(at)}. It is attached here too."
    )


def left_there(
    author: str, at: datetime | None, name: str, size: int | None, number: str, address: str, reason: str = ""
) -> str:
    """Say on another ticket where the file is that was added to `number`, and why it was not copied."""
    shown = f"'{file_name.cleaned(name)}'" + (f" ({file_name.sized(size)})" if size is not None else "")
    why = f" (not copied: {reason})" if reason else ""
    return f"{author or 'somebody'} attached {shown} to {number}{_when(at)}: {address}{why}"


def key(tx: sa.Connection, other: sa.Row[Any]) -> str:
    """Return the key of the next write that tells something on a ticket; called under the activation's lock."""
    prefix = f"{other.write_key}:remark:"
    return f"{prefix}{writes.count_updates(tx, other.connection, other.platform_id, prefix)}"


def intend(tx: sa.Connection, parts: Parts, other: sa.Row[Any], text: str, cause: str, now: datetime) -> None:
    """Intend a note on a ticket of a task, under a key that never changes."""
    subject = f"activation:{other.activation_id}"
    writes.intend(
        tx,
        {
            "key": key(tx, other),
            "connection": other.connection,
            "subject": subject,
            "activation_id": other.activation_id,
            "placement_id": other.id,
            "action": "update",
            "record": "recovery_task",
            "platform_id": other.platform_id,
            "number": other.number,
            "values": {},
            "cause": cause,
            "note": text,
            "next_at": now,
            "created_at": now,
        },
    )
    parts.wakes.wake(tx, "send", f"{subject}|{other.connection}")


def _when(at: datetime | None) -> str:
    return f", {instant(at)}" if at is not None else ""
