"""Checks settings, services, plans and mappings together, from their files and, if asked, against the platforms."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from connector import catalog as catalogs
from connector.bootstrap import NEEDS, PLATFORMS, Connector
from connector.catalog import Catalog, needed
from connector.cli import output, preflight
from connector.cli.context import Context
from connector.cli.needed_names import lines_of, placed
from connector.cli.own_fields import unmapped
from connector.cli.shipped import peek, print_shipped
from connector.cli.taken_values import otherwise
from connector.mapping_version import Draft, draft
from connector.problem import Invalid, Problem
from connector.settings import Settings, Survey, survey
from connector.ticketing import Names, Refused, Unavailable
from mappings.difference import shipped_changes


@dataclass(frozen=True)
class Checked:
    """What a check found; what faults keep from being made is absent."""

    problems: tuple[Problem, ...]
    catalog: Catalog | None
    connector: Connector | None
    settings: Settings | None = None

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level != "error"]


@dataclass(frozen=True)
class Reached:
    """How a connection answered: the account's name, "" where it did not; `down` when there was no answer at all."""

    name: str
    account: str
    problems: tuple[Problem, ...]
    down: bool = False


@click.command()
@click.option("--live", is_flag=True, help="Connect to each platform too: account, fields, permissions, plans.")
@output.as_json_option
@click.pass_obj
def check(context: Context, *, live: bool, as_json: bool) -> None:
    """Check settings, services, plans and mappings together."""
    found = examine(context)
    reached = reach(found, context.directory, plans=True) if live else []
    if live and found.connector is None:
        output.aside("not connected: mend the settings first", style="yellow")
    row = peek(found.settings) if found.settings is not None else None
    shipped = shipped_changes(row.content) if row is not None else []
    taken = otherwise(found.settings, found.catalog, context.directory)
    problems = output.in_order([*found.problems, *taken, *(problem for item in reached for problem in item.problems)])
    errors = [problem for problem in problems if problem.level == "error"]
    warnings = [problem for problem in problems if problem.level != "error"]
    if as_json:
        output.document(
            {
                "ok": not errors,
                "errors": [_plain(problem) for problem in errors],
                "warnings": [_plain(problem) for problem in warnings],
                "connections": [{"name": item.name, "account": item.account or None} for item in reached],
                "shipped_changes": shipped,
            }
        )
    else:
        for item in reached:
            output.say(f"{item.name}: " + (f"signed in as {item.account}" if item.account else "no answer"))
        _print_problems(errors, warnings)
        if not errors and found.catalog is not None:
            output.say(_summary(found.catalog), style="green")
        print_shipped(shipped, row.id if row is not None else 0)
    if errors:
        sys.exit(1)


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
    files = draft(PLATFORMS, context.directory)
    connector, faults = _assembled(read, files)
    problems += (*faults, *files.warnings)
    if read.settings is not None and catalog is not None:
        problems += _unconnected(read.settings, catalog)
    if read.settings is not None and catalog is not None and files.version is not None:
        problems += unmapped(read.settings, catalog, files.version, context.directory)
    if read.problems:
        # Settings that lack a secret are good enough to check the rest against, not to connect with.
        connector = None
    return Checked(tuple(output.in_order(problems)), catalog, connector, read.settings)


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


def _assembled(read: Survey, files: Draft) -> tuple[Connector | None, Sequence[Problem]]:
    """Put the connector together for its conditions and mappings; without settings there is none."""
    if read.settings is None:
        return None, files.problems
    try:
        connector = Connector(read.settings)
    except Invalid as error:
        return None, (*error.problems, *files.problems)
    if files.version is None:
        return None, files.problems
    connector.use(files.version)
    return connector, ()


def reach(found: Checked, directory: Path, *, plans: bool = False) -> list[Reached]:
    """Ask each connection for what the files need there; with `plans`, one in order is tried with the plans too."""
    connector = found.connector
    if connector is None:
        return []
    lines = lines_of(directory)
    try:
        reached = [
            _ask(connector, name, needed(found.catalog, item) if found.catalog is not None else Names(), lines)
            for name, item in connector.settings.connections.items()
        ]
        if plans and found.catalog is not None:
            reached = [_tried(connector, found.catalog, item) for item in reached]
        return reached
    finally:
        connector.stop()


def _ask(connector: Connector, name: str, names: Names, lines: dict[str, str]) -> Reached:
    try:
        account = connector.connections[name].ticketing.check(names)
    except Unavailable as error:
        where, fix = connector.settings.where("connections", name, "url"), "check the address, and that it is up"
        return Reached(name, "", (Problem(where, f"{name} does not answer: {error}", fix),), down=True)
    except Refused as error:
        where, fix = connector.settings.where("connections", name, "auth"), "check the account and its roles"
        return Reached(name, "", (Problem(where, f"{name} refuses us: {error}", fix),))
    problems = (placed(problem, name, connector.settings, lines) for problem in account.problems)
    return Reached(name, account.name, tuple(problems))


def _tried(connector: Connector, catalog: Catalog, item: Reached) -> Reached:
    """Add what a connection would refuse of the plans, unless something is wrong with it that comes first."""
    if item.down or any(problem.level == "error" for problem in item.problems):
        return item
    try:
        refused = tuple(preflight.ask(connector, catalog, item.name))
    except Unavailable as error:
        where, fix = connector.settings.where("connections", item.name, "url"), "run the check again"
        refused = (Problem(where, f"{item.name} stopped answering while plans were tried: {error}", fix),)
    return replace(item, problems=(*item.problems, *refused))


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
