"""Whether each mapped field fits the field of Jira: what it takes of what is written, and what can be read of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from adapters.jira.lookups import Field
from connector.problem import Problem
from mappings.mapping import Field as Item
from mappings.transforms import NOTHING, Unmapped

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}[+-]\d{4}")
"""The one form in which Jira takes an instant: milliseconds, and no colon in the offset."""

_TAKES: Mapping[str, tuple[str, str]] = {
    "string": ("plain text", "give it type: text, without wrap:"),
    "number": ("a number", "give it type: number, without wrap:"),
    "date": ("a date", 'give it type: date, format: "%Y-%m-%d"'),
    "datetime": ("a date and time", 'give it type: datetime, format: "%Y-%m-%dT%H:%M:%S.000%z"'),
    "option": ("an option of its list", "give it part: value, wrap: value"),
    "option-with-child": ("an option of its list", "give it part: value, wrap: value"),
    "user": ("a person", "give it type: user, part: displayName, wrap: accountId"),
    "group": ("a group", "give it part: name, wrap: name"),
    "priority": ("a priority", "give it type: choice, part: name, wrap: name"),
    "resolution": ("a resolution", "give it type: choice, part: name, wrap: name"),
    "version": ("a version", "give it part: name, wrap: name"),
    "securitylevel": ("a security level", "give it part: name, wrap: name"),
    "component": ("a component", "give it part: name, wrap: name"),
}
"""By the type in a field's schema: what it takes, and what a mapping says for that."""

_MANY: Mapping[str, tuple[str, str]] = {
    "string": ("a list of words", "give it type: labels"),
    "option": ("several options of its list", "give it type: list, part: value, wrap: value"),
    "user": ("several people", "give it type: user, part: displayName, wrap: accountId, many: true"),
}
_DEFAULT_MANY = ("a list", "give it type: list, part: name, wrap: name")

_KEYS: Mapping[str, tuple[str, ...]] = {
    "option": ("value", "id"),
    "option-with-child": ("value", "id"),
    "user": ("accountId", "id"),
}
_NAMED = ("name", "id")

_SAMPLES: Mapping[str, Any] = {
    "number": 7,
    "boolean": True,
    "datetime": datetime(2026, 3, 2, 13, 5, tzinfo=UTC),
    "date": date(2026, 3, 2),
    "duration": 5400,
}
_READ: Mapping[str, tuple[frozenset[str], str]] = {
    "datetime": (frozenset({"datetime", "date", "string", "any"}), "a date and time"),
    "date": (frozenset({"datetime", "date", "string", "any"}), "a date"),
    "number": (frozenset({"number", "string", "any", "option", "progress"}), "a number"),
    "duration": (frozenset({"number", "string", "any", "timetracking"}), "a duration"),
}

_NONE_OF_OURS = "\0"
"""A value that no list holds, so that what is written is what stands for all others."""

HANDLED = frozenset({"status", "project", "parent", "issuetype"})
"""Fields that are not written as the others are: moved by transitions, or given by us for each issue."""


def rich(field: Field) -> bool:
    """Tell whether a field holds formatted text."""
    return field.id in ("description", "environment") or field.custom.endswith(":textarea")


def misfits(item: Item, field: Field, *, cloud: bool) -> Iterator[Problem]:
    """Yield what Jira would refuse of what a mapping's field writes, and what could not be read."""
    if item.writes and item.id not in HANDLED:
        problem = _written(item, field, cloud=cloud)
        if problem is not None:
            yield problem
            return
    readable, what = _READ.get(item.shape.type, (None, ""))
    if item.reads and readable is not None and field.type in _TAKES and field.type not in readable:
        fix = "give it the type of what it holds, or map another field"
        yield item.problem(f"'{item.field}' holds {_TAKES[field.type][0]}, and is read as {what}", fix, level="error")


def suggested(name: str, meta: Mapping[str, Any], example: str) -> str:
    """Return the line by which a mapping always writes `example` into a field, as a create screen describes it."""
    schema = meta.get("schema") or {}
    kind, many = str(schema.get("type", "")), schema.get("type") == "array"
    takes = _MANY.get(str(schema.get("items", "")), _DEFAULT_MANY) if many else _TAKES.get(kind, ("", ""))
    said = takes[1].removeprefix("give it ").removesuffix(", without wrap:")
    quoted = example if re.fullmatch(r"[\w .-]+", example) else f'"{example}"'
    key = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "name"
    settings = [f"field: {name}", "direction: write", *([said] if said else []), f"default: {quoted}"]
    return f"x_{key}: {{{', '.join(settings)}}}"


def constants(item: Item) -> list[Any]:
    """Return what this field may write whatever happens: each value of its list, its default, what stands for others.

    They are in the shape that Jira gets, without the people and groups that have to be looked up.
    """
    if item.template is not None or item.shape.lookup is not None:
        return []
    given = [*item.values, *([] if item.default in (NOTHING, "", None) else [item.default])]
    otherwise = item.shape.else_write
    return [*_formed(item, given), *_formed(item, [] if otherwise is NOTHING else [_NONE_OF_OURS])]


def _formed(item: Item, values: list[Any]) -> Iterator[Any]:
    for value in values:
        try:
            yield item.write(value, lambda _, name: name)
        except Unmapped:
            continue  # the check of the mapping's own files tells that


def _written(item: Item, field: Field, *, cloud: bool) -> Problem | None:
    many = field.type == "array"
    kind = field.items if many else field.type
    if item.shape.type == "rich_text":
        if rich(field) or field.type == "any":
            return None
        what = f"'{item.field}' takes {_takes(field)[0]}, and the mapping writes formatted text"
        return item.problem(what, _takes(field)[1], setting="type", level="error")
    fits = _fitting(kind, cloud=cloud)
    if fits is None or (many and kind not in _TAKES):
        return None
    for value in constants(item) or _formed(item, [_sample(item)]):
        alone = value if isinstance(value, list) else [value]
        if isinstance(value, list) == many and all(fits(one) for one in alone):
            continue
        takes, fix = _takes(field)
        what = f"'{item.field}' takes {takes}, and the mapping writes {_shown(value)}"
        return item.problem(what, fix, level="error")
    return None


def _takes(field: Field) -> tuple[str, str]:
    if field.type == "array":
        return _MANY.get(field.items, _DEFAULT_MANY)
    return _TAKES.get(field.type, ("something else", "map another field"))


def _sample(item: Item) -> Any:
    if item.template is not None:
        return "text"
    return _SAMPLES.get(item.shape.type, "text")


def _fitting(kind: str, *, cloud: bool) -> Callable[[Any], bool] | None:
    """Return the test of one value; None for a kind that is not known well enough to judge."""
    if kind == "string":
        return lambda value: isinstance(value, str)
    if kind == "number":
        return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("date", "datetime"):
        form = _DATE if kind == "date" else _INSTANT
        return lambda value: isinstance(value, str) and form.fullmatch(value) is not None
    if kind not in _TAKES:
        return None
    # On Data Center a person is written by user name, which `accountId` becomes there.
    keys = _KEYS.get(kind, _NAMED) + (("name", "key") if kind == "user" and not cloud else ())
    return lambda value: isinstance(value, dict) and set(value) <= set(keys)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list ({_shown(value[0])} ...)" if value else "a list"
    if isinstance(value, dict):
        return f"{{{', '.join(value)}: ...}}"
    if isinstance(value, str):
        return f"text such as '{value}'" if value != "text" else "text"
    return "true or false" if isinstance(value, bool) else f"a number such as {value}"
