"""`continuity apply`: put the services and plans of the files in force."""

from __future__ import annotations

import getpass

import click

from connector import catalog as catalogs
from connector.bootstrap import Connector
from connector.catalog import Catalog
from connector.cli import orders, output
from connector.cli.check import examine
from connector.cli.context import Context
from connector.cli.opening import database_faults
from connector.cli.taken_values import otherwise
from connector.problem import Invalid
from connector.store import catalogs as stored


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
    taken = otherwise(connector.settings, catalog, context.directory)
    output.problems(output.in_order([*found.warnings, *taken]))
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
        output.confirm(f"Put {len(changes)} changes in force?")
    outcome = _store(connector, catalog, old.digest if old is not None else "", wait)
    _applied(as_json=as_json, changes=[str(change) for change in changes], outcome=outcome)


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
