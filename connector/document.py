"""A YAML file that people write, and the line on which each of its values stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from connector.problem import Invalid, Problem

Step = str | int
_IMPOSSIBLE = re.compile("[\\0\ud800-\udfff]")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")


@dataclass(frozen=True)
class Document:
    """What a file holds, as plain data; `file` is its name as shown to people, `lines` the line of each path."""

    file: str
    data: Any
    lines: Mapping[tuple[Step, ...], int]

    def where(self, *path: Step) -> str:
        """Return a breadcrumb such as `plans/pay-dr.yaml:14: tasks.failover.after[1]`.

        A path that does not exist (a field that is missing) stands on the line of what should hold it.
        """
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.file}:{self.lines.get(known, 1)}" + _crumb(path)


def _crumb(path: tuple[Step, ...]) -> str:
    crumb = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f": {crumb}" if crumb else ""


def read_document(path: Path, file: str) -> Document:
    """Read a YAML file. Raises Invalid when it cannot be read, is not YAML, or has keys twice."""
    document, doubles = read_with_doubles(path, file)
    if doubles:
        raise Invalid(doubles)
    return document


def read_with_doubles(path: Path, file: str) -> tuple[Document, tuple[Problem, ...]]:
    """Read a YAML file, and return with it a problem for each key that stands twice: the rest can be checked as well.

    Raises Invalid when it cannot be read or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        what = f"there is no such file in {path.parent.resolve()}"
        fix = "`continuity init DIRECTORY` writes an example there; --config DIRECTORY reads another folder"
        raise Invalid([Problem(f"{file}:1", what, fix)]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([Problem(f"{file}:1", f"the file cannot be read: {error}", "save it as UTF-8 text")]) from None
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    try:
        root = yaml.compose(text)
        lines, doubles, aliases = _lines(root, file)
        impossible = list(_impossible_characters(root, file))
        data = yaml.constructor.construct_document(root) if root else None  # which changes nodes that merge others
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        fix = "mend the indentation or put the text in quotes"
        raise Invalid([Problem(f"{file}:{line}", f"not YAML: {error.problem}", fix)]) from None
    except (YAMLError, ValueError) as error:  # a control character, a date such as 2026-13-45
        here = f"{file}:{_impossible_date(text)}"
        raise Invalid([Problem(here, f"not YAML: {error}", "mend the value or put it in quotes")]) from None
    except RecursionError:
        raise Invalid([Problem(f"{file}:1", "the file is nested too deeply", "write it flatter")]) from None
    if aliases or impossible:
        raise Invalid([*doubles, *aliases, *impossible])
    return Document(file, data, lines), tuple(doubles)


def _impossible_date(text: str) -> int:
    """Return the line of the first date that the calendar does not have; the reader does not say."""
    for number, line in enumerate(text.split("\n"), 1):
        for found in _DATE.findall(line):
            try:
                date.fromisoformat(found)
            except ValueError:
                return number
    return 1


def _lines(root: Node | None, file: str) -> tuple[dict[tuple[Step, ...], int], list[Problem], list[Problem]]:
    """Return the line of each path, the keys that stand twice, and the aliases (data with those may be endless)."""
    lines: dict[tuple[Step, ...], int] = {}
    doubles: list[Problem] = []
    aliases: list[Problem] = []
    seen: set[int] = set()
    waiting: list[tuple[tuple[Step, ...], Node, int]] = [((), root, 1)] if root else []
    while waiting:
        path, node, line = waiting.pop()
        if path in lines:
            what = f"the key stands twice, first on line {lines[path]}"
            doubles.append(Problem(f"{file}:{line}{_crumb(path)}", what, "keep one of them"))
            continue
        if id(node) in seen:
            here = f"{file}:{line}{_crumb(path)}"
            aliases.append(Problem(here, "an alias (*) is not supported", "write the value out"))
            continue
        seen.add(id(node))
        lines[path] = line
        waiting.extend(reversed(list(_children(path, node))))
    return lines, doubles, aliases


def _impossible_characters(root: Node | None, file: str) -> Iterator[Problem]:
    """Yield the texts, keys too, with what no file or database takes: half a character, or the character zero."""
    seen: set[int] = set()
    waiting: list[Node] = [root] if root else []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            waiting.extend(part for pair in reversed(node.value) for part in reversed(pair))
        elif isinstance(node, SequenceNode):
            waiting.extend(reversed(node.value))
        elif found := _IMPOSSIBLE.search(str(node.value)):
            what = f"\\u{ord(found[0]):04x} is not a valid character"
            yield Problem(f"{file}:{node.start_mark.line + 1}", what, "write the character itself")


def _children(path: tuple[Step, ...], node: Node) -> Iterator[tuple[tuple[Step, ...], Node, int]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), value, key.start_mark.line + 1
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value, value.start_mark.line + 1
