"""A platform in memory that behaves as badly as the real ones may, and knows what was done to it.

It tells of each change (`letters`), may lose an answer before or after the effect, carry a write out late, show what
was made only after a while, number its versions by counting or by instants of a clock that goes wrong, let people act
in the middle of a call, and let a rule of its own set a field back.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from adapters.memory import Memory, _Row
from connector.ticketing import Outcome, Page, Record, Remark, Ticket, Traits, Unavailable, Watch, Write
from tests.converge.clock import CALL, Clock

Moment = Literal["reading", "read", "sending", "sent"]
"""When somebody may act in the middle of a call: before or after its effect."""
Trouble = Literal["busy", "lost_before", "lost_after", "late", "refuse", "unavailable"]

REFUSED = "refused for now"
"""The reason of a refusal that a person can mend."""
_OK, _BUSY, _DOWN = 200, 429, 503
_CLOSED = frozenset({"done", "failed", "skipped"})
_ENDED = frozenset({"closed", "cancelled"})


@dataclass(frozen=True)
class Letter:
    """A webhook message on its way."""

    connection: str
    ticket: Ticket
    identity: str
    deleted: bool = False

    def body(self, *, partial: bool) -> bytes:
        return json.dumps({"raw": dict(self.ticket.raw), "deleted": self.deleted, "partial": partial}).encode()


@dataclass
class Tally:
    """What the connector did here: effects of its writes, each note by the write that brought it, creates by key."""

    effects: int = 0
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    creates: Counter[str] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)


class Nasty(Memory):
    """With a `lag` ids are new for each create, and what was just made is hidden so long; `keeps` is what a value becomes."""

    def __init__(
        self,
        connection: str,
        clock: Clock,
        traits: Traits,
        *,
        skew: timedelta = timedelta(),
        lag: timedelta = timedelta(),
        page: int = 50,
        keeps: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        super().__init__(connection, traits=traits, teams=["Team"], clock=lambda: clock.now() + skew, page=page)
        self._time = clock
        self._lag = lag
        self.keeps = keeps
        self._ours = False
        self._knew: dict[str, int] = {}
        self.sending: tuple[str, ...] = ()
        """The tickets whose state the call writes that was last made."""
        self._troubles: list[Trouble] = []
        self._acts: list[tuple[Moment, Callable[[], None]]] = []
        self._late: list[tuple[datetime, Write]] = []
        self._letters = 0
        self.called: Callable[[str, int], None] = lambda connection, status: None
        self.letters: list[Letter] = []
        """Messages on their way."""
        self.told: list[Letter] = []
        """All messages since this was last emptied, those that arrived too."""
        self.tally = Tally()
        self.moved: dict[tuple[str, str], int] = {}
        """The version at which a person last set a field of a ticket."""
        self.heard: dict[str, int] = {}
        """The version of each ticket that the connector was told of or has read."""
        self.overwritten: set[tuple[str, str]] = set()
        """Fields of tickets that the connector wrote over what a person had set and it could not know of yet."""
        self.put_back: dict[str, int] = {}
        """Tickets with one unknown move that was written over, which a gap in counted versions shows; the write's place."""
        self.cascaded: set[str] = set()
        self.rule: dict[tuple[str, str], Any] = {}
        """(record, field) -> the value to which a rule of the platform sets it back when the connector writes it."""

    # What the world does.

    def trouble(self, *kinds: Trouble) -> None:
        """Have the next calls go wrong, one after another."""
        self._troubles += kinds

    def during(self, moment: Moment, act: Callable[[], None]) -> None:
        """Have a person do something in the middle of the next call."""
        self._acts.append((moment, act))

    def edit(self, ticket: str, **values: Any) -> None:
        """Change a ticket as a person, a rule, or whoever is signed in as the integration does."""
        row = self._rows[ticket]
        ended = row.record == "incident" and values.get("state") in _ENDED and row.values["state"] not in _ENDED
        if ended and self.traits.tasks_close_with_incident:
            self._close_tasks(ticket)
        self.change(ticket, **values)
        for name in values:
            self.moved[ticket, name] = row.version

    def say(self, ticket: str, author: str, text: str) -> None:
        """Comment on a ticket as a person does."""
        self.remark(ticket, author, text)

    def erase(self, ticket: str, *, told: bool = True) -> None:
        """Delete a ticket as a person does; its message never leaves where it is not `told`."""
        gone = self._ticket(self._rows[ticket])
        self.delete(ticket)
        if told:
            self._post(replace(gone, version=gone.version + 1), deleted=True)

    def hear(self, ticket: str, version: int) -> None:
        """Take note that the connector knows a version."""
        self.heard[ticket] = max(version, self.heard.get(ticket, -1))

    def land(self) -> None:
        """Carry out what the connector gave up on and whose time has come."""
        due = [item for item in self._late if item[0] <= self._time.now()]
        self._late = [item for item in self._late if item not in due]
        self._knew = dict(self.heard)
        for _, write in due:
            self._as_us(lambda write=write: Memory._write(self, write))

    def calm(self) -> None:
        """Let no more calls go wrong, and let nobody act in the middle of one."""
        self._troubles.clear()
        self._acts.clear()

    def now_holds(self, ticket: str) -> dict[str, Any]:
        return dict(self._rows[ticket].values)

    def number(self, ticket: str) -> str:
        return self._rows[ticket].number

    def exists(self, ticket: str) -> bool:
        return ticket in self._rows

    def snapshot(self) -> Any:
        """Return what stands here, to be put into a fresh platform by `restore`."""
        kept = ("_rows", "_numbers", "_letters", "tally", "moved", "heard", "overwritten", "put_back", "cascaded")
        return copy.deepcopy({name: getattr(self, name) for name in kept})

    def restore(self, kept: Any) -> None:
        for name, value in copy.deepcopy(kept).items():
            setattr(self, name, value)

    # The port.

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        self._begin("reading")
        found = super().read(record, ids)
        return self._told(found)

    def changed(self, watch: Watch) -> list[Ticket]:
        self._begin("reading")
        found = super().changed(watch)
        return self._told(found)

    def listing(self, record: Record, *, since: datetime | None = None, after: str = "") -> Page:
        self._begin("reading")
        page = super().listing(record, since=since, after=after)
        return replace(page, tickets=tuple(self._told(list(page.tickets))))

    def remarks(self, record: Record, ids: Sequence[str], since: datetime | None = None) -> list[Remark]:
        self._begin("reading")
        found = super().remarks(record, ids, since)
        self._act("read")
        return found

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        self._time.advance(CALL)
        self.land()
        self._knew = dict(self.heard)  # what is heard during the call came too late for what is sent
        self.sending = tuple(write.id for write in writes if write.id and "state" in write.values)
        self._act("sending")
        outcomes = self._as_us(lambda: Memory.send(self, writes))
        self._set_back(writes, outcomes)
        self._act("sent")
        return list(outcomes)

    # How it is done.

    def _begin(self, moment: Moment) -> None:
        self._time.advance(CALL)
        self.land()
        self._act(moment)
        if self._troubles and self._troubles[0] in {"busy", "unavailable"}:
            kind = self._troubles.pop(0)
            self.called(self.connection, _BUSY if kind == "busy" else _DOWN)
            raise Unavailable(f"{self.connection}: {kind}", 3.0 if kind == "busy" else None)
        self.called(self.connection, _OK)

    def _told(self, found: list[Ticket]) -> list[Ticket]:
        for ticket in found:
            self.hear(ticket.id, ticket.version)
        self._act("read")
        return found

    def _act(self, moment: Moment) -> None:
        now = [act for when, act in self._acts if when == moment]
        self._acts = [item for item in self._acts if item[0] != moment]
        for act in now:
            act()

    def _as_us(self, do: Callable[[], Any]) -> Any:
        self._ours = True
        try:
            return do()
        finally:
            self._ours = False

    def _write(self, write: Write) -> Outcome:
        kind = self._troubles.pop(0) if self._troubles else None
        status: Literal["unclear", "retry"] = "unclear" if write.unclear_since else "retry"
        match kind:
            case "busy" | "unavailable":
                self.called(self.connection, _BUSY if kind == "busy" else _DOWN)
                return Outcome(write.key, status, id=write.id, reason=kind, retry_after=3.0 if kind == "busy" else None)
            case "refuse":
                self.called(self.connection, _OK)
                return Outcome(write.key, "refused", id=write.id, reason=REFUSED)
            case "lost_before":
                self.called(self.connection, 0)
                return Outcome(write.key, "unclear", id=write.id, reason="no answer")
            case "late" if write.action == "create" or write.note:
                self.called(self.connection, 0)
                self._late.append((self._time.now() + timedelta(seconds=4), write))
                return Outcome(write.key, "unclear", id=write.id, reason="no answer in time")
        self.called(self.connection, _OK)
        outcome = super()._write(write)
        if kind in {"lost_after", "late"} and outcome.status == "done":
            return Outcome(write.key, "unclear", id=write.id, reason="no answer")
        return outcome

    def _create(self, write: Write) -> Outcome:
        known = set(self._rows)
        outcome = super()._create(write) if not self._lag else self._make(write)
        for made in set(self._rows) - known:
            row = self._rows[made]
            self.tally.creates[write.key] += 1
            self._count(row, write)
            if self.traits.versions_are_instants:
                row.version = self._instant()
            self._post(self._ticket(row))
            outcome = replace(outcome, version=row.version)
        return outcome

    def _make(self, write: Write) -> Outcome:
        """Create as a platform does that numbers its tickets itself and finds them by a search that lags."""
        if write.unclear_since is not None:
            left = write.unclear_since + self._lag - self._time.now()
            if left > timedelta():
                told = "an earlier try may have landed, and the search lags"
                return Outcome(write.key, "retry", reason=told, retry_after=left.total_seconds())
            found = next((row for row in self._rows.values() if row.key == write.key), None)
            if found is not None:
                return self._done(write, found, ())
        again = replace(write, key=f"{write.key} {len(self._rows)}")
        outcome = super()._create(again)
        self._rows[outcome.id].key = write.key
        return replace(outcome, key=write.key)

    def _update(self, write: Write) -> Outcome:
        row = self._rows.get(write.id)
        if row is None:
            return super()._update(write)
        before, notes, links = row.version, len(row.notes), copy.copy(row.links)
        # Where what we write stands there by chance, a count of versions cannot tell that from our having written it.
        heard = self._knew.get(row.id, -1)
        unknown = {name for name in write.values if self.moved.get((row.id, name), -1) > heard}
        put_back = not self.traits.versions_are_instants and before == heard + 1 == self.moved.get((row.id, "state"))
        outcome = super()._update(write)
        self.overwritten |= {(row.id, name) for name in unknown}
        if put_back and "state" in unknown:
            self.put_back[row.id] = self.tally.fields[row.id, "state"] + 1
        if row.version != before:
            self.tally.fields.update((row.id, name) for name in write.values)
        if row.version != before or row.links != links:
            self._count(row, write, noted=len(row.notes) > notes)
        if self.traits.versions_are_instants and set(write.values) == {"state"} and not write.note:
            return replace(outcome, version=None)  # a transition's answer shows nothing
        return outcome

    def _count(self, row: _Row, write: Write, *, noted: bool = True) -> None:
        self.tally.effects += 1
        if write.note and noted:
            self.tally.notes[row.id, write.key] += 1

    def _values(self, write: Write) -> tuple[dict[str, Any], tuple[str, ...]]:
        values, warnings = super()._values(write)
        return {name: self.keeps(value) for name, value in values.items()}, warnings

    def _touch(self, row: _Row) -> None:
        super()._touch(row)
        if self.traits.versions_are_instants:
            row.version = max(row.version, self._instant())
        self._post(self._ticket(row))

    def _instant(self) -> int:
        return int(self._clock().timestamp() * 1000)

    def _post(self, ticket: Ticket, *, deleted: bool = False) -> None:
        self._letters += 1
        letter = Letter(self.connection, ticket, f"{self.connection}-{self._letters}", deleted)
        self.letters.append(letter)
        self.told.append(letter)

    def _close_tasks(self, incident: str) -> None:
        """Close the open tasks of an incident that is being closed; their messages leave before the incident's."""
        for row in list(self._rows.values()):
            hangs_on_it = row.record == "recovery_task" and row.values.get("incident") == incident
            if hangs_on_it and row.values["state"] not in _CLOSED and not row.values.get("lasting"):
                self.cascaded.add(row.id)
                self.change(row.id, state="skipped", closed_at=self._clock())

    def _set_back(self, writes: Sequence[Write], outcomes: Sequence[Outcome]) -> None:
        """Let a rule of the platform set back what was written."""
        for write, outcome in zip(writes, outcomes, strict=True):
            ticket = outcome.id if outcome.status == "done" else ""
            for name in set(write.values) & {named for record, named in self.rule if record == write.record}:
                wanted = self.rule[write.record, name]
                if ticket in self._rows and self._rows[ticket].values.get(name) != wanted:
                    self.edit(ticket, **{name: wanted})
