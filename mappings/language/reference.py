"""`python -m mappings.language.reference FILE`: writes the language's reference into a document, from the schema."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from marshmallow import fields, validate

from connector.ticketing import Record
from mappings.language.schema import ElseSchema, FieldSchema, LookupSchema, MappingSchema
from mappings.transforms import TYPES
from mappings.vocabulary import FIELDS, RECORDS, fitting, options

BEGIN = "<!-- reference: made by `python -m mappings.language.reference docs/mappings.md` -->"
END = "<!-- end of the reference -->"
TYPE_MEANINGS: Mapping[str, str] = {
    "text": "plain text",
    "rich_text": "formatted text; ours is Markdown, `format` says theirs, or the site decides",
    "number": "a number, whole or not",
    "boolean": "true or false; also reads 1, 0, yes, no",
    "datetime": "an instant; `format` and `zone` say how theirs is written",
    "date": "a day; of an instant it keeps the day in `zone`",
    "duration": "seconds on our side; `format` says how theirs is counted",
    "choice": "one of `values`",
    "reference": "another record, by its id; with `kind` looked up by name",
    "user": "a person, looked up by name",
    "team": "a group (ServiceNow) or component (Jira), looked up by name",
    "labels": "a list of single words; blanks become hyphens",
    "list": "a list of texts",
}


def reference() -> str:
    """Return the reference as Markdown, between its two marks."""
    parts = [
        BEGIN,
        "### Settings of a field",
        _table(("setting", "meaning", "can be", "if left out"), _settings(FieldSchema(), "")),
        "### Types",
        _table(("type", "what it is"), [(f"`{kind}`", TYPE_MEANINGS[kind]) for kind in TYPES]),
        "### Settings of a record",
        _table(("setting", "meaning", "only on"), _record_settings()),
        *(part for record in RECORDS for part in (f"### Our fields: {record}", _table(_OURS, _neutral(record)))),
        END,
    ]
    return "\n\n".join(parts)


def updated(text: str) -> str:
    """Return a document with its reference made anew. Raises ValueError for one without the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no place for the reference: it needs the lines {BEGIN} and {END}")
    return before + reference() + after


_OURS = ("field", "types that fit", "values")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _settings(schema: Any, above: str) -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    for name, field in schema.fields.items():
        key = above + (field.data_key or name)
        if isinstance(field, fields.Nested):
            rows += _settings({"else": ElseSchema, "lookup": LookupSchema}[key](), f"{key}.")
            continue
        rows.append((f"`{key}`", field.metadata["description"], _can_be(field), _default(field)))
    return rows


def _can_be(field: fields.Field[Any]) -> str:
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return ", ".join(f"`{choice}`" for choice in rule.choices)
    return {"Boolean": "`true`, `false`", "Dict": "names with values", "Raw": "a value"}.get(
        type(field).__name__, "a text"
    )


def _default(field: fields.Field[Any]) -> str:
    given = field.load_default
    if isinstance(given, bool):
        return f"`{str(given).lower()}`"
    return f"`{given}`" if isinstance(given, str) and given else ""


def _record_settings() -> list[tuple[str, str, str]]:
    found = MappingSchema().fields.items()
    return [
        (f"`{field.data_key or name}`", field.metadata["description"], field.metadata["platform"])
        for name, field in found
    ]


def _neutral(record: Record) -> list[tuple[str, str, str]]:
    return [
        (f"`{name}`", ", ".join(fitting(name)) or "any", ", ".join(f"`{value}`" for value in options(record, name, "")))
        for name in sorted(FIELDS[record])
    ]


def main() -> int:
    """Rewrite the reference in the file that is named; returns 0."""
    path = Path(sys.argv[1])
    path.write_text(updated(path.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
