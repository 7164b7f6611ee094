"""Parked rows by their cause: one mended mapping or group often frees many tickets at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OF_ONE_TICKET = re.compile(r"\b[A-Z][A-Z0-9]*-?\d{2,}\b|\b[0-9a-f]{32}\b|\b\d{5,}\b")


@dataclass(frozen=True)
class Cause:
    """Rows that wait for the same thing, oldest first; `id` names them all in `continuity replay`."""

    id: str
    connection: str
    reason: str
    rows: tuple[Mapping[str, Any], ...]


def cause_id(connection: str, reason: str) -> str:
    """Return the name of a cause: the same for each ticket that it holds up, whatever the ticket's number."""
    general = _OF_ONE_TICKET.sub("*", reason)
    return "G" + hashlib.sha256(f"{connection}\n{general}".encode()).hexdigest()[:6]


def by_cause(rows: Sequence[Mapping[str, Any]]) -> tuple[Cause, ...]:
    """Group parked rows (each with `cause`, `connection`, `reason`), the most frequent cause first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["cause"], []).append(row)
    found = [Cause(name, rows[0]["connection"], rows[0]["reason"], tuple(rows)) for name, rows in groups.items()]
    return tuple(sorted(found, key=lambda cause: -len(cause.rows)))
