"""What is ordered through /_sandbox, read strictly: a wrong field or value is told with what is allowed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

_Fact = TypeVar("_Fact")
_WORDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
}


def read(kind: type[_Fact], where: str, row: object) -> _Fact:
    """Return the dataclass `kind` that `row` states. Raises ValueError naming the place and what is allowed."""
    hints = get_type_hints(kind)
    values = known(where, row, tuple(hints))
    for fact in fields(kind):  # type: ignore[arg-type]
        if fact.name in values:
            _fits(f"{where}.{fact.name}", values[fact.name], hints[fact.name])
        elif fact.default is MISSING and fact.default_factory is MISSING:
            raise ValueError(f"{where}.{fact.name} is missing: write {_allowed(hints[fact.name])}")
    return kind(**values)


def known(where: str, row: object, names: Collection[str]) -> dict[str, Any]:
    """Return `row` as a mapping that has none but these fields. Raises ValueError."""
    listed = ", ".join(names)
    if not isinstance(row, Mapping):
        raise ValueError(f"{where} must be a JSON object; allowed are {listed}")  # noqa: TRY004 - becomes a 400
    unknown = sorted(str(name) for name in row if name not in names)
    if unknown:
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; allowed are {listed}")
    return {str(name): value for name, value in row.items()}


def rows(where: str, value: object) -> list[Any]:
    """Return a list as given. Raises ValueError for anything else."""
    if not isinstance(value, list):
        raise ValueError(f"{where} must be a list of JSON objects")  # noqa: TRY004 - becomes a 400
    return value


def number(where: str, value: object, least: float = -math.inf) -> float:
    """Return a number of seconds. Raises ValueError for anything else, or less than `least`."""
    _fits(where, value, float)
    if not math.isfinite(found := float(str(value))) or found < least:
        raise ValueError(f"{where}: {value} is not a number of seconds from {least:g} on")
    return found


def _fits(where: str, value: object, hint: Any) -> None:
    if not any(_is(value, option) for option in _options(hint)):
        raise ValueError(f"{where}: {value!r} is not {_allowed(hint)}")


def _is(value: object, option: Any) -> bool:
    if get_origin(option) is Literal:
        return value in get_args(option)
    if isinstance(value, bool) or option is bool:
        return isinstance(value, bool) and option is bool
    return isinstance(value, (int, float) if option is float else option)


def _allowed(hint: Any) -> str:
    said = []
    for option in _options(hint):
        literal = get_origin(option) is Literal
        said.append(f"one of {', '.join(get_args(option))}" if literal else _WORDS.get(option, "null"))
    return " or ".join(said)


def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_args(hint) and get_origin(hint) is not Literal else (hint,)
