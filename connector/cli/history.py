"""`continuity history`: what was written, from what to what, why, and what was answered; as a table, CSV or JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

import click

from connector import activation as rules
from connector.cli import output
from connector.cli.context import Context
from connector.cli.opening import opened
from connector.continuity_record import LENGTHS, said
from connector.duration import parse_duration
from connector.store.written_history import Wanted, lines
from connector.ticketing import KEPT

COLUMNS = (
    "id",
    "at",
    "connection",
    "ticket",
    "activation",
    "action",
    "record",
    "changes",
    "note",
    "cause",
    "mapping_version",
    "attempts",
    "state",
    "answer",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@click.command()
@click.option("--ticket", default="", metavar="NUMBER", help="Only what concerns one ticket.")
@click.option("--activation", default="", metavar="ACT-N", help="Only what concerns one activation.")
@click.option(
    "--record",
    type=(click.Choice(KEPT), str),
    metavar="KIND KEY",
    help="Only what concerns a service, plan or task that is kept in step, such as: service payments.",
)
@click.option("--since", default="", metavar="7d", help="Only what is younger than this.")
@click.option("--csv", "csv_file", type=click.File("w", encoding="utf-8", lazy=True), help="Write CSV to a file, or -.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for each line.")
@click.pass_obj
def history(
    context: Context,
    *,
    ticket: str,
    activation: str,
    record: tuple[str, str] | None,
    since: str,
    csv_file: IO[str] | None,
    as_json: bool,
) -> None:
    """Tell what was written to tickets and what happened, the oldest first."""
    if csv_file is not None and as_json:
        raise click.UsageError("name --csv or --json, not both")
    number = rules.id_of(activation)
    if activation and number is None:
        raise output.Declined(f"'{activation}' is no activation; write it as ACT-12")
    try:
        age = parse_duration(since) if since else None
    except ValueError as error:
        raise output.Declined(f"--since: {error}") from error
    with opened(context) as connector, connector.database.engine.connect() as tx:
        start = connector.now() - age if age is not None else None
        found = lines(tx, Wanted(ticket.strip(), number, start, record))
        if as_json:
            for line in found:
                click.echo(json.dumps({**line, "at": line["at"].isoformat()}, ensure_ascii=False))
        elif csv_file is not None:
            writer = csv.writer(csv_file)
            writer.writerow(COLUMNS)
            writer.writerows([safe(cell) for cell in row] for row in _rows(found))
        else:
            _show(_rows(found))


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that looks so gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _rows(found: Iterator[Mapping[str, Any]]) -> Iterator[list[str]]:
    for line in found:
        told = {
            **line,
            "at": line["at"].isoformat(),
            "note": line["note"].partition("\n")[0],
            "changes": "; ".join(
                f"{item['field']}: {_value(item['field'], item['before'])} -> {_value(item['field'], item['after'])}"
                for item in line["changes"]
            ),
        }
        yield ["" if told[column] is None else str(told[column]) for column in COLUMNS]


def _show(rows: Iterator[list[str]]) -> None:
    any_line = False
    for row in rows:
        any_line = True
        told = dict(zip(COLUMNS, row, strict=True))
        head = " ".join(told[key] for key in ("at", "id", "action", "ticket", "activation", "state") if told[key])
        output.say(head)
        for key in ("changes", "note", "cause", "answer"):
            if told[key]:
                output.say(f"  {key}: {told[key]}")
    if not any_line:
        output.say("Nothing fits.")


def _value(field: str, value: Any) -> str:
    if field in LENGTHS and isinstance(value, (int, float)):
        return said(field, value)
    return "(nothing)" if value is None or value == "" else value if isinstance(value, str) else json.dumps(value)
