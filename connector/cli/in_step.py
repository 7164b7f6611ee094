"""Services and plans that are kept in step with platforms: how each stands, and what a person decides."""

from __future__ import annotations

import getpass
from typing import Any

import click

from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.cli.orders import Orders, report, wait_option
from connector.console import kept_records
from connector.continuity_record import said
from connector.store.counterparts import subject
from connector.ticketing import KEPT

kind_option = click.option("--kind", type=click.Choice(KEPT), help="Only services, or only plans.")


@click.command()
@kind_option
@click.option("--connection", default="", help="Only those of one connection.")
@click.option("--state", type=click.Choice(kept_records.STATES), help="Only those in this state.")
@output.as_json_option
@click.pass_obj
def records(context: Context, *, kind: str | None, connection: str, state: str | None, as_json: bool) -> None:
    """List services and plans that are kept in step with a platform, and how each stands."""
    with opened(context) as connector, connector.database.begin() as tx:
        known_connection(connector, connection)
        found = kept_records.listed(tx, kind=kind or "", connection=connection, state=state or "")
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
        nothing="No service or plan is linked with a platform; see `continuity adopt --help`.",
    )


def _conflicts(item: dict[str, Any]) -> list[str]:
    return [
        f"{one['field']}: {said(one['field'], one['ours'])} here, {said(one['field'], one['theirs'])} there since "
        f"{output.shown(one['since'])}"
        for one in item["conflicts"]
    ]


def _taken(item: dict[str, Any]) -> list[str]:
    return [
        f"{one['field']} {said(one['field'], one['value'])} taken {output.shown(one['at'])}; the file said "
        f"{said(one['field'], one['in_file'])}"
        for one in item["taken"]
    ]


@click.command()
@click.argument("kind", type=click.Choice(KEPT))
@click.argument("key")
@click.argument("field")
@click.option("--ours", "choice", flag_value="ours", help="Let our value stand.")
@click.option("--theirs", "choice", flag_value="theirs", help="Let the platform's value stand.")
@click.option("--connection", default="", help="Only on one connection.")
@wait_option
@output.as_json_option
@click.pass_obj
def settle(
    context: Context,
    *,
    kind: str,
    key: str,
    field: str,
    choice: str | None,
    connection: str,
    wait: float,
    as_json: bool,
) -> None:
    """Decide a field of a service or plan that was changed on both sides: whose value stands."""
    if choice is None:
        raise output.Declined("say whose value shall stand: --ours or --theirs")
    with opened(context) as connector:
        known_connection(connector, connection)
        desk, now = Orders(connector), connector.now()
        order = {
            "record": kind,
            "key": key,
            "field": field,
            "choice": choice,
            "connection": connection,
            "by": getpass.getuser(),
        }
        with connector.database.begin() as tx:
            recorded = desk.record(tx, "settle", order, now, subject(kind, key))
        report([(recorded, desk.answer(recorded, wait))], as_json=as_json)
