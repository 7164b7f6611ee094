"""Any valid mapping, any value that its fields can hold, and a platform on which everybody exists."""

from __future__ import annotations

import json
from collections.abc import Mapping as Facts
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from mappings.language.examine import examine
from mappings.mapping import Mapping
from mappings.source import Source, parse, plain
from mappings.transforms import Lookup

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
NAME = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
ZONES = st.sampled_from(["UTC", "Europe/Zurich", "Pacific/Auckland", "America/St_Johns"])
INSTANTS = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
DATES = st.dates(date(1970, 1, 1), date(2100, 1, 1))
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6).map(lambda number: round(number, 3)))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(st.sampled_from(["value", "name", "id", "display_value", "box", "content", "type"]), below),
    ),
    max_leaves=6,
)


@dataclass(frozen=True)
class Kind:
    """A kind of field: its settings, and a strategy for values of ours that it brings back."""

    settings: Facts[str, Any]
    values: st.SearchStrategy[Any]


@st.composite
def choices(draw: st.DrawFn) -> Kind:
    size = draw(st.integers(1, 4))
    ours = draw(st.lists(NAME, min_size=size, max_size=size, unique=True))
    theirs = draw(st.lists(NAME, min_size=size, max_size=size, unique_by=str.casefold))
    return Kind({"type": "choice", "values": dict(zip(ours, theirs, strict=True))}, st.sampled_from(ours))


@st.composite
def lossless(draw: st.DrawFn) -> Kind:
    """Draw a kind of field whose every value comes back."""
    zone = draw(ZONES)
    return draw(
        st.one_of(
            st.sampled_from(
                [
                    Kind({}, TEXT),
                    Kind({"wrap": "value"}, TEXT),
                    Kind({"wrap": "box", "part": "box"}, TEXT),
                    Kind({"type": "number"}, NUMBERS),
                    Kind({"type": "boolean"}, st.booleans()),
                    Kind({"type": "boolean", "values": {"true": "Y", "false": "N"}}, st.booleans()),
                    Kind({"type": "datetime", "zone": zone}, INSTANTS),
                    Kind({"type": "datetime", "format": "%Y-%m-%d %H:%M:%S"}, INSTANTS),
                    Kind({"type": "datetime", "format": "%d.%m.%Y %H:%M:%S %z", "zone": zone}, INSTANTS),
                    Kind({"type": "date", "zone": zone}, DATES),
                    Kind({"type": "date", "format": "%d.%m.%Y", "zone": zone}, DATES),
                    *(
                        Kind({"type": "duration", "format": form}, st.integers(0, 10**8))
                        for form in ("seconds", "minutes", "hours", "since_1970")
                    ),
                    Kind({"type": "user", "part": "display_value"}, NAME),
                    Kind({"type": "team", "part": "name", "wrap": "name", "many": True}, st.lists(NAME, max_size=3)),
                    Kind({"type": "user", "part": "name", "wrap": "id"}, NAME),
                    Kind({"type": "reference"}, NAME),
                    Kind({"type": "list"}, st.lists(NAME, max_size=3)),
                    Kind({"type": "labels", "lossy": "accepted"}, st.lists(NAME, max_size=3)),
                ]
            ),
            choices(),
        )
    )


@st.composite
def lossy(draw: st.DrawFn) -> Kind:
    """Draw a kind of field that need not bring its values back."""
    kind = draw(st.one_of(lossless(), lossless(), st.sampled_from(_LOSSY)))
    if "values" in kind.settings and draw(st.booleans()):
        key = next(iter(kind.settings["values"]))
        kind = Kind({**kind.settings, "else": {"read": key}}, kind.values)
    return Kind({**kind.settings, "lossy": "accepted"}, st.one_of(kind.values, JSON))


_LOSSY = [
    *(Kind({"type": "rich_text", "format": form}, TEXT) for form in ("html", "wiki", "adf", "markdown")),
    Kind({"type": "duration", "format": "words"}, st.integers(0, 10**8)),
    Kind({"type": "date", "format": "%m/%Y"}, INSTANTS),
    Kind({"type": "number", "many": True}, st.lists(NUMBERS, max_size=3)),
    Kind({"type": "user", "lookup": {"by": "email"}}, NAME),
]


@dataclass(frozen=True)
class Drawn:
    """A mapping, the values that may be given to it, and the settings of each of its fields."""

    mapping: Mapping
    values: st.SearchStrategy[dict[str, Any]]
    kinds: Facts[str, Kind]


@st.composite
def mappings(draw: st.DrawFn, kind: st.SearchStrategy[Kind]) -> Drawn:
    """Draw a mapping with up to eight fields; it passes every check, the proof included."""
    kinds = {f"x_{number}a": of for number, of in enumerate(draw(st.lists(kind, min_size=1, max_size=8)))}
    kinds = {"x_" + name[2:].translate(str.maketrans("0123456789a", "abcdefghijk")): of for name, of in kinds.items()}
    lines = {name: {"field": f"u_{name[2:]}", **of.settings} for name, of in kinds.items()}
    essential = {"title": {"field": "summary"}, "state": _STATE}
    mapping = compiled({"fields": {**essential, **lines}})
    values = st.fixed_dictionaries({}, optional={name: of.values for name, of in kinds.items()})
    return Drawn(mapping, values, kinds)


_STATE = {"field": "state", "type": "choice", "values": {"open": "1", "done": "2"}}


def compiled(content: Facts[str, Any]) -> Mapping:
    """Compile a review's mapping as a file would be; what is wrong with it is an AssertionError."""
    layer = parse(json.dumps(content, ensure_ascii=False), "any.yaml")
    mapping, problems = examine(Source("any", "review", "any.yaml", plain(layer.content), (layer,)))
    assert mapping is not None
    assert [str(problem) for problem in problems] == []
    return mapping


def by_id(lookup: Lookup, name: str) -> str:
    """Find whoever is named: everybody exists."""
    return f"id-{name}"


def find(drawn: Drawn, fields: Facts[str, Any]) -> Any:
    """Return what finds a name; where names themselves are written, they are their own ids."""
    own = {
        item.shape.lookup for item in drawn.mapping.fields if item.shape.lookup and item.shape.wrap == item.shape.part
    }
    del fields
    return lambda lookup, name: name if lookup in own else f"id-{name}"


def sent(drawn: Drawn, fields: Facts[str, Any]) -> dict[str, Any]:
    """Return a record as the platform sends it: JSON, and beside an id the name that bears it."""
    record = json.loads(json.dumps(fields))
    for item in drawn.mapping.fields:
        shape = item.shape
        if item.id in record and shape.lookup and shape.part and shape.wrap != shape.part and record[item.id]:
            ident = record[item.id][shape.wrap] if shape.wrap else record[item.id]
            record[item.id] = {shape.wrap or "value": ident, shape.part: ident.removeprefix("id-")}
    return dict(record)
