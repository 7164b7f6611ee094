"""Turns a file's checked content into a mapping; what can only be seen while compiling becomes a problem."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Facts
from datetime import UTC
from typing import Any, TypeVar, cast

from connector.condition import Condition, Expression
from connector.problem import Invalid, Problem
from connector.template import Template
from connector.ticketing import Record
from mappings.mapping import Field, Mapping
from mappings.source import Source
from mappings.transforms import LOOKED_UP, MANY, NOTHING, Lookup, Shape, zone
from mappings.vocabulary import CHOICES, FIELDS, LISTS, kept_as, kinds, meant

_Made = TypeVar("_Made")


def compiled(source: Source, content: Facts[str, Any]) -> tuple[Mapping, list[Problem]]:
    """Compile a file's checked content; problems are those of its templates, conditions and computed values."""
    record = cast("Record", source.record)
    problems: list[Problem] = []
    entries: Facts[str, Facts[str, Any]] = content["fields_"]
    own = {name: "list" if entry["many"] else entry["type"] for name, entry in entries.items() if name.startswith("x_")}
    # A condition decides whether a field is read, so it can only ask what is read without one.
    always = kinds(record, own)
    asked = {name: kind for name, kind in always.items() if not entries.get(name, {}).get("when")}

    def attempt(make: Callable[..., _Made], text: str | None, *given: Any) -> _Made | None:
        try:
            return make(text, *given) if text is not None else None
        except Invalid as error:
            problems.extend(error.problems)
            return None

    fields: list[Field] = []
    for name, entry in entries.items():
        told = {setting: source.where(("fields", name, setting)) for setting in ("template", "compute", "when")}
        names = FIELDS[record] | set(own) | {"value"}
        fields.append(
            _field(
                record,
                name,
                entry,
                source.mend(("fields", name)),
                template=attempt(Template, entry.get("template"), told["template"], names),
                compute=attempt(Expression, entry.get("compute"), always, told["compute"]),
                when=attempt(Condition, entry.get("when"), asked, told["when"]),
            )
        )
    settings = {key: value for key, value in content.items() if key not in ("version", "fields_")}
    return Mapping(source.platform, record, source.file, settings, tuple(fields)), problems


def _default(record: Record, entry: Facts[str, Any], ours: str) -> Any:
    """Return the default as a value of ours, NOTHING where the file gives none; one of a list is a list of one."""
    given, kind = entry.get("default", NOTHING), entry["type"]
    if given is NOTHING or given in (None, "", []):
        return given
    if isinstance(given, list) or ours in LISTS:
        return [_text(item) for item in (given if isinstance(given, list) else [given])]
    if kept_as(ours, kind) == "number" or kind == "boolean" or (record, ours) in CHOICES:
        known = meant(record, ours, "number" if kind == "duration" else kind, given)
        return given if known is None else known
    return _text(given)


def _text(given: Any) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def _field(
    record: Record,
    name: str,
    entry: Facts[str, Any],
    where: str,
    *,
    template: Template | None,
    compute: Expression | None,
    when: Condition | None,
) -> Field:
    ours = entry["source"] or name
    kind = entry["type"]
    read_as = {said: meant(record, ours, kind, said) for said in entry["values"]}
    values = {read_as[said]: theirs for said, theirs in entry["values"].items() if read_as[said] is not None}
    theirs: dict[str, str | int] = {}
    for value, options in values.items():
        for option in options:
            theirs.setdefault(option.casefold(), value)
    lookup = entry["lookup"]
    named = entry["kind"] or (kind if kind in ("user", "team") else "")
    otherwise = entry["otherwise"]
    else_read = otherwise.get("read", NOTHING)
    shape = Shape(
        type=kind,
        part=entry["part"],
        wrap=entry["wrap"],
        lookup=Lookup(named, lookup["by"], lookup["several"]) if named and kind in LOOKED_UP else None,
        many=entry["many"] or kind in MANY or ours in LISTS,
        format=entry["format"],
        zone=zone(entry["zone"]) or UTC,
        theirs=theirs,
        ours={str(value): options[0] for value, options in values.items()},
        else_read=else_read if else_read is NOTHING else meant(record, ours, kind, else_read),
        else_write=otherwise.get("write", NOTHING),
    )
    place = entry.get("field", "")
    return Field(
        name=name,
        field=place,
        id=place,
        source=ours,
        reads=entry["direction"] != "write",
        writes=entry["direction"] != "read",
        optional=entry["optional"],
        required=entry["required"],
        shape=shape,
        where=where,
        values=values,
        default=_default(record, entry, ours),
        template=template,
        compute=compute,
        when=when,
        wins=entry.get("wins", ""),
        lossy=bool(entry["lossy"]),
    )
