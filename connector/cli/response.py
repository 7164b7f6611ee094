"""What people order in a response: activate a plan or exercise it, stand it down, close a task by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from connector import activation as rules
from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.cli.orders import Orders, report, wait_option
from connector.console import lookup
from connector.problem import nearest
from connector.recovery_task import TaskState
from connector.store import activations as stored
from connector.store import catalogs, tickets
from connector.ticketing import Refused, Unavailable

by_option = click.option("--by", required=True, metavar="NAME", help="Who orders it; stands in the records.")
reason_option = click.option("--reason", default="", help="Why; stands in the records.")
needed_reason_option = click.option("--reason", required=True, help="Why; stands in the records and on the tickets.")


@click.command()
@click.argument("ticket")
@click.option("--plan", default="", metavar="KEY", help="The plan; needed where several fit, or none.")
@click.option("--on", default="", metavar="CONNECTION", help="Where the ticket is, when its number does not tell.")
@by_option
@reason_option
@wait_option
@output.as_json_option
@click.pass_obj
def activate(
    context: Context, *, ticket: str, plan: str, on: str, by: str, reason: str, wait: float, as_json: bool
) -> None:
    """Activate a continuity plan for the incident TICKET, whatever the rules say."""
    with opened(context) as connector:
        known_connection(connector, on)
        known_plan(connector, plan)
        connection, number = _find(connector, ticket.strip(), on)
        who = f"{by} ({reason})" if reason else by
        order = {"connection": connection, "number": number, "plan": plan, "by": who}
        _carry_out(connector, "activate", order, wait, as_json=as_json)


@click.command()
@click.argument("plan")
@by_option
@wait_option
@output.as_json_option
@click.pass_obj
def exercise(context: Context, *, plan: str, by: str, wait: float, as_json: bool) -> None:
    """Exercise PLAN: the real path, labelled EXERCISE on each ticket and kept out of the figures."""
    with opened(context) as connector:
        known_plan(connector, plan)
        _carry_out(connector, "exercise", {"plan": plan, "by": by}, wait, as_json=as_json)


@click.command("stand-down")
@click.argument("activation", metavar="ACT-N")
@by_option
@needed_reason_option
@wait_option
@output.as_json_option
@click.pass_obj
def stand_down(context: Context, *, activation: str, by: str, reason: str, wait: float, as_json: bool) -> None:
    """Stand an activation down: its open tasks are skipped, and that is told on its tickets."""
    with opened(context) as connector:
        number = running(connector, activation)
        order = {"activation": number, "by": by, "reason": reason}
        _carry_out(connector, "stand-down", order, wait, f"activation:{number}", as_json=as_json)


@click.group()
def task() -> None:
    """Close a recovery task where its tickets cannot be used."""


@task.command()
@click.argument("activation", metavar="ACT-N")
@click.argument("key", metavar="TASK")
@by_option
@reason_option
@wait_option
@output.as_json_option
@click.pass_obj
def done(context: Context, *, activation: str, key: str, by: str, reason: str, wait: float, as_json: bool) -> None:
    """Set TASK (its key in the plan) to done."""
    _close(context, activation, key, TaskState.DONE, by, reason, wait, as_json=as_json)


@task.command()
@click.argument("activation", metavar="ACT-N")
@click.argument("key", metavar="TASK")
@by_option
@needed_reason_option
@wait_option
@output.as_json_option
@click.pass_obj
def skip(context: Context, *, activation: str, key: str, by: str, reason: str, wait: float, as_json: bool) -> None:
    """Set TASK (its key in the plan) to skipped: not needed this time."""
    _close(context, activation, key, TaskState.SKIPPED, by, reason, wait, as_json=as_json)


def known_plan(connector: Connector, key: str) -> None:
    """Decline a plan that is not in force; "" is none."""
    if not key:
        return
    with connector.database.begin() as tx:
        row = catalogs.newest(tx)
    plans = row.content["plans"] if row is not None else {}
    if not plans:
        raise output.Declined("no plans were applied yet; run `continuity apply`")
    if key not in plans:
        raise output.Declined(f"there is no plan '{key}'; {nearest(key, plans) or 'there are ' + ', '.join(plans)}")


def running(connector: Connector, number: str, task_key: str = "") -> int:
    """Return the id of the running activation `ACT-3`; declines another, one that ended, or a task that it has not."""
    with connector.database.begin() as tx:
        row = lookup.activation_by_number(tx, number)
        keys = [item.key for item in stored.tasks(tx, row.id)] if row is not None and task_key else []
    if row is None:
        raise output.Declined(f"there is no activation '{number}'; see `continuity activations`")
    if row.state != "running":
        raise output.Declined(f"{rules.number(row.id)} has ended already ({row.state})")
    if task_key and task_key not in keys:
        near = nearest(task_key, keys) or f"it has {', '.join(keys)}"
        raise output.Declined(f"{rules.number(row.id)} has no task '{task_key}'; {near}")
    return int(row.id)


def _close(
    context: Context, activation: str, key: str, state: TaskState, by: str, reason: str, wait: float, *, as_json: bool
) -> None:
    with opened(context) as connector:
        number = running(connector, activation, key)
        order = {"activation": number, "task": key, "state": state.value, "by": by, "reason": reason}
        _carry_out(connector, "task", order, wait, f"activation:{number}", as_json=as_json)


def _find(connector: Connector, number: str, on: str) -> tuple[str, str]:
    """Return the connection of a ticket and its number: as known, as told, or as the platforms answer."""
    with connector.database.begin() as tx:
        rows = tickets.by_number(tx, number, on) or tickets.by_number(tx, number.upper(), on)
    places = sorted({row.connection for row in rows if not row.deleted})
    if len(places) == 1:
        return places[0], str(rows[0].number)
    if on or len(connector.connections) == 1:
        return on or next(iter(connector.connections)), number
    return _ask_for(connector, number, places or list(connector.connections))


def _ask_for(connector: Connector, number: str, places: list[str]) -> tuple[str, str]:
    """Ask the platforms which of them has an incident of this number."""
    found: list[tuple[str, str]] = []
    silent: list[str] = []
    for name in places:
        try:
            read = connector.connections[name].ticketing.read("incident", [number])
        except (Unavailable, Refused) as error:
            silent.append(f"{name} did not answer ({error})")
        else:
            found += [(name, item.number) for item in read if item.record == "incident" and not item.deleted]
    if len(found) == 1 and not silent:
        return found[0]
    what = f"{number} is on {' and '.join(name for name, _ in found)}" if found else f"{number} was not found"
    raise output.Declined("; ".join([what, *silent, f"name its connection with --on ({', '.join(places)})"]))


def _carry_out(
    connector: Connector, event: str, order: Mapping[str, Any], wait: float, subject: str = "", *, as_json: bool
) -> None:
    """Record an order, wait for what comes of it, and say so; a negative answer ends with exit code 1."""
    desk = Orders(connector)
    with connector.database.begin() as tx:
        wanted = desk.record(tx, event, order, connector.now(), subject)
    report([(wanted, desk.answer(wanted, wait))], as_json=as_json)
