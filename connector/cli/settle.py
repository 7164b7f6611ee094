"""`continuity settle`: a person decides whose value stands where both sides changed a field."""

from __future__ import annotations

import getpass

import click

from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.cli.orders import Orders, report, wait_option
from connector.store.counterparts import subject
from connector.ticketing import KEPT


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
