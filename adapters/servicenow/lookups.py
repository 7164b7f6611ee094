"""Names of groups, people and configuration items with their sys_ids, kept for an hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.servicenow import query
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.records import is_sys_id
from mappings.transforms import Lookup, scalar

Name = tuple[Lookup, str]
"""How a name is looked up (its kind is one of `_KINDS`), and the name: of a `timeframe` its seconds."""

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
    stored: Callable[[str], str] = str
    """Gives a name as the columns hold it."""


def _since_1970(seconds: str) -> str:
    """Return a length of time as the instant so long after the beginning of 1970, as the platform stores durations."""
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds)):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return seconds


# cmdb_ci holds services too, as cmdb_ci_service extends it.
_KINDS: Mapping[str, _Kind] = {
    "team": _Kind("sys_user_group", ("name",), "active=true"),
    "user": _Kind("sys_user", ("user_name", "email", "name"), "active=true"),
    "ci": _Kind("cmdb_ci", ("name",)),
    "service": _Kind("cmdb_ci", ("name",)),
    "timeframe": _Kind("sn_bcm_timeframe", ("starts_at",), stored=_since_1970),
}


def table_of(kind: str) -> str:
    """Return the table on which a kind is looked up, "" for an unknown kind."""
    return _KINDS[kind].table if kind in _KINDS else ""


def askable(lookup: Lookup) -> bool:
    """Tell whether a lookup can be asked: its kind is known, and what bears the name is a column of that table.

    A dot-walk is refused: its rows could not be told apart by what they hold.
    """
    return lookup.kind in _KINDS and (not lookup.by or query.is_column(lookup.by))


def _columns(lookup: Lookup) -> tuple[str, ...]:
    return (lookup.by,) if lookup.by else _KINDS[lookup.kind].columns


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

    def resolve(self, lookup: Lookup, name: str) -> str | None:
        """Return the sys_id of a name, an outdated one rather than none; None if it is unknown or was not asked."""
        if is_sys_id(name):
            return name
        with self._lock:
            entry = self._entries.get(_key(lookup, name))
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
        asked = {_key(lookup, name): (lookup, name) for lookup, name in wanted if askable(lookup) and name}
        return [
            name for key, name in asked.items() if key not in fresh and query.plain(name[1]) and not is_sys_id(name[1])
        ]

    def known(self, wanted: Iterable[Name]) -> bool:
        """Tell whether all were asked at some time, so that one can do without asking again."""
        with self._lock:
            return all(_key(lookup, name) in self._entries for lookup, name in wanted)

    def aging(self) -> list[Name]:
        """Return the names that will be too old soon, those of one request for each kind of lookup at most."""
        soon = self._clock() + EARLY
        with self._lock:
            old = [entry.name for entry in self._entries.values() if entry.until <= soon]
        lookups = dict.fromkeys(lookup for lookup, _ in old)
        return [name for lookup in lookups for name in [of for of in old if of[0] == lookup][:_PER_REQUEST]]

    def requests(self, missing: Sequence[Name]) -> list[Inner]:
        """Return the requests that ask for `missing`; their ids start with `lookup:`."""
        inners: list[Inner] = []
        for lookup in dict.fromkeys(lookup for lookup, _ in missing):
            names = [name for of, name in missing if of == lookup]
            place, columns = _KINDS[lookup.kind], _columns(lookup)
            fields = ("sys_id", "sys_created_on", *dict.fromkeys((*columns, "name")))
            for start in range(0, len(names), _PER_REQUEST):
                part = names[start : start + _PER_REQUEST]
                stored = [place.stored(name) for name in part]
                asked = query.either(*(query.where(column, "=", name) for name in stored for column in columns))
                condition = query.every(place.condition, asked)
                url = query.listing(place.table, condition, fields, display="false", limit=1000)
                inners.append(Inner(f"{_asked_as(lookup)}{start}", "GET", url))
        return inners

    def learn(self, missing: Sequence[Name], answers: Mapping[str, Answer]) -> list[str]:
        """Keep what was answered; return what the platform refused to tell, as `kind: reason`.

        A name that two records bear is nobody's, and neither is taken, but where the lookup says `first`: then it is
        the one that was made first. A user name goes before an address, that before a display name.
        """
        refused: list[str] = []
        now = self._clock()
        for lookup in dict.fromkeys(lookup for lookup, _ in missing):
            given = [answer for key, answer in answers.items() if key.startswith(_asked_as(lookup))]
            refused += [f"{lookup.kind}: {answer.reason}" for answer in given if not answer.good]
            if not given or not all(answer.good for answer in given):
                continue
            rows = [row for answer in given for row in answer.rows]
            for of, name in missing:
                if of == lookup:
                    self._keep(lookup, name, _match(rows, lookup, name), now)
        return refused

    def _keep(self, lookup: Lookup, name: str, row: Mapping[str, object] | None, now: float) -> None:
        sys_id = scalar(row.get("sys_id"), "") if row else None
        until = now + (KEEP if sys_id else KEEP_ABSENT)
        with self._lock:
            self._entries[_key(lookup, name)] = _Entry((lookup, name), sys_id, until)
            if sys_id and row:
                self._names[sys_id] = scalar(row.get("name"), "") or name


def _key(lookup: Lookup, name: str) -> Name:
    return lookup, name.casefold()


def _asked_as(lookup: Lookup) -> str:
    told = f"{lookup.kind}.{lookup.by}.{lookup.several}" if lookup != Lookup(lookup.kind) else lookup.kind
    return f"lookup:{told}:"


def _match(rows: Sequence[Mapping[str, object]], lookup: Lookup, name: str) -> Mapping[str, object] | None:
    wanted = _KINDS[lookup.kind].stored(name).casefold()
    # What the platform gave is compared again: it ignores a condition on a column that it does not have.
    for column in _columns(lookup):
        found = {scalar(row.get("sys_id"), ""): row for row in rows if scalar(row.get(column), "").casefold() == wanted}
        if found and lookup.several == "first":
            return min(found.values(), key=_age)
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
    return None


def _age(row: Mapping[str, object]) -> tuple[str, str]:
    return scalar(row.get("sys_created_on"), ""), scalar(row.get("sys_id"), "")
