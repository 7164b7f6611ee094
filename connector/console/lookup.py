"""What the page and the API show of a ticket or an activation, read in a few queries however big the plan is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.activation import id_of
from connector.standing import Standing
from connector.store import activations, preflights, tickets, writes
from connector.store.belonging import Belongs

ACTIVATION = "activation"
"""Stands in the place of a connection in the address of an activation that has no incident."""
MOST_LINES = 500
MOST_TROUBLES = 100


@dataclass(frozen=True)
class Found:
    """Everything known of a ticket, of an activation, or of both; of `troubles` and `lines` the newest ones.

    `preflights` say whether the plan could be created as its platforms were when it was last tried.
    """

    ticket: sa.Row[Any] | None
    activation: sa.Row[Any] | None
    standing: Standing | None
    incidents: Sequence[sa.Row[Any]]
    placements: Sequence[sa.Row[Any]]
    troubles: Sequence[sa.Row[Any]]
    lines: Sequence[sa.Row[Any]]
    preflights: Sequence[sa.Row[Any]] = ()


def find(tx: sa.Connection, connection: str, number: str) -> Found | None:
    """Return what is known of a ticket by its number, or of an activation (`activation`, `ACT-3`); None if nothing."""
    if connection == ACTIVATION:
        row = activation_by_number(tx, number)
        return None if row is None else _found(tx, _lead(tx, row), row)
    mine = ticket_by_number(tx, connection, number)
    if mine is None:
        return None
    running = activations.get(tx, mine.activation_id) if mine.activation_id is not None else None
    return _found(tx, mine, running)


def activation_by_number(tx: sa.Connection, number: str) -> sa.Row[Any] | None:
    """Return the activation that people call `number`, such as `ACT-3`; None where only its key is kept any more."""
    activation_id = id_of(number)
    kept = activation_id is not None and activations.tasks(tx, activation_id)
    return activations.find(tx, activation_id) if activation_id is not None and kept else None


def ticket_by_number(tx: sa.Connection, connection: str, number: str) -> sa.Row[Any] | None:
    """Return the ticket called `number` on a connection; of several (one deleted, a new one made) the one alive."""
    if not number or "\0" in number or "\0" in connection:
        return None
    rows = tickets.by_number(tx, number, connection)
    return max(rows, key=lambda row: (not row.deleted, row.id), default=None)


def _lead(tx: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    return tickets.get(tx, row.connection, row.platform_id) if row.platform_id else None


def _found(tx: sa.Connection, mine: sa.Row[Any] | None, row: sa.Row[Any] | None) -> Found:
    belongs = Belongs(
        mine.connection if mine is not None else "",
        mine.platform_id if mine is not None else "",
        row.id if row is not None else None,
    )
    plan = row.plan_key if row is not None else mine.plan_key if mine is not None else ""
    return Found(
        ticket=mine,
        activation=row,
        standing=activations.standing(tx, row, ()) if row is not None else None,
        incidents=tickets.of_activation(tx, row.id) if row is not None else (),
        placements=activations.placements(tx, row.id) if row is not None else (),
        troubles=writes.troubles(tx, belongs, limit=MOST_TROUBLES),
        lines=tickets.lines(tx, belongs, limit=MOST_LINES),
        preflights=preflights.of_plan(tx, plan),
    )
