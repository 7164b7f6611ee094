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
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Invalid([Problem(f"{file}:1", "the file is missing", "`continuity init` writes an example")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([Problem(f"{file}:1", f"the file cannot be read: {error}", "save it as UTF-8 text")]) from None
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    try:
        root = yaml.compose(text)
        data = yaml.load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        fix = "mend the indentation or put the text in quotes"
        raise Invalid([Problem(f"{file}:{line}", f"not YAML: {error.problem}", fix)]) from None
    except (YAMLError, ValueError) as error:  # a control character, a date such as 2026-13-45
        here = f"{file}:{_impossible_date(text)}"
        raise Invalid([Problem(here, f"not YAML: {error}", "mend the value or put it in quotes")]) from None
    except RecursionError:
        raise Invalid([Problem(f"{file}:1", "the file is nested too deeply", "write it flatter")]) from None
    lines, problems = _lines(root, file)
    if problems:
        raise Invalid(problems)
    return Document(file, data, lines)


def _impossible_date(text: str) -> int:
    """Return the line of the first date that the calendar does not have; the reader does not say."""
    for number, line in enumerate(text.split("\n"), 1):
        for found in _DATE.findall(line):
            try:
                date.fromisoformat(found)
            except ValueError:
                return number
    return 1


def _lines(root: Node | None, file: str) -> tuple[dict[tuple[Step, ...], int], list[Problem]]:
    lines: dict[tuple[Step, ...], int] = {}
    problems: list[Problem] = []
    seen: set[int] = set()
    waiting: list[tuple[tuple[Step, ...], Node, int]] = [((), root, 1)] if root else []
    while waiting:
        path, node, line = waiting.pop()
        if path in lines:
            what = f"the key stands twice, first on line {lines[path]}"
            problems.append(Problem(f"{file}:{line}{_crumb(path)}", what, "keep one of them"))
            continue
        if id(node) in seen:
            here = f"{file}:{line}{_crumb(path)}"
            problems.append(Problem(here, "an alias (*) is not supported", "write the value out"))
            continue
        seen.add(id(node))
        lines[path] = line
        waiting.extend(reversed(list(_children(path, node))))
    return lines, problems


def _children(path: tuple[Step, ...], node: Node) -> Iterator[tuple[tuple[Step, ...], Node, int]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), value, key.start_mark.line + 1
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value, value.start_mark.line + 1
