"""The form of a mapping file: settings that are not known, and values that cannot stand where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

from marshmallow import ValidationError

from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.language.schema import FIELD_KEYS, KEYS, OPTIONS, RECORD_KEYS, MappingSchema
from mappings.source import Path, Source
from mappings.vocabulary import CHOICES, known

_NOUNS = ("direction", "type", "kind")
_EMPTY = "write a value, or take the line out"


@dataclass(frozen=True)
class Form:
    """A file's content, its defaults filled in and without what cannot be used, and what is wrong with its form.

    `content["fields_"]` holds the fields by name; `broken` names those that lost a setting.
    """

    content: Mapping[str, Any]
    problems: tuple[Problem, ...]
    broken: frozenset[str]


def formed(source: Source) -> Form:
    """Check a file's form. What is wrong is left out of the content, so that the rest can be checked too."""
    problems = [problem for layer in source.layers for problem in layer.problems]
    broken: set[str] = set()
    content = deepcopy(dict(source.content))
    for problem, path in _nulls(source):
        problems.append(problem)
        if path == ("fields",):
            content["fields"] = {}
            broken.add("")
    while True:
        try:
            loaded = cast("dict[str, Any]", MappingSchema().load(content))
        except ValidationError as error:
            messages = cast("Mapping[str, Any]", error.messages)
            for path, message in _flat(messages, ()):
                problems.append(_problem(source, path, message))
                _without(content, path)
                broken.add(path[1] if path[0] == "fields" and len(path) > 1 else "" if path[0] == "fields" else path[0])
        else:
            return Form(loaded, tuple(problems), frozenset(broken))


def _without(content: dict[str, Any], path: Path) -> None:
    """Take out what stands at `path`; the fields as a whole become none."""
    if path == ("fields",):
        content["fields"] = {}
        return
    node: Any = content
    for step in path[:-1]:
        below = node.get(step) if isinstance(node, dict) else None
        if not isinstance(below, dict):
            node.pop(step, None)
            return
        node = below
    node.pop(path[-1], None)


def _nulls(source: Source) -> Iterator[tuple[Problem, Path]]:
    """Find nulls that take nothing out, as a name was mistyped or what belongs there stands elsewhere."""
    if len(source.layers) < 2:  # noqa: PLR2004 - the shipped file alone
        return
    shipped, own = source.layers[0].content, source.layers[-1].content
    yield from _null_below(source, shipped, own, ())


def _null_below(source: Source, under: Any, over: Mapping[Any, Any], path: Path) -> Iterator[tuple[Problem, Path]]:
    for key, value in over.items():
        here = (*path, str(key))
        there = under.get(key) if isinstance(under, Mapping) else None
        if value is None and here == ("fields",):
            fix = "write the fields below it, indented by two blanks, or take the line out"
            yield Problem(source.where(here), "nothing stands below fields:", fix), here
        elif value is None and here == ("table",):
            yield Problem(source.where(here), "nothing stands after table:", _EMPTY), here
        elif value is None and there is None:
            options = [str(name) for name in under] if isinstance(under, Mapping) else []
            fix = nearest(str(key), options) or _EMPTY
            # Where nothing is merged, the null stays in the content and the form tells it.
            if isinstance(under, Mapping):
                yield Problem(source.where(here), f"null takes '{key}' out, and there is none", fix), here
        elif isinstance(value, Mapping):
            yield from _null_below(source, there, value, here)


def _flat(messages: Any, path: Path, *, inner: bool = False) -> Iterator[tuple[Path, str]]:
    """Walk marshmallow's nest of messages; a dict's own `key` or `value` level (`inner`: just passed) is left out."""
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            own = not inner and isinstance(below, (Mapping, list)) and step in ("key", "value") and len(path) in (2, 4)
            yield from _flat(below, path if own or step == "_schema" else (*path, str(step)), inner=own)
    else:
        for message in messages:
            yield path, str(message)


def _problem(source: Source, path: Path, message: str) -> Problem:
    given = _given(source.content, path)
    return Problem(source.where(path), *_said(cast("Record", source.record), path, message, given))


def _said(record: Record, path: Path, message: str, given: Any) -> tuple[str, str]:
    """Return what is wrong and what to do, for marshmallow's message about what stands at `path`."""
    name = path[-1]
    if message == "Unknown field.":
        return _unknown(record, path, given)
    if message.startswith("Must be one of"):
        options = OPTIONS[name]
        what = f"'{_shown(given)}' is no {name}" if name in _NOUNS else f"{name}: cannot be '{_shown(given)}'"
        return what, nearest(str(given), options) or f"use one of: {', '.join(options)}"
    if given is None:
        return f"nothing stands after {name}:", _EMPTY
    if name == "version":
        return f"version {_shown(given)} of the language is not known", "write version: 1"
    if message == "Invalid input type." and len(path) == 2:  # noqa: PLR2004 - a field
        if name in FIELD_KEYS:
            return f"'{name}' is a setting of a field and stands among the fields", "indent it below its field"
        text = given if isinstance(given, str) else "..."
        return f"'{_shown(given)}' stands where settings belong", f"write {name}: {{field: {text}}}"
    wanted = _WANTED.get(message)
    if wanted is not None:
        what, fix = wanted
        return what.format(name=name, given=_shown(given)), fix.format(name=name, example=_EXAMPLES.get(name, "..."))
    return message.rstrip(".").lower(), "docs/mappings.md says what may stand here"


_WANTED = {
    "Not a valid boolean.": ("{name} is true or false, not '{given}'", "write {name}: true, or take the line out"),
    "Not a valid string.": ("{name} is a text, not {given}", "put it in quotes if it is one"),
    "Not a valid mapping type.": ("{name} holds names with values, not '{given}'", "write {name}: {{{example}}}"),
    "Invalid input type.": ("{name} holds settings, not '{given}'", "write {name}: {{{example}}}"),
    "Not a valid list.": ("{name} is a list, not '{given}'", "write {name}: [one, another]"),
    "Not a text or a list of texts.": (
        "'{given}' is neither a text nor a list of texts",
        'write {name}: "1", or {name}: ["1", "2"]',
    ),
}
_EXAMPLES = {
    "values": "ours: theirs",
    "else": "read: ours, write: theirs",
    "lookup": "by: email",
    "fields": "summary: {field: short_description}",
    "lasting_fields": "incident: parent",
    "preferred_fields": "short_description: name",
    "retired": 'install_status: "7"',
}


def _unknown(record: Record, path: Path, given: Any) -> tuple[str, str]:
    name = path[-1]
    if len(path) == 1:
        if known(record, name):
            return f"the field '{name}' stands beside fields:", "indent it below fields: by two blanks"
        if name in FIELD_KEYS:
            return f"'{name}' is a setting of a field and stands beside fields:", "indent it below its field"
        options = RECORD_KEYS
    elif len(path) == 3:  # noqa: PLR2004 - a field's setting
        if name in [str(option) for option in CHOICES.get((record, path[1]), ())]:
            return f"the value '{name}' stands beside the settings of {path[1]}", "indent it below values:"
        if name not in FIELD_KEYS and known(record, name):
            return f"the field '{name}' stands among the settings of {path[1]}", f"indent it as {path[1]} is"
        options = FIELD_KEYS
    else:
        options = KEYS[path[-2]]
    known_here = f"known here: {', '.join(sorted(options))}"
    if given is None:
        known_here = "if it is the rest of a text with a comma, put the whole text in quotes"
    return f"no setting '{name}'", nearest(name, options) or known_here


def _shown(given: Any) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, list):
        return "[" + ", ".join(_shown(item) for item in given) + "]"
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(value)}" for key, value in given.items()) + "}"
    return "null" if given is None else str(given)


def _given(content: Any, path: Path) -> Any:
    for step in path:
        if isinstance(content, Mapping):
            content = content.get(step)
        elif isinstance(content, list) and step.isdigit():
            content = content[int(step)]
        else:
            return content
    return content
