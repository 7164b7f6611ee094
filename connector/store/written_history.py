"""The history for auditors: what each write changed, why and what was answered, and what happened, in one order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.activation import id_of, number
from connector.store.counterparts import subject
from connector.store.tables import counterpart, history, placement, ticket, write

PAGE = 5000
"""Lines that are held in memory at a time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WRITE, _HAPPENED = "W", "H"


@dataclass(frozen=True, order=True)
class Place:
    """A place in the history: behind the line of this instant, kind (`H`, then `W`) and id."""

    at: datetime
    kind: str
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.kind}{self.id}"


def place_of(text: str) -> Place:
    """Read a place as `str` writes it. Raises ValueError for anything else."""
    instant, _, line = text.partition("-")
    wrong = f"'{text}' is no place in the history; give what `next` said"
    row = id_of(line[1:]) if _whole(line[1:]) and _whole(instant) else None
    if row is None or line[0] not in {_WRITE, _HAPPENED}:
        raise ValueError(wrong)
    try:
        return Place(_EPOCH + int(instant) * _MICROSECOND, line[0], row)
    except OverflowError as error:
        raise ValueError(wrong) from error


@dataclass(frozen=True)
class Wanted:
    """Which lines to tell; "" or None is no condition. What happened stands under its ticket's number.

    `record` is the kind and key of a service, plan or task that is kept in step, whatever its tickets are called.
    """

    number: str = ""
    activation_id: int | None = None
    since: datetime | None = None
    record: tuple[str, str] | None = None


@dataclass(frozen=True)
class Line:
    """One line and its place; `told` is what to tell of it, in plain values."""

    place: Place
    told: dict[str, Any]


def page(tx: sa.Connection, wanted: Wanted, after: Place | None, *, limit: int) -> list[Line]:
    """Return the next lines behind a place, the oldest first: writes by when they were intended."""
    found = heapq.merge(
        _happened(tx, wanted, after, limit), _writes(tx, wanted, after, limit), key=lambda line: line.place
    )
    return [line for line, _ in zip(found, range(limit), strict=False)]


def lines(tx: sa.Connection, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yield every line, the oldest first; a page is in memory at a time."""
    after = None
    while found := page(tx, wanted, after, limit=PAGE):
        yield from (line.told for line in found)
        after = found[-1].place


def _writes(tx: sa.Connection, wanted: Wanted, after: Place | None, limit: int) -> list[Line]:
    statement = sa.select(write)
    if wanted.number:
        statement = statement.where(write.c.number.in_(_spelled(wanted.number)))
    if wanted.activation_id is not None:
        statement = statement.where(write.c.activation_id == wanted.activation_id)
    if wanted.record is not None:
        statement = statement.where(_begins(write.c.key, f"{subject(*wanted.record)}:"))
    statement = _behind(statement, write.c.created_at, write.c.id, _WRITE, wanted.since, after, limit)
    return [Line(Place(row.created_at, _WRITE, row.id), _write(row)) for row in tx.execute(statement)]


def _happened(tx: sa.Connection, wanted: Wanted, after: Place | None, limit: int) -> list[Line]:
    """Return the next lines of what happened; those of a ticket include its activation's."""
    statement = sa.select(history)
    if wanted.number:
        known = sa.union(
            *(
                sa.select(table.c.connection, table.c.platform_id).where(_called(table, wanted.number))
                for table in (ticket, counterpart)
            )
        )
        led = sa.select(ticket.c.activation_id).where(
            _called(ticket, wanted.number), ticket.c.activation_id.is_not(None)
        )
        placed = sa.select(placement.c.activation_id).where(_called(placement, wanted.number))
        statement = statement.where(
            sa.or_(
                sa.tuple_(history.c.connection, history.c.platform_id).in_(known),
                history.c.activation_id.in_(led.union(placed)),
            )
        )
    if wanted.activation_id is not None:
        statement = statement.where(history.c.activation_id == wanted.activation_id)
    if wanted.record is not None:
        called = " ".join(wanted.record)
        kind, key = wanted.record
        stands = sa.select(counterpart.c.connection, counterpart.c.platform_id)
        stands = stands.where(counterpart.c.record == kind, counterpart.c.key == key)
        told = (_begins(history.c.text, f"{called}{sign}") for sign in (":", " "))
        statement = statement.where(sa.or_(*told, sa.tuple_(history.c.connection, history.c.platform_id).in_(stands)))
    statement = _behind(statement, history.c.at, history.c.id, _HAPPENED, wanted.since, after, limit)
    return [Line(Place(row.at, _HAPPENED, row.id), _happening(row)) for row in tx.execute(statement)]


def _behind(
    statement: sa.Select[Any],
    at: sa.Column[datetime],
    line: sa.Column[int],
    kind: str,
    since: datetime | None,
    after: Place | None,
    limit: int,
) -> sa.Select[Any]:
    if since is not None:
        statement = statement.where(at >= since)
    if after is not None:
        same = line > after.id if kind == after.kind else sa.literal(kind > after.kind)
        statement = statement.where(sa.or_(at > after.at, sa.and_(at == after.at, same)))
    return statement.order_by(at, line).limit(limit)


def _begins(column: sa.ColumnElement[str], start: str) -> sa.ColumnElement[bool]:
    return sa.func.substr(column, 1, len(start)) == start


def _called(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
    return table.c.number.in_(_spelled(name))


def _spelled(name: str) -> list[str]:
    """Return a number as given and in capitals, as platforms write it and not every person does."""
    return [name, name.upper()]


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _happening(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": f"{_HAPPENED}{row.id}",
        "at": row.at,
        "connection": row.connection,
        "ticket": "",
        "activation": _activation(row.activation_id),
        "action": "happened",
        "record": "",
        "changes": [],
        "note": row.text,
        "cause": "",
        "mapping_version": None,
        "attempts": 0,
        "state": "",
        "answer": "",
    }


def _write(row: sa.Row[Any]) -> dict[str, Any]:
    before = row.before or {}
    return {
        "id": f"{_WRITE}{row.id}",
        "at": row.created_at,
        "connection": row.connection,
        "ticket": row.number,
        "activation": _activation(row.activation_id),
        "action": row.action,
        "record": row.record,
        "changes": [{"field": key, "before": before.get(key), "after": row.values[key]} for key in row.values],
        "note": row.note,
        "cause": row.cause,
        "mapping_version": row.mapping_version,
        "attempts": row.attempts,
        "state": row.state,
        "answer": row.answer or row.reason,
    }


def _activation(activation_id: int | None) -> str | None:
    return None if activation_id is None else number(activation_id)
