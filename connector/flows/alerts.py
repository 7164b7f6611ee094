"""Tells outside both platforms what waits for a person or for too long: once, again each day, and when it is mended."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector.causes import by_cause
from connector.flows.outside import Message, tell
from connector.flows.parked import listed
from connector.flows.parts import ESCALATION, Parts
from connector.lasting import news
from connector.moment import instant
from connector.store import alerts, deliveries, writes

PARKED, BEHIND, MENDED = "queue.parked", "queue.behind", "queue.mended"
SUBJECT = "alerts"
RECORDS_AFTER = timedelta(days=1)
"""How long writes of services and plans may wait: they give way to all others, for hours where calls are few."""
MOST_LINES = 50
MOST_LOGGED = 5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trouble:
    """Something that lasts; `text` is a line that says what, since when, and what to do."""

    event: str
    key: str
    text: str
    since: datetime
    count: int


def look(tx: sa.Connection, parts: Parts, now: datetime) -> None:
    """Compare what is wrong with what was told of it, and tell the difference.

    What is found for the first time is told at the next look, if it is still there: by then those that wait for the
    same cause have gathered.
    """
    found = [*_parked(tx, parts), *_behind(tx, parts, now)]
    known = alerts.standing(tx)
    for event in (PARKED, BEHIND):
        told: list[Trouble] = []
        for item in found:
            if item.event != event:
                continue
            row = known.get(item.key)
            told_at = row.told_at if row is not None else None
            due = row is not None and news(told_at, now, lasts=True) is not None
            alerts.put(tx, item.key, item.text, item.since, now if due else told_at)
            told += [item] if due else []
        if told:
            _tell(tx, parts, event, _sentence(event, told), [item.text for item in told], now)
    lasting = {item.key for item in found}
    gone = {key: row for key, row in known.items() if key not in lasting}
    alerts.forget(tx, gone)
    mended = [row.text for row in gone.values() if news(row.told_at, now, lasts=False) == "mended"]
    if mended:
        _tell(tx, parts, MENDED, f"What waited has gone on (as of {instant(now)})", mended, now)


def _parked(tx: sa.Connection, parts: Parts) -> Iterator[Trouble]:
    projects = {name: side.project for name, side in parts.connections.items()}
    for cause in by_cause(listed(tx, projects)):
        many = len({row["ticket"] or row["id"] for row in cause.rows})
        since = min(row["since"] for row in cause.rows)
        what = f"{cause.connection}: {_counted(many, 'ticket')}: {cause.reason}"
        text = f"{what}; {cause.rows[0]['to_do']} (`continuity replay {cause.id}`; since {instant(since)})"
        yield Trouble(PARKED, f"parked:{cause.id}", text, since, many)


def _behind(tx: sa.Connection, parts: Parts, now: datetime) -> Iterator[Trouble]:
    after = parts.timing.escalate_after
    for side, since, many in writes.waiting_since(tx, now - after, now - RECORDS_AFTER):
        text = f"{side}: {_counted(many, 'write')} should have gone out, the oldest at {instant(since)}"
        yield Trouble(BEHIND, f"writes:{side}", f"{text}{_reason(parts, side, now)}", since, many)
    for side, since, many in deliveries.waiting_since(tx, now - after):
        text = f"{side}: {_counted(many, 'message')} not decided yet, the oldest of {instant(since)}"
        yield Trouble(BEHIND, f"messages:{side}", text, since, many)


def _reason(parts: Parts, side: str, now: datetime) -> str:
    down = parts.breakers.down_since(side)
    if down is not None:
        return f"; it gives no answer since {instant(down)}"
    if side != ESCALATION and parts.budgets.room(side, "note") == 0:
        return f"; it takes no more calls until {instant(max(parts.budgets.free_at(side, 'note'), now))}"
    return "; see `continuity history` and the log for what is tried"


def _sentence(event: str, told: Sequence[Trouble]) -> str:
    many = sum(item.count for item in told)
    if event == PARKED:
        causes = "one cause" if len(told) == 1 else f"{len(told)} causes"
        return f"{_counted(many, 'ticket')} wait{'s' if many == 1 else ''} for a person, by {causes}"
    return f"{_counted(many, 'entry', 'entries')} of the queues wait{'s' if many == 1 else ''} for too long"


def _counted(many: int, one: str, more: str = "") -> str:
    return f"{many} {one if many == 1 else more or one + 's'}"


def _tell(tx: sa.Connection, parts: Parts, event: str, text: str, lines: Sequence[str], now: datetime) -> None:
    shown = "; ".join([*lines[:MOST_LOGGED], *([f"and {len(lines) - MOST_LOGGED} more"] * (len(lines) > MOST_LOGGED))])
    log.log(logging.INFO if event == MENDED else logging.ERROR, "%s: %s", text, shown)
    cut = [f"and {len(lines) - MOST_LINES} more: `continuity parked --by-cause`"] * (len(lines) > MOST_LINES)
    values = {"event": event, "title": text, "text": text, "reasons": [*lines[:MOST_LINES], *cut]}
    tell(tx, parts, Message(f"{SUBJECT}:{event}:{now.isoformat()}", SUBJECT, values, f"alert: {event}"), now)
