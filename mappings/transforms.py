"""How one value crosses between a platform's shape and ours, for each type that a mapping can name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any

TYPES = ("text", "number", "boolean", "datetime", "date", "choice", "reference", "user", "team", "labels", "list")
LOOKED_UP = frozenset({"reference", "user", "team"})
MANY = frozenset({"labels", "list"})

Resolve = Callable[[str, str], str | None]
"""Give the platform's id for (kind, name), kind being `team`, `user` or a field's `kind`; None if there is none."""

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
    `kind` says what a looked-up name is (`team`, `user`, `ci`, ...). `theirs` gives our value for one of theirs (folded
    to lower case), `ours` what is written for one of ours; both are empty where the file gives no `values`.
    """

    type: str = "text"
    part: str = ""
    wrap: str = ""
    kind: str = ""
    many: bool = False
    format: str = ""
    zone: tzinfo = UTC
    theirs: Mapping[str, str | int] = field(default_factory=dict)
    ours: Mapping[str, str] = field(default_factory=dict)


def scalar(raw: Any, part: str) -> str:
    """Return the text of one value in any of the shapes in which platforms send it; "" for an empty one.

    Accepts text, numbers, truth values, and objects such as `{"link", "value"}`, `{"value", "display_value"}` and
    `{"id", "name"}`.
    """
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


def _boolean(text: str) -> bool:
    truth = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.casefold())
    if truth is None:
        raise Unmapped(f"'{text}' is neither true nor false", "give the field type: choice with values")
    return truth


def _choice(text: str, shape: Shape) -> str | int:
    ours = shape.theirs.get(text.casefold())
    if ours is None:
        options = sorted({str(value) for value in shape.theirs.values()})
        raise Unmapped(f"value '{text}' is not mapped", f"add it to one of: {', '.join(options)}")
    return ours


def _named(raw: Any, shape: Shape, name_of: NameOf) -> str:
    text = scalar(raw, shape.part)
    if not text or not shape.part or (isinstance(raw, Mapping) and raw.get(shape.part)):
        return text
    # The wanted part was not sent (a plain id): use a name that is known already, else leave the id.
    return name_of(shape.kind, text) or text


def read(raw: Any, shape: Shape, name_of: NameOf) -> Any:
    """Turn a platform's value into ours; raises `Unmapped`.

    An empty value reads as "" (text, reference, user, team), as [] (many) and as None (all others), but for a choice
    whose map gives the empty text a meaning.
    """
    if shape.many:
        items = [_one(item, shape, name_of) for item in _items(raw)]
        return [item for item in items if item not in ("", None)]
    return _one(raw, shape, name_of)


def _one(raw: Any, shape: Shape, name_of: NameOf) -> Any:
    if shape.type in LOOKED_UP:
        return _named(raw, shape, name_of)
    text = scalar(raw, shape.part)
    if shape.theirs and (text or "" in shape.theirs):
        return _choice(text, shape)
    if shape.type in ("text", "labels", "list"):
        return text
    return _TYPED[shape.type](text, shape) if text else None


_TYPED: Mapping[str, Callable[[str, Shape], Any]] = {
    "choice": _choice,
    "number": lambda text, _: _number(text),
    "boolean": lambda text, _: _boolean(text),
    "datetime": _instant,
    "date": lambda text, shape: _instant(text, shape).date(),
}


def write(value: Any, shape: Shape, resolve: Resolve) -> Any:
    """Turn our value into the platform's; raises `Unmapped`. None clears the field."""
    if shape.many:
        values = value if isinstance(value, (list, tuple)) else ([] if value in (None, "") else [value])
        return [_wrapped(item, shape, resolve) for item in values]
    if value is None or value == "":
        return None if shape.wrap else ""
    return _wrapped(value, shape, resolve)


def _wrapped(value: Any, shape: Shape, resolve: Resolve) -> Any:
    theirs = _their(value, shape, resolve)
    return {shape.wrap: theirs} if shape.wrap else theirs


def _their(value: Any, shape: Shape, resolve: Resolve) -> Any:
    if shape.ours:
        theirs = shape.ours.get(str(value))
        if theirs is None:
            raise Unmapped(f"our value '{value}' is not mapped", f"add {value}: <the platform's value>")
        return theirs
    if shape.type in LOOKED_UP and shape.kind:
        found = resolve(shape.kind, str(value))
        if found is None:
            raise Unmapped(f"no {shape.kind} '{value}' on the platform", "create it there, or correct the name here")
        return found
    form: Callable[[Any, Shape], Any] = _FORMED.get(shape.type, _text)
    return form(value, shape)


def _text(value: Any, shape: Shape) -> str:
    # A label is one word on every platform that has labels.
    return "-".join(str(value).split()) if shape.type == "labels" else str(value)


def _moment(value: Any, shape: Shape) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.strftime(shape.format) if shape.format else value.isoformat()
    instant = value if isinstance(value, datetime) else _instant(str(value), Shape(type="datetime"))
    local = instant.astimezone(shape.zone)
    if shape.format:
        return local.strftime(shape.format)
    return local.date().isoformat() if shape.type == "date" else local.isoformat(timespec="seconds")


_FORMED: Mapping[str, Callable[[Any, Shape], Any]] = {
    "datetime": _moment,
    "date": _moment,
    "number": lambda value, _: value if isinstance(value, (int, float)) else _number(str(value)),
    "boolean": lambda value, _: value if isinstance(value, bool) else _boolean(str(value)),
}
