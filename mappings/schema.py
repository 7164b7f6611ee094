"""The language of mapping files, version 1: what may stand where, and everything that is wrong with a file at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, validate

from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.source import Path, Source
from mappings.transforms import TYPES
from mappings.vocabulary import CHOICES, FIELDS, choice, known

DIRECTIONS = ("read", "write", "both")


class _Text(fields.String):
    """Text as a person writes it in YAML: a bare number or truth value is taken for the text it looks like."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return str(value)
        return super()._deserialize(value, attr, data, **kwargs)


class _Texts(fields.Field[tuple[str, ...]]):
    """One text or a list of texts."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        del attr, data, kwargs
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, (str, int, float)) for item in items):
            raise ValidationError("Not a text or a list of texts.")
        text = _Text()
        return tuple(cast("str", text.deserialize(item)) for item in items)


class FieldSchema(Schema):
    """One field: which of the platform's it is, and how its value crosses."""

    field = _Text(metadata={"description": "the platform's field: its id, or its label where ids are opaque"})
    direction = fields.String(validate=validate.OneOf(DIRECTIONS), load_default="both")
    type = fields.String(validate=validate.OneOf(TYPES), load_default="text")
    values = fields.Dict(keys=_Text(), values=_Texts(), load_default=dict)
    template = fields.String()
    default = fields.Raw()
    optional = fields.Boolean(load_default=False)
    many = fields.Boolean(load_default=False)
    part = fields.String(load_default="")
    wrap = fields.String(load_default="")
    kind = fields.String(load_default="")
    format = fields.String(load_default="")
    zone = fields.String(load_default="UTC")
    lossy = fields.String(validate=validate.OneOf(("accepted",)), load_default="")
    source = fields.String(data_key="from", load_default="")


class MappingSchema(Schema):
    """A record's mapping file."""

    version = fields.Integer(validate=validate.Equal(1), load_default=1)
    table = fields.String()
    lasting_table = fields.String()
    lasting_fields = fields.Dict(keys=fields.String(), values=fields.String())
    issue_type = fields.String()
    subtask_type = fields.String()
    labels = fields.List(fields.String())
    resolution = fields.String()
    fields_ = fields.Dict(keys=fields.String(), values=fields.Nested(FieldSchema), data_key="fields", required=True)


FIELD_KEYS = tuple(field.data_key or name for name, field in FieldSchema().fields.items())
RECORD_KEYS = tuple(field.data_key or name for name, field in MappingSchema().fields.items())


def validated(source: Source) -> tuple[dict[str, Any], list[Problem]]:
    """Return the file's content with its defaults filled in, and every problem found in it."""
    try:
        content = cast("dict[str, Any]", MappingSchema().load(source.content))
    except ValidationError as error:
        messages = cast("Mapping[str, Any]", error.messages)
        return {}, [_told(source, path, message) for path, message in _flat(messages, ())]
    return content, list(_meanings(source, content["fields_"]))


def _flat(messages: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Walk marshmallow's nest of messages; a dict's own `key`/`value` levels are no part of the file."""
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            inner = isinstance(below, (Mapping, list)) and step in ("key", "value") and len(path) in (2, 4)
            yield from _flat(below, path if inner else (*path, str(step)))
    else:
        for message in messages:
            yield path, str(message)


def _told(source: Source, path: Path, message: str) -> Problem:
    where = source.where(path)
    name = path[-1] if path else ""
    if message == "Unknown field.":
        options = FIELD_KEYS if path[0] == "fields" else RECORD_KEYS
        fix = nearest(name, options) or f"known here: {', '.join(sorted(options))}"
        return Problem(where, f"no setting '{name}'", fix)
    if message.startswith("Must be one of"):
        given = _given(source.content, path)
        options = {"direction": DIRECTIONS, "type": TYPES}.get(name, ("accepted",))
        fix = nearest(str(given), options) or f"use one of: {', '.join(options)}"
        return Problem(where, f"'{given}' is no {name}", fix)
    if message.startswith("Must be equal to"):
        return Problem(
            where, f"version {_given(source.content, path)} of the language is not known", "write version: 1"
        )
    if message.startswith("Missing data"):
        return Problem(where, f"'{name}' is missing", "add it")
    return Problem(where, message.rstrip(".").lower(), "see mappings/README.md for what may stand here")


def _given(content: Any, path: Path) -> Any:
    for step in path:
        content = content.get(step) if isinstance(content, Mapping) else None
    return content


def _meanings(source: Source, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Check what a schema cannot: names of ours, types that need a setting, values mapped twice."""
    record = cast("Record", source.record)
    if record not in get_args(Record):
        return
    for name, entry in entries.items():
        path = ("fields", name)
        if not known(record, name):
            fix = nearest(name, FIELDS[record]) or "name a field of your own x_..."
            yield Problem(source.where(path), f"no {record} field '{name}'", fix)
        if entry["source"] and not known(record, entry["source"]):
            fix = nearest(entry["source"], FIELDS[record])
            yield Problem(source.where((*path, "from")), f"no {record} field '{entry['source']}'", fix)
        yield from _needs(source, path, entry)
        yield from _pairs(source, record, path, entry)


def _needs(source: Source, path: Path, entry: Mapping[str, Any]) -> Iterator[Problem]:
    if not entry.get("field") and "default" not in entry:
        yield Problem(source.where(path), "the platform's field is missing", "add field:, or a default:")
    if entry["type"] == "choice" and not entry["values"]:
        yield Problem(source.where((*path, "type")), "a choice needs its values", "add values: {ours: theirs}")
    try:
        ZoneInfo(entry["zone"])
    except (ZoneInfoNotFoundError, ValueError):
        fix = "use a name such as Europe/Zurich or UTC"
        yield Problem(source.where((*path, "zone")), f"no time zone '{entry['zone']}'", fix)


def _pairs(source: Source, record: Record, path: Path, entry: Mapping[str, Any]) -> Iterator[Problem]:
    name = path[-1]
    options = [str(option) for option in CHOICES.get((record, name), ())]
    seen: dict[str, str] = {}
    for ours, theirs in entry["values"].items():
        where = source.where((*path, "values", ours))
        if choice(record, name, ours) is None:
            fix = nearest(ours, options) or f"use one of: {', '.join(options)}"
            yield Problem(where, f"{name} has no value '{ours}'", fix)
            continue
        for value in theirs:
            if value.casefold() in seen and not entry["lossy"] and entry["direction"] != "write":
                other = seen[value.casefold()]
                fix = "keep one, or add lossy: accepted (the first is then what it reads as)"
                yield Problem(where, f"'{value}' is mapped twice, to {other} and to {ours}", fix)
            seen.setdefault(value.casefold(), ours)
