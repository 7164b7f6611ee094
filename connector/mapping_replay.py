"""What a draft of the mappings would have made of the messages and writes of the last days; no platform is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from connector.condition import Undecidable
from connector.connections import PLATFORMS, Rules, open_message
from connector.incident import from_values
from connector.mapping_version import MappingVersion
from connector.settings import Settings
from connector.store import replays
from connector.ticketing import Ticket
from mappings.mapping import Mapping as RecordMapping
from mappings.mapping import as_named
from mappings.vocabulary import ESSENTIAL

Fate = Literal["unchanged", "changed", "unmapped", "rejected"]
FATES: tuple[Fate, ...] = ("unchanged", "changed", "unmapped", "rejected")
_MISSING = object()


@dataclass(frozen=True)
class Change:
    """One field: what it is by the version in force, and by the draft; "" for nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Replayed:
    """One message (`D12`) or write (`W34`) and what the draft makes of it.

    `unchanged`: the same as before. `changed`: other values. `unmapped`: a value that the draft does not know, the rest
    goes on. `rejected`: the draft can make nothing of it. `reasons` say why, each as it is grouped; `problems` are
    whole messages with file and line. `as_now` tells that the version in force has the same problems.
    """

    key: str
    connection: str
    number: str
    record: str
    fate: Fate
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    as_now: bool = False


@dataclass(frozen=True)
class _Side:
    """One version, ready to read the messages of one connection."""

    read: Callable[[Mapping[str, Any]], Ticket]
    version: MappingVersion


class Replay:
    """Replays what the database holds through a draft, beside the version in force."""

    def __init__(
        self, settings: Settings, rules: Mapping[str, Rules], draft: MappingVersion, active: MappingVersion
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._sides = {
            name: tuple(
                _Side(PLATFORMS[item.platform].replay(item, version.mappings[item.platform]), version)
                for version in (draft, active)
            )
            for name, item in settings.connections.items()
        }

    def __call__(self, tx: sa.Connection, since: datetime) -> Iterator[Replayed]:
        """Yield every message and write since then, and the older messages that known tickets stand on."""
        for rows in (replays.latest_messages(tx, since), replays.messages(tx, since)):
            for row in rows:
                if row.connection in self._sides:
                    found = self._message(row)
                    if found is not None:
                        yield found
        for row in replays.writes(tx, since):
            if row.connection in self._sides:
                yield self._write(row)

    def _message(self, row: sa.Row[Any]) -> Replayed | None:
        """Replay a message; None for one that tells of a deletion, which no mapping reads."""
        received = open_message(self._settings.connections[row.connection].platform, row.source, row.body)
        if received.deleted:
            return None
        draft, active = (side.read(received.raw) for side in self._sides[row.connection])
        if draft.deleted:
            return None
        problems = _of_mappings(draft)
        changes = _changes(active.values, draft.values)
        reasons = self._rejected(row.connection, draft, active)
        fate: Fate = "rejected" if reasons else "unmapped" if problems else "changed" if changes else "unchanged"
        if fate == "unmapped":
            reasons = [_reason(text) for text in problems]
        elif fate == "changed":
            reasons = [f"{draft.record}: {item.field} is {_said(item.after)}" for item in changes]
            reasons += self._major(row.connection, draft, active)
        return Replayed(
            f"D{row.id}",
            row.connection,
            draft.number or row.number,
            draft.record,
            fate,
            tuple(dict.fromkeys(reasons)),
            changes,
            problems,
            as_now=not changes and problems == _of_mappings(active),
        )

    def _rejected(self, connection: str, draft: Ticket, active: Ticket) -> list[str]:
        if draft.record == "other" != active.record:
            return [f"{active.record}: it is no {active.record} any more"]
        if draft.record == "other":
            return []
        lost = [
            name for name in ESSENTIAL[draft.record] if name in active.values and draft.values.get(name) in (None, "")
        ]
        if lost:
            return [f"{draft.record}: {name} cannot be read" for name in lost]
        if draft.record != "incident":
            return []
        try:
            self._is_major(connection, draft)
        except Undecidable as error:
            return [f"incident: the rule `major` cannot be judged: {error.what}"]
        return []

    def _major(self, connection: str, draft: Ticket, active: Ticket) -> list[str]:
        if draft.record != "incident" or active.record != "incident":
            return []
        try:
            after, before = self._is_major(connection, draft), self._is_major(connection, active)
        except Undecidable:
            return []
        if after == before:
            return []
        return ["incident: it becomes a major incident" if after else "incident: it is no major incident any more"]

    def _is_major(self, connection: str, ticket: Ticket) -> bool:
        platform = self._settings.connections[connection].platform
        incident = from_values(connection, platform, ticket.id, ticket.number, ticket.values)
        return self._rules[connection].major.holds(incident.facts())

    def _write(self, row: sa.Row[Any]) -> Replayed:
        """Write the same values by both versions, as far as that goes without looking names up."""
        platform = self._settings.connections[row.connection].platform
        draft, active = (
            _written(side.version.mappings[platform].on(row.connection)[row.record], row)
            for side in self._sides[row.connection]
        )
        changes, problems = _changes(active[0], draft[0]), draft[1]
        nothing = bool(row.values) and bool(active[0]) and not draft[0]
        fate: Fate = "rejected" if nothing else "unmapped" if problems else "changed" if changes else "unchanged"
        if fate == "rejected":
            reasons = [f"{row.record}: nothing of it would be written"]
        elif fate == "unmapped":
            reasons = [_reason(text) for text in problems]
        else:
            reasons = [f"{row.record}: {item.field} is written as {_said(item.after)}" for item in changes]
        as_now = not changes and problems == active[1]
        key, number = f"W{row.id}", row.number
        unique = tuple(dict.fromkeys(reasons))
        return Replayed(key, row.connection, number, row.record, fate, unique, changes, problems, as_now=as_now)


def _written(mapping: RecordMapping, row: sa.Row[Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    found = mapping.write(row.values, as_named, whole=row.action == "create", about=row.about)
    return dict(found.fields), tuple(str(problem) for problem in found.problems)


def _of_mappings(ticket: Ticket) -> tuple[str, ...]:
    """Return what the mappings say of a ticket; an adapter may have more to say."""
    return tuple(text for text in ticket.problems if text.startswith("mappings/"))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(name, _text(before.get(name, _MISSING)), _text(after.get(name, _MISSING)))
        for name in dict.fromkeys((*before, *after))
        if before.get(name, _MISSING) != after.get(name, _MISSING)
    )


def _text(value: Any) -> str:
    if value is _MISSING or value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _said(text: str) -> str:
    """Say a value in a reason: long ones differ each time and would make a group of each row."""
    return "left out" if not text else text if len(text) <= _SHORT else "another text"


_SHORT = 24


def _reason(problem: str) -> str:
    """Return a problem as a reason: where, and what; what to do is told with the row."""
    return problem.partition("; ")[0]
