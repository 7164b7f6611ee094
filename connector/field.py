"""The kinds of values in files that people write, strict, with messages that say what to write instead.

Messages have the form `what is wrong; what to do`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from connector.document import Document, Step
from connector.duration import parse_duration
from connector.problem import Problem, nearest

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_BLANK = "the field is empty; give it a value or remove it"
_MISSING: dict[str, str | list[Any] | dict[Any, Any]] = {"required": "the field is missing; add it", "null": _BLANK}


class Shape(Schema):
    """A mapping with known fields; an unknown one is an error with the nearest known name."""

    error_messages = {"type": "not a mapping; write `field: value` lines"}  # noqa: RUF012  (marshmallow's own form)

    class Meta:  # noqa: D106
        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _knows_every_field(self, _data: Any, original: Any, **_more: Any) -> None:
        known = [field.data_key or name for name, field in self.fields.items()]
        unknown = [str(name) for name in original if name not in known] if isinstance(original, Mapping) else []
        if unknown:
            listed = f"known fields: {', '.join(sorted(known))}"
            raise ValidationError({name: [f"unknown field; {nearest(name, known) or listed}"] for name in unknown})


class Strict(fields.Field[Any]):
    """A field that states what it takes in one method, `read`."""

    default_error_messages = _MISSING

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        del attr, data, kwargs
        return self.read(value)

    def read(self, value: Any) -> Any:
        """Return what the file's `value` stands for. Raises ValidationError."""
        raise NotImplementedError


class Text(Strict):
    """A text that is not blank, without outer blanks. A bare number is refused: it would lose its zeros."""

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"{value!r} is not a text; put it in quotes")
        if not value.strip():
            raise ValidationError(_BLANK)
        return value.strip()


class Key(Text):
    """A short name by which other records refer to this one."""

    def read(self, value: Any) -> str:
        text = super().read(value)
        if not _KEY.fullmatch(value):
            raise ValidationError(f"'{value}' cannot be a key; use up to 64 letters, digits, '-', '_' and '.'")
        return text


class Length(Strict):
    """A duration such as 4h; `some` refuses nothing at all."""

    def __init__(self, *, some: bool = False, required: bool = False) -> None:
        super().__init__(required=required)
        self._some = some

    def read(self, value: Any) -> timedelta:
        try:
            duration = parse_duration(str(value))
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if self._some and not duration:
            raise ValidationError("the duration is nothing; write one such as 4h")
        return duration


class Choice(Strict):
    """One of a few words."""

    def __init__(self, options: Collection[str], *, required: bool = False) -> None:
        super().__init__(required=required)
        self._options = tuple(options)

    def read(self, value: Any) -> str:
        if value not in self._options:
            instead = nearest(str(value), self._options) or f"use one of {', '.join(self._options)}"
            raise ValidationError(f"'{value}' is not known here; {instead}")
        return str(value)


class Flag(Strict):
    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(f"'{value}' is neither true nor false; write true or false")
        return value


class Day(Strict):
    def read(self, value: Any) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise ValidationError(f"'{value}' is not a date; write it as 2027-01-31")
        return value


class Names(Strict):
    """A list of texts; a single text is a list of one."""

    def read(self, value: Any) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        return tuple(read_each(items, Text().read))


class Keyed(Strict):
    """A mapping from keys to records of one shape, in the order of the file."""

    def __init__(self, shape: Schema, *, required: bool = False) -> None:
        super().__init__(required=required)
        self._shape = shape

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("not a mapping; write `key:` lines with the fields of each below")
        errors: dict[str, Any] = {}
        records: dict[str, Any] = {}
        for key, record in value.items():
            try:
                name = Key().read(key)
                records[name] = self._shape.load(record)
            except ValidationError as error:
                errors[str(key)] = error.messages
                records[str(key)] = error.valid_data if isinstance(error.valid_data, dict) else {}
        if errors:
            raise ValidationError(errors, valid_data=records)
        return records


def read_each(items: list[Any], read: Callable[[Any], Any]) -> list[Any]:
    """Read each item; with faults, what is readable keeps its place and None stands for the rest."""
    found: list[Any] = []
    errors: dict[int, Any] = {}
    for index, item in enumerate(items):
        try:
            found.append(read(item))
        except ValidationError as error:
            errors[index] = error.messages
            found.append(None)
    if errors:
        raise ValidationError(errors, valid_data=found)
    return found


def problems_of(document: Document, error: ValidationError) -> list[Problem]:
    """Return a problem for each message of `error`, with the line on which it stands."""
    problems = []
    for path, text in _flat(error.messages, ()):
        what, _, fix = text.partition("; ")
        problems.append(Problem(document.where(*path), what, fix))
    return problems


def _flat(messages: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            yield from _flat(below, path if step == "_schema" else (*path, step))
    else:
        for text in messages:
            yield path, str(text)
