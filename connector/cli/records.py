"""The records of an organisation: write an example, check everything, put them in force."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from connector import catalog as catalogs
from connector.bootstrap import NEEDS, PLATFORMS, Connector
from connector.catalog import Catalog
from connector.cli import orders, output
from connector.cli.context import Context
from connector.cli.needed_names import lines_of, needed, placed
from connector.cli.opening import database_faults
from connector.mapping_version import draft
from connector.problem import Invalid, Problem
from connector.settings import Settings, Survey, survey
from connector.store import catalogs as stored
from connector.ticketing import Names, Refused, Unavailable


@dataclass(frozen=True)
class Checked:
    """What a check found; `catalog` and `connector` are absent where faults keep them from being made."""

    problems: tuple[Problem, ...]
    catalog: Catalog | None
    connector: Connector | None

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level != "error"]


@dataclass(frozen=True)
class Reached:
    """How a connection answered: the account's name, "" where it did not."""

    name: str
    account: str
    problems: tuple[Problem, ...]


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@output.as_json_option
def init(directory: Path, *, force: bool, as_json: bool) -> None:
    """Write an example set of settings, services and plans into DIRECTORY."""
    written = catalogs.write_example(directory, force=force)
    if as_json:
        output.document({"written": [str(path) for path in written]})
        return
    for path in written:
        output.say(f"wrote {path}")
    output.say(f"Next: adapt them, then `continuity --config {directory} check`.")


@click.command()
@click.option("--live", is_flag=True, help="Connect to each platform too: account, tables, fields, permissions.")
@output.as_json_option
@click.pass_obj
def check(context: Context, *, live: bool, as_json: bool) -> None:
    """Check settings, services, plans and mappings together."""
    found = examine(context)
    reached = _reach(found, context.directory) if live else []
    if live and found.connector is None:
        output.aside("not connected: mend the settings first", style="yellow")
    problems = output.in_order([*found.problems, *(problem for item in reached for problem in item.problems)])
    errors = [problem for problem in problems if problem.level == "error"]
    warnings = [problem for problem in problems if problem.level != "error"]
    if as_json:
        output.document(
            {
                "ok": not errors,
                "errors": [_plain(problem) for problem in errors],
                "warnings": [_plain(problem) for problem in warnings],
                "connections": [{"name": item.name, "account": item.account or None} for item in reached],
            }
        )
    else:
        for item in reached:
            output.say(f"{item.name}: " + (f"signed in as {item.account}" if item.account else "no answer"))
        _print_problems(errors, warnings)
        if not errors and found.catalog is not None:
            output.say(_summary(found.catalog), style="green")
    if errors:
        sys.exit(1)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@orders.wait_option
@output.as_json_option
@click.pass_obj
def apply(context: Context, *, yes: bool, wait: float, as_json: bool) -> None:
    """Put the services and plans in force, showing the changes first."""
    found = examine(context)
    connector, catalog = found.connector, found.catalog
    if found.errors or connector is None or catalog is None:
        raise Invalid(output.in_order(found.problems))
    output.problems(output.in_order(found.warnings))
    try:
        with database_faults():
            connector.prepare()
            _put_in_force(connector, catalog, wait, yes=yes, as_json=as_json)
    finally:
        connector.stop()


def _put_in_force(connector: Connector, catalog: Catalog, wait: float, *, yes: bool, as_json: bool) -> None:
    with connector.database.begin() as tx:
        row = stored.newest(tx)
    old = catalogs.from_json(row.content) if row is not None else None
    changes = catalogs.changes(old, catalog)
    if old is not None and not changes:
        _applied(as_json=as_json, changes=[], outcome="Nothing changes: these records are in force already.")
        return
    if not as_json:
        for change in changes:
            output.say(str(change))
    if not yes:
        _confirm(len(changes))
    outcome = _store(connector, catalog, old.digest if old is not None else "", wait)
    _applied(as_json=as_json, changes=[str(change) for change in changes], outcome=outcome)


def examine(context: Context) -> Checked:
    """Check everything that is written in files; nothing is connected or opened."""
    read = survey(context.config, os.environ, NEEDS)
    problems = list(read.problems)
    catalog: Catalog | None = None
    try:
        catalog = catalogs.load(context.directory, [*PLATFORMS, *read.connections], datetime.now(UTC).date())
        problems += catalog.warnings
    except Invalid as error:
        problems += error.problems
    connector, faults = _assembled(read, context.directory)
    problems += faults
    if read.settings is not None and catalog is not None:
        problems += _unconnected(read.settings, catalog)
    if read.problems:
        # Settings that lack a secret are good enough to check the rest against, not to connect with.
        connector = None
    return Checked(tuple(output.in_order(problems)), catalog, connector)


def _unconnected(settings: Settings, catalog: Catalog) -> Iterable[Problem]:
    """Warn of platforms that plans send tasks to and no connection leads to."""
    known = {*settings.connections, *(item.platform for item in settings.connections.values())}
    wanted: dict[str, list[str]] = {}
    for plan in catalog.plans.values():
        for place in dict.fromkeys(target.platform for task in plan.tasks for target in task.targets):
            if place not in known:
                wanted.setdefault(place, []).append(plan.key)
    for place, plans in wanted.items():
        what = f"no connection to '{place}', where {', '.join(plans)} would create tasks"
        fix = "add one; until then these tasks are created where the incident is"
        yield Problem(settings.where("connections"), what, fix, "warning")


def _assembled(read: Survey, directory: Path) -> tuple[Connector | None, Sequence[Problem]]:
    """Put the connector together for its conditions and mappings; without settings the mappings are read alone."""
    found = draft(PLATFORMS, directory)
    if read.settings is None:
        return None, found.problems
    try:
        connector = Connector(read.settings)
    except Invalid as error:
        return None, (*error.problems, *found.problems)
    if found.version is None:
        return None, found.problems
    connector.use(found.version)
    return connector, ()


def _reach(found: Checked, directory: Path) -> list[Reached]:
    connector = found.connector
    if connector is None:
        return []
    lines = lines_of(directory)
    try:
        return [
            _ask(connector, name, needed(found.catalog, item) if found.catalog is not None else Names(), lines)
            for name, item in connector.settings.connections.items()
        ]
    finally:
        connector.stop()


def _ask(connector: Connector, name: str, names: Names, lines: dict[str, str]) -> Reached:
    try:
        account = connector.connections[name].ticketing.check(names)
    except Unavailable as error:
        where, fix = connector.settings.where("connections", name, "url"), "check the address, and that it is up"
        return Reached(name, "", (Problem(where, f"{name} does not answer: {error}", fix),))
    except Refused as error:
        where, fix = connector.settings.where("connections", name, "auth"), "check the account and its roles"
        return Reached(name, "", (Problem(where, f"{name} refuses us: {error}", fix),))
    problems = (placed(problem, name, connector.settings, lines) for problem in account.problems)
    return Reached(name, account.name, tuple(problems))


def _confirm(count: int) -> None:
    """Ask a person; where none can be asked, the answer is no."""
    if not sys.stdin.isatty():
        raise output.Declined("nothing was changed: there is no terminal to ask on; use --yes")
    if not click.confirm(f"Put {count} changes in force?", err=True):
        raise output.Declined("nothing was changed")


def _store(connector: Connector, catalog: Catalog, shown: str, wait: float) -> str:
    """Store the records and have open incidents looked at again, in one transaction."""
    desk = orders.Orders(connector)
    by = getpass.getuser()
    now = connector.now()
    with connector.database.begin() as tx:
        if stored.newest_digest(tx) != shown:
            raise output.Declined("somebody else applied records meanwhile; nothing was changed, run it again")
        stored.apply(tx, catalog.digest, catalogs.to_json(catalog), by, now)
        order = desk.record(tx, "apply", {"digest": catalog.digest, "by": by}, now)
    answer = desk.answer(order, wait)
    if answer is None or not answer.settled:
        return "Records applied; open incidents are looked at again when the service runs."
    return f"{answer.reason[:1].upper()}{answer.reason[1:]}."


def _applied(*, as_json: bool, changes: list[str], outcome: str) -> None:
    if as_json:
        output.document({"applied": bool(changes), "changes": changes, "outcome": outcome})
    else:
        output.say(outcome, style="green")


def _print_problems(errors: Iterable[Problem], warnings: Iterable[Problem]) -> None:
    for heading, found, style in (("Errors", list(errors), "red"), ("Warnings", list(warnings), "yellow")):
        if found:
            output.say(f"{heading} ({len(found)})", style=f"bold {style}")
            for problem in found:
                output.say(f"  {problem}")


def _summary(catalog: Catalog) -> str:
    return f"Good: {len(catalog.services)} services, {len(catalog.plans)} plans."


def _plain(problem: Problem) -> dict[str, str]:
    return {"where": problem.where, "what": problem.what, "fix": problem.fix}
