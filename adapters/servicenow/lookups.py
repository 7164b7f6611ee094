"""Names of groups, people and configuration items with their sys_ids, kept for an hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.servicenow import query
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.records import is_sys_id
from mappings.transforms import scalar

Name = tuple[str, str]
"""A kind (`team`, `user`, `ci`, `service`) and a name of that kind."""

KEEP = 3600.0
KEEP_ABSENT = 60.0
# A poll asks again this long before a name gets too old, so that the bad hour finds it fresh.
EARLY = 600.0
_PER_REQUEST = 50


@dataclass(frozen=True)
class _Kind:
    """Where a kind is looked up: the table, the columns by which people name it, and what else must hold."""

    table: str
    columns: tuple[str, ...]
    condition: str = ""


# cmdb_ci holds services too, as cmdb_ci_service extends it.
_KINDS: Mapping[str, _Kind] = {
    "team": _Kind("sys_user_group", ("name",), "active=true"),
    "user": _Kind("sys_user", ("user_name", "email", "name"), "active=true"),
    "ci": _Kind("cmdb_ci", ("name",)),
    "service": _Kind("cmdb_ci", ("name",)),
}


@dataclass(frozen=True)
class _Entry:
    name: Name
    sys_id: str | None
    until: float


class Lookups:
    """What is known of names. Safe to call from several threads; asks nothing by itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Name, _Entry] = {}
        self._names: dict[str, str] = {}

    def resolve(self, kind: str, name: str) -> str | None:
        """Return the sys_id of a name, an outdated one rather than none; None if it is unknown or was not asked."""
        if is_sys_id(name):
            return name
        with self._lock:
            entry = self._entries.get(_key(kind, name))
        return entry.sys_id if entry else None

    def name_of(self, kind: str, sys_id: str) -> str | None:
        """Return the name behind a sys_id that was met under its name before."""
        del kind
        with self._lock:
            return self._names.get(sys_id)

    def missing(self, wanted: Iterable[Name]) -> list[Name]:
        """Return those that must be asked for: never asked, or too long ago."""
        now = self._clock()
        with self._lock:
            fresh = {key for key, entry in self._entries.items() if entry.until > now}
        asked = {_key(kind, name): (kind, name) for kind, name in wanted if kind in _KINDS and name}
        return [
            name for key, name in asked.items() if key not in fresh and query.plain(name[1]) and not is_sys_id(name[1])
        ]

    def known(self, wanted: Iterable[Name]) -> bool:
        """Tell whether all were asked at some time, so that one can do without asking again."""
        with self._lock:
            return all(_key(kind, name) in self._entries for kind, name in wanted)

    def aging(self) -> list[Name]:
        """Return the names that will be too old soon, those of one request for each kind at most."""
        soon = self._clock() + EARLY
        with self._lock:
            old = [entry.name for entry in self._entries.values() if entry.until <= soon]
        return [name for kind in _KINDS for name in [of for of in old if of[0] == kind][:_PER_REQUEST]]

    def requests(self, missing: Sequence[Name]) -> list[Inner]:
        """Return the requests that ask for `missing`; their ids start with `lookup:`."""
        inners: list[Inner] = []
        for kind in dict.fromkeys(kind for kind, _ in missing):
            names = [name for of, name in missing if of == kind]
            place = _KINDS[kind]
            for start in range(0, len(names), _PER_REQUEST):
                asked = [
                    query.where(column, "=", name)
                    for name in names[start : start + _PER_REQUEST]
                    for column in place.columns
                ]
                url = query.listing(
                    place.table,
                    query.every(place.condition, query.either(*asked)),
                    ("sys_id", *dict.fromkeys((*place.columns, "name"))),
                    display="false",
                    limit=1000,
                )
                inners.append(Inner(f"lookup:{kind}:{start}", "GET", url))
        return inners

    def learn(self, missing: Sequence[Name], answers: Mapping[str, Answer]) -> list[str]:
        """Keep what was answered; return what the platform refused to tell, as `kind: reason`.

        A name that two records bear is nobody's: neither is taken. A user name goes before an address, that before a
        display name.
        """
        refused: list[str] = []
        now = self._clock()
        for kind in dict.fromkeys(kind for kind, _ in missing):
            given = [answer for key, answer in answers.items() if key.startswith(f"lookup:{kind}:")]
            refused += [f"{kind}: {answer.reason}" for answer in given if not answer.good]
            if not given or not all(answer.good for answer in given):
                continue
            rows = [row for answer in given for row in answer.rows]
            for of, name in missing:
                if of == kind:
                    self._keep(kind, name, _match(rows, _KINDS[kind].columns, name), now)
        return refused

    def _keep(self, kind: str, name: str, row: Mapping[str, object] | None, now: float) -> None:
        sys_id = scalar(row.get("sys_id"), "") if row else None
        with self._lock:
            self._entries[_key(kind, name)] = _Entry((kind, name), sys_id, now + (KEEP if sys_id else KEEP_ABSENT))
            if sys_id and row:
                self._names[sys_id] = scalar(row.get("name"), "") or name


def _key(kind: str, name: str) -> Name:
    return kind, name.casefold()


def _match(rows: Sequence[Mapping[str, object]], columns: Sequence[str], name: str) -> Mapping[str, object] | None:
    for column in columns:
        found = {
            scalar(row.get("sys_id"), ""): row
            for row in rows
            if scalar(row.get(column), "").casefold() == name.casefold()
        }
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
    return None
