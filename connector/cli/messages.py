"""Messages in and changes out: what was decided on them and why, what is parked, and how to try it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click
import sqlalchemy as sa

from connector import causes
from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection, limit_option
from connector.cli.opening import opened
from connector.cli.orders import Orders, report, wait_option
from connector.flows.commands import COMMAND
from connector.flows.parked import listed
from connector.store import deliveries as stored

_ID = re.compile(r"[WD][0-9]{1,18}")
_CAUSE = re.compile(r"[Gg][0-9a-fA-F]{6}")
_STATES = click.Choice(["open", "done", "ignored", "parked"])


@click.command()
@click.option("--ticket", default="", metavar="NUMBER", help="Only those about one ticket.")
@click.option("--state", type=_STATES, help="Only those in this state.")
@click.option("--connection", default="", help=f"Only those of one connection, or '{COMMAND}' for what people ordered.")
@limit_option
@output.as_json_option
@click.pass_obj
def deliveries(context: Context, *, ticket: str, state: str | None, connection: str, limit: int, as_json: bool) -> None:
    """List messages in, newest first, and what was decided on each."""
    with opened(context) as connector, connector.database.begin() as tx:
        if connection != COMMAND:
            known_connection(connector, connection)
        rows = stored.latest(tx, limit=limit, connection=connection, state=state or "", number=ticket.strip())
    if as_json:
        output.document([_delivery(row) for row in rows])
        return
    output.table(
        ("ID", "Received", "Connection", "By", "Event", "Ticket", "State", "Reason"),
        [
            (f"D{row.id}", row.received_at, row.connection, row.source, row.event, row.number, row.state, row.reason)
            for row in rows
        ],
        nothing="No message fits.",
    )


@click.command()
@click.option("--by-cause", is_flag=True, help="One line for each cause, with how many wait for it.")
@output.as_json_option
@click.pass_obj
def parked(context: Context, *, by_cause: bool, as_json: bool) -> None:
    """List what could not be done and waits for a person: why, and what to do."""
    with opened(context) as connector:
        found = _parked(connector)
    if by_cause:
        _show_causes(causes.by_cause(found), as_json=as_json)
        return
    if as_json:
        output.document(found)
        return
    output.table(
        ("ID", "What", "Connection", "Ticket", "Activation", "Since", "Reason", "To do"),
        [
            tuple(item[key] for key in ("id", "what", "connection", "ticket", "activation", "since", "reason", "to_do"))
            for item in found
        ],
        nothing="Nothing is parked.",
    )
    if found:
        output.say("Mend the cause, then `continuity replay ID`, or `continuity replay all`.")


def _show_causes(found: Sequence[causes.Cause], *, as_json: bool) -> None:
    rows = [
        {
            "cause": item.id,
            "count": len(item.rows),
            "connection": item.connection,
            "since": item.rows[0]["since"],
            "reason": item.reason,
            "to_do": item.rows[0]["to_do"],
        }
        for item in found
    ]
    if as_json:
        output.document(rows)
        return
    output.table(
        ("Cause", "Waiting", "Connection", "Since", "Reason", "To do"),
        [tuple(item.values()) for item in rows],
        nothing="Nothing is parked.",
    )
    if rows:
        output.say("Mend a cause, then `continuity replay CAUSE` tries all that wait for it.")


@click.command()
@click.argument("wanted", metavar="ID|CAUSE|all")
@wait_option
@output.as_json_option
@click.pass_obj
def replay(context: Context, *, wanted: str, wait: float, as_json: bool) -> None:
    """Try again what is parked: W12, D34, all of one cause, or all; a decided message (D34) too."""
    with opened(context) as connector:
        ids = _wanted(connector, wanted)
        desk, now = Orders(connector), connector.now()
        with connector.database.begin() as tx:
            missing = [item for item in ids if not desk.replay(tx, item, now)]
        if missing and ids == missing:
            raise output.Declined(
                f"{missing[0]} cannot be replayed: it is not there, waits already, or was carried out"
            )
        if not ids and not as_json:
            output.say("Nothing is parked.")
            return
        report(desk.answers([item for item in ids if item not in missing], wait), as_json=as_json)


def _wanted(connector: Connector, given: str) -> list[str]:
    """Return the ids that a person means: one, those of a cause, or all that are parked."""
    if given.casefold() == "all":
        return [item["id"] for item in _parked(connector)]
    if _CAUSE.fullmatch(given):
        found = [item["id"] for item in _parked(connector) if item["cause"].casefold() == given.casefold()]
        if not found:
            raise output.Declined(f"nothing is parked for the cause {given}; see `continuity parked --by-cause`")
        return found
    if not _ID.fullmatch(given.upper()):
        what = "write one that `continuity parked` shows (W12, D34, G3f2a1c), or all"
        raise output.Declined(f"'{given}' is not an id; {what}")
    return [given.upper()]


def _parked(connector: Connector) -> list[dict[str, Any]]:
    with connector.database.begin() as tx:
        return listed(tx, {name: item.project for name, item in connector.settings.connections.items()})


def _delivery(row: sa.Row[Any]) -> dict[str, Any]:
    fields = ("connection", "source", "event", "state", "reason", "attempts", "received_at", "decided_at")
    return {"id": f"D{row.id}", "ticket": row.number, **{field: getattr(row, field) for field in fields}}
