"""The static check: what a schema cannot see in a mapping file, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_args

from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.language.schema import only_on
from mappings.mapping import no_names
from mappings.rich_text import MARKUPS
from mappings.source import Path, Source
from mappings.transforms import DURATION_FORMATS, LOOKED_UP, MANY, Shape, Unmapped, reader, zone
from mappings.vocabulary import CHOICES, ESSENTIAL, FIELDS, fitting, kept_as, known, meant, options

Entry = Mapping[str, Any]
_OWN = re.compile(r"x_[a-z][a-z0-9_]*")
_WITHIN = re.compile(r"\b(\w+)\s+in\s*\[([^\]]*)\]")
_TEXT = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_COMPARED = re.compile(r"\b(\w+)\s*[!=]=\s*(?:'([^']*)'|\"([^\"]*)\")|(?:'([^']*)'|\"([^\"]*)\")\s*[!=]=\s*(\w+)\b")
_NAMED = re.compile(r"'[^']*'|\"[^\"]*\"|\b([A-Za-z_]\w*)")


def problems_of(source: Source, content: Mapping[str, Any], broken: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Check the meaning of a file's content (as `form` gives it), but for fields whose form is `broken`."""
    if source.record not in get_args(Record):
        return
    record = cast("Record", source.record)
    entries: Mapping[str, Entry] = content["fields_"]
    yield from _elsewhere(source, content)
    for name in ESSENTIAL[record]:
        if not any((entry["source"] or key) == name for key, entry in entries.items()):
            yield _lacking(source, record, name)
    for name, entry in entries.items():
        path = ("fields", name)
        for rule in _RULES if name not in broken else ():
            yield from rule(source, record, path, entry)
    yield from _twice(source, {name: entry for name, entry in entries.items() if name not in broken})


def _lacking(source: Source, record: Record, name: str) -> Problem:
    path = ("fields", name)
    if source.own(path):
        what = f"nothing stands below {name}, and {record} cannot do without it"
        return Problem(source.mend(path), what, "indent its settings below it, or take the line out")
    return Problem(source.mend(path), f"{record} cannot do without '{name}'", "map a field to it")


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
    if name.startswith("x_") and not _OWN.fullmatch(name):
        fix = "write it in small letters, digits and _, such as x_cost_center"
        yield Problem(source.where(path), f"'{name}' is no name that conditions and texts could use", fix)
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
    fit = fitting(ours, entry["direction"])
    # A constant has no shape; a computed value is checked by its expression.
    if fit and given not in fit and entry.get("field") and not entry.get("compute"):
        what = f"{ours} cannot be of type {given}"
        yield Problem(source.where((*path, "type")), what, f"use type: {' or '.join(fit)}")


def _format(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    del record
    given, kind = entry["format"], entry["type"]
    if not given:
        return
    where = source.where((*path, "format"))
    forms = {"duration": DURATION_FORMATS, "rich_text": MARKUPS}.get(kind, ())
    if forms and given not in forms:
        fix = nearest(given, forms) or f"use one of: {', '.join(forms)}"
        yield Problem(where, f"'{given}' is no format of a {kind}", fix)
    elif kind in ("datetime", "date"):
        try:
            datetime.strptime(datetime.now(UTC).strftime(given), given)  # noqa: DTZ007
            said = "%" in given
        except ValueError:
            said = False
        if not said:
            fix = "write it as for strptime, such as %Y-%m-%d %H:%M:%S"
            yield Problem(where, f"'{given}' does not say how a {kind} is written", fix)
    elif not forms:
        yield Problem(where, f"type {kind} has no format", "take it out, or say type: datetime")


def _dead(source: Source, path: Path, setting: str, why: str, fix: str) -> Problem:
    return Problem(source.where((*path, *setting.split("."))), f"{setting} has no effect {why}", fix)


def _direction(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    """Find what does not go with the field's direction: each is a mistake about one of the two."""
    del record
    direction = entry["direction"]
    template, compute = entry.get("template") is not None, bool(entry.get("compute"))
    if direction == "read":
        if template:
            fix = "say direction: write, or take it out"
            yield _dead(source, path, "template", "where the field is only read", fix)
        if entry["required"]:
            yield _dead(source, path, "required", "where the field is only read", "take it out")
        if "write" in entry["otherwise"]:
            yield _dead(source, path, "else.write", "where the field is only read", "take it out")
        for setting in ("field", "values", "default") if compute else ():
            if entry.get(setting) not in (None, "", {}):
                fix = f"take {setting}: out, or say direction: write"
                yield _dead(source, path, setting, "where the value is computed and only read", fix)
    elif direction == "write" and "read" in entry["otherwise"]:
        yield _dead(source, path, "else.read", "where the field is only written", "take it out")
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
    if entry.get("template") is not None and entry.get("compute"):
        yield _dead(source, path, "template", "beside compute", "keep one of them")
    if entry["otherwise"] and not entry["values"] and not by_name:
        yield _dead(source, path, "else", "without values or a lookup", "add values: {ours: theirs}")
    if (lookup["by"] or lookup["several"] != "refuse") and not by_name:
        yield _dead(source, path, "lookup", f"on a {entry['type']}", f"say type: {', '.join(sorted(LOOKED_UP))}")
    elif lookup["by"] and entry["type"] == "reference" and not entry["kind"]:
        yield _dead(source, path, "lookup", "without kind", "say kind: team, user, ci or service")


def _pairs(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    name, kind = entry["source"] or path[-1], entry["type"]
    allowed = options(record, name, kind)
    seen: dict[str, str] = {}
    for ours, theirs in entry["values"].items():
        here = (*path, "values", ours)
        if meant(record, name, kind, ours) is None:
            yield Problem(source.where(here), *_no_value(name, ours, allowed))
            continue
        for value in theirs:
            if parts := _several(source, path, value):
                fix = f"write {ours}: [{', '.join(repr(part) for part in parts)}]"
                yield Problem(source.where(here), f"'{value}' is one value, with a comma in it", fix)
            if value.casefold() in seen and not entry["lossy"] and entry["direction"] != "write":
                other = seen[value.casefold()]
                fix = "keep one, or add lossy: accepted (the first is then what it reads as)"
                what = f"'{value}' is mapped twice, to {other} and to {ours}"
                said = what if other != ours else f"'{value}' stands twice under {ours}"
                yield Problem(source.where(here), said, fix)
            seen.setdefault(value.casefold(), ours)
        if entry["direction"] == "write" and len(theirs) > 1 and source.own(here):
            what = f"of {', '.join(theirs)} only the first is written, and none is read"
            yield Problem(source.where(here), what, f"write {ours}: {theirs[0]}, or say direction: both")
    yield from _unwritten(source, path, entry, allowed)


def _several(source: Source, path: Path, value: str) -> list[str]:
    """Return the values that a text with commas was meant to be, as numbers and shipped values say; [] for one."""
    parts = [part.strip() for part in value.split(",")]
    shipped: Any = source.layers[0].content
    for step in (*path, "values"):
        shipped = shipped.get(step) if isinstance(shipped, Mapping) else None
    listed = shipped.values() if isinstance(shipped, Mapping) else ()
    known = {str(one).casefold() for said in listed for one in (said if isinstance(said, list) else [said])}
    alike = all(re.fullmatch(r"-?\d+", part) or part.casefold() in known for part in parts)
    return parts if len(parts) > 1 and alike else []


def _no_value(name: str, given: Any, allowed: Sequence[str]) -> tuple[str, str]:
    fix = nearest(str(given), allowed) or (f"use one of: {', '.join(allowed)}" if allowed else "write a number")
    return f"{name} has no value '{given}'", fix


def _fallbacks(source: Source, record: Record, path: Path, entry: Entry) -> Iterator[Problem]:
    """Find an else or a default that is no value of the field."""
    name, kind = entry["source"] or path[-1], entry["type"]
    allowed = options(record, name, kind)
    for setting, given in (("else.read", entry["otherwise"].get("read")), ("default", entry.get("default"))):
        if given in (None, "", []):
            continue
        where = source.where((*path, *setting.split(".")))
        if isinstance(given, Mapping) or (isinstance(given, list) and not (entry["many"] or kind in MANY)):
            yield Problem(where, f"{setting} is one value, not a list or settings", f"write {setting}: and one value")
            continue
        for value in given if isinstance(given, list) else [given]:
            unwritten = setting == "default" and entry["values"] and not allowed and not entry["otherwise"]
            fault = _mistyped(name, kind, value)
            if meant(record, name, kind, value) is None:
                yield Problem(where, *_no_value(name, value, allowed))
            elif fault:
                yield Problem(where, *fault)
            elif unwritten and str(value) not in entry["values"]:
                yield Problem(where, *_no_value(name, value, tuple(entry["values"])))


def _mistyped(name: str, kind: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with a value of ours that is not of its type, and what to write."""
    kept = kept_as(name, kind)
    try:
        if kept in _KEPT:
            reader(Shape(type=kept))(str(value), no_names)
    except Unmapped:
        return f"{name} is kept as a {_KEPT[kept]}, which '{value}' is not", _EXAMPLE[kept]
    return None


_KEPT = {"datetime": "date and time", "date": "date", "number": "number"}
_EXAMPLE = {
    "datetime": 'write it as "2026-03-02T14:30:00Z", or take it out',
    "date": 'write it as "2026-03-02", or take it out',
    "number": "write a number (of a duration its seconds)",
}


def _unwritten(source: Source, path: Path, entry: Entry, allowed: Sequence[str]) -> Iterator[Problem]:
    """Find values of ours that would be written and have nothing to be written as."""
    if entry["direction"] == "read" or not entry["values"] or "write" in entry["otherwise"]:
        return
    lacking = [option for option in allowed if option not in entry["values"]]
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
        if setting == "when" and not names:
            yield Problem(where, f"`{text}` asks nothing of the record, so it is always the same", "take when: out")
        for name, literal in _compared(text):
            allowed = [str(option) for option in CHOICES.get((record, name), ())]
            if allowed and literal and literal not in allowed:
                fix = nearest(literal, allowed) or f"its values: {', '.join(allowed)}"
                yield Problem(where, f"{name} is never '{literal}'", fix)


def _compared(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names that an expression compares with a text, each with the text."""
    for found in _COMPARED.finditer(text):
        yield found[1] or found[6], next(group for group in found.groups()[1:5] if group is not None)
    for found in _WITHIN.finditer(text):
        yield from ((found[1], one or other) for one, other in _TEXT.findall(found[2]))


_RULES: tuple[Callable[[Source, Record, Path, Entry], Iterator[Problem]], ...] = (
    _names,
    _needs,
    _type,
    _format,
    _direction,
    _effect,
    _pairs,
    _fallbacks,
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
