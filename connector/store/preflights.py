"""What preflights and live checks found, one row for each plan on each connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connector.problem import Problem
from connector.store.tables import preflight

CONNECTION = ""
"""Stands in the place of a plan's key for what concerns the connection itself."""


def on(tx: sa.Connection, connection: str, *, lock: bool = False) -> dict[str, sa.Row[Any]]:
    """Return the rows of a connection by plan."""
    statement = sa.select(preflight).where(preflight.c.connection == connection)
    rows = tx.execute(statement.with_for_update() if lock else statement).all()
    return {row.plan_key: row for row in rows}


def of_plan(tx: sa.Connection, plan_key: str) -> Sequence[sa.Row[Any]]:
    """Return what was found of a plan, one row for each connection; none for the plan ""."""
    statement = sa.select(preflight).where(preflight.c.plan_key == plan_key, preflight.c.plan_key != CONNECTION)
    return tx.execute(statement.order_by(preflight.c.connection)).all()


def listed(tx: sa.Connection, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return all rows, failed ones first."""
    order = (preflight.c.failed.desc(), preflight.c.plan_key, preflight.c.connection)
    return tx.execute(sa.select(preflight).order_by(*order).limit(limit)).all()


def put(tx: sa.Connection, connection: str, plan_key: str, values: Mapping[str, Any]) -> None:
    """Store these columns of a row, which is made if it is not there."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(preflight).values(connection=connection, plan_key=plan_key, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["plan_key", "connection"], set_=dict(values)))


def forget(tx: sa.Connection, connection: str, plan_keys: Collection[str]) -> None:
    """Delete the rows of plans that do not concern a connection any more."""
    tx.execute(
        sa.delete(preflight).where(preflight.c.connection == connection, preflight.c.plan_key.in_(sorted(plan_keys)))
    )


def forget_connections(tx: sa.Connection, known: Collection[str]) -> None:
    """Delete the rows of connections that are not set up any more."""
    tx.execute(sa.delete(preflight).where(preflight.c.connection.not_in(sorted(known))))


def plain(problems: Sequence[Problem]) -> list[list[str]]:
    """Return problems as they are stored."""
    return [[problem.level, problem.where, problem.what, problem.fix] for problem in problems]


def problems(row: sa.Row[Any]) -> tuple[Problem, ...]:
    """Return the problems of a row."""
    return tuple(Problem(where, what, fix, level) for level, where, what, fix in row.problems)
