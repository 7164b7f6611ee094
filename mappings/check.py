"""The static check: what a schema cannot see in a mapping file, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.rich_text import MARKUPS
from mappings.schema import only_on
from mappings.source import Path, Source
from mappings.transforms import DURATION_FORMATS, LOOKED_UP, zone
from mappings.vocabulary import CHOICES, CONTEXT, ESSENTIAL, FIELDS, choice, fitting, known

Entry = Mapping[str, Any]
_COMPARED = re.compile(r"\b(\w+)\s*[!=]=\s*(?:'([^']*)'|\"([^\"]*)\")|(?:'([^']*)'|\"([^\"]*)\")\s*[!=]=\s*(\w+)\b")
_NAMED = re.compile(r"'[^']*'|\"[^\"]*\"|\b([A-Za-z_]\w*)")


def problems_of(source: Source, content: Mapping[str, Any], broken: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Check the meaning of a file's content (as `mappings.form` gives it), but for fields whose form is `broken`."""
    if source.record not in get_args(Record):
        return
    record = cast("Record", source.record)
    entries: Mapping[str, Entry] = content["fields_"]
    yield from _elsewhere(source, content)
    for name in ESSENTIAL[record]:
        if not any((entry["source"] or key) == name for key, entry in entries.items()):
            what = f"{record} cannot do without '{name}'"
            yield Problem(source.mend(("fields", name)), what, "take the null away, or map it to another field")
    for name, entry in entries.items():
        path = ("fields", name)
        for rule in _RULES if name not in broken else ():
            yield from rule(source, record, path, entry)
    yield from _twice(source, {name: entry for name, entry in entries.items() if name not in broken})


def _elsewhere(source: Source, content: Mapping[str, Any]) -> Iterator[Problem]:
    """Find settings of the record that only another platform has."""
    for setting in content:
        platform = only_on(setting)
        if platform and platform != source.platform:
            what = f"{setting} has no effect on {source.platform}"
            yield Problem(source.where((setting,)), what, f"take it out; it is for {platform}")


def _names(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    name, alias = path[-1], entry["source"]
    if not alias and not known(record, name):
        fix = nearest(name, FIELDS[record]) or "name a field of your own x_..., or say from: which of ours it is"
        yield Problem(source.where(path), f"no {record} field '{name}'", fix)
    if alias and not known(record, alias):
        fix = nearest(alias, FIELDS[record]) or f"known: {', '.join(sorted(FIELDS[record]))}"
        yield Problem(source.where((*path, "from")), f"no {record} field '{alias}'", fix)


def _needs(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    del record
    if not entry.get("field") and "default" not in entry and not entry.get("compute"):
        yield Problem(source.where(path), "the platform's field is missing", "add field:, compute: or default:")
    if entry["type"] == "choice" and not entry["values"]:
        yield Problem(source.where((*path, "type")), "a choice needs its values", "add values: {ours: theirs}")
    if zone(entry["zone"]) is None:
        fix = "use a name such as Europe/Zurich or UTC"
        yield Problem(source.where((*path, "zone")), f"no time zone '{entry['zone']}'", fix)


def _type(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    del record
    ours, given = entry["source"] or path[-1], entry["type"]
    options = fitting(ours)
    # A constant has no shape; a computed value is checked by its expression.
    if options and given not in options and entry.get("field") and not entry.get("compute"):
        what = f"{ours} cannot be of type {given}"
        yield Problem(source.where((*path, "type")), what, f"use type: {' or '.join(options)}")


def _format(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    del record
    given, kind = entry["format"], entry["type"]
    if not given:
        return
    where = source.where((*path, "format"))
    options = {"duration": DURATION_FORMATS, "rich_text": MARKUPS}.get(kind, ())
    if options and given not in options:
        fix = nearest(given, options) or f"use one of: {', '.join(options)}"
        yield Problem(where, f"'{given}' is no format of a {kind}", fix)
    elif kind in ("datetime", "date"):
        try:
            datetime.strptime(datetime.now(UTC).strftime(given), given)  # noqa: DTZ007
        except ValueError:
            fix = "write it as for strptime, such as %Y-%m-%d %H:%M:%S"
            yield Problem(where, f"'{given}' does not say how a {kind} is written", fix)
    elif not options:
        yield Problem(where, f"a {kind} has no format", "take it out, or say type: datetime")


def _dead(source: Source, path: Path, setting: str, why: str, fix: str) -> Problem:
    return Problem(source.where((*path, setting)), f"{setting} has no effect {why}", fix)


def _direction(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    """Find what does not go with the field's direction: each is a mistake about one of the two."""
    del record
    direction = entry["direction"]
    template, compute = entry.get("template") is not None, bool(entry.get("compute"))
    if template and compute:
        yield _dead(source, path, "template", "beside compute", "keep one of them")
    if direction == "read":
        if template:
            fix = "say direction: write, or take it out"
            yield _dead(source, path, "template", "where the field is only read", fix)
        if entry["required"]:
            yield _dead(source, path, "required", "where the field is only read", "take it out")
        if compute and entry.get("field"):
            fix = "take field: out, or say direction: write"
            yield _dead(source, path, "field", "where the value is computed and only read", fix)
    elif direction == "both" and compute:
        fix = "say direction: write, or direction: read without field:"
        yield Problem(source.where((*path, "compute")), "a computed value crosses in one direction only", fix)
    elif direction == "both" and template:
        fix = "say direction: write: what a template made of a value cannot be read back"
        yield Problem(source.where((*path, "template")), "a template crosses in one direction only", fix)
    if entry.get("wins") and direction != "both":
        why = f"under direction: {direction}, as only one side changes it"
        yield _dead(source, path, "wins", why, "take it out")


def _effect(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    """Find settings of names and values where there is none to look up or to map."""
    del record
    by_name, lookup = entry["type"] in LOOKED_UP, entry["lookup"]
    if entry["otherwise"] and not entry["values"] and not by_name:
        yield _dead(source, path, "else", "without values or a lookup", "add values: {ours: theirs}")
    if (lookup["by"] or lookup["several"] != "refuse") and not by_name:
        yield _dead(source, path, "lookup", f"on a {entry['type']}", f"say type: {', '.join(sorted(LOOKED_UP))}")
    elif lookup["by"] and entry["type"] == "reference" and not entry["kind"]:
        yield _dead(source, path, "lookup", "without kind", "say kind: team, user, ci or service")


def _pairs(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    name = entry["source"] or path[-1]
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
                what = f"'{value}' is mapped twice, to {other} and to {ours}"
                yield Problem(where, what if other != ours else f"'{value}' stands twice under {ours}", fix)
            seen.setdefault(value.casefold(), ours)
    yield from _unwritten(source, path, entry, options)
    for setting, given in (("else.read", entry["otherwise"].get("read")), ("default", entry.get("default"))):
        if given not in (None, "") and options and choice(record, name, given) is None:
            fix = nearest(str(given), options) or f"use one of: {', '.join(options)}"
            yield Problem(source.where((*path, *setting.split("."))), f"{name} has no value '{given}'", fix)


def _unwritten(source: Source, path: Path, entry: Entry, options: list[str]) -> Iterator[Problem]:
    """Find values of ours that would be written and have nothing to be written as."""
    if entry["direction"] == "read" or not entry["values"] or "write" in entry["otherwise"]:
        return
    lacking = [option for option in options if option not in entry["values"]]
    if lacking:
        what = f"nothing is written for {', '.join(lacking)}"
        fix = f"add {lacking[0]}: <the platform's value>, or else: {{write: ...}} for all"
        yield Problem(source.where((*path, "values")), what, fix)


def _conditions(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    for setting in ("when", "compute"):
        text = entry.get(setting)
        if not text:
            continue
        where = source.where((*path, setting))
        names = {name for name in _NAMED.findall(text) if name} - {"true", "false", "in"}
        if (
            setting == "when"
            and not names & (FIELDS[record] | set(CONTEXT))
            and not any(name.startswith("x_") for name in names)
        ):
            yield Problem(where, f"`{text}` asks nothing of the record, so it is always the same", "take when: out")
        for found in _COMPARED.finditer(text):
            name = found[1] or found[6]
            literal = next(group for group in found.groups()[1:5] if group is not None)
            options = [str(option) for option in CHOICES.get((record, name), ())]
            if options and literal and literal not in options:
                fix = nearest(literal, options) or f"its values: {', '.join(options)}"
                yield Problem(where, f"{name} is never '{literal}'", fix)


_RULES: tuple[Callable[[Source, Record, Path, Entry], Iterator[Problem]], ...] = (
    _names,
    _needs,
    _type,
    _format,
    _direction,
    _effect,
    _pairs,
    _conditions,
)


def _twice(source: Source, entries: Mapping[str, Entry]) -> Iterator[Problem]:
    """Find two lines that read the same field of ours, or write the same one of theirs, whatever the record holds."""
    reads: dict[str, str] = {}
    writes: dict[str, str] = {}
    for name, entry in entries.items():
        path = ("fields", name)
        if entry.get("when"):
            continue
        ours, theirs = entry["source"] or name, entry.get("field", "")
        if entry["direction"] != "write":
            other = reads.setdefault(ours, name)
            if other != name:
                fix = "say direction: write on one of them, or give each a when:"
                yield Problem(source.where(path), f"'{ours}' is read twice, by {other} and by {name}", fix)
        if entry["direction"] != "read" and theirs:
            other = writes.setdefault(theirs.casefold(), name)
            if other != name:
                fix = "say direction: read on one of them, or give each a when:"
                yield Problem(source.where(path), f"'{theirs}' is written twice, by {other} and by {name}", fix)
