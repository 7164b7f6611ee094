"""`continuity retrace`: whether today's rules, settings and code would decide an activation as it was decided."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import click

from connector import activation as rules
from connector import connections
from connector import mapping_version as versions
from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.opening import opened
from connector.flows.parts import Connection, Timing
from connector.retrace import Epoch, Retraced
from connector.retrace import retrace as decide_again
from connector.settings import Settings
from connector.store.database import Database
from connector.store.recording import Recording, mapping_versions, recording
from connector.ticketing import Ticket, Ticketing, Traits


@click.command()
@click.argument("activation", metavar="ACT-N")
@output.as_json_option
@click.pass_obj
def retrace(context: Context, activation: str, *, as_json: bool) -> None:
    """Decide an activation again from its stored messages and answers, and tell what would be written otherwise.

    The mappings and records are those of then; the settings and the code are those of now. Nothing is asked or sent.
    """
    with opened(context) as connector, tempfile.TemporaryDirectory(prefix="continuity-retrace-") as folder:
        found, setups = _stored(connector, activation)
        database = Database(f"sqlite:///{Path(folder) / 'retrace.db'}")
        try:
            with _epochs(connector.settings, setups) as epochs:
                retraced = decide_again(found, epochs, connector.links, _timing(connector.settings), database)
        finally:
            database.close()
    if as_json:
        output.document({"activation": rules.number(found.activation.id), **asdict(retraced)})
    else:
        _show(rules.number(found.activation.id), retraced)
    if retraced.differences:
        sys.exit(1)


def _stored(connector: Connector, activation: str) -> tuple[Recording, Sequence[Any]]:
    """Return what is stored of an activation, and the versions of the mappings. Raises Declined where too little is."""
    number = rules.id_of(activation)
    if number is None:
        raise output.Declined(f"'{activation}' is no activation; write it as ACT-12")
    with connector.database.begin() as tx:
        found = recording(tx, number)
        setups = mapping_versions(tx, connector.now())
    if found is None:
        raise output.Declined(f"there is no activation {rules.number(number)}; see `continuity activations`")
    if not found.complete:
        what = f"the message that began {rules.number(number)} is not kept any more"
        raise output.Declined(f"{what}; a longer `keep_deliveries` lets decisions be retraced for longer")
    if found.earlier:
        names = ", ".join(map(rules.number, found.earlier))
        raise output.Declined(f"{rules.number(number)} went on with tickets of {names}: retrace {names} instead")
    return found, setups


@dataclass(frozen=True)
class _Reader:
    """Reads stored messages as a platform's adapter does; of a `Ticketing` what retracing needs."""

    connection: str
    platform: str
    traits: Traits
    parse: Callable[[Mapping[str, Any]], Ticket]


@contextmanager
def _epochs(settings: Settings, setups: Sequence[Any]) -> Iterator[list[Epoch]]:
    """Give the connections by each version of the mappings, such that nobody can be asked."""
    compiled = connections.rules(settings)
    made: list[Connection] = []
    found = []
    try:
        for row in setups:
            version = versions.stored(row.id, row.content, connections.PLATFORMS)
            sides = connections.connect(settings, compiled, version, lambda *_: None)
            made += sides.values()
            offline = {name: _offline(settings, version, side) for name, side in sides.items()}
            found.append(Epoch(row.activated_at, offline))
        yield found
    finally:
        for side in made:
            side.ticketing.close()


def _offline(settings: Settings, version: versions.MappingVersion, side: Connection) -> Connection:
    item = settings.connections[side.name]
    parse = connections.PLATFORMS[item.platform].replay(item, version.mappings[item.platform])
    reader = _Reader(side.name, side.platform, side.ticketing.traits, parse)
    return replace(side, ticketing=cast("Ticketing", reader))


def _timing(settings: Settings) -> Timing:
    return Timing(settings.write_back_window, settings.give_up_after, settings.escalation.after)


def _show(number: str, found: Retraced) -> None:
    for text in found.assumed:
        output.say(f"Assumed: {text}")
    counted = f"{number}: {found.messages} messages decided again, {found.writes} writes compared"
    if not found.differences:
        output.say(f"{counted}: the same comes out.", style="green")
        return
    output.say(f"{counted}; {len(found.differences)} would come out otherwise.", style="yellow")
    output.table(
        ("Ticket", "Connection", "Write", "Field", "Then", "Now"),
        [
            (
                item.number,
                item.connection,
                f"{item.action} {item.record}",
                item.field or "(whole write)",
                _value(item.was),
                _value(item.now),
            )
            for item in found.differences
        ],
        nothing="",
    )


def _value(value: Any) -> str:
    if value is None:
        return "(nothing)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
