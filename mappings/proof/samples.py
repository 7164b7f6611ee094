"""Values that give each type trouble, and an ideal platform: everybody exists there, and it tells what it was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from typing import Any

from mappings import rich_text
from mappings.mapping import Field
from mappings.transforms import NOTHING, Lookup, NameOf, Resolve, Shape
from mappings.vocabulary import CHOICES, INSTANTS, WHOLE


class _None:
    """Stands for what is not there: nothing could be written, or nothing be read."""

    def __repr__(self) -> str:
        return "nothing"


NONE: Any = _None()

TEXTS = (
    "Fail over",
    "Über 20 °C, 東京 🚑",
    "one, two",
    "  indented",
    "ends with a blank ",
    "two\nlines",
    "007",
    "true",
    "x" * 5000,
)
RICH = (
    "Fail over to the second site.",
    "One paragraph.\n\nAnother, with **strong** and *emphasised* words.",
    "- one\n- two",
    "1. one\n2. two",
    "Run `systemctl stop db` first.",
    "See [the plan](https://continuity.example/p).",
    "2 < 3 & 5 > 4, 50 % _ * #1 {x} [y]",
)
NUMBERS = (1, 0, -1, 12_345_678_901)
SECONDS = (5400, 86_400, 60, 90, 1)
NAMES = ("Anna Muster", "Service Desk, Zürich")
WORDS = ("db", "Zürich", "two words")
DAYS = (date(2026, 3, 2), date(2028, 2, 29), date(1999, 12, 31))
_INSTANTS = (
    datetime(2026, 3, 2, 14, 30, tzinfo=UTC),
    datetime(2026, 3, 2, 14, 30, 15, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
)


def choices(record: str, item: Field) -> list[Any]:
    """Return every value of a choice that can be written: all that the neutral field has, else all that are mapped."""
    closed = next((found for (of, name), found in CHOICES.items() if (of, name) == (record, item.source)), None)
    values: list[Any] = list(closed or item.values)
    if closed is None and item.shape.else_write is not NOTHING:
        values.append("any other")
    return [[value] if item.shape.many else value for value in values]


def one(shape: Shape, said: str) -> Any:
    """Return one of theirs as the platform sends it: within a list where the field holds several."""
    return [said] if shape.many else said


def ours(item: Field) -> Sequence[Any]:
    """Return values of ours of a field's type."""
    shape, kind = item.shape, item.shape.type
    if kind == "date" and item.source not in INSTANTS:
        return DAYS
    if kind in ("date", "datetime"):
        return (*_INSTANTS, *repeated_hour(shape.zone))
    single: Sequence[Any] = {
        "rich_text": RICH,
        "number": NUMBERS if item.source in WHOLE else (*NUMBERS, 1.5),
        "boolean": (True, False),
        "duration": SECONDS,
        "user": NAMES,
        "team": NAMES,
        "reference": NAMES,
        "labels": WORDS,
    }.get(kind, TEXTS)
    if not shape.many:
        return single
    return ([], *([value] for value in single), list(single))


def theirs(item: Field, written: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield values of theirs: what ours are written as, and what platforms write in other forms."""
    for value in ours(item):
        there = written(value)
        if there is not NONE:
            yield next(iter(echoes(item.shape, there)))
    kind = item.shape.type
    if kind in ("date", "datetime") and "%" in item.shape.format:
        # What the format says that the platform tells, whatever our type makes of it.
        for moment in _INSTANTS:
            yield moment.astimezone(item.shape.zone).strftime(item.shape.format)
    yield from {
        "number": ("1.5", "1,000", ""),
        "boolean": ("true", "0", "yes", ""),
        "datetime": ("2026-03-02T15:30:00+01:00", ""),
        "text": ("", "a,b"),
    }.get(kind, ())


@cache
def repeated_hour(zone: tzinfo) -> tuple[datetime, ...]:
    """Return two instants that a clock of this zone shows alike, () where its clocks are never turned back."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(366)]
    for before, after in pairwise(days):
        turned = before.astimezone(zone).utcoffset(), after.astimezone(zone).utcoffset()
        if turned[0] is not None and turned[1] is not None and turned[1] < turned[0]:
            back = turned[0] - turned[1]
            moments = (before + timedelta(minutes=15 * step) for step in range(97))
            for moment in moments:
                if _clock(moment, zone) == _clock(moment + back, zone):
                    return moment, moment + back
    return ()


def _clock(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def same(shape: Shape, ours_: Any, back: Any) -> bool:
    """Tell whether a value came back: of the same kind, for 1 is not true and a day no instant; empty may be none."""
    if shape.type == "rich_text" and isinstance(back, str):
        # Signs may be escaped in another way: what the text shows counts.
        return rich_text.parsed(ours_, "markdown") == rich_text.parsed(back, "markdown")
    if ours_ in ("", None, []) and back in ("", None, []):
        return True
    exact = isinstance(ours_, (bool, date)) or isinstance(back, (bool, date))
    return bool(ours_ == back) and (not exact or type(ours_) is type(back))


_ID = "id of "


def directory(shape: Shape) -> Resolve:
    """Return what gives the id for a name; where names themselves are written, they are their own ids."""
    own = shape.wrap and shape.wrap == shape.part
    return lambda _, name: name if own else _ID + name


def _name(lookup: Lookup, shape: Shape, there: str) -> str:
    name = there.removeprefix(_ID)
    # Who is found by one property is shown by another.
    return name if lookup.by in ("", shape.part) else f"the {shape.part or 'name'} of {name}"


def names(shape: Shape) -> NameOf:
    """Return what gives the name for an id."""
    lookup = shape.lookup
    return lambda _, there: _name(lookup, shape, there) if lookup and there.startswith(_ID) else None


def echoes(shape: Shape, there: Any) -> Iterator[Any]:
    """Yield what was written as the platforms send it: as it was, as text, and with the name beside an id."""
    if isinstance(there, list):
        parts = [list(echoes(shape, item)) for item in there]
        most = max((len(found) for found in parts), default=1)
        for index in range(most):
            yield [found[min(index, len(found) - 1)] for found in parts]
        return
    inner = there.get(shape.wrap) if shape.wrap and isinstance(there, dict) else there
    if shape.lookup is not None and not shape.ours and isinstance(inner, str) and inner:
        place = shape.wrap or "value"
        shown = {shape.part: _name(shape.lookup, shape, inner)} if shape.part else {}
        yield {place: inner} | shown
        if not shape.wrap:
            yield inner
        return
    yield there
    if isinstance(there, (int, float)):
        yield str(there).lower() if isinstance(there, bool) else str(there)
