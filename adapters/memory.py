"""A platform in memory that implements the port, with people who act on it and faults on demand."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from connector.problem import Problem
from connector.ticketing import (
    KEPT,
    Account,
    Names,
    Outcome,
    Page,
    Record,
    Refused,
    Remark,
    Sink,
    Ticket,
    Traits,
    Unavailable,
    Watch,
    Write,
)

Fault = Literal["drop_before", "drop_after", "busy", "refuse", "down"]
"""What happens to a write: lost before or after its effect, told to come later, refused; `down` fails reads too."""

_US = "Continuity Connector"
"""The name of the account that signs in here."""
_INSTANTS = frozenset({"opened_at", "resolved_at", "closed_at", "updated_at", "outage_began_at", "due_at", "rto_due"})
_CLOSED = frozenset({"closed", "cancelled", "done", "failed", "skipped"})


@dataclass
class _Row:
    record: Record
    id: str
    number: str
    key: str
    values: dict[str, Any]
    made_at: datetime
    changed_at: datetime
    serial: int = 0
    version: int = 0
    notes: list[str] = field(default_factory=list)
    links: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    # The writes whose note stands here: what an adapter finds by the marks in its notes.
    noted: set[str] = field(default_factory=set)
    # What is in the files that were added, by the ids of their remarks.
    contents: dict[str, bytes] = field(default_factory=dict)


@dataclass
class _Order:
    kind: Fault
    times: int
    key: str
    retry_after: float | None


def _now() -> datetime:
    return datetime.now(UTC)


class Memory:
    """One connection. Safe to call from several threads.

    `teams` and `people` are the names that exist; a task for another team goes to `fallback_team`. `clock` gives the
    aware UTC instant of each change, `page` is how many records a page of a listing holds. `lacks` are the kinds of
    records that have no place here.
    """

    def __init__(
        self,
        connection: str = "memory",
        *,
        traits: Traits = Traits(),  # noqa: B008 - frozen
        teams: Sequence[str] = (),
        people: Sequence[str] = (),
        fallback_team: str = "Service Desk",
        clock: Callable[[], datetime] = _now,
        page: int = 50,
        lacks: Sequence[Record] = (),
    ) -> None:
        self._connection = connection
        self._traits = traits
        self._teams = frozenset((*teams, fallback_team))
        self._people = frozenset(people)
        self._fallback = fallback_team
        self._clock = clock
        self._page = page
        self._lacks = frozenset(lacks)
        self._lock = threading.RLock()
        self._rows: dict[str, _Row] = {}
        self._numbers = itertools.count(1)
        self._orders: list[_Order] = []
        self._unwanted: dict[str, str] = {}
        self.calls = 0
        """How many times the port was asked to read, poll, look up or send."""

    # What people do on the platform.

    def open_incident(self, **values: Any) -> str:
        """Raise an incident as a person would; returns its id. Values are neutral fields of `incident`."""
        with self._lock:
            number = next(self._numbers)
            given = {"state": "new", "priority": 3, "major_state": "none", "opened_at": self._clock()} | values
            row = _Row("incident", f"inc-{number}", f"INC{number:04}", "", given, self._clock(), self._clock(), number)
            self._rows[row.id] = row
            return row.id

    def make(self, record: Record, **values: Any) -> str:
        """Make a record of another kind as a person would, such as a service; returns its id."""
        with self._lock:
            number = next(self._numbers)
            row = _Row(
                record,
                f"{record}-{number}",
                f"{record[:3].upper()}{number:04}",
                "",
                values,
                self._clock(),
                self._clock(),
                number,
            )
            self._rows[row.id] = row
            return row.id

    def delete(self, ticket: str) -> None:
        """Delete a record for good; raises KeyError for an unknown id."""
        with self._lock:
            del self._rows[ticket]

    def change(self, ticket: str, **values: Any) -> None:
        """Change a ticket as a person would; raises KeyError for an unknown id."""
        with self._lock:
            row = self._rows[ticket]
            row.values.update(values)
            self._touch(row)

    def notes(self, ticket: str) -> tuple[str, ...]:
        """Return the notes on a ticket, the oldest first."""
        with self._lock:
            return tuple(self._rows[ticket].notes)

    def remark(self, ticket: str, author: str, text: str) -> None:
        """Write on a ticket as a person would; raises KeyError for an unknown id."""
        with self._lock:
            row = self._rows[ticket]
            made = Remark(ticket, f"{ticket}-{len(row.remarks) + 1}", "comment", author, self._clock(), text)
            row.remarks.append(made)
            self._touch(row)

    def attach(self, ticket: str, author: str, name: str, content: bytes = b"fine", *, told: int = -1) -> None:
        """Add a file as a person would, of which another size may be told; raises KeyError for an unknown id."""
        with self._lock:
            self._attach(self._rows[ticket], author, name, content, "text/plain", told=told)

    def files(self, ticket: str) -> list[tuple[str, bytes]]:
        """Return the files on a ticket, name and content, the oldest first."""
        with self._lock:
            row = self._rows[ticket]
            return [(item.text, row.contents[item.id]) for item in row.remarks if item.kind == "attachment"]

    def links(self, ticket: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the remote links on a ticket by their global id."""
        with self._lock:
            return dict(self._rows[ticket].links)

    def tickets(self, record: Record | None = None) -> tuple[Ticket, ...]:
        """Return everything that stands, or what is of one record."""
        with self._lock:
            return tuple(self._ticket(row) for row in self._rows.values() if record in (None, row.record))

    def fail(self, kind: Fault, *, times: int = 1, key: str = "", retry_after: float | None = None) -> None:
        """Let the next `times` writes whose key contains `key` (or, for `down`, all calls) go wrong."""
        with self._lock:
            self._orders.append(_Order(kind, times, key, retry_after))

    def reject(self, field: str, reason: str) -> None:
        """Refuse each create that gives a value to `field`, as a platform that was changed does, until `accept`."""
        with self._lock:
            self._unwanted[field] = reason

    def accept(self, field: str) -> None:
        """Take values for `field` again."""
        with self._lock:
            self._unwanted.pop(field, None)

    # The port.

    @property
    def connection(self) -> str:
        return self._connection

    @property
    def platform(self) -> str:
        return "memory"

    @property
    def traits(self) -> Traits:
        return self._traits

    def parse(self, raw: Mapping[str, Any]) -> Ticket:
        """Turn `{"record", "id", "number", "version", "key", "values"}` into a ticket; instants may be ISO text."""
        values = {
            name: datetime.fromisoformat(value) if name in _INSTANTS and isinstance(value, str) else value
            for name, value in dict(raw.get("values") or {}).items()
        }
        return Ticket(
            connection=self._connection,
            record=raw.get("record", "other"),
            id=str(raw.get("id", "")),
            number=str(raw.get("number", "")),
            url=f"memory://{self._connection}/{raw.get('id', '')}",
            version=int(raw.get("version", 0)),
            values=values,
            key=str(raw.get("key", "")),
            raw=raw,
            made_at=datetime.fromisoformat(raw["made_at"]) if raw.get("made_at") else None,
        )

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        """Read tickets of any record by id or number; those that are unknown are left out."""
        del record
        with self._lock:
            self._ask()
            return [self._ticket(row) for row in self._rows.values() if row.id in ids or row.number in ids]

    def changed(self, watch: Watch) -> list[Ticket]:
        """Read what changed at or after `since`."""
        with self._lock:
            self._ask()
            rows = [row for row in self._rows.values() if watch.since is None or row.changed_at >= watch.since]
            return [self._ticket(row) for row in rows if self._watched(row, watch)]

    def listing(self, record: Record, *, since: datetime | None = None, after: str = "") -> Page:
        """Read a page of the records of a kind, in the order in which they were made."""
        with self._lock:
            self._ask()
            if record in self._lacks:
                return Page((), nowhere=True)
            rows = [
                row
                for row in self._rows.values()
                if row.record == record and row.serial > int(after or 0) and (since is None or row.changed_at >= since)
            ]
            shown = sorted(rows, key=lambda row: row.serial)[: self._page]
            more = str(shown[-1].serial) if len(rows) > len(shown) else ""
            return Page(tuple(self._ticket(row) for row in shown), more)

    def remarks(self, record: Record, ids: Sequence[str], since: datetime | None = None) -> list[Remark]:
        """Read what people wrote; our own notes are kept apart."""
        with self._lock:
            self._ask()
            rows = [self._rows[each] for each in ids if each in self._rows and self._rows[each].record == record]
            found = [remark for row in rows for remark in row.remarks]
            return [item for item in found if since is None or (item.written_at or since) >= since]

    def content(self, file: Remark, into: Sink) -> None:
        """Read a file's content."""
        with self._lock:
            self._ask()
            found = self._rows[file.ticket].contents.get(file.id) if file.ticket in self._rows else None
        if found is None:
            raise Refused(f"{self._connection}: no file '{file.id}'")
        into.write(found)

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Make the changes, in order."""
        with self._lock:
            self.calls += 1
            return [self._write(write) for write in writes]

    def warm(self, names: Names) -> tuple[Problem, ...]:
        """Name the teams and people that do not exist."""
        with self._lock:
            self._ask()
        where = f"connection {self._connection}"
        lost = [("team", name) for name in names.teams if name not in self._teams]
        lost += [("person", name) for name in names.people if name not in self._people]
        return tuple(Problem(where, f"no {kind} '{name}'", "add it", "warning") for kind, name in lost)

    def check(self, names: Names) -> Account:
        return Account("memory", self.warm(names))

    def preflight(self, writes: Sequence[Write]) -> tuple[Problem, ...]:
        """Tell which creates would be refused now, and which would go to the fallback team."""
        with self._lock:
            self._ask()
            problems: list[Problem] = []
            for write in writes:
                fix = "take the field out of the plan"
                problems += [
                    Problem(f"{write.key}: {name}", reason, fix) for name, reason in self._refusals(write).items()
                ]
                team = write.values.get("team")
                problems += [
                    Problem(f"{write.key}: team", warning, f"add the team '{team}', or correct it", "warning")
                    for warning in self._values(write)[1]
                ]
            return tuple(problems)

    def close(self) -> None:
        """Nothing is held."""

    def _ask(self) -> None:
        self.calls += 1
        order = self._fault("", ("down", "refuse"))
        if order is not None and order.kind == "down":
            raise Unavailable(f"{self._connection}: down on demand", order.retry_after)
        if order is not None:
            raise Refused(f"{self._connection}: refused on demand")

    def _watched(self, row: _Row, watch: Watch) -> bool:
        if row.record == "incident":
            open_major = row.values.get("state") not in _CLOSED and (
                row.values.get("priority") in (1, 2) or row.values.get("major_state") in ("proposed", "accepted")
            )
            followed = row.id in watch.incidents or row.values.get("parent") in watch.incidents
            return followed or (watch.majors and open_major)
        ours = row.values.get("incident") in watch.incidents
        return ours or row.key.startswith(watch.activations)

    def _write(self, write: Write) -> Outcome:
        order = self._fault(write.key, ("drop_before", "drop_after", "busy", "refuse", "down"))
        kind = order.kind if order else None
        if kind == "refuse":
            return Outcome(write.key, "refused", id=write.id, reason="refused on demand")
        if kind in ("busy", "down"):
            wait = order.retry_after if order else None
            status: Literal["unclear", "retry"] = "unclear" if write.unclear_since else "retry"
            return Outcome(write.key, status, id=write.id, reason="busy on demand", retry_after=wait)
        if kind == "drop_before":
            return Outcome(write.key, "unclear", id=write.id, reason="the connection was lost")
        outcome = self._create(write) if write.action == "create" else self._update(write)
        if kind == "drop_after":
            return Outcome(write.key, "unclear", id=write.id, reason="the connection was lost")
        return outcome

    def _create(self, write: Write) -> Outcome:
        if write.record in self._lacks:
            return Outcome(write.key, "refused", reason=f"there is no place for a {write.record} here")
        refusals = self._refusals(write)
        if refusals:
            told = "; ".join(f"{name}: {reason}" for name, reason in refusals.items())
            return Outcome(write.key, "refused", reason=told)
        ticket = f"{write.record}-{hashlib.sha256(write.key.encode()).hexdigest()[:16]}"
        values, warnings = self._values(write)
        row = self._rows.get(ticket)
        if row is None:
            serial = next(self._numbers)
            number = f"{write.record[:3].upper()}{serial:04}"
            row = _Row(write.record, ticket, number, write.key, values, self._clock(), self._clock(), serial)
            self._rows[ticket] = row
            self._note(row, write)
        return self._done(write, row, warnings)

    def _update(self, write: Write) -> Outcome:
        row = self._rows.get(write.id)
        if row is None:
            return Outcome(write.key, "refused", id=write.id, reason=f"no ticket '{write.id}'")
        if write.action == "link":
            if not self._traits.remote_links:
                return Outcome(write.key, "refused", id=write.id, reason="tickets have no remote links here")
            row.links[str(write.values.get("global_id", write.key))] = dict(write.values)
            return self._done(write, row, ())
        if write.action == "attach":
            return self._take_file(row, write)
        values, warnings = self._values(write)
        noted = bool(write.note) and not (write.unclear_since and write.key in row.noted)
        if noted or any(row.values.get(name) != value for name, value in values.items()):
            row.values.update(values)
            if noted:
                self._note(row, write)
            self._touch(row)
        return self._done(write, row, warnings)

    def _take_file(self, row: _Row, write: Write) -> Outcome:
        refusals = self._refusals(write)
        if refusals or write.content is None:
            told = "; ".join(f"{name}: {reason}" for name, reason in refusals.items())
            return Outcome(write.key, "refused", id=write.id, reason=told or "there is no content")
        content = write.content.read()
        made = self._attach(row, _US, str(write.values["file"]), content, str(write.values["type"]))
        return Outcome(write.key, "done", made.id, row.number, version=row.version)

    def _attach(self, row: _Row, author: str, name: str, content: bytes, kind: str, *, told: int = -1) -> Remark:
        identity = f"{row.id}-{len(row.remarks) + 1}"
        url = f"memory://{self._connection}/{row.id}/{name}"
        size = told if told >= 0 else len(content)
        made = Remark(row.id, identity, "attachment", author, self._clock(), name, url, size, kind, own=author == _US)
        row.contents[identity] = content
        row.remarks.append(made)
        self._touch(row)
        return made

    def _values(self, write: Write) -> tuple[dict[str, Any], tuple[str, ...]]:
        values = dict(write.values)
        team = values.get("team")
        if not team or team in self._teams:
            return values, ()
        return values | {"team": self._fallback}, (f"no team '{team}': given to '{self._fallback}'",)

    def _refusals(self, write: Write) -> dict[str, str]:
        given = [name for name, value in write.values.items() if value not in (None, "")]
        return {name: self._unwanted[name] for name in given if name in self._unwanted}

    def _note(self, row: _Row, write: Write) -> None:
        if write.note:
            row.notes.append(write.note)
            row.noted.add(write.key)

    def _touch(self, row: _Row) -> None:
        row.version += 1
        row.changed_at = self._clock()

    def _done(self, write: Write, row: _Row, warnings: tuple[str, ...]) -> Outcome:
        ticket = self._ticket(row)
        return Outcome(
            key=write.key,
            status="done",
            id=row.id,
            number=row.number,
            url=ticket.url,
            version=row.version,
            warnings=warnings,
        )

    def _ticket(self, row: _Row) -> Ticket:
        values = {**row.values, "updated_at": row.changed_at} if row.record in KEPT else dict(row.values)
        raw = {
            "record": row.record,
            "id": row.id,
            "number": row.number,
            "version": row.version,
            "key": row.key,
            "made_at": row.made_at.isoformat(),
            "values": values,
        }
        ticket = self.parse(raw)
        # The raw record is stored as JSON, where instants are text.
        told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
        return replace(ticket, raw=raw | {"values": told})

    def _fault(self, key: str, kinds: tuple[Fault, ...]) -> _Order | None:
        for order in self._orders:
            if order.kind in kinds and order.key in key and order.times:
                order.times -= 1
                return order
        return None
