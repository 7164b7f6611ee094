"""`continuity reconcile`: read what changed on the platforms now, or compare everything by pages."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.durable import Wakes
from connector.flows.parts import Connection, Parts
from connector.flows.reconcile import audit as flow
from connector.flows.records.wakes import sending
from connector.store import counterparts
from connector.ticketing import Refused, Unavailable


@click.command()
@click.argument("connection", default="")
@click.option("--full", is_flag=True, help="Compare everything, page by page; goes on where it was broken off.")
@click.option("--dry-run", is_flag=True, help="Only say what would come of it (with --full).")
@output.as_json_option
@click.pass_obj
def reconcile(context: Context, *, connection: str, full: bool, dry_run: bool, as_json: bool) -> None:
    """Repair what services and plans on CONNECTION, or on all, lost step with: what changed since the last sweep.

    What is found is recorded as messages, which the service then decides.
    """
    if dry_run and not full:
        raise output.Declined("--dry-run goes with --full: a sweep only reads what changed")
    with opened(context) as connector:
        known_connection(connector, connection)
        parts = connector.assemble(Wakes(connector.database))
        sides = [side for name, side in parts.connections.items() if side.keeps and connection in ("", name)]
        if not sides:
            raise output.Declined("no services or plans are kept in step here; see `records` in docs/admin.md")
        if full:
            _audit(connector, parts, sides, dry_run=dry_run, as_json=as_json)
        else:
            _sweep(connector, parts, sides, as_json=as_json)


def _sweep(connector: Connector, parts: Parts, sides: Iterable[Connection], *, as_json: bool) -> None:
    with connector.database.begin() as tx:
        for side in sides:
            parts.wakes.wake(tx, "sweep", sending(side.name))
    names = [side.name for side in sides]
    served = connector.served()
    if as_json:
        output.document({"swept": names, "running": served})
        return
    when = "now" if served else "when the service runs (`continuity serve`)"
    output.say(f"{', '.join(names)}: what changed is read {when}; `continuity records` tells how things stand.")


def _audit(connector: Connector, parts: Parts, sides: Iterable[Connection], *, dry_run: bool, as_json: bool) -> None:
    done: list[dict[str, Any]] = []
    for side in sides:
        try:
            done.append(_audit_one(connector, parts, side, dry_run=dry_run))
        except (Unavailable, Refused) as error:
            done.append(
                {"connection": side.name, "dry_run": dry_run, "fault": str(error), "counts": {}, "findings": []}
            )
    if as_json:
        output.document(done)
    else:
        for item in done:
            _print(item, served=connector.served())
    if any(item["fault"] for item in done):
        sys.exit(1)


def _audit_one(connector: Connector, parts: Parts, side: Connection, *, dry_run: bool) -> dict[str, Any]:
    with connector.database.begin() as tx:
        expected = len(counterparts.every(tx, connection=side.name))
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    found = flow.Progress()
    # On the side, and only where somebody looks: the answer stays clean.
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(side.name, total=expected or None, told="")
        audit = flow.Audit(parts, side, getpass.getuser(), dry_run=dry_run, pause=time.sleep)
        try:
            for found in audit.run():
                linked = found.counts.get("linked", 0)
                told = f"{found.counts.get('read', 0)} read, {found.counts.get('different', 0)} different"
                bar.update(task, completed=min(linked, expected), told=told)
        except KeyboardInterrupt:
            read = found.counts.get("read", 0)
            output.aside(f"{side.name}: stopped after {read} records; run it again, it goes on at its page")
            raise
    return {
        "connection": side.name,
        "dry_run": dry_run,
        "fault": "",
        "counts": found.counts,
        "findings": found.findings,
    }


def _print(item: dict[str, Any], *, served: bool) -> None:
    name, counts = item["connection"], item["counts"]
    if item["fault"]:
        output.say(f"{name}: broken off, {item['fault']}; run it again, it goes on where it stopped", style="yellow")
        return
    output.say(
        f"{name}: {counts.get('read', 0)} read, {counts.get('linked', 0)} of them linked, "
        f"{counts.get('different', 0)} other than known, {counts.get('gone', 0)} gone"
    )
    for text in item["findings"]:
        output.say(f"  {text}")
    left = counts.get("findings", 0) - len(item["findings"])
    if left > 0:
        output.say(f"  and {left} more")
    if item["dry_run"]:
        output.say("Nothing was changed: without --dry-run, this is what the service does.")
    elif item["findings"]:
        when = "does it now" if served else "does it when it runs (`continuity serve`)"
        output.say(f"All this was handed to the service, which {when}; `continuity records` tells how things stand.")
