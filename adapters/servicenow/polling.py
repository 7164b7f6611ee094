"""What to ask for so that nothing is missed which no webhook told: one Batch call, paged only where it must be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from adapters.servicenow import query, records
from adapters.servicenow.batch import Answer, Inner
from connector.ticketing import KEPT, Watch
from mappings.library import Mappings
from mappings.mapping import Mapping
from mappings.transforms import scalar

# A list of ids in one condition: more would make the address too long for some gateways.
_IDS = 100
_NUMBER = re.compile(r"[A-Z]+[0-9]+")


@dataclass(frozen=True)
class Listing:
    """One question: a table with a query, asked page by page; at `path` where the table has an interface of its own."""

    table: str
    query: str
    fields: tuple[str, ...]
    path: str = ""

    def page(self, name: str, limit: int, offset: int = 0) -> Inner:
        path = self.path or query.record_path(self.table)
        return Inner(name, "GET", query.page(path, self.query, self.fields, limit=limit, offset=offset))


def listings(mappings: Mappings, watch: Watch, *, major_query: str) -> Iterator[Listing]:
    """Yield what `watch` asks for; `major_query` is the condition on incidents that may be major.

    The caller's `since` overlaps, as `sys_updated_on` has whole seconds and rows commit late. Raises query.Unsafe.
    """
    recent = f"sys_updated_on>={watch.since.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if watch.since else ""
    incident, task, review = mappings["incident"], mappings["recovery_task"], mappings["review"]
    table = incident.setting("table")
    asked = records.columns(incident)
    if watch.majors:
        yield Listing(table, query.every("active=true", major_query, recent), asked)
    for ids in parts(watch.incidents):
        followed = query.either(query.within("sys_id", ids), *_fields(incident, "parent", ids))
        yield Listing(table, query.every(followed, recent), asked)
    if watch.incidents or watch.activations:
        yield from _ours(task, watch, recent)
        yield from _ours(review, watch, recent)


def _fields(mapping: Mapping, name: str, ids: Sequence[str]) -> tuple[str, ...]:
    item = mapping.named(name)
    return (query.within(item.id, ids),) if item is not None and item.id else ()


def of_ids(mapping: Mapping, ids: Sequence[str]) -> Iterator[Listing]:
    """Yield what asks for a record by its ids or numbers, on each table that it may stand on. Raises query.Unsafe."""
    for table, alone in _places(mapping):
        for part in parts(ids):
            named = [given for given in part if not records.is_sys_id(given)]
            by_id = [query.within("sys_id", (given for given in part if records.is_sys_id(given)))]
            either = query.either(*(by_id if len(named) < len(part) else []), *_numbered(mapping, named))
            yield Listing(table, query.every(either, alone), records.columns(mapping))


def _numbered(mapping: Mapping, given: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions on what people call a record: of continuity records not all have a number, but a name."""
    name = records.known_by(mapping) if mapping.record in KEPT else ""
    if not name:
        return (query.within("number", given),) if given else ()
    # A condition on a column that the table lacks is ignored, or nothing matches: numbers alone are asked for so.
    numbers = [text for text in given if _NUMBER.fullmatch(text)]
    return (*(query.where(name, "=", text) for text in given), *(query.where("number", "=", text) for text in numbers))


def _places(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Yield a record's tables, each with the condition that keeps it to its own rows.

    The lasting table holds the other's rows too, without their own columns: each row is asked for once.
    """
    own, *lasting = records.tables(mapping)
    yield own, ""
    for table in lasting:
        yield table, f"sys_class_name={table}"


def _ours(mapping: Mapping, watch: Watch, recent: str) -> Iterator[Listing]:
    """Ask for what we made: with a `since` all that changed, which is little; without one, what belongs to `watch`."""
    made = f"correlation_display={records.OURS}"
    for table, alone in _places(mapping):
        for condition in [recent] if recent else _belonging(mapping, watch, alone=bool(alone)):
            yield Listing(table, query.every(made, alone, condition), records.columns(mapping))


def _belonging(mapping: Mapping, watch: Watch, *, alone: bool) -> Iterator[str]:
    item = mapping.named("incident")
    if item is not None and item.id:
        column = records.renamed(mapping).get(item.id, item.id) if alone else item.id
        for ids in parts(watch.incidents):
            yield query.within(column, ids)
    for key in watch.activations:
        yield query.where("correlation_id", "STARTSWITH", key)


def parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids in lists short enough for one condition."""
    for start in range(0, len(ids), _IDS):
        yield ids[start : start + _IDS]


def more(answer: Answer, limit: int, offset: int) -> bool:
    """Tell whether a further page holds rows.

    A short page is no sign of the end: the limit is applied before the access rules. Where the answer has no headers,
    a full page asks for the next.
    """
    total = answer.headers.get("x-total-count", "")
    if re.fullmatch(r"[0-9]{1,18}", total):
        return offset + limit < int(total)
    link = answer.headers.get("link", "")
    return 'rel="next"' in link if link else len(answer.rows) >= limit


def newest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each record once, as it was last changed, in the order of first sight."""
    seen: dict[str, dict[str, Any]] = {}
    for row in rows:
        sys_id = scalar(row.get("sys_id"), "")
        if sys_id not in seen or records.version(row) > records.version(seen[sys_id]):
            seen[sys_id] = row
    return list(seen.values())
