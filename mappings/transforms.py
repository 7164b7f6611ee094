"""How one value crosses between a platform's shape and ours, for each type that a mapping can name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.duration import format_duration, parse_duration
from mappings import rich_text

TYPES = (
    *("text", "rich_text", "number", "boolean", "datetime", "date", "duration", "choice"),
    *("reference", "user", "team", "labels", "list"),
)
LOOKED_UP = frozenset({"reference", "user", "team"})
MANY = frozenset({"labels", "list"})
DURATION_FORMATS = ("seconds", "minutes", "hours", "words", "since_1970")
NOTHING: Any = object()
"""Stands where a file gives no value, as null is one."""


@dataclass(frozen=True)
class Lookup:
    """How a name becomes an id: `kind` is `team`, `user` or a field's `kind`, `by` the platform's field that bears it.

    `by` is "" for what people usually name it by. `several` says what happens when more than one bears it: `refuse`
    (none is taken) or `first`.
    """

    kind: str
    by: str = ""
    several: str = "refuse"


def zone(name: str) -> tzinfo | None:
    """Return the time zone of that name, None if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the name of a folder of zones, or one too long for a file
        return None


Resolve = Callable[[Lookup, str], str | None]
"""Give the platform's id for a name; None if there is none."""

NameOf = Callable[[str, str], str | None]
"""Give the name for (kind, id) if it is known without asking the platform."""


class Unmapped(Exception):
    """A value that means nothing on the other side: what is wrong with it, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


@dataclass(frozen=True)
class Shape:
    """How a field's value looks on the platform and what it means to us.

    `part` picks a property of an object that is read (`{"name": "High"}`), `wrap` makes the object that is written.
    `lookup` says how a name is looked up. `theirs` gives our value for one of theirs (folded to lower case), `ours`
    what is written for one of ours; both are empty where the file gives no `values`. `else_read` and `else_write` stand
    for what those do not hold, and `else_write` for a name that nobody bears; NOTHING where the file does not say.
    """

    type: str = "text"
    part: str = ""
    wrap: str = ""
    lookup: Lookup | None = None
    many: bool = False
    format: str = ""
    zone: tzinfo = UTC
    theirs: Mapping[str, str | int] = field(default_factory=dict)
    ours: Mapping[str, str] = field(default_factory=dict)
    else_read: Any = NOTHING
    else_write: Any = NOTHING


def scalar(raw: Any, part: str) -> str:
    """Return the text of one value in any of the shapes in which platforms send it; "" for an empty one.

    Accepts text, numbers, truth values, and objects such as `{"link", "value"}`, `{"value", "display_value"}` and
    `{"id", "name"}`.
    """
    if isinstance(raw, str):
        return raw
    if isinstance(raw, Mapping):
        # `value` decides even where it is empty: what stands beside it is only how it is shown.
        for name in (part, "value", "name", "display_value", "key", "id"):
            if name and (raw.get(name) not in (None, "") or (name == "value" and name in raw)):
                return scalar(raw[name], part)
        return ""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def _items(raw: Any) -> list[Any]:
    """Split what may be one value, a list, or a text of values with commas between."""
    if isinstance(raw, list):
        return raw
    if isinstance(raw, str):
        return [item.strip() for item in raw.split(",") if item.strip()]
    return [] if raw is None else [raw]


def _number(text: str) -> float | int:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unmapped(f"'{text}' is not a number", "give the field type: text, or map a field that holds one")
    return int(number) if number.is_integer() else number


def _instant(text: str, shape: Shape) -> datetime:
    for read in (datetime.fromisoformat, lambda given: datetime.strptime(given, shape.format)):  # noqa: DTZ007
        try:
            instant = read(text)
            return (instant if instant.tzinfo else instant.replace(tzinfo=shape.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise Unmapped(f"'{text}' is not a date and time", "say how it is written with format: or map another field")


def _day(text: str, shape: Shape) -> date:
    # A day is none of another zone: only an instant becomes the day that it is in the field's zone.
    for read in (date.fromisoformat, lambda given: datetime.strptime(given, shape.format)):  # noqa: DTZ007
        try:
            found = read(text)
            if not isinstance(found, datetime):
                return found
            return (found.astimezone(shape.zone) if found.tzinfo else found).date()
        except (ValueError, OverflowError):
            continue
    return _local(_instant(text, shape), shape.zone).date()


def _local(instant: datetime, place: tzinfo) -> datetime:
    try:
        return instant.astimezone(place)
    except OverflowError:  # in the first or last hours of the calendar
        raise Unmapped(f"{instant.isoformat()} is on no day in {place}", "mend the date") from None


def _boolean(text: str) -> bool:
    truth = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.casefold())
    if truth is None:
        raise Unmapped(f"'{text}' is neither true nor false", "give the field type: choice with values")
    return truth


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}


def _duration(text: str, shape: Shape) -> int:
    """Return seconds. A platform may count a duration, write it in words, or as an instant since 1970."""
    if shape.format == "since_1970":
        return round((_instant(text, Shape()) - _EPOCH).total_seconds())
    if shape.format == "words":
        try:
            return int(parse_duration("".join(text.split())).total_seconds())
        except ValueError as error:
            raise Unmapped(str(error), "say how it is written with format:") from None
    return round(_number(text) * _UNITS[shape.format or "seconds"])


def _choice(text: str, shape: Shape) -> str | int:
    ours = shape.theirs.get(text.casefold())
    if ours is not None:
        return ours
    if shape.else_read is not NOTHING:
        return shape.else_read  # type: ignore[no-any-return]
    options = sorted({str(value) for value in shape.theirs.values()})
    raise Unmapped(f"value '{text}' is not mapped", f"add it to one of: {', '.join(options)}")


def _named(raw: Any, shape: Shape, name_of: NameOf) -> str:
    text = scalar(raw, shape.part)
    if not text or not shape.part or (isinstance(raw, Mapping) and raw.get(shape.part)):
        return text
    # The wanted part was not sent (a plain id): use a name that is known already, else leave the id.
    return name_of(shape.lookup.kind if shape.lookup else "", text) or text


Reader = Callable[[Any, NameOf], Any]
Writer = Callable[[Any, Resolve], Any]


def reader(shape: Shape) -> Reader:
    """Return what turns a platform's value into ours; it raises `Unmapped`.

    An empty value reads as "" (text, reference, user, team), as [] (many) and as None (all others), but for a choice
    whose map gives the empty text a meaning.
    """
    one = _reader_of_one(shape)
    if not shape.many:
        return one

    def many(raw: Any, name_of: NameOf) -> Any:
        items = [one(item, name_of) for item in _items(raw)]
        return [item for item in items if item not in ("", None)]

    return many


def _reader_of_one(shape: Shape) -> Reader:
    if shape.type == "rich_text":
        markup = shape.format
        return lambda raw, _: rich_text.read(raw if isinstance(raw, dict) else scalar(raw, shape.part), markup)
    if shape.type in LOOKED_UP and not shape.theirs:
        return lambda raw, name_of: _named(raw, shape, name_of)
    part = shape.part
    if shape.theirs:
        empty = "" in shape.theirs
        return lambda raw, _: _choice(text, shape) if (text := scalar(raw, part)) or empty else None
    if shape.type in ("text", "labels", "list"):
        return lambda raw, _: scalar(raw, part)
    typed = _TYPED[shape.type]
    return lambda raw, _: typed(text, shape) if (text := scalar(raw, part)) else None


_TYPED: Mapping[str, Callable[[str, Shape], Any]] = {
    "choice": _choice,
    "number": lambda text, _: _number(text),
    "boolean": lambda text, _: _boolean(text),
    "datetime": _instant,
    "date": _day,
    "duration": _duration,
}


def writer(shape: Shape) -> Writer:
    """Return what turns our value into the platform's; it raises `Unmapped`. None clears the field."""
    their = _writer_of_one(shape)
    wrap = shape.wrap
    if shape.many:

        def many(value: Any, resolve: Resolve) -> Any:
            values = value if isinstance(value, (list, tuple)) else ([] if value in (None, "") else [value])
            return [{wrap: their(item, resolve)} if wrap else their(item, resolve) for item in values]

        return many

    def one(value: Any, resolve: Resolve) -> Any:
        if value is None or value == "":
            return None if wrap else ""
        return {wrap: their(value, resolve)} if wrap else their(value, resolve)

    return one


def _writer_of_one(shape: Shape) -> Writer:
    if shape.ours or (shape.else_write is not NOTHING and shape.lookup is None):
        return lambda value, _: _chosen(value, shape)
    if shape.lookup is not None:
        lookup = shape.lookup
        return lambda value, resolve: _looked_up(value, lookup, shape.else_write, resolve)
    if shape.type == "rich_text":
        markup = shape.format
        return lambda value, _: rich_text.write(str(value), markup)
    form: Callable[[Any, Shape], Any] = _FORMED.get(shape.type, _text)
    return lambda value, _: form(value, shape)


def _chosen(value: Any, shape: Shape) -> Any:
    theirs = shape.ours.get(str(value))
    if theirs is not None:
        return theirs
    if shape.else_write is not NOTHING:
        return shape.else_write
    raise Unmapped(f"our value '{value}' is not mapped", f"add {value}: <the platform's value>")


def _looked_up(value: Any, lookup: Lookup, otherwise: Any, resolve: Resolve) -> str:
    name = str(value)
    found = resolve(lookup, name)
    if found is None and otherwise is not NOTHING:
        found = resolve(lookup, str(otherwise))
    if found is None:
        shown = f"'{name}'" if isinstance(value, str) else f"of {format_duration(timedelta(seconds=value))}"
        raise Unmapped(f"no {lookup.kind} {shown} on the platform", "create it there, or correct the name here")
    return found


def _text(value: Any, shape: Shape) -> str:
    # A label is one word on every platform that has labels.
    return "-".join(str(value).split()) if shape.type == "labels" else str(value)


def _moment(value: Any, shape: Shape) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.strftime(shape.format) if shape.format else value.isoformat()
    instant = value if isinstance(value, datetime) else _instant(str(value), Shape(type="datetime"))
    local = _local(instant, shape.zone)
    if shape.format:
        return local.strftime(shape.format)
    return local.date().isoformat() if shape.type == "date" else local.isoformat(timespec="seconds")


def _span(value: Any, shape: Shape) -> Any:
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(_number(str(value)))
    if shape.format == "since_1970":
        try:
            return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
        except OverflowError:
            raise Unmapped(f"{value} seconds are beyond the calendar", "mend the duration") from None
    if shape.format == "words":
        # Hours and minutes only: what a day is differs between platforms (24 hours, or a working day).
        hours, minutes = divmod(round(seconds / 60), 60)
        return " ".join(f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m")) if count) or "0m"
    count = seconds / _UNITS[shape.format or "seconds"]
    return int(count) if count.is_integer() else count


_FORMED: Mapping[str, Callable[[Any, Shape], Any]] = {
    "datetime": _moment,
    "date": _moment,
    "duration": _span,
    "number": lambda value, _: value if isinstance(value, (int, float)) else _number(str(value)),
    "boolean": lambda value, _: value if isinstance(value, bool) else _boolean(str(value)),
}
