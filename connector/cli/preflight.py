"""`continuity preflight`: whether the plans in force could be created on their platforms as these are now."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa

from connector.bootstrap import Connector
from connector.catalog import Catalog
from connector.cli import output
from connector.cli.context import Context
from connector.cli.opening import opened
from connector.durable import Wakes
from connector.flows.parts import Parts
from connector.flows.preflight import Request, basis_of, find
from connector.flows.preflight_report import record
from connector.problem import Problem, nearest
from connector.ticketing import Unavailable


@dataclass(frozen=True)
class Tried:
    """What one connection said to the plans; `unanswered` is the reason where it said nothing."""

    connection: str
    problems: dict[str, tuple[Problem, ...]]
    unanswered: str = ""

    @property
    def failed(self) -> bool:
        return any(problem.level == "error" for found in self.problems.values() for problem in found)


class NobodyToWake:
    """For what only asks: it records nothing that a flow would have to look at."""

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        """Raise: nothing may be recorded here."""
        del tx, at
        raise RuntimeError(f"{queue} of {subject} was woken by a command that only asks")


@click.command()
@click.argument("plan", default="")
@output.as_json_option
@click.pass_obj
def preflight(context: Context, *, plan: str, as_json: bool) -> None:
    """Try all plans in force, or PLAN: compose what they would create, and ask each platform whether it would take it.

    Nothing is created. What is found shows on the tickets' pages too.
    """
    with opened(context) as connector:
        parts = connector.assemble(Wakes(connector.database))
        with connector.database.begin() as tx:
            catalog = parts.records.read(tx)
        plans = _wanted(catalog, plan)
        tried = [_try(connector, parts, catalog, name, plans, whole=not plan) for name in connector.connections]
    if as_json:
        output.document(_document(tried))
    else:
        for item in tried:
            _print(item)
    if any(item.failed or item.unanswered for item in tried):
        sys.exit(1)


def ask(connector: Connector, catalog: Catalog, name: str) -> Iterator[Problem]:
    """Yield what a connection would refuse of a catalog's plans, which need not be in force. Raises Unavailable."""
    parts = connector.assemble(NobodyToWake())
    found = find(parts, catalog, connector.connections[name], Request(tuple(catalog.plans)))
    for problems in found.problems.values():
        yield from (problem for problem in problems if problem.level == "error")


def _wanted(catalog: Catalog, plan: str) -> tuple[str, ...]:
    if not catalog.plans:
        raise output.Declined("no plans are in force; run `continuity apply`")
    if plan and plan not in catalog.plans:
        near = nearest(plan, catalog.plans) or f"known are {', '.join(sorted(catalog.plans))}"
        raise output.Declined(f"there is no plan '{plan}' in force; {near}")
    return (plan,) if plan else tuple(catalog.plans)


def _try(
    connector: Connector, parts: Parts, catalog: Catalog, name: str, plans: Collection[str], *, whole: bool
) -> Tried:
    connection = parts.connections[name]
    try:
        found = find(parts, catalog, connection, Request(plans))
    except Unavailable as error:
        return Tried(name, {}, str(error) or "no answer")
    basis = basis_of(catalog, connection) if whole else ""
    with connector.database.begin() as tx:
        record(tx, parts, name, found.problems, parts.now(), basis=basis, whole=whole)
    return Tried(name, dict(found.problems))


def _document(tried: list[Tried]) -> dict[str, Any]:
    return {
        "ok": not any(item.failed or item.unanswered for item in tried),
        "plans": [
            {
                "plan": plan,
                "connection": item.connection,
                "failed": any(problem.level == "error" for problem in problems),
                "problems": [vars(problem) for problem in problems],
            }
            for item in tried
            for plan, problems in item.problems.items()
        ],
        "unanswered": [{"connection": item.connection, "reason": item.unanswered} for item in tried if item.unanswered],
    }


def _print(item: Tried) -> None:
    if item.unanswered:
        output.say(f"{item.connection}: no answer ({item.unanswered}); nothing is known of its plans", style="yellow")
        return
    found = output.in_order([problem for problems in item.problems.values() for problem in problems])
    bad = [plan for plan, problems in item.problems.items() if any(problem.level == "error" for problem in problems)]
    good = len(item.problems) - len(bad)
    if bad:
        output.say(f"{item.connection}: {', '.join(bad)} could not be fully created", style="red")
    if good or not bad:
        output.say(f"{item.connection}: {good} {'plan' if good == 1 else 'plans'} could be created now", style="green")
    for problem in found:
        output.say(f"  {problem.level}: {problem}")
