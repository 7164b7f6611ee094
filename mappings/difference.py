"""What differs between two versions of the mappings, in words; and what a release changes of the shipped files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings import library
from mappings.library import Texts
from mappings.source import Path, Source, parse, plain
from mappings.vocabulary import RECORDS

NOWHERE = object()
"""Stands for what is not there at all, where None could be a value."""
_LONGEST = 60
_FIELD = 2
"""The length of a path that names a field: `fields`, and its name."""
_SETTING = 3

_WORDS: Mapping[str, str] = {
    "field": "the platform's field",
    "direction": "the direction",
    "type": "the type",
    "template": "the template",
    "compute": "the computed value",
    "when": "the condition",
    "default": "the default",
    "required": "required",
    "optional": "optional",
    "many": "many",
    "lossy": "lossy",
    "wins": "who wins",
    "from": "the value that is written",
    "format": "the format",
    "zone": "the time zone",
    "part": "the part that is read",
    "wrap": "the property it is wrapped in",
    "kind": "what is looked up",
    "lookup": "the lookup",
    "else": "what stands for anything else",
}
_CROSSES = {"read": "read from", "write": "written to", "both": "read from and written to"}


@dataclass(frozen=True)
class Difference:
    """One part of a record's mapping that is another now; `where` is the file and line that says so."""

    platform: str
    record: str
    path: Path
    before: Any
    after: Any
    where: str = ""

    def __str__(self) -> str:
        return f"{self.platform} {self.record}: {self._told()}"

    def _told(self) -> str:
        before, after = shown(self.before), shown(self.after)
        if self.path[:1] != ("fields",) or len(self.path) < _FIELD:
            return _changed(".".join(self.path), self.before, self.after, before, after)
        name = self.path[1]
        if len(self.path) == _FIELD:
            if self.before is NOWHERE:
                return f"{name} is new: {described(self.after)}"
            return f"{name} is not mapped any more; it was {described(self.before)}"
        setting, rest = self.path[2], self.path[_SETTING:]
        if setting == "values" and rest:
            ours = ".".join(rest)
            if self.before is NOWHERE:
                return f"{name}: {ours} now stands for {after}"
            if self.after is NOWHERE:
                return f"{name}: {ours} stands for nothing any more; it stood for {before}"
            return f"{name}: {ours} stands for {after}; it stood for {before}"
        words = ".".join((_WORDS.get(setting, setting), *rest))
        return f"{name}: {_changed(words, self.before, self.after, before, after)}"


def _changed(what: str, old: Any, new: Any, before: str, after: str) -> str:
    if old is NOWHERE:
        return f"{what} is now {after}"
    if new is NOWHERE:
        return f"{what} is taken out; it was {before}"
    return f"{what}: {before} -> {after}"


def described(entry: Any) -> str:
    """Say in a few words what a field's entry does."""
    if not isinstance(entry, Mapping):
        return shown(entry)
    place = entry.get("field")
    crosses = _CROSSES.get(str(entry.get("direction", "both")), "mapped to")
    if not place:
        return "computed" if entry.get("compute") else f"always {shown(entry.get('default', ''))}"
    return f"{crosses} {place}" + (f" ({entry['type']})" if "type" in entry else "")


def shown(value: Any) -> str:
    """Return a value of a file on one line, as people write it."""
    if value is NOWHERE or value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    text = " ".join(str(value).split())
    if not text:
        return '""'
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def differences(old: Mapping[str, Texts], new: Mapping[str, Texts]) -> list[Difference]:
    """Compare what two versions come to, shipped and own merged; a record that one lacks is taken as shipped now."""
    found: list[Difference] = []
    for platform in dict.fromkeys((*old, *new)):
        for record in RECORDS:
            before = library.sourced(platform, record, old.get(platform, {}).get(record, ()))
            after = library.sourced(platform, record, new.get(platform, {}).get(record, ()))
            for path, was, now in _walk(before.content, after.content, ()):
                where = _place(before if now is NOWHERE else after, path)
                found.append(Difference(platform, record, path, was, now, where))
    return found


def shipped_changes(content: Mapping[str, Texts]) -> list[str]:
    """Return, line by line, where the shipped files that a version holds are others than those of this release.

    `shipped servicenow/incident.yaml: fields.state.values.on_hold: 3 -> 3, 10`
    """
    lines: list[str] = []
    for platform, files in content.items():
        for record, texts in files.items():
            if not texts or record not in RECORDS:
                continue
            current = library.shipped_text(platform, record, *texts[1:])
            if texts[0] == current:
                continue
            old, new = (
                plain(parse(text, library.shipped_file(platform, record)).content) for text in (texts[0], current)
            )
            for path, was, now in _walk(old, new, ()):
                where = f"shipped {platform}/{record}.yaml: {'.'.join(path)}"
                told = f"new: {shown(now)}" if was is NOWHERE else f"{shown(was)} -> {shown(now)}"
                lines.append(f"{where}: taken out; it was {shown(was)}" if now is NOWHERE else f"{where}: {told}")
    return lines


def _walk(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Yield what differs: whole fields where one side has none, else down to the single setting or value."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        if old != new:
            yield path, old, new
        return
    for key in dict.fromkeys((*old, *new)):
        yield from _walk(old.get(key, NOWHERE), new.get(key, NOWHERE), (*path, str(key)))


def _place(source: Source, path: Path) -> str:
    found = source.origin(path)
    return f"{found[0].name}:{found[1]}" if found else source.file
