"""What a draft of the mappings would have made of the last days' messages and writes, as a fleet; nobody is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from connector.cli import output
from connector.cli.context import Context
from connector.cli.mappings.state import opened_state
from connector.connections import rules
from connector.duration import parse_duration
from connector.mapping_replay import FATES, Fate, Replay, Replayed

_HEADINGS: dict[Fate, str] = {
    "rejected": "Rejected: the draft can make nothing of these",
    "unmapped": "Unmapped: a value is not known, the rest goes on",
    "changed": "Changed",
}
_EXAMPLES = 3
LEFT_OUT = (
    "Fields named by their label, and names behind ids, are known to the platforms alone and are left out; "
    "`continuity mappings preview TICKET` shows them."
)


@click.command()
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="How far back, such as 12h or 30d.")
@click.option("--rows", is_flag=True, help="List each message (D12) and write (W34) that is not unchanged.")
@click.option("--show", "key", default="", metavar="KEY", help="Open one of them, such as D12.")
@output.as_json_option
@click.pass_obj
def plan(context: Context, *, since: str, rows: bool, key: str, as_json: bool) -> None:
    """Replay the last days through the draft beside the version in force; no platform is called."""
    try:
        span = parse_duration(since)
    except ValueError as error:
        raise output.Declined(f"--since {error}") from None
    with opened_state(context) as state:
        replay = Replay(state.settings, rules(state.settings), state.draft.sound(), state.in_force())
        with state.database.engine.connect() as tx:
            found = list(replay(tx, datetime.now(UTC) - span))
    if key:
        _open(found, key.upper(), as_json=as_json)
    elif as_json:
        output.document(_document(found, state.number, rows=rows))
    else:
        _print(found, rows=rows)


def _print(found: Sequence[Replayed], *, rows: bool) -> None:
    output.say(f"{summary(found)}.", style="bold")
    for fate, heading in _HEADINGS.items():
        groups = _groups(item for item in found if item.fate == fate)
        if groups:
            output.say("")
            output.table(
                ("Many", "Why", "Such as"),
                [
                    (len(items), reason + (" (as now)" if all(item.as_now for item in items) else ""), _examples(items))
                    for reason, items in groups
                ],
                nothing="",
                title=heading,
            )
    if rows:
        output.say("")
        output.table(
            ("Key", "Connection", "Ticket", "Record", "What becomes of it", "Why"),
            [
                (item.key, item.connection, item.number, item.record, item.fate, "; ".join(item.reasons))
                for item in found
                if item.fate != "unchanged"
            ],
            nothing="Nothing changes.",
        )
    output.say("")
    output.say(LEFT_OUT)


def summary(found: Iterable[Replayed]) -> str:
    """Say it in one line: `412 unchanged, 9 rejected, 3 unmapped`."""
    counts = Counter(item.fate for item in found)
    return ", ".join(f"{counts[fate]} {fate}" for fate in FATES if counts[fate]) or "nothing was received or written"


def _groups(found: Iterable[Replayed]) -> list[tuple[str, list[Replayed]]]:
    groups: dict[str, list[Replayed]] = defaultdict(list)
    for item in found:
        for reason in item.reasons:
            groups[reason].append(item)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _examples(items: Sequence[Replayed]) -> str:
    named = [f"{item.key} ({item.number})" if item.number else item.key for item in items[:_EXAMPLES]]
    return ", ".join(named) + ("..." if len(items) > _EXAMPLES else "")


def _open(found: Sequence[Replayed], key: str, *, as_json: bool) -> None:
    item = next((item for item in found if item.key == key), None)
    if item is None:
        raise output.Declined(f"there is no {key} in that time; --rows lists the keys, --since looks further back")
    if as_json:
        output.document(_plain(item))
        return
    output.say(f"{item.key}: {item.record} {item.number} on {item.connection}: {item.fate}", style="bold")
    for reason in item.reasons:
        output.say(reason)
    output.table(
        ("Field", "In force", "Draft"),
        [(change.field, change.before, change.after) for change in item.changes],
        nothing="Every field is as it is by the version in force.",
    )
    for problem in item.problems:
        output.say(f"problem: {problem}", style="yellow")


def _plain(item: Replayed) -> dict[str, Any]:
    return {
        "key": item.key,
        "connection": item.connection,
        "number": item.number,
        "record": item.record,
        "fate": item.fate,
        "reasons": list(item.reasons),
        "as_now": item.as_now,
        "changes": [{"field": one.field, "in_force": one.before, "draft": one.after} for one in item.changes],
        "problems": list(item.problems),
    }


def _document(found: Sequence[Replayed], number: int, *, rows: bool) -> dict[str, Any]:
    counts = Counter(item.fate for item in found)
    told = [item for item in found if item.fate != "unchanged"]
    return {
        "in_force": number,
        "counts": {fate: counts[fate] for fate in FATES},
        "groups": [
            {"fate": fate, "reason": reason, "count": len(items), "keys": [item.key for item in items]}
            for fate in _HEADINGS
            for reason, items in _groups(item for item in found if item.fate == fate)
        ],
        "rows": [_plain(item) for item in told] if rows else None,
    }
