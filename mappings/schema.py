"""The language of mapping files, version 1: what may stand where, and everything that is wrong with a file at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from connector.problem import Problem, nearest
from mappings.source import Path, Source
from mappings.transforms import TYPES

DIRECTIONS = ("read", "write", "both")
WINS = ("continuity", "platform", "newest", "manual")
SEVERAL = ("refuse", "first")


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


class _LookupSchema(Schema):
    """How a name is looked up."""

    by = fields.String(
        load_default="",
        metadata={"description": "the platform's field that bears the name, such as email; its usual ones if left out"},
    )
    several = fields.String(
        validate=validate.OneOf(SEVERAL),
        load_default="refuse",
        metadata={"description": "when more than one bears the name: refuse takes none, first takes the first"},
    )


class _ElseSchema(Schema):
    """What stands for a value that the map does not know."""

    read = _Text(metadata={"description": "our value for any of theirs that is not in values"})
    write = _Text(metadata={"description": "what is written for any of ours that is not in values, or not found"})


def _told(description: str) -> dict[str, str]:
    return {"description": description}


class FieldSchema(Schema):
    """One field: which of the platform's it is, and how its value crosses."""

    field = _Text(metadata=_told("the platform's field: its id, or the label by which people know it"))
    direction = fields.String(
        validate=validate.OneOf(DIRECTIONS),
        load_default="both",
        metadata=_told("read (the platform owns it), write (the connector owns it), or both"),
    )
    wins = fields.String(
        validate=validate.OneOf(WINS),
        metadata=_told("under both: whose value stands when both sides changed; the platform's if left out"),
    )
    type = fields.String(
        validate=validate.OneOf(TYPES), load_default="text", metadata=_told("what kind of value it is, on both sides")
    )
    values = fields.Dict(
        keys=_Text(),
        values=_Texts(),
        load_default=dict,
        metadata=_told("a map both ways, ours: theirs; of several of theirs the first is written, all are read"),
    )
    otherwise = fields.Nested(
        _ElseSchema,
        data_key="else",
        load_default=dict,
        metadata=_told("what stands for a value that values does not hold, or for a name that nobody bears"),
    )
    template = fields.String(metadata=_told("the text to write; knows value and every field of the record"))
    compute = fields.String(metadata=_told("a CEL expression that gives the value to write or, without field, to read"))
    when = _Text(metadata=_told("a CEL condition: the field is mapped only for records of which it is true"))
    default = fields.Raw(
        metadata=_told("read where the platform has no such field, and written on a create where we have no value")
    )
    required = fields.Boolean(
        load_default=False, metadata=_told("a create without a value for it is told, and checked before the bad hour")
    )
    optional = fields.Boolean(
        load_default=False, metadata=_told("the platform may lack the field: a warning, not a failure")
    )
    many = fields.Boolean(load_default=False, metadata=_told("a list of values"))
    part = fields.String(load_default="", metadata=_told("which property is read where the platform sends an object"))
    wrap = fields.String(load_default="", metadata=_told("the property in which the platform wants the value wrapped"))
    kind = fields.String(
        load_default="", metadata=_told("what a name is looked up as: team, user, ci or service; by type if left out")
    )
    lookup = fields.Nested(
        _LookupSchema,
        load_default=lambda: {"by": "", "several": "refuse"},
        metadata=_told("how a name is looked up"),
    )
    format = fields.String(
        load_default="",
        metadata=_told(
            "how an instant is written (as for strptime), a duration (seconds, minutes, hours, words, since_1970), or"
            " formatted text (markdown, wiki, html, adf)"
        ),
    )
    zone = fields.String(load_default="UTC", metadata=_told("the time zone of an instant without an offset"))
    lossy = fields.String(
        validate=validate.OneOf(("accepted",)),
        load_default="",
        metadata=_told("accepted: values may collapse on their way there and back"),
    )
    source = fields.String(
        data_key="from", load_default="", metadata=_told("which of our fields it is, where its own name is not one")
    )


class MappingSchema(Schema):
    """A record's mapping file."""

    version = fields.Integer(
        validate=validate.Equal(1), load_default=1, metadata=_told("of this language; there is only 1")
    )
    table = fields.String(metadata=_told("ServiceNow: the table on which the record stands"))
    lasting_table = fields.String(metadata=_told("ServiceNow: the table of tasks that must outlive their incident"))
    lasting_fields = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata=_told("columns that are called otherwise there")
    )
    note = fields.String(metadata=_told("ServiceNow: the journal for notes that only the desk sees"))
    issue_type = fields.String(metadata=_told("Jira: the issue type, by name; for incidents several, with commas"))
    subtask_type = fields.String(metadata=_told("Jira: the type of an issue under another"))
    labels = fields.List(fields.String(), metadata=_told("Jira: labels that every issue of ours gets"))
    resolution = fields.String(metadata=_told("Jira: the resolution set on closing"))
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(FieldSchema),
        data_key="fields",
        required=True,
        metadata=_told("our fields, each with how it crosses"),
    )


FIELD_KEYS = tuple(field.data_key or name for name, field in FieldSchema().fields.items())
RECORD_KEYS = tuple(field.data_key or name for name, field in MappingSchema().fields.items())
_KEYS: Mapping[str, tuple[str, ...]] = {
    "lookup": tuple(_LookupSchema().fields),
    "else": tuple(_ElseSchema().fields),
}
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "direction": DIRECTIONS,
    "type": TYPES,
    "wins": WINS,
    "several": SEVERAL,
    "lossy": ("accepted",),
}


def validated(source: Source) -> tuple[dict[str, Any], list[Problem]]:
    """Return the file's content with its defaults filled in, and every problem of its form."""
    try:
        content = cast("dict[str, Any]", MappingSchema().load(source.content))
    except ValidationError as error:
        messages = cast("Mapping[str, Any]", error.messages)
        return {}, [_problem(source, path, message) for path, message in _flat(messages, ())]
    return content, []


def _flat(messages: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Walk marshmallow's nest of messages; a dict's own `key`/`value` levels are no part of the file."""
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            inner = isinstance(below, (Mapping, list)) and step in ("key", "value") and len(path) in (2, 4)
            yield from _flat(below, path if inner or step == "_schema" else (*path, str(step)))
    else:
        for message in messages:
            yield path, str(message)


def _problem(source: Source, path: Path, message: str) -> Problem:
    where = source.where(path)
    name = path[-1] if path else ""
    given = _given(source.content, path)
    if message == "Unknown field.":
        options = RECORD_KEYS if path[0] != "fields" else _KEYS.get(path[-2], FIELD_KEYS)
        fix = nearest(name, options) or f"known here: {', '.join(sorted(options))}"
        return Problem(where, f"no setting '{name}'", fix)
    if message.startswith("Must be one of"):
        options = _OPTIONS[name]
        fix = nearest(str(given), options) or f"use one of: {', '.join(options)}"
        return Problem(where, f"'{given}' is no {name}", fix)
    if message.startswith("Must be equal to"):
        return Problem(where, f"version {given} of the language is not known", "write version: 1")
    if message.startswith("Missing data"):
        return Problem(where, f"'{name}' is missing", "add it")
    if message == "Invalid input type." and not isinstance(given, Mapping):
        return Problem(where, f"'{given}' stands where settings belong", f"write {name}: {{field: ...}}")
    return Problem(where, message.rstrip(".").lower(), "see docs/mappings.md for what may stand here")


def _given(content: Any, path: Path) -> Any:
    for step in path:
        content = content.get(step) if isinstance(content, Mapping) else None
    return content
