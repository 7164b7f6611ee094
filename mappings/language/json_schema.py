"""The language of mapping files as JSON Schema (2020-12), so that an editor completes and checks while one writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from connector.ticketing import Record
from mappings.language.schema import FieldSchema, MappingSchema, only_on
from mappings.vocabulary import FIELDS, RECORDS, fitting, options

Node = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Node = {"type": ["string", "number", "boolean"]}
_TEXTS: Node = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_PLAIN: Mapping[type[Any], Node] = {
    fields.String: {"type": "string"},
    fields.Integer: {"type": "integer"},
    fields.Boolean: {"type": "boolean"},
    fields.Raw: {},
}


def json_schema(record: Record | None = None, platform: str = "") -> Node:
    """Return the schema of a mapping file; for one record and platform it names that record's fields and settings.

    Every setting may be null, which takes a shipped line out. What takes two lines to judge is for the static check.
    """
    names = sorted(FIELDS[record] if record else frozenset().union(*FIELDS.values()))
    settings = {
        name: _node(field)
        for name, field in _settings(MappingSchema()).items()
        if name != "fields" and (not platform or only_on(name) in ("", platform))
    }
    settings["fields"] = {
        "description": "our fields, each with how it crosses; null takes a shipped one out",
        "type": "object",
        "properties": {name: _neutral(record, name) for name in names},
        "patternProperties": {"^x_[a-z][a-z0-9_]*$": _or_null({"$ref": "#/$defs/field"})},
        "additionalProperties": False,
    }
    of = f" of {record}" if record else ""
    return {
        "$schema": DIALECT,
        "title": f"Field mapping{of}" + (f" on {platform}" if platform else ""),
        "type": ["object", "null"],
        "properties": settings,
        "additionalProperties": False,
        "$defs": {"field": _object(FieldSchema())},
    }


def _neutral(record: Record | None, name: str) -> Node:
    """Return the schema of one neutral field: the types and values that it can have, where they are closed."""
    closed: Node = {}
    if fitting(name):
        closed["type"] = {"enum": [*fitting(name), None]}
    records = [record] if record else [of for of in RECORDS if name in FIELDS[of]]
    allowed = sorted({option for of in records for option in options(of, name, "")})
    if allowed and all(options(of, name, "") for of in records):
        closed["values"] = {"propertyNames": {"enum": allowed}}
    node: Node = {"$ref": "#/$defs/field"}
    if closed:
        node = {"$ref": "#/$defs/field", "properties": closed}
    return _or_null(node)


def _or_null(node: Node) -> Node:
    return {"anyOf": [node, {"type": "null"}]}


def _settings(schema: Any) -> Mapping[str, fields.Field[Any]]:
    return {field.data_key or name: field for name, field in schema.fields.items()}


def _object(schema: Any) -> Node:
    return {
        "type": "object",
        "properties": {name: _node(field) for name, field in _settings(schema).items()},
        "additionalProperties": False,
    }


def _node(field: fields.Field[Any]) -> Node:
    """Return the schema of one setting, with its description, its default and the values that it can have."""
    node = _shape(field)
    described: Node = {"description": field.metadata["description"]} if "description" in field.metadata else {}
    if isinstance(field.load_default, (str, bool, int)) and field.load_default != "":
        described["default"] = field.load_default
    return described | _nullable(node)


def _nullable(node: Node) -> Node:
    if "enum" in node:
        return {"enum": [*node["enum"], None]}
    if "const" in node:
        return {"enum": [node["const"]]}
    given = node.get("type")
    if given is None:
        return node
    return node | {"type": [*([given] if isinstance(given, str) else given), "null"]}


def _shape(field: fields.Field[Any]) -> Node:
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return {"enum": list(rule.choices)}
        if isinstance(rule, validate.Equal):
            return {"const": rule.comparable}
    if isinstance(field, fields.Nested):
        return _object(field.schema)
    if isinstance(field, fields.Dict):
        value = field.value_field
        return {"type": "object", "additionalProperties": _or_null(_shape(value)) if value is not None else {}}
    if isinstance(field, fields.List):
        return {"type": "array", "items": _shape(field.inner)}
    name = type(field).__name__
    if name in ("_Text", "_Texts"):
        return dict(_TEXT if name == "_Text" else _TEXTS)
    return dict(next(shape for kind, shape in _PLAIN.items() if isinstance(field, kind)))
