"""The mappings with columns in the place of labels, which are looked up and kept for an hour."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from adapters.servicenow import dictionary, preference, query, records
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.dictionary import Dictionary
from connector.problem import Problem
from connector.ticketing import Record
from mappings.library import Mappings
from mappings.mapping import Field, Mapping
from mappings.transforms import NOTHING

KEEP = 3600.0
KEEP_ABSENT = 60.0
_NO_TABLE = re.compile(r"invalid table", re.IGNORECASE)
# After a hiccup a write asks again this soon, as it would lose a value; what is only read waits longer.
PRESSING = 1.0

Meant = Facts[tuple[str, str], tuple[str, ...]]
"""The columns that may be meant by what a mapping says, for each (table, text)."""


@dataclass(frozen=True)
class _Bound:
    """What holds for now: `lost` are the fields that no column was found for, with the reason."""

    mappings: Mappings
    lost: Facts[Record, tuple[tuple[Field, str], ...]]


class Binding:
    """One connection's mappings. Safe to call from several threads; asks nothing by itself.

    While labels are not known, or nobody can be asked, the fields that are named by their columns go on alone.
    """

    def __init__(self, mappings: Mappings, clock: Callable[[], float] = time.monotonic) -> None:
        self.said = mappings
        self._clock = clock
        self._lock = threading.Lock()
        said = {(_own_table(mapping), said) for mapping in mappings.records.values() for said in _labels(mapping)}
        self._labels = frozenset((table, label) for table, label in said if query.plain(label))
        # What cannot stand in a query is no label of anything that we could find.
        self._meant: dict[tuple[str, str], tuple[str, ...]] = dict.fromkeys(said - self._labels, ())
        self._until = self._pressing = 0.0
        self._there: dict[Record, tuple[bool, float]] = {}
        self._bound = self._bind()

    @property
    def mappings(self) -> Mappings:
        """The mappings as they can be used now."""
        return self._bound.mappings

    def due(self, *, pressing: bool = False) -> bool:
        """Tell whether labels have to be asked for: never asked, or too long ago; `pressing` before a write."""
        with self._lock:
            return bool(self._labels) and (self._pressing if pressing else self._until) <= self._clock()

    def requests(self) -> list[Inner]:
        """Return what asks for the labels."""
        return dictionary.of_labels((table for table, _ in self._labels), (label for _, label in self._labels))

    def learn(self, answers: Facts[str, Answer] | None) -> None:
        """Keep what was answered, None for nothing: what was known before is better than that, and is asked again."""
        good = {key.partition(":")[0] for key, answer in (answers or {}).items() if answer.good}
        if "tables" not in good or not good & {"columns", "labels"}:
            self._keep({}, KEEP_ABSENT, PRESSING)
            return
        found = Dictionary(answers or {})
        self._keep({(table, label): found.labelled(table, label) for table, label in self._labels})

    def learn_all(self, found: Dictionary, asked: Iterable[Record]) -> None:
        """Keep what the whole dictionary says of the records that were asked about.

        A text that looks like a column may be a label after all.
        """
        meant: dict[tuple[str, str], tuple[str, ...]] = {}
        self._settle(
            {
                record: found.knows(preference.preferred(mapping))
                for record in asked
                if preference.preferred(mapping := self.said[record])
                # That a table is missing counts only of an instance that tells of its tables.
                and (any(found.knows(table) for table in records.tables(mapping)) or _told_of_none(found, mapping))
            }
        )
        for mapping in self._decided().values():
            table = mapping.setting("table")
            for said in (*(item.field for item in mapping.fields), mapping.setting("note")):
                if said and found.described(table):
                    names = found.locate(table, said)
                    if names or not query.is_walk(said):
                        meant[table, said] = names
        self._keep(meant)

    def placing(self, given: Iterable[Record]) -> list[Inner]:
        """Return what asks whether the instance has the tables that are preferred, where that is due."""
        with self._lock:
            due = [record for record in given if self._there.get(record, (False, 0.0))[1] <= self._clock()]
        wanted = {record: preference.preferred(self.said[record]) for record in due if record in self.said.records}
        return [
            Inner(f"place:{record}", "GET", query.listing(table, "", ("sys_id",), display="false", limit=1))
            for record, table in wanted.items()
            if table
        ]

    def place(self, answers: Facts[str, Answer]) -> None:
        """Keep on which tables records stand; what was answered neither so nor so is asked again."""
        for key, answer in answers.items():
            name, _, record = key.partition(":")
            # Where the account may not read the table, it is there: the refusal is told when it is used.
            if name == "place" and (answer.good or answer.status in (401, 403)):
                self._settle({record: True})  # type: ignore[dict-item]
            elif name == "place" and _NO_TABLE.search(answer.reason):
                self._settle({record: False})  # type: ignore[dict-item]

    def unplaced(self, given: Iterable[Record]) -> frozenset[Record]:
        """Return the records of which it is not known on which table they stand."""
        preferring = (record for record in given if record in self.said.records)
        return frozenset(
            record for record in preferring if preference.preferred(self.said[record]) and record not in self._there
        )

    def _settle(self, there: Facts[Record, bool]) -> None:
        with self._lock:
            self._there.update({record: (found, self._clock() + KEEP) for record, found in there.items()})
            self._bound = self._bind()

    def called(self) -> Facts[str, str]:
        """Return what the mappings call each column that was found, {} where no label stands in them."""
        fields = [item for mapping in self.mappings.records.values() for item in mapping.fields if item.id]
        # A column that one mapping names by its label and another by its name goes by its label.
        fields.sort(key=lambda item: item.field != item.id)
        found = {item.id: item.field for item in fields}
        return found if self._labels or any(said != name for name, said in found.items()) else {}

    def unwritten(self, record: Record, values: Facts[str, Any], *, whole: bool) -> Iterator[Problem]:
        """Yield a problem for each value whose field has no column; `whole` as in `Mapping.write`."""
        for item, why in self._bound.lost.get(record, ()):
            made = whole and (item.default is not NOTHING or item.compute is not None)
            if item.writes and (made or values.get(item.source) not in (None, "", [])):
                yield item.problem(f"{item.source} was not written: {why}", "name the column that you mean")

    def unread(self, record: Record) -> Iterator[Problem]:
        """Yield a problem for each field that has no column to be read from, and should have one."""
        for item, why in self._bound.lost.get(record, ()):
            if item.reads and not item.optional:
                yield item.problem(f"{item.source} was not read: {why}", "name the column that you mean")

    def _keep(self, meant: Meant, lasts: float | None = None, pressing: float | None = None) -> None:
        found = all(len(meant.get(label, ())) == 1 for label in self._labels)
        lasts = (KEEP if found else KEEP_ABSENT) if lasts is None else lasts
        with self._lock:
            self._meant.update(meant)
            self._until = self._clock() + lasts
            self._pressing = self._clock() + (lasts if pressing is None else pressing)
            self._bound = self._bind()

    def _bind(self) -> _Bound:
        usable: dict[Record, Mapping] = {}
        lost: dict[Record, tuple[tuple[Field, str], ...]] = {}
        for record, mapping in self._decided().items():
            table = _own_table(mapping)
            bound = mapping.bind(partial(self._locate, table), "html")
            kept = {item.name for item in bound.fields}
            lost[record] = tuple(
                (item, self._why(table, item.field)) for item in mapping.fields if item.name not in kept
            )
            note = self._locate(table, mapping.setting("note"))
            usable[record] = replace(bound, settings={**bound.settings, "note": note or ""}) if note else bound
        return _Bound(replace(self.said, records=usable), lost)

    def _decided(self) -> dict[Record, Mapping]:
        return {
            record: preference.decided(mapping, there=self._there[record][0]) if record in self._there else mapping
            for record, mapping in self.said.records.items()
        }

    def _locate(self, table: str, said: str) -> str | None:
        names = self._meant.get((table, said), ())
        if len(names) == 1:
            return names[0]
        return said if not names and query.is_walk(said) else None

    def _why(self, table: str, said: str) -> str:
        names = self._meant.get((table, said))
        if names is None:
            return f"the instance could not be asked which column of {table} is labelled '{said}'"
        if not names:
            return f"no column of {table} is labelled '{said}'"
        return f"{len(names)} columns of {table} are labelled '{said}' ({', '.join(names)})"


def _own_table(mapping: Mapping) -> str:
    """Return the table whose columns a mapping names: its own, or where it has none the one that it prefers."""
    return mapping.setting("table") or preference.preferred(mapping)


def _told_of_none(found: Dictionary, mapping: Mapping) -> bool:
    """Tell whether a mapping stands only on a table that an instance which tells of its tables does not have."""
    return bool(found.tables) and not mapping.setting("table")


def _labels(mapping: Mapping) -> Iterator[str]:
    """Yield what a mapping says that cannot be the name of a column."""
    for said in (*(item.field for item in mapping.fields), mapping.setting("note")):
        if said and not query.is_walk(said):
            yield said
