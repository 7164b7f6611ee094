"""A record's mapping as it is in effect, as YAML, with the file and line beside each line that decides it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.source import Path, Source

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*( [\w./-]+)*")
"""Texts that YAML takes as they stand; all others are quoted."""
_TAKEN = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_INDENT = "  "


@dataclass(frozen=True)
class Line:
    """One line: its YAML, what it sets, the file and line that decide it, and whether that is the admin's own file."""

    text: str
    path: Path
    where: str
    own: bool


def lines_of(source: Source) -> list[Line]:
    """Return the merged mapping line by line; put together, the texts are YAML of the same content."""
    return list(_lines(source, source.content, ()))


def beside(lines: list[Line]) -> str:
    """Return the lines as one text, each with its origin as a comment."""
    width = min(max((len(line.text) for line in lines), default=0), 72)
    return "\n".join(f"{line.text:<{width}}  # {line.where}{' (own)' if line.own else ''}" for line in lines)


def _lines(source: Source, node: Mapping[str, Any], path: Path) -> Iterator[Line]:
    for key, value in node.items():
        at = (*path, str(key))
        head = f"{_INDENT * len(path)}{_key(str(key))}:"
        if isinstance(value, Mapping) and value:
            yield _line(source, head, at, first=True)
            yield from _lines(source, value, at)
        else:
            yield _line(source, f"{head} {_flow(value)}", at)


def _line(source: Source, text: str, path: Path, *, first: bool = False) -> Line:
    """Give a line its origin: the last file that has it or, for one that only opens a block, the first."""
    layers = source.layers if first else ()
    found = next(((layer, line) for layer in layers if (line := layer.line(path))), None) or source.origin(path)
    if found is None:
        return Line(text, path, source.file, own=True)
    layer, line = found
    own = layer.name == source.file
    return Line(text, path, f"{layer.name}:{line}" if own else _short(layer.name, line), own=own)


def _short(name: str, line: int) -> str:
    """Return `mappings/defaults/x/y.yaml:3 (shipped)` of a layer named `mappings/defaults/x/y.yaml (shipped)`."""
    file, _, kind = name.partition(" ")
    return f"{file}:{line} {kind}".rstrip()


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return scalar(str(value))


def scalar(text: str) -> str:
    """Return a text as YAML, quoted where it has to be."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _TAKEN:
        return text
    return json.dumps(text, ensure_ascii=False)


def _key(text: str) -> str:
    return text if text.isdigit() else scalar(text)
