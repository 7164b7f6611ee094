"""A compiled mapping: reads a platform's record into our neutral fields and writes them back."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from dataclasses import field as made
from typing import Any, cast
from zoneinfo import ZoneInfo

from connector.problem import Invalid, Problem
from connector.template import Template
from connector.ticketing import Record
from mappings import transforms
from mappings.source import Source
from mappings.transforms import NameOf, Resolve, Shape, Unmapped
from mappings.vocabulary import FIELDS, choice

NOTHING = object()


@dataclass(frozen=True)
class Field:
    """One field of a mapping.

    `name` is ours; `field` is the platform's as the file says it, `id` as the platform's interface does (the same,
    unless `Mapping.bind` found another; "" for a constant). `source` is the neutral field whose value is written.
    `default` is NOTHING where the file gives none.
    """

    name: str
    field: str
    id: str
    source: str
    reads: bool
    writes: bool
    optional: bool
    shape: Shape
    values: Facts[str | int, tuple[str, ...]] = made(default_factory=dict)
    default: Any = NOTHING
    template: Template | None = None


@dataclass(frozen=True)
class Read:
    """Neutral values, and a problem for each value that could not be mapped (which is then not among the values)."""

    values: Facts[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Written:
    """Platform fields by their id, and a problem for each value that could not be written."""

    fields: Facts[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """How one record crosses to one platform.

    `file` is where an admin changes it, `settings` holds the record's own (table, issue_type, labels, ...), `missing`
    the fields that `bind` did not find and that are not optional.
    """

    platform: str
    record: Record
    file: str
    settings: Facts[str, Any]
    fields: tuple[Field, ...]
    missing: tuple[Field, ...] = ()

    def setting(self, name: str) -> str:
        """Return a text setting of the record, "" if the file has none."""
        return str(self.settings.get(name, ""))

    def named(self, name: str) -> Field | None:
        """Return our field of that name, if it is mapped."""
        return next((item for item in self.fields if item.name == name), None)

    def bind(self, locate: Callable[[str], str | None]) -> Mapping:
        """Return this mapping with the ids that `locate` gives for the fields as named; absent ones are left out."""
        found = [(item, locate(item.field) if item.field else "") for item in self.fields]
        return replace(
            self,
            fields=tuple(replace(item, id=place) for item, place in found if place is not None),
            missing=tuple(item for item, place in found if place is None and not item.optional),
        )

    def read(self, raw: Facts[str, Any], name_of: NameOf | None = None) -> Read:
        """Read a record: its fields by id, each in any shape that `transforms.scalar` knows.

        A field that the record does not have is left out, or reads as its default. `name_of` turns an id that stands
        where a name is wanted into the name, where it is known.
        """
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for item in self.fields:
            if not item.reads:
                continue
            if not item.id or item.id not in raw:
                if item.default is not NOTHING:
                    values[item.name] = item.default
                continue
            try:
                values[item.name] = transforms.read(raw[item.id], item.shape, name_of or _unknown)
            except Unmapped as error:
                problems.append(self._problem(item, error))
        return Read(values, tuple(problems))

    def write(self, values: Facts[str, Any], resolve: Resolve, *, whole: bool = False) -> Written:
        """Write neutral `values`: only fields that are given, or on `whole` (a create) those with a default too.

        `resolve` looks names up; a name that it does not know is a problem and its field is left out.
        """
        fields: dict[str, Any] = {}
        problems: list[Problem] = []
        for item in self.fields:
            if not item.writes or not item.id:
                continue
            value = values.get(item.source, NOTHING)
            if value is NOTHING:
                if not whole or item.default is NOTHING:
                    continue
                value = item.default
            if item.values and value in ("", None):
                continue  # a choice is made or left alone, never emptied
            try:
                if item.template is not None:
                    value = item.template.render(self._names(values) | {"value": value})
                fields[item.id] = transforms.write(value, item.shape, resolve)
            except Unmapped as error:
                problems.append(self._problem(item, error))
            except Invalid as error:
                problems.extend(error.problems)
        return Written(fields, tuple(problems))

    def _names(self, values: Facts[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(FIELDS[self.record], "") | dict(values)

    def _problem(self, item: Field, error: Unmapped) -> Problem:
        part = ".values" if item.values else ""
        what = f"{error.what} (platform field '{item.field}')"
        return Problem(f"{self.file}: fields.{item.name}{part}", what, error.fix, "warning")


def _unknown(kind: str, name: str) -> str | None:
    del kind, name
    return None


def compiled(source: Source, content: Facts[str, Any]) -> tuple[Mapping, list[Problem]]:
    """Compile a file's checked content; problems are those of its templates."""
    record = cast("Record", source.record)
    problems: list[Problem] = []
    entries: list[Field] = []
    for name, entry in content["fields_"].items():
        template = None
        if "template" in entry:
            where = source.where(("fields", name, "template"))
            try:
                template = Template(entry["template"], where, FIELDS[record] | {"value"})
            except Invalid as error:
                problems.extend(error.problems)
        entries.append(_field(record, name, entry, template))
    settings = {key: value for key, value in content.items() if key not in ("version", "fields_")}
    return Mapping(source.platform, record, source.file, settings, tuple(entries)), problems


def _field(record: Record, name: str, entry: Facts[str, Any], template: Template | None) -> Field:
    values = {meant: theirs for ours, theirs in entry["values"].items() if (meant := choice(record, name, ours))}
    theirs: dict[str, str | int] = {}
    for ours, options in values.items():
        for option in options:
            theirs.setdefault(option.casefold(), ours)
    kind = entry["kind"] or (entry["type"] if entry["type"] in ("user", "team") else "")
    shape = Shape(
        type=entry["type"],
        part=entry["part"],
        wrap=entry["wrap"],
        kind=kind,
        many=entry["many"] or entry["type"] in transforms.MANY,
        format=entry["format"],
        zone=ZoneInfo(entry["zone"]),
        theirs=theirs,
        ours={str(ours): options[0] for ours, options in values.items()},
    )
    place = entry.get("field", "")
    return Field(
        name=name,
        field=place,
        id=place,
        source=entry["source"] or name,
        reads=entry["direction"] != "write",
        writes=entry["direction"] != "read",
        optional=entry["optional"],
        shape=shape,
        values=values,
        default=entry.get("default", NOTHING),
        template=template,
    )
