"""What the draft would read from one real ticket, and write to it now; nothing is written to any platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.mappings.state import opened_state
from connector.cli.mappings.trial import Bench, Line, Trial, wanted_of
from connector.flows.wanted import Wanted
from connector.ticketing import Refused, Ticket, Unavailable

_LONGEST = 80


@click.command()
@click.argument("ticket")
@click.option("--connection", default="", help="Where the ticket is, if its number does not tell.")
@output.as_json_option
@click.pass_obj
def preview(context: Context, *, ticket: str, connection: str, as_json: bool) -> None:
    """Read one TICKET from its platform and show what the draft makes of it, beside the version in force."""
    with opened_state(context) as state:
        draft = Bench(state, state.draft.sound())
        known_connection(draft.connector, connection)
        active = Bench(state, state.in_force()) if state.row is not None else None
        try:
            name, found = _found(draft, ticket, [connection] if connection else list(draft.connector.connections))
            meant = wanted_of(draft.connector, draft.connector.connections[name], found)
            new = draft.attempt(name, found, meant)
            old = _beside(active, name, found, meant) if active is not None else None
        finally:
            draft.connector.stop()
            if active is not None:
                active.connector.stop()
    if as_json:
        output.document(_document(name, found, meant, new, old, state.number))
    else:
        _print(name, found, meant, new, old, state.number)


def _found(bench: Bench, number: str, places: Sequence[str]) -> tuple[str, Ticket]:
    found: list[tuple[str, Ticket]] = []
    silent: list[str] = []
    for name in places:
        try:
            ticket = bench.find(name, number)
        except (Unavailable, Refused) as error:
            silent.append(f"{name} did not answer ({error})")
            continue
        if ticket is not None:
            found.append((name, ticket))
    if len(found) == 1:
        return found[0]
    if found:
        what = f"{number} is on {' and '.join(name for name, _ in found)}"
        fix = f"name its connection with --connection ({', '.join(places)})"
    else:
        what = f"{number} was not found on {', '.join(places)}"
        fix = "check the number, and that the account may see the ticket"
    raise output.Declined("; ".join([what, *silent, fix]))


def _beside(active: Bench, name: str, ticket: Ticket, meant: Wanted) -> Trial | None:
    """Try the version in force on the same ticket, read with its own fields."""
    if ticket.record == "other":
        return None
    read = next(iter(active.connector.connections[name].ticketing.read(ticket.record, [ticket.id])), None)
    return active.attempt(name, read, meant) if read is not None else None


def _rows(new: Mapping[str, Line], old: Mapping[str, Line] | None) -> list[tuple[Line, str | None]]:
    """Return each field of the draft with what the version in force says where that differs, then what it drops."""
    rows: list[tuple[Line, str | None]] = []
    for name, line in new.items():
        before = old.get(name) if old is not None else None
        same = before is not None and (before.place, before.theirs, before.ours) == (line.place, line.theirs, line.ours)
        told = None if same or old is None else _told(before) if before is not None else "not mapped"
        rows.append((line, told))
    for name, line in (old or {}).items():
        if name not in new:
            rows.append((Line(name, "", "", "", "not mapped any more"), _told(line)))
    return rows


def _told(line: Line) -> str:
    return f"{line.place}: {_cut(line.theirs)} = {_cut(line.ours)}"


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[:_LONGEST]}..."


def _print(name: str, ticket: Ticket, meant: Wanted, new: Trial, old: Trial | None, number: int) -> None:
    output.say(f"{ticket.number} on {name}: {ticket.record}  {ticket.url}", style="bold")
    if ticket.record == "other":
        output.say("It is of no type that is mapped.")
        return
    beside = f"Version {number} differs" if old is not None else "In force"
    output.table(
        ("Read", "From", "Theirs", "Ours", "By", beside),
        [
            (line.field, line.place, _cut(line.theirs), _cut(line.ours), line.where, told or "")
            for line, told in _rows(new.reads, old.reads if old is not None else None)
        ],
        nothing="Nothing is read.",
    )
    output.say("")
    output.table(
        ("Would be written", "To", "Ours", "Theirs", "By", beside),
        [
            (line.field, line.place, _cut(line.ours), _cut(line.theirs), line.where, told or "")
            for line, told in _rows(new.writes, old.writes if old is not None else None)
        ],
        nothing=f"Nothing would be written: {meant.why}.",
    )
    if new.writes:
        output.say(f"That is because {meant.why}. Nothing was written.")
    for text in _problems(new):
        output.say(f"problem: {text}", style="yellow")


def _problems(trial: Trial) -> list[str]:
    lines = [line.problem for line in (*trial.reads.values(), *trial.writes.values()) if line.problem]
    return list(dict.fromkeys([*lines, *trial.problems]))


def _document(name: str, ticket: Ticket, meant: Wanted, new: Trial, old: Trial | None, number: int) -> dict[str, Any]:
    def plain(lines: Mapping[str, Line], before: Mapping[str, Line] | None) -> list[dict[str, Any]]:
        return [
            {
                "field": line.field,
                "platform_field": line.place,
                "theirs": line.theirs,
                "ours": line.ours,
                "where": line.where,
                "problem": line.problem,
                "differs_in_force": told,
            }
            for line, told in _rows(lines, before)
        ]

    return {
        "connection": name,
        "number": ticket.number,
        "record": ticket.record,
        "url": ticket.url,
        "in_force": number or None,
        "read": plain(new.reads, old.reads if old is not None else None),
        "written": plain(new.writes, old.writes if old is not None else None),
        "why": meant.why,
        "problems": _problems(new),
    }
