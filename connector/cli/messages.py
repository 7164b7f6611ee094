"""Messages in and changes out: what was decided on them and why, what is parked, and how to try it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click
import sqlalchemy as sa

from connector import activation as rules
from connector.bootstrap import Connector
from connector.cli import causes, output
from connector.cli.context import Context
from connector.cli.desk import known_connection, limit_option
from connector.cli.opening import opened
from connector.cli.orders import Orders, report, wait_option
from connector.cli.remedy import Parked, named, remedy
from connector.flows.commands import COMMAND
from connector.flows.parts import ESCALATION
from connector.store import deliveries as stored
from connector.store import writes

MANY = 10_000
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
        out = [_parked_write(row, _project(connector, row)) for row in writes.parked(tx, MANY)]
        back = [_parked_delivery(row) for row in stored.latest(tx, limit=MANY, state="parked")]
    rows = [{**item, "cause": causes.cause_id(item["connection"], item["reason"])} for item in (*out, *back)]
    return sorted(rows, key=lambda item: (item["since"], item["id"]))


def _project(connector: Connector, row: sa.Row[Any]) -> str:
    """Return the project in which a write would make its ticket, "" where there are none."""
    known = connector.settings.connections.get(row.connection)
    return str(row.values.get("project") or (known.project if known is not None and row.action == "create" else ""))


def _parked_write(row: sa.Row[Any], project: str) -> dict[str, Any]:
    record = "message" if row.connection == ESCALATION else row.record.replace("_", " ")
    title = str(row.values.get("title") or row.values.get("text") or "").partition("\n")[0]
    activation = rules.number(row.activation_id) if row.activation_id is not None else None
    item = Parked(row.reason, row.connection, row.record, row.action, activation or "", row.values, project)
    return {
        "id": f"W{row.id}",
        "what": f"{row.action} {record}" + (f": {title}" if title else ""),
        "connection": row.connection,
        "ticket": row.number,
        "activation": activation,
        "since": row.done_at or row.created_at,
        "reason": named(item),
        "to_do": remedy(item),
    }


def _parked_delivery(row: sa.Row[Any]) -> dict[str, Any]:
    kind, _, rest = row.subject.partition(":")
    return {
        "id": f"D{row.id}",
        "what": f"message {row.event}",
        "connection": row.connection,
        "ticket": row.number,
        "activation": rules.number(int(rest)) if kind == "activation" else None,
        "since": row.decided_at or row.received_at,
        "reason": row.reason,
        "to_do": remedy(Parked(row.reason, row.connection)),
    }


def _delivery(row: sa.Row[Any]) -> dict[str, Any]:
    fields = ("connection", "source", "event", "state", "reason", "attempts", "received_at", "decided_at")
    return {"id": f"D{row.id}", "ticket": row.number, **{field: getattr(row, field) for field in fields}}
