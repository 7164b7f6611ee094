"""Finds out before the bad hour whether each plan's tickets could be created, and each connection is in order."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from connector.catalog import Catalog, Places
from connector.flows import rehearsal
from connector.flows.leave import Later, leave
from connector.flows.parts import LONGEST_ASKED, Connection, Parts
from connector.flows.preflight_report import record, unanswered
from connector.flows.rehearsal import Rehearsed
from connector.problem import Problem
from connector.store import preflights
from connector.ticketing import Names, Refused, Unavailable

AGAIN = timedelta(minutes=5)
"""How long a connection that did not answer is left alone."""
CALLS = 10
"""Calls that a preflight takes, about; it waits until they can be spent on what is not urgent."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Findings:
    """What was found on one connection: problems by plan, each plan that was tried among them.

    The plan "" stands for the connection itself; it is there when the live check was made.
    """

    problems: Mapping[str, tuple[Problem, ...]]
    account: str = ""

    @property
    def failed(self) -> bool:
        return any(problem.level == "error" for found in self.problems.values() for problem in found)


@dataclass(frozen=True)
class Request:
    """What to find out on a connection: of these plans, and whether to make the live check as well."""

    plans: Collection[str]
    check: bool = False


class Preflight:
    """Keeps what is known of each connection up to date; its subject is a connection's name.

    All plans are tried when this process first looks, when other records or mappings are in force than were tried, and
    each night; the live check is made each night. One that was missed is made as soon as somebody looks.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked: set[str] = set()
        self._rest_until: dict[str, datetime] = {}

    def __call__(self, name: str) -> None:
        """Find out what is due on a connection, if anything is."""
        parts = self._parts
        connection, now = parts.connections[name], parts.now()
        if now < self._rest_until.get(name, now):
            return
        with parts.database.begin() as tx:
            catalog = parts.records.read(tx)
            request = self._due(preflights.on(tx, name), catalog, connection, now)
        if request is None:
            return
        try:
            with leave(parts.budgets, name, "backfill", CALLS):
                findings = find(parts, catalog, connection, request)
        except Later as error:
            self._rest_until[name] = error.until
            return
        except Unavailable as error:
            log.warning("%s could not be asked for a preflight: %s; tried again later", name, error)
            self._rest_until[name] = now + max(AGAIN, timedelta(seconds=min(error.retry_after or 0.0, LONGEST_ASKED)))
            with parts.database.begin() as tx:
                unanswered(tx, parts, name, str(error), parts.now())
            return
        with parts.database.begin() as tx:
            record(tx, parts, name, findings.problems, parts.now(), basis=basis_of(catalog, connection), whole=True)
        self._looked.add(name)

    def _due(
        self, rows: Mapping[str, sa.Row[Any]], catalog: Catalog, connection: Connection, now: datetime
    ) -> Request | None:
        night = last_night(now, self._parts.timing.preflight_at)
        own = rows.get(preflights.CONNECTION)
        check = own is None or own.checked_at is None or own.checked_at < night
        changed = own is None or own.basis != basis_of(catalog, connection)
        old = any(row.checked_at is None or row.checked_at < night for key, row in rows.items() if key)
        if not (check or changed or old or connection.name not in self._looked):
            return None
        return Request(tuple(catalog.plans), check=check)


def last_night(now: datetime, at: time) -> datetime:
    """Return when the nightly run was last due, at `at` in UTC."""
    today = datetime.combine(now.astimezone(UTC).date(), at, UTC)
    return today if today <= now else today - timedelta(days=1)


def find(parts: Parts, catalog: Catalog, connection: Connection, request: Request) -> Findings:
    """Ask a platform what it would say to these plans; nothing is created or stored. Raises Unavailable."""
    now = parts.now()
    by_plan = {
        key: rehearsal.rehearse(parts, catalog, catalog.plans[key], connection, now)
        for key in request.plans
        if key in catalog.plans
    }
    # A plan that creates nothing here has nothing to fail at.
    by_plan = {key: found for key, found in by_plan.items() if found}
    rehearsed = [item for found in by_plan.values() for item in found]
    problems: dict[str, tuple[Problem, ...]] = {}
    account = ""
    if request.check:
        account, problems[preflights.CONNECTION] = _check(connection, rehearsal.names(rehearsed, catalog, connection))
    try:
        told = connection.ticketing.preflight([item.write for item in rehearsed]) if rehearsed else ()
    except Refused as error:
        places = parts.places()
        fix = "check the account and its roles"
        refusal = Problem("", f"{connection.name} refuses to say: {error}", fix)
        problems |= {key: (_at(refusal, f"{places.where(key)} on {connection.name}"),) for key in by_plan}
        return Findings(problems, account)
    problems |= dict.fromkeys(by_plan, ())
    places = parts.places() if told else Places({})
    for plan, found in by_plan.items():
        problems[plan] = tuple(_placed(told, found, places, connection.name))
    return Findings(problems, account)


def _check(connection: Connection, names: Names) -> tuple[str, tuple[Problem, ...]]:
    try:
        account = connection.ticketing.check(names)
    except Refused as error:
        where, fix = f"connections.{connection.name}", "check the account and its roles"
        return "", (Problem(where, f"{connection.name} refuses us: {error}", fix),)
    return account.name, account.problems


def _placed(told: Sequence[Problem], found: Sequence[Rehearsed], places: Places, connection: str) -> Iterator[Problem]:
    """Yield what was told of a plan's creates with the task that it is about; what several share is told once."""
    by_key = {item.write.key: item for item in found}
    shared: dict[Problem, dict[str, None]] = {}
    for problem in told:
        key = next((key for key in by_key if problem.where == key or problem.where.startswith(f"{key}:")), None)
        if key is not None:
            rest = problem.where.removeprefix(key).removeprefix(":").strip()
            shared.setdefault(_at(problem, rest), {}).setdefault(_title(by_key[key], places))
    for problem, titles in shared.items():
        first, *others = titles
        more = f" and {len(others)} more" if others else ""
        crumb = f"{first}{more} on {connection}"
        yield _at(problem, f"{crumb}: {problem.where}" if problem.where else crumb)


def _title(item: Rehearsed, places: Places) -> str:
    if item.task:
        return places.where(item.plan, item.task)
    kind = "the ticket" if item.write.record == "recovery_task" else f"the {item.write.record}'s ticket"
    return f"{places.where(item.plan)}: {kind} '{item.write.values.get('title', '')}'"


def _at(problem: Problem, where: str) -> Problem:
    return Problem(where, problem.what, problem.fix, problem.level)


def basis_of(catalog: Catalog, connection: Connection) -> str:
    """Return what the plans are tried on: other records or mappings make a preflight out of date."""
    return f"{catalog.digest}:{connection.mapping_version}"
