"""Reading and writing a record of 30 fields through a mapping, beside plain marshmallow on the same record."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema, fields

from mappings.language.examine import examine
from mappings.mapping import Mapping
from mappings.source import Layer, Source, merge, parse, plain
from mappings.transforms import Lookup
from tests.bench.stopwatch import Figure

ROUNDS = 7
TIMES = 400
STATES = {"new": "1", "in_progress": "2", "on_hold": "3", "resolved": "6", "closed": "7", "cancelled": "8"}
State = enum.Enum("State", STATES)  # type: ignore[misc]
KINDS = {"text": 11, "number": 5, "boolean": 3, "datetime": 5, "date": 2, "choice": 4}
RECORD: dict[str, Any] = {
    "text": "Payments fail since the storage was moved",
    "number": 42,
    "boolean": True,
    "datetime": "2026-03-02T14:30:15+00:00",
    "date": "2026-03-02",
    "choice": "2",
}


def measure() -> Iterable[Figure]:
    """Time both by turns on the same record, and compare the best of each."""
    mapping, schema, record = mapped(), plain_schema(), sent()
    ours = [*_timed(lambda: crossed(mapping, record), lambda: loaded(schema, record))]
    middle = sorted(one / other for one, other in ours)[len(ours) // 2]
    best, floor = min(one for one, _ in ours), min(other for _, other in ours)
    yield Figure(
        f"a record of {len(record)} fields read and written through a mapping, middle of {ROUNDS} runs",
        f"{best * 1e6:.0f} us, {middle:.2f} x plain marshmallow",
        goal="at most 1 x",
        floor=f"{floor * 1e6:.0f} us (marshmallow load and dump of the same record)",
        met=middle <= 1,
    )


def sent() -> dict[str, Any]:
    """Return the record as a platform sends it."""
    return {f"u_{kind}_{number}": RECORD[kind] for kind, count in KINDS.items() for number in range(count)}


def mapped() -> Mapping:
    """Return a mapping of that record: a file of an admin's own, compiled as any."""
    values = ", ".join(f'{ours}: "{theirs}"' for ours, theirs in STATES.items())
    lines = ["fields:"]
    for kind, count in KINDS.items():
        more = f", values: {{{values}}}" if kind == "choice" else ""
        lines += [f"  x_{kind}_{number}: {{field: u_{kind}_{number}, type: {kind}{more}}}" for number in range(count)]
    layer: Layer = parse("\n".join(lines), "bench.yaml")
    content = merge({}, plain(layer.content))
    mapping, problems = examine(Source("bench", "recovery_task", "bench.yaml", content, (layer,)), meaning=False)
    if mapping is None or problems:
        raise RuntimeError(f"the bench's own mapping is broken: {problems}")
    return mapping


def plain_schema() -> Schema:
    """Return a schema of the same kinds of fields, with the same names on both sides."""
    kinds: dict[str, Callable[[str], fields.Field[Any]]] = {
        "text": lambda key: fields.String(data_key=key),
        "number": lambda key: fields.Integer(data_key=key),
        "boolean": lambda key: fields.Boolean(data_key=key),
        "datetime": lambda key: fields.DateTime(data_key=key),
        "date": lambda key: fields.Date(data_key=key),
        "choice": lambda key: fields.Enum(State, by_value=True, data_key=key),
    }
    made = {f"x_{k}_{n}": kinds[k](f"u_{k}_{n}") for k, count in KINDS.items() for n in range(count)}
    return Schema.from_dict(made)()


def crossed(mapping: Mapping, record: dict[str, Any]) -> dict[str, Any]:
    return dict(mapping.write(mapping.read(record).values, _same).fields)


def loaded(schema: Schema, record: dict[str, Any]) -> dict[str, Any]:
    return dict(schema.dump(schema.load(record)))


def _same(lookup: Lookup, name: str) -> str:
    return name


def _timed(ours: Callable[[], Any], theirs: Callable[[], Any]) -> Iterable[tuple[float, float]]:
    for _ in range(ROUNDS):
        yield _seconds(ours), _seconds(theirs)


def _seconds(work: Callable[[], Any]) -> float:
    began_at = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - began_at) / TIMES


def expected() -> dict[str, Any]:
    """Return the neutral values of the record."""
    ours = {
        **RECORD,
        "datetime": datetime(2026, 3, 2, 14, 30, 15, tzinfo=UTC),
        "date": date(2026, 3, 2),
        "choice": "in_progress",
    }
    return {f"x_{kind}_{number}": ours[kind] for kind, count in KINDS.items() for number in range(count)}
