"""`continuity records`: services and plans that are kept in step with platforms, and how each stands."""

from __future__ import annotations

from typing import Any

import click

from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.console.records import STATES, listed
from connector.flows.parts import RecordsInForce
from connector.ticketing import KEPT

kind_option = click.option("--kind", type=click.Choice(KEPT), help="Only services, or only plans.")


@click.command()
@kind_option
@click.option("--connection", default="", help="Only those of one connection.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@output.as_json_option
@click.pass_obj
def records(context: Context, *, kind: str | None, connection: str, state: str | None, as_json: bool) -> None:
    """List services and plans that are kept in step with a platform, and how each stands."""
    with opened(context) as connector, connector.database.begin() as tx:
        known_connection(connector, connection)
        found = listed(tx, RecordsInForce().read(tx), kind=kind or "", connection=connection, state=state or "")
    if as_json:
        output.document(found)
        return
    output.table(
        ("Kind", "Key", "Connection", "Number", "State", "Since", "To know"),
        [
            (
                item["kind"],
                item["key"],
                item["connection"],
                item["number"],
                item["state"],
                item["since"],
                "\n".join([*_conflicts(item), *item["problems"], *_taken(item)]),
            )
            for item in found
        ],
        nothing="None is so."
        if kind or connection or state
        else "No service or plan is linked with a platform; see `continuity adopt --help`.",
    )


def _conflicts(item: dict[str, Any]) -> list[str]:
    return [
        f"{one['field']}: {one['ours_said']} here, {one['theirs_said']} there since {output.shown(one['since'])}"
        for one in item["conflicts"]
    ]


def _taken(item: dict[str, Any]) -> list[str]:
    return [
        f"{one['field']} {one['value_said']} taken {output.shown(one['at'])}; the file said {one['in_file_said']}"
        for one in item["taken"]
    ]
