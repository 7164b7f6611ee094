"""A compiled mapping: reads a platform's record into our neutral fields and writes them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from dataclasses import field as made
from datetime import date, datetime
from functools import cached_property
from typing import Any

from connector.condition import Condition, Expression, Kind, Undecidable
from connector.problem import Invalid, Problem
from connector.template import Template
from connector.ticketing import Record
from mappings import transforms
from mappings.transforms import NOTHING, Lookup, NameOf, Reader, Resolve, Shape, Unmapped, Writer
from mappings.vocabulary import CHOICES, DAYS, FIELDS, INSTANTS, LISTS, kinds


@dataclass(frozen=True)
class Field:
    """One field of a mapping.

    `name` is how the file calls it; `field` is the platform's as the file says it, `id` as the platform's interface
    does (the same, unless `Mapping.bind` found another; "" for one that stands nowhere). `source` is the neutral field
    whose value is written, and under which it is read. `default` is NOTHING where the file gives none. `when` says for
    which records the field is mapped at all; `template` or `compute` make the value. `wins` says which side does when
    both changed, `lossy` that values may collapse on the way there and back. `where` is the file and line.
    """

    name: str
    field: str
    id: str
    source: str
    reads: bool
    writes: bool
    optional: bool
    required: bool
    shape: Shape
    where: str
    values: Facts[str | int, tuple[str, ...]] = made(default_factory=dict)
    default: Any = NOTHING
    template: Template | None = None
    compute: Expression | None = None
    when: Condition | None = None
    wins: str = ""
    lossy: bool = False

    @cached_property
    def read(self) -> Reader:
        """What turns a platform's value into ours."""
        return transforms.reader(self.shape)

    @cached_property
    def write(self) -> Writer:
        """What turns our value into the platform's."""
        return transforms.writer(self.shape)

    def problem(self, what: str, fix: str, *, setting: str = "", level: str = "warning") -> Problem:
        """Return a problem of this field, with the file and line where it is mended."""
        return Problem(self.where + (f".{setting}" if setting else ""), what, fix, level)


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
    the fields that `bind` did not find and that are not optional. `connection` is what conditions see as such.
    """

    platform: str
    record: Record
    file: str
    settings: Facts[str, Any]
    fields: tuple[Field, ...]
    missing: tuple[Field, ...] = ()
    connection: str = ""

    def setting(self, name: str) -> str:
        """Return a text setting of the record, "" if the file has none."""
        return str(self.settings.get(name, ""))

    def named(self, name: str) -> Field | None:
        """Return our field of that name, if it is mapped."""
        return next((item for item in self.fields if item.name == name), None)

    def bind(self, locate: Callable[[str], str | None], markup: str = "") -> Mapping:
        """Return this mapping with the ids that `locate` gives for the fields as named; absent ones are left out.

        `markup` is the platform's own for formatted text, where the file names none.
        """
        found = [(_marked_up(item, markup), locate(item.field) if item.field else "") for item in self.fields]
        return replace(
            self,
            fields=tuple(replace(item, id=place) for item, place in found if place is not None),
            missing=tuple(item for item, place in found if place is None and not item.optional),
        )

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """What conditions and computed values may name, with the kind of each."""
        own = {item.name: "list" if item.shape.many else item.shape.type for item in self.fields}
        return kinds(self.record, {name: kind for name, kind in own.items() if name.startswith("x_")})

    @cached_property
    def _reads(self) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
        """Return the fields to read: those that are always there, then those that depend on what these hold."""
        reads = [item for item in self.fields if item.reads]
        later = [item for item in reads if item.when is not None or item.compute is not None]
        return tuple(item for item in reads if item not in later), tuple(later)

    def read(self, raw: Facts[str, Any], name_of: NameOf | None = None, about: Facts[str, Any] | None = None) -> Read:
        """Read a record: its fields by id, each in any shape that `transforms.scalar` knows.

        A field that the record does not have is left out, or reads as its default. `name_of` turns an id that stands
        where a name is wanted into the name, where it is known. `about` are facts for conditions (`CONTEXT`).
        """
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        name_of = name_of or no_names
        always, later = self._reads
        for item in always:
            try:
                if item.id and item.id in raw:
                    values[item.source] = item.read(raw[item.id], name_of)
                elif item.default is not NOTHING:
                    values[item.source] = _kept(item, item.default)
            except Unmapped as error:
                problems.append(_unmapped(item, error))
        if later:
            facts = self.facts(values, about)
            for item in later:
                self._read_later(item, raw, name_of, facts, values, problems)
        return Read(values, tuple(problems))

    def _read_later(
        self,
        item: Field,
        raw: Facts[str, Any],
        name_of: NameOf,
        facts: Facts[str, Any],
        values: dict[str, Any],
        problems: list[Problem],
    ) -> None:
        try:
            if item.when is not None and not item.when.holds(facts):
                return
            if item.compute is not None:
                values[item.source] = computed(self.record, item, item.compute.value(facts))
            elif item.id in raw:
                values[item.source] = item.read(raw[item.id], name_of)
            elif item.default is not NOTHING:
                values[item.source] = _kept(item, item.default)
        except Unmapped as error:
            problems.append(_unmapped(item, error))
        except Undecidable as error:
            problems.append(_undecided(item, error))

    def write(
        self, values: Facts[str, Any], resolve: Resolve, *, whole: bool = False, about: Facts[str, Any] | None = None
    ) -> Written:
        """Write neutral `values`: only fields that are given, or on `whole` (a create) those with a default too.

        `resolve` looks names up; a name that it does not know is a problem and its field is left out. `about` are facts
        for conditions, beside the values: what is known of the ticket, and `CONTEXT`.
        """
        fields: dict[str, Any] = {}
        problems: list[Problem] = []
        for item, value in self._given(values, problems, whole=whole, about=about):
            try:
                fields[item.id] = item.write(value, resolve)
            except Unmapped as error:
                problems.append(_unmapped(item, error))
        if whole:
            lacking = [item for item in self._required if fields.get(item.id) in (None, "", [])]
            problems += [
                item.problem(f"'{item.field}' is required and has no value", "give it a default:") for item in lacking
            ]
        return Written(fields, tuple(problems))

    def lookups(
        self, values: Facts[str, Any], *, whole: bool = False, about: Facts[str, Any] | None = None
    ) -> Iterator[tuple[Lookup, str]]:
        """Return what has to be looked up before `write` is given the same."""
        for item, value in self._given(values, [], whole=whole, about=about):
            lookup = item.shape.lookup
            if lookup is not None:
                named = value if isinstance(value, (list, tuple)) else [value]
                for name in (*named, item.shape.else_write):
                    if isinstance(name, (str, int)) and str(name):
                        yield lookup, str(name)

    @cached_property
    def _writes(self) -> tuple[Field, ...]:
        return tuple(item for item in self.fields if item.writes and item.id)

    @cached_property
    def _required(self) -> tuple[Field, ...]:
        return tuple(item for item in self._writes if item.required and item.when is None)

    def _given(
        self, values: Facts[str, Any], problems: list[Problem], *, whole: bool, about: Facts[str, Any] | None
    ) -> Iterator[tuple[Field, Any]]:
        """Yield the fields to write with the value of each, before it is given the platform's shape."""
        facts: dict[str, Any] | None = None
        for item in self._writes:
            value = values.get(item.source, NOTHING)
            if value is NOTHING and not (whole and (item.default is not NOTHING or item.compute is not None)):
                continue
            try:
                if item.when is not None or item.compute is not None:
                    facts = facts or self.facts(values, about)
                    if item.when is not None and not item.when.holds(facts):
                        continue
                    if item.compute is not None:
                        value = item.compute.value(facts)
                if value is NOTHING:
                    value = item.default
                if item.values and value in ("", None):
                    continue  # a choice is made or left alone, never emptied
                if item.template is not None:
                    value = item.template.render(self._names(values) | {"value": _as_text(value)})
            except Undecidable as error:
                problems.append(_undecided(item, error))
            except Invalid as error:
                problems.extend(error.problems)
            else:
                yield item, value

    def facts(self, values: Facts[str, Any], about: Facts[str, Any] | None) -> dict[str, Any]:
        """Return what conditions see: values go before what is known of the ticket; instants are text."""
        return {"connection": self.connection} | {
            name: _fact(value, self.kinds.get(name)) for name, value in {**(about or {}), **values}.items()
        }

    def _names(self, values: Facts[str, Any]) -> dict[str, Any]:
        own = (item.source for item in self.fields if item.source.startswith("x_"))
        told = {name: _as_text(value) for name, value in values.items()}
        return dict.fromkeys((*FIELDS[self.record], *own), "") | told


def _marked_up(item: Field, markup: str) -> Field:
    if item.shape.type != "rich_text" or item.shape.format or not markup:
        return item
    return replace(item, shape=replace(item.shape, format=markup))


def _fact(value: Any, kind: Kind | None) -> Any:
    """Return a value as conditions see it; a platform may hold several of what is one with us, such as the team."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, list) and kind == "string":
        return ", ".join(str(item) for item in value)
    return int(value) if isinstance(value, float) else value


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


_INSTANT = transforms.reader(Shape(type="datetime"))
_DAY = transforms.reader(Shape(type="date"))


def computed(record: Record, item: Field, value: Any) -> Any:
    """Return a computed value as one of ours. Raises Unmapped for one that the field cannot have."""
    allowed = CHOICES.get((record, item.source), ())
    if allowed and value and value not in allowed:
        fix = f"its values: {', '.join(str(option) for option in allowed)}"
        raise Unmapped(f"{item.source} is computed as '{value}'", fix)
    return [value] if item.source in LISTS and not isinstance(value, list) else _kept(item, value)


def _kept(item: Field, value: Any) -> Any:
    """Return a text of the file's as we keep a field: an instant or a day as one. Raises Unmapped."""
    if not value or (item.source not in INSTANTS and item.source not in DAYS):
        return value
    return (_INSTANT if item.source in INSTANTS else _DAY)(str(value), no_names)


def _unmapped(item: Field, error: Unmapped) -> Problem:
    what = f"{error.what} (platform field '{item.field}')"
    return item.problem(what, error.fix, setting="values" if item.values else "")


def _undecided(item: Field, error: Undecidable) -> Problem:
    return item.problem(error.what, "mend the expression", setting="when" if item.when is not None else "compute")


def no_names(kind: str, name: str) -> str | None:
    """Take the place of what gives a name for an id, where nobody can be asked: an id then reads as it stands."""
    del kind, name
    return None


def as_named(lookup: Lookup, name: str) -> str:
    """Take the place of what gives an id for a name, where nobody is asked: a name is written as it stands."""
    del lookup
    return name
