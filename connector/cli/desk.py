"""What the desk sees: incidents with the reasons for what was done, and activations with their tasks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from connector import activation as rules
from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.opening import opened
from connector.console import figures, lookup
from connector.moment import span
from connector.problem import nearest
from connector.recovery_task import PHASES, Phase
from connector.store import activations as stored
from connector.store import tickets

limit_option = click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)


@click.command()
@click.option("--connection", default="", help="Only those of one connection.")
@limit_option
@output.as_json_option
@click.pass_obj
def incidents(context: Context, *, connection: str, limit: int, as_json: bool) -> None:
    """List known incidents, the last seen first, and why each was or was not acted on."""
    with opened(context) as connector, connector.database.begin() as tx:
        known_connection(connector, connection)
        rows = [row for row in tickets.newest(tx, limit=limit, connection=connection) if row.version is not None]
    if as_json:
        output.document(
            [
                {**figures.ticket(row), "state": row.values.get("state"), "priority": row.values.get("priority")}
                for row in rows
            ]
        )
        return
    output.table(
        ("Number", "Connection", "State", "Priority", "Plan", "Activation", "Why"),
        [
            (
                row.number,
                row.connection,
                "deleted" if row.deleted else row.values.get("state"),
                row.values.get("priority"),
                row.plan_key,
                f"{rules.number(row.activation_id)} ({row.role})" if row.activation_id is not None else "",
                row.why,
            )
            for row in rows
        ],
        nothing="No incident was seen yet.",
    )


@click.command()
@click.argument("number", metavar="[ACT-N]", required=False)
@click.option("--state", type=click.Choice(["running", "stood_down", "closed"]), help="Only those in this state.")
@limit_option
@output.as_json_option
@click.pass_obj
def activations(context: Context, *, number: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List activations, or show one with its tasks, tickets and what happened."""
    with opened(context) as connector:
        now = connector.now()
        if number is not None:
            _show(connector, number, now, as_json=as_json)
            return
        with connector.database.begin() as tx:
            rows, _ = stored.listed(tx, state=state or "", limit=limit)
    found = [figures.listed(row, now) for row in rows]
    if as_json:
        output.document(found)
        return
    output.table(
        ("Activation", "Plan", "Incident", "State", "Started", "RTO due", "Restored"),
        [
            (
                item["number"],
                item["plan"]["key"] + (" (EXERCISE)" if item["exercise"] else ""),
                item["incident"]["number"] if item["incident"] else "",
                item["state"],
                item["started_at"],
                item["due_at"],
                item["restored_at"],
            )
            for item in found
        ],
        nothing="No plan was activated yet.",
    )


def known_connection(connector: Connector, name: str) -> None:
    """Decline a connection that the settings do not name; "" is none."""
    if name and name not in connector.connections:
        near = nearest(name, connector.connections) or f"there are {', '.join(connector.connections)}"
        raise output.Declined(f"there is no connection '{name}'; {near}")


def _show(connector: Connector, number: str, now: datetime, *, as_json: bool) -> None:
    """Show one activation whole."""
    with connector.database.begin() as tx:
        found = lookup.find(tx, lookup.ACTIVATION, number)
    if found is None or found.activation is None or found.standing is None:
        raise output.Declined(f"there is no activation '{number}'; see `continuity activations`")
    detail = figures.detail(found, found.activation, found.standing, now)
    if as_json:
        happened = [{"at": line.at, "text": line.text} for line in found.lines]
        output.document({**detail, "history": happened})
        return
    _print_head(detail)
    _print_tasks(detail["tasks"])
    others = [item for item in detail["placements"] if item["record"] != "recovery_task"]
    for item in others:
        output.say(f"{item['record']}: {item['number'] or 'being created'} {item['state']} {item['url']}".rstrip())
    if found.lines:
        output.say("")
        output.table(("At", "What happened"), [(line.at, line.text) for line in found.lines], nothing="")


def _print_head(detail: dict[str, Any]) -> None:
    label = "EXERCISE " if detail["exercise"] else ""
    output.say(f"{label}{detail['number']}: {detail['plan']['name']} ({detail['plan']['key']})", style="bold")
    incidents = ", ".join(f"{item['number']} ({item['role']})" for item in detail["incidents"])
    output.say(f"State: {detail['state']}, started by {detail['started_by']} {output.shown(detail['started_at'])}")
    output.say(f"Incidents: {incidents or 'none'}")
    output.say(f"Status: {detail['status']['text']}")
    if detail["actual_recovery_seconds"] is not None:
        took = span(timedelta(seconds=detail["actual_recovery_seconds"]))
        output.say(f"Recovered in {took}; RTO {'met' if detail['rto_met'] else 'missed'}")
    if detail["stand_down"]:
        output.say(f"Stand-down {detail['stand_down']}: {detail['stand_down_reason']}")


def _print_tasks(tasks: list[dict[str, Any]]) -> None:
    """Print the tasks phase by phase; questions put to a person belong to none and come last."""
    output.say("")
    output.table(
        ("Phase", "Task", "Key", "State", "Team", "Due", "Tickets"),
        [
            (
                item["phase"].replace("_", " ") or "question",
                item["name"],
                item["key"],
                item["state"] + (f" ({item['reason']})" if item["reason"] else ""),
                item["team"],
                item["due_at"],
                ", ".join(_ticket(placement) for placement in item["placements"]),
            )
            for item in sorted(tasks, key=_rank)
        ],
        nothing="The plan has no tasks.",
    )


def _ticket(placement: dict[str, Any]) -> str:
    number = placement["number"] or f"{placement['connection']}: being created"
    return f"{number} ({placement['gone']})" if placement["gone"] else str(number)


def _rank(item: dict[str, Any]) -> int:
    """Return the place of a task's phase; tasks of one phase keep the plan's order."""
    return PHASES.index(Phase(item["phase"])) if item["phase"] else len(PHASES)
