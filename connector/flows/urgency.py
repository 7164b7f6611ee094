"""Which writes go out before others, where a platform does not take them all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.budget import Urgency
from connector.ticketing import KEPT

ORDER: tuple[Urgency, ...] = ("live", "note", "backfill")
MOST = 200
"""Writes that are sent in one round."""
TURN = 10
"""Calls that are spent on what is not live before another subject has its turn."""


@dataclass(frozen=True)
class Chosen:
    """Writes to send now, the most urgent first, by whose urgency the `calls` that they take are asked for.

    `waits` is the most urgent of what is left; `turn_over` says that another subject shall go before that.
    """

    rows: tuple[sa.Row[Any], ...] = ()
    urgency: Urgency = "live"
    calls: int = 0
    waits: Urgency | None = None
    turn_over: bool = False


def urgency_of(row: sa.Row[Any], *, running: bool) -> Urgency:
    """Return how urgent a write is; `running` says that it belongs to a running activation."""
    if row.record in KEPT:
        return "backfill"
    if not running or row.action == "link" or (row.note and not row.values):
        return "note"
    return "live"


def inherited(rows: Sequence[sa.Row[Any]], urgency: Callable[[sa.Row[Any]], Urgency]) -> list[Urgency]:
    """Return how urgent each of these writes, oldest first, is: at least as urgent as a later one to its ticket."""
    found: list[Urgency] = []
    by_ticket: dict[str, Urgency] = {}
    for row in reversed(rows):
        own = urgency(row)
        if row.platform_id:
            own = by_ticket[row.platform_id] = min(own, by_ticket.get(row.platform_id, own), key=ORDER.index)
        found.append(own)
    return found[::-1]


def choose(
    ready: Iterable[sa.Row[Any]],
    urgency: Callable[[sa.Row[Any]], Urgency],
    room: Callable[[Urgency], int | None],
    per_call: int,
) -> Chosen:
    """Choose from what could go out, oldest first, as much as there is room for.

    `room` gives the calls that may be spent on an urgency, None where nothing limits them; `per_call` is how many
    writes one call carries. What is live goes out whole while there is any room for it, as one call often carries more.
    """
    ready = list(ready)
    ranked = sorted(zip(inherited(ready, urgency), ready, strict=True), key=lambda item: ORDER.index(item[0]))
    rooms = {name: room(name) for name in {item[0] for item in ranked}}
    rows: list[sa.Row[Any]] = []
    waits: Urgency | None = None
    turn_over = False
    used: Urgency = "live"
    for name, row in ranked:
        calls = rooms[name]
        most = MOST
        if calls is not None and name == "live":
            most = MOST if calls else 0
        elif calls is not None:
            most = min(MOST, calls * per_call, TURN * per_call)
        if len(rows) >= most:
            waits = waits or name
            continue
        turn_over = turn_over or (calls is not None and name != "live")
        used = name if not rows else used
        rows.append(row)
    needed = math.ceil(len(rows) / per_call)
    limit = rooms.get(used)
    return Chosen(tuple(rows), used, needed if limit is None else min(needed, limit), waits, turn_over)
