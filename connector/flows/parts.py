"""What the flows work with: the connections, the records in force, the clock, and where work is recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from connector import breaker
from connector import catalog as catalogs
from connector.budget import Budgets
from connector.catalog import Catalog, Places
from connector.condition import Condition, Undecidable
from connector.continuity_record import plan_key, values_of, with_values
from connector.incident import Incident, from_values
from connector.merge import Policy
from connector.moment import instant
from connector.page_link import PageLinks
from connector.record_merge import Carried, Rule, same
from connector.standing import Joined
from connector.store import catalogs as stored
from connector.store import counterparts, tickets
from connector.store.database import Database
from connector.ticketing import Outcome, Ticketing, Write

ESCALATION = "escalation"
"""The name under which messages outside both platforms are queued, like writes to a connection."""


@dataclass(frozen=True)
class Received:
    """A stored message opened again: the platform's record, and whether it has to be read anew (`partial`)."""

    raw: Mapping[str, Any]
    deleted: bool = False
    partial: bool = False


@dataclass(frozen=True)
class Keeping:
    """How a kind of continuity record is kept in step on a connection.

    `create`: records that it has no counterpart of are created. `rules` are those of the fields that the mapping
    names, `carry` tells what our values read back as once they are written there. `mapping` changes with the mapping's
    text, and each of `fields` with how that field is mapped.
    """

    rules: Mapping[str, Rule]
    carry: Callable[[Mapping[str, Any]], Carried]
    create: bool = False
    mapping: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Connection:
    """One connection as the flows use it; conditions are compiled, `open` opens a stored message's body by source.

    `wins` holds, by record and field, whose value stands when both sides changed it; `keeps` the kinds of continuity
    records that are kept in step, `audit_at` when all of them are compared each night, in UTC. `mapping_version` is the
    version of the mappings that `ticketing` was made with, 0 for a draft. `files` says what becomes elsewhere of files
    that people add here; those of more than `largest_file` bytes are not copied.
    """

    ticketing: Ticketing
    open: Callable[[str, bytes], Received]
    major: Condition
    note_for: Condition
    incidents: Condition | None
    desk_team: str
    project: str
    review_project: str
    poll: bool
    timeout: timedelta = timedelta(seconds=10)
    wins: Mapping[tuple[str, str], Policy] = field(default_factory=dict)
    keeps: Mapping[str, Keeping] = field(default_factory=dict)
    audit_at: time | None = None
    mapping_version: int = 0
    files: Literal["copy", "tell", "off"] = "copy"
    largest_file: int = 10 * 2**20

    @property
    def name(self) -> str:
        return self.ticketing.connection

    @property
    def platform(self) -> str:
        return self.ticketing.platform

    def policy(self, record: str, name: str) -> Policy:
        """Return whose value of a field stands when both sides changed it: the person's on the ticket, by default."""
        return self.wins.get((record, name), "platform")

    def incident(self, row: sa.Row[Any]) -> Incident:
        """Return a stored ticket as an incident; one that was deleted on its platform counts as cancelled."""
        values = {**row.values, "state": "cancelled"} if row.deleted else row.values
        return from_values(self.name, self.platform, row.platform_id, row.number, values)


class Sender(Protocol):
    """Sends writes: an adapter, or the escalation outside both platforms."""

    def send(self, writes: Sequence[Write]) -> list[Outcome]: ...


class EscalationSender(Sender, Protocol):
    """Sends outside both platforms, in one or more ways (`mail`, `webhook`); each is a write of its own."""

    def ways(self) -> tuple[str, ...]: ...


class Waking(Protocol):
    """Has a flow look at a subject once a transaction commits (`connector.durable.Wakes`)."""

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None: ...


class Meter(Protocol):
    """Counts what happens (`connector.metrics` implements it)."""

    def delivered(self, connection: str, result: str) -> None: ...

    def wrote(self, connection: str, record: str, status: str) -> None: ...

    def stepped(self, step: str, seconds: float) -> None: ...

    def polled(self, connection: str, result: str) -> None: ...


BEHIND_AFTER = timedelta(seconds=30)
"""How long a platform must be down, or take no calls, before the tickets on the others say so."""
LONGEST_WAIT = breaker.LONGEST_WAIT.total_seconds()
"""A platform that is down is asked again this soon: nothing waits longer once it is back."""
LONGEST_ASKED = 3600.0


def waiting_time(attempts: int, retry_after: float | None) -> float:
    """Return how many seconds to wait before the next try: what the platform asked for, within reason, or our own."""
    if retry_after is not None and retry_after == retry_after:  # noqa: PLR0124 - not a number is not a time
        return min(max(retry_after, 0.0), LONGEST_ASKED)
    return min(2.0 ** min(attempts, 16), LONGEST_WAIT)


@dataclass(frozen=True)
class Timing:
    """How long things may take or wait; `preflight_at` is a time of day in UTC.

    What services and plans need written is gathered for `records_window`, so that many share a call.
    """

    write_back_window: timedelta = timedelta(seconds=2)
    give_up_after: timedelta = timedelta(hours=8)
    escalate_after: timedelta = timedelta(minutes=10)
    poll_overlap: timedelta = timedelta(minutes=2)
    keep_deliveries: timedelta = timedelta(days=30)
    preflight_at: time = time(3)
    keep_history: timedelta = timedelta(days=400)
    records_window: timedelta = timedelta()


@dataclass(frozen=True)
class Parts:
    """Everything a flow needs, handed over once by bootstrap; `places` tells where the plans are written.

    `cause` says in words why a flow looks; it is kept with each write that it intends.
    """

    database: Database
    wakes: Waking
    connections: Mapping[str, Connection]
    links: PageLinks
    now: Callable[[], datetime]
    meter: Meter
    breakers: breaker.Breakers
    budgets: Budgets
    timing: Timing = Timing()
    escalation: EscalationSender | None = None
    warm: Callable[[], None] | None = None
    forget_flows: Callable[[datetime], int] | None = None
    places: Callable[[], Places] = lambda: Places({})
    cause: str = ""
    records: RecordsInForce = field(default_factory=lambda: RecordsInForce())  # noqa: PLW0108 - defined below

    def keeping(self, connection: str, record: str) -> Keeping | None:
        """Return how a kind of continuity record is kept in step on a connection; None where it is not."""
        side = self.connections.get(connection)
        return side.keeps.get(record) if side is not None else None

    def major(self, incident: Incident) -> bool:
        return self.connections[incident.connection].major.holds(incident.facts())

    def still_major(self, incident: Incident) -> bool:
        """Tell whether a joined incident is major; one that the rule cannot judge any more counts as it did."""
        try:
            return self.major(incident)
        except Undecidable:
            return True

    def joined(self, tx: sa.Connection, activation_id: int) -> tuple[Joined, ...]:
        """Return the incidents of an activation; one on a connection that is not configured any more is left out."""
        found = []
        for row in tickets.of_activation(tx, activation_id):
            connection = self.connections.get(row.connection)
            if connection is not None and row.version is not None:
                incident = connection.incident(row)
                found.append(Joined(incident, row.role, self.still_major(incident)))
        return tuple(found)

    def behind(self) -> dict[str, str]:
        """Return the connections that not even urgent writes reach for a while, each with what is wrong."""
        now = self.now()
        found: dict[str, str] = {}
        for name in self.connections:
            since, until = self.breakers.down_since(name), self.budgets.free_at(name, "live")
            if since is not None and now - since >= BEHIND_AFTER:
                found[name] = f"gives no answer since {instant(since)}"
            elif until - now >= BEHIND_AFTER:
                found[name] = f"takes no more calls until {instant(until)}"
        return found

    def connection_for(self, target: str, prefer: str) -> Connection | None:
        """Return the connection that a task's target names: by its own name, else by platform, `prefer` first."""
        if target in self.connections:
            return self.connections[target]
        preferred = self.connections.get(prefer)
        if preferred is not None and preferred.platform == target:
            return preferred
        return next((item for item in self.connections.values() if item.platform == target), None)


Place = tuple[str, str]
"""A record's kind and key."""


@dataclass(frozen=True)
class _InForce:
    """The catalog as it stood at a `mark` (digest of the files, number of taken values, newest of them), and those."""

    mark: tuple[str, int, int]
    taken: Mapping[Place, Mapping[str, sa.Row[Any]]]
    catalog: Catalog


class RecordsInForce:
    """The catalog in force, read again only when another one was applied or a platform's value was taken.

    Of values that were taken since, only their records are made anew: ten thousand that come one by one cost little.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: Catalog | None = None
        self._known: _InForce | None = None

    def read(self, tx: sa.Connection) -> Catalog:
        """Return the records as they stand: the files', with the values laid over them that platforms may set."""
        mark = (stored.newest_digest(tx), *counterparts.stamp(tx))
        passing = counterparts.is_taking(tx)
        with self._lock:
            if self._known is not None and self._known.mark == mark and not passing:
                return self._known.catalog
            files = self._read_files(tx, mark[0])
            found = self._following(tx, files, mark) or _laid_over(tx, files, mark)
            if not passing:  # else it may be rolled back, and another value get the same mark
                self._known = found
            return found.catalog

    def files(self, tx: sa.Connection) -> Catalog:
        """Return the records as the files that were applied last state them."""
        with self._lock:
            return self._read_files(tx, stored.newest_digest(tx))

    def _read_files(self, tx: sa.Connection, digest: str) -> Catalog:
        if self._files is None or self._files.digest != digest:
            row = stored.newest(tx)
            self._files = catalogs.from_json(row.content) if row else catalogs.catalog_of((), ())
        return self._files

    def _following(self, tx: sa.Connection, files: Catalog, mark: tuple[str, int, int]) -> _InForce | None:
        """Return what is known with the values that were taken since; None where others were dropped."""
        known = self._known
        if known is None or known.mark[0] != mark[0] or mark[2] <= known.mark[2]:
            return None
        taken, count = dict(known.taken), known.mark[1]
        changed: set[Place] = set()
        for row in counterparts.taken_after(tx, known.mark[2]):
            place = (row.record, row.key)
            before = taken.get(place, {})
            count += row.field not in before
            taken[place] = {**before, row.field: row}
            changed.add(place)
        if count != mark[1]:
            return None
        plans = {plan_key(key) for kind, key in changed if kind != "service"}
        changed |= {(kind, key) for kind, key in taken if kind != "service" and plan_key(key) in plans}
        part = with_values(files, _fitting(files, {place: taken[place] for place in changed}), "")
        services = {key: part.services[key] for kind, key in changed if kind == "service" and key in part.services}
        catalog = Catalog(
            {**known.catalog.services, **services},
            {**known.catalog.plans, **{key: part.plans[key] for key in plans if key in part.plans}},
            _marked(files, mark),
            files.warnings,
        )
        return _InForce(mark, taken, catalog)


def _laid_over(tx: sa.Connection, files: Catalog, mark: tuple[str, int, int]) -> _InForce:
    """Return the files' records with the values taken from platforms."""
    taken = {place: {row.field: row for row in rows} for place, rows in counterparts.all_taken(tx).items()}
    if not taken:
        return _InForce(mark, {}, files)
    catalog = with_values(files, _fitting(files, taken), "")
    return _InForce(mark, taken, replace(catalog, digest=_marked(files, mark)))


def _marked(files: Catalog, mark: tuple[str, int, int]) -> str:
    return f"{files.digest}+{mark[1]}.{mark[2]}"


def _fitting(files: Catalog, taken: Mapping[Place, Mapping[str, sa.Row[Any]]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the taken values that stand; a file that was changed since wins."""
    found: dict[Place, dict[str, Any]] = {}
    for (record, key), rows in taken.items():
        said = values_of(files, record, key) or {}
        found[record, key] = {
            row.field: row.value for row in rows.values() if row.field in said and same(said[row.field], row.file_value)
        }
    return found
