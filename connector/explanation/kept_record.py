"""A service, plan or task as it is kept in step on one connection: field by field both sides, and why they stand so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import BESIDE, plain_values, said
from connector.evidence import Message, Sent, Version
from connector.flows.parts import Keeping
from connector.moment import instant
from connector.record_merge import Rule, empty, same
from connector.store import dated
from connector.ticketing import Ticket
from connector.why import direction
from connector.why.holding import locate
from connector.why.verdict import NO_FIELD, FieldWhy, Verdict, about
from mappings.mapping import Field

_COUNTS = {
    "continuity": "both sides may change it; where both did, ours counts",
    "platform": "both sides may change it; where both did, the platform's counts",
    "newest": "both sides may change it; where both did, the later change counts",
    "manual": "both sides may change it; where both did, a person decides",
}


@dataclass(frozen=True)
class KeptRecord:
    """What is stored of a record on one connection; `keep` is None where that keeps no such records (any more).

    `ours` are the values in force, {} where the files do not have it; `named` what the record that it belongs to is
    called there (`connector.flows.records.belonging`). `taken` are the values taken from this connection, `writes` come
    oldest first, `message` is what brought what is known of the ticket; `live` is the ticket as just read. `shared`
    tells of others of the same name.
    """

    row: sa.Row[Any]
    keep: Keeping | None
    ours: Mapping[str, Any]
    named: Mapping[str, Any]
    taken: Mapping[str, sa.Row[Any]]
    writes: Sequence[Sent]
    version: Version
    labels: Mapping[str, str] | None
    message: Message | None
    live: Ticket | None = None
    shared: str = ""

    @property
    def called(self) -> str:
        return f"{self.row.record.replace('_', ' ')} {self.row.key}"

    def story(self) -> Iterator[str]:
        """Tell where the record stands and what a person has to know of it, in sentences."""
        row = self.row
        since = f" since {instant(row.state_at)}" if row.state_at else ""
        yield f"It is the {self.called}, kept in step: {row.state}{since}."
        if row.gone:
            yield f"It is linked no more: {row.gone}."
        elif row.linked_by:
            linked = "Linked" if row.platform_id else "To be created"
            yield f"{linked} {instant(row.linked_at)} by {row.linked_by}."
        if self.keep is None:
            yield f"Nothing is compared: {row.connection} keeps no such records in step (`records` in the settings)."
        elif not self.ours:
            yield "The files do not have it any more: what stands there stays as it is."
        elif row.platform_id and not row.theirs and not row.gone:
            yield "It was not read since it was linked."
        told = (*row.problems.get("doubt", ()), *row.problems.get("read", ()), self.shared)
        yield from (f"{text[:1].upper()}{text[1:]}." for text in told if text)
        if self.writes:
            last = self.writes[-1]
            at = instant(last.done_at or last.sent_at or last.created_at)
            yield f"Last write {at}: W{last.id}, {last.action} of {', '.join(last.values) or 'nothing'}, {last.state}."

    def fields(self) -> tuple[FieldWhy, ...]:
        """Return each field of the mapping that concerns the record, in the mapping's order."""
        keep = self.keep
        if keep is None or not self.ours:
            return ()
        carried = keep.carry({**self.ours, **self.named}).values
        fields = self.version.rules.fields
        return tuple(self._field(item, keep, carried) for item in fields if item.source not in BESIDE)

    def _field(self, item: Field, keep: Keeping, carried: Mapping[str, Any]) -> FieldWhy:
        name, row = item.source, self.row
        rule = keep.rules.get(name)
        theirs = dated.values(row.theirs).get(name)
        sent = (item for item in reversed(self.writes) if name in item.values and item.state != "superseded")
        write = next(sent, None)
        verdict, reason, by_message = self._verdict(item, rule, carried, write)
        live = plain_values(self.live.values) if self.live is not None else {}
        place = locate(item.field, self.labels)
        return FieldWhy(
            name=item.name,
            field=item.field,
            id=place or "",
            label=(self.labels or {}).get(place or "", ""),
            direction=direction(item),
            rule=self.version.where(item.name),
            version=self.version.id,
            verdict=verdict,
            reason=reason,
            ours=self.ours.get(name),
            theirs=theirs,
            when=item.when.source if item.when is not None else "",
            message_id=row.delivery_id if by_message else None,
            message=self.message if by_message else None,
            write=write,
            live=live.get(name),
            live_known=name in live,
            differs=name in live and not same(live[name], theirs),
            unread=name not in row.theirs,
            agreed=row.base.get(name),
            counts=_counts(rule, row.connection),
        )

    def _verdict(
        self, item: Field, rule: Rule | None, carried: Mapping[str, Any], write: Sent | None
    ) -> tuple[Verdict, str, bool]:
        """Return what came of a field, why, and whether a message tells of it."""
        name, row = item.source, self.row
        if row.gone:
            return "skipped", f"nothing is read or written any more: {row.gone}", False
        if rule is None:
            return "skipped", "the mapping neither reads nor writes it", False
        if name in row.conflicts:
            since = instant(datetime.fromisoformat(row.conflicts[name]))
            fix = f"`continuity settle {row.record} {row.key} {name}` with --ours or --theirs decides"
            return "waiting", f"changed on both sides, seen {since}, and held: {fix}", True
        held = row.problems.get("held", {}).get(name) or next(
            (text for text in row.problems.get("read", ()) if about(text, item)), ""
        )
        if held:
            told = "; ".join(text for text in (write.warnings if write is not None else ()) if item.field in text)
            return "skipped", f"{held}: {told}" if told else held, name in row.theirs
        if write is not None and write.state == "parked":
            return (
                "parked",
                f"parked: {write.reason.rstrip('.')}; mend that, then `continuity replay W{write.id}`",
                False,
            )
        if write is not None and write.state == "pending":
            tries = f"; tried {write.attempts} times: {write.reason or 'no answer yet'}" if write.attempts else ""
            value = said(name, write.values[name])
            return "waiting", f"W{write.id} is to write {value}, as soon as it can be sent{tries}", False
        if name in row.theirs:
            return self._compared(name, rule, carried, write)
        return self._uncompared(name, rule, write)

    def _compared(
        self, name: str, rule: Rule, carried: Mapping[str, Any], write: Sent | None
    ) -> tuple[Verdict, str, bool]:
        """Judge a field of which it is known what the platform holds."""
        theirs, taken = dated.values(self.row.theirs)[name], self.taken.get(name)
        ours = carried.get(name, {**self.ours, **self.named}.get(name))
        if not same(ours, theirs):
            what = "theirs is to be taken" if rule.reads and not rule.writes else "both sides differ"
            when = "it is decided when the record is next looked at (is `continuity serve` running?)"
            return "waiting", f"{what}: {when}", True
        if taken is not None:
            at, file = instant(taken.taken_at), said(name, taken.file_value)
            return "read", f"taken from here {at}, and stands over the file, which says {file}", True
        if write is not None and write.state == "done":
            last = write.id == max((sent.id for sent in self.writes if sent.state == "done"), default=0)
            told = f"W{write.id} wrote it" if last else f"it stands as W{write.id} wrote it"
            return ("written" if last else "unchanged"), told, False
        return "unchanged", "both sides hold the same", True

    def _uncompared(self, name: str, rule: Rule, write: Sent | None) -> tuple[Verdict, str, bool]:
        """Judge a field of which nothing was read."""
        if not self.row.platform_id:
            return "waiting", "the record is not created there yet", False
        if write is not None and write.state == "done" and same(self.row.base.get(name), write.values[name]):
            return "written", f"W{write.id} wrote it; what came of it there is not compared", False
        if not rule.writes or rule.reads:
            return "skipped", f"{NO_FIELD}, or it was not told: what was read did not hold it", False
        if empty(self.ours.get(name)):
            return "skipped", "there is no value to write", False
        return "waiting", "it is written when the record is next looked at (is `continuity serve` running?)", False


def _counts(rule: Rule | None, connection: str) -> str:
    if rule is None:
        return ""
    if not rule.reads:
        return "ours alone"
    return _COUNTS[rule.policy] if rule.writes else f"{connection}'s alone"
