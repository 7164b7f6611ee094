"""The language of mapping files, version 1: what may stand where, and what each setting means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from mappings.transforms import TYPES

DIRECTIONS = ("read", "write", "both")
WINS = ("continuity", "platform", "newest", "manual")
SEVERAL = ("refuse", "first")
KINDS = ("team", "user", "ci", "service", "timeframe")


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


class LookupSchema(Schema):
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


class ElseSchema(Schema):
    """What stands for a value that the map does not know."""

    read = _Text(metadata={"description": "our value for any of theirs that is not in values"})
    write = _Text(metadata={"description": "what is written for any of ours that is not in values, or not found"})


def _told(description: str, platform: str = "") -> dict[str, str]:
    """Return the metadata of a setting; `platform` is the only one on which it has an effect, "" for all."""
    return {"description": description, "platform": platform}


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
        ElseSchema,
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
        validate=validate.OneOf(KINDS),
        load_default="",
        metadata=_told("what a name is looked up as: team, user, ci or service; by type if left out"),
    )
    lookup = fields.Nested(
        LookupSchema,
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
    like = fields.String(metadata=_told("the shipped alternative that this file differs from: assets", "servicenow"))
    table = fields.String(metadata=_told("the table on which the record stands", "servicenow"))
    lasting_table = fields.String(metadata=_told("the table of tasks that must outlive their incident", "servicenow"))
    lasting_fields = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata=_told("columns called otherwise there", "servicenow")
    )
    classes = fields.List(
        fields.String(), metadata=_told("tables that extend table, whose records count as this one too", "servicenow")
    )
    retired = fields.Dict(
        keys=fields.String(),
        values=_Texts(),
        metadata=_told(
            "columns with the values by which a record counts as archived, as if it were deleted", "servicenow"
        ),
    )
    preferred_table = fields.String(
        metadata=_told("the table on which the record stands instead where the instance has it", "servicenow")
    )
    preferred_fields = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata=_told('columns called otherwise there, "" for one that it lacks', "servicenow"),
    )
    note = fields.String(metadata=_told("the journal for notes that only the desk sees", "servicenow"))
    issue_type = fields.String(metadata=_told("the issue type, by name; for incidents several, with commas", "jira"))
    subtask_type = fields.String(metadata=_told("the type of an issue under another", "jira"))
    labels = fields.List(fields.String(), metadata=_told("labels that every issue of ours gets", "jira"))
    resolution = fields.String(metadata=_told("the resolution set on closing", "jira"))
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(FieldSchema),
        data_key="fields",
        required=True,
        metadata=_told("our fields, each with how it crosses"),
    )


FIELD_KEYS = tuple(field.data_key or name for name, field in FieldSchema().fields.items())
RECORD_KEYS = tuple(field.data_key or name for name, field in MappingSchema().fields.items())
KEYS: Mapping[str, tuple[str, ...]] = {
    "lookup": tuple(LookupSchema().fields),
    "else": tuple(ElseSchema().fields),
}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "direction": DIRECTIONS,
    "type": TYPES,
    "wins": WINS,
    "several": SEVERAL,
    "kind": KINDS,
    "lossy": ("accepted",),
}


def only_on(setting: str) -> str:
    """Return the one platform on which a setting of the record has an effect, "" for all."""
    field = MappingSchema().fields.get(setting)
    return str(field.metadata.get("platform", "")) if field else ""
