"""Mapping files as written: the shipped one with an admin's differences merged over it, each line's place kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from connector.problem import Problem
from mappings.yaml_file import read

Path = tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """One file: the name to show, what stands in it, and what in it YAML takes otherwise than it was meant."""

    name: str
    content: CommentedMap
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path) -> int | None:
        """Return the line of the deepest part of `path` that this file holds, if it holds all of it (from 1)."""
        node: Any = self.content
        line: int | None = 1
        for step in path:
            if isinstance(node, CommentedMap):
                # Nearly all keys are texts, and found at once however many there are.
                key = step if step in node else next((key for key in node if _named(key) == step), None)
                if key is None:
                    return None
                line = node.lc.key(key)[0] + 1
                node = node[key]
            elif isinstance(node, CommentedSeq) and step.isdigit() and int(step) < len(node):
                line = node.lc.item(int(step))[0] + 1
                node = node[int(step)]
            else:
                return line
        return line


@dataclass(frozen=True)
class Source:
    """A record's mapping before it is compiled: plain data, and where each part of it comes from.

    `file` is the file in which an admin makes changes, whether it exists or not.
    """

    platform: str
    record: str
    file: str
    content: Mapping[str, Any]
    layers: tuple[Layer, ...]

    def where(self, path: Path) -> str:
        """Return the breadcrumb of `path`: `mappings/servicenow/incident.yaml:3: fields.state.type`."""
        crumb = ".".join(path)
        place = self._place(path)
        return f"{place}: {crumb}" if crumb else place

    def own(self, path: Path) -> bool:
        """Tell whether the file that has the last word, the admin's if there is one, holds what stands at `path`."""
        return self.layers[-1].line(path) is not None

    def mend(self, path: Path) -> str:
        """Return where an admin mends what stands at `path`: the line of the own file, or that file for a new line."""
        own = next((layer for layer in self.layers if layer.name == self.file), None)
        line = own.line(path) if own else None
        place = f"{self.file}:{line}" if line is not None else self.file
        return f"{place}: {'.'.join(path)}"

    def origin(self, path: Path) -> tuple[Layer, int] | None:
        """Return the file and line that decides what stands at `path`, or, failing that, above it."""
        # The last layer wins; where none holds the whole path, the one that holds the most of it is meant.
        for length in range(len(path), -1, -1):
            for layer in reversed(self.layers):
                line = layer.line(path[:length])
                if line is not None:
                    return layer, line
        return None

    def _place(self, path: Path) -> str:
        found = self.origin(path)
        return f"{found[0].name}:{found[1]}" if found else self.file


def parse(text: str, name: str) -> Layer:
    """Read one file's YAML; raises Invalid with its line for a text that is no YAML or no mapping of names."""
    content, problems = read(text, name)
    return Layer(name, content, problems)


def _named(key: Any) -> str:
    """Return a key as it was written: YAML makes a truth value of true."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def plain(node: Any) -> Any:
    """Return YAML's nodes as plain dicts, lists and scalars; keys become text."""
    if isinstance(node, Mapping):
        return {_named(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `under` with the differences of `over`: mappings merge, anything else replaces, null removes."""
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged
