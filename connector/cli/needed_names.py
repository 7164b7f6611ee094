"""The lines of the files that need a name of a platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.document import Step, read_document
from connector.problem import Invalid, Problem
from connector.settings import Settings

_QUOTED = re.compile(r"'([^']+)'")
_ASKED = frozenset({"team", "ci", "service", "component", "on"})
"""The fields of plans and services whose values are asked for on a platform."""
_OURS = ("fallback_team", "desk_team", "project", "review_project")


def placed(problem: Problem, name: str, settings: Settings, lines: dict[str, str]) -> Problem:
    """Return what a platform's check found with the file and line that needs it; `lines` is what `lines_of` gave."""
    rest = re.sub(rf"^connections?[. ]{re.escape(name)}\.?", "", problem.where)
    if rest == problem.where:
        return problem
    for asked in (rest.removeprefix("projects."), *_QUOTED.findall(problem.what)):
        for field in _OURS:
            if asked and getattr(settings.connections[name], field) == asked and field in _written(settings, name):
                return replace(problem, where=settings.where("connections", name, field))
        if asked in lines:
            return replace(problem, where=lines[asked])
    known = rest if rest in _written(settings, name) else ""
    return replace(problem, where=settings.where("connections", name, *([known] if known else [])))


def lines_of(directory: Path) -> dict[str, str]:
    """Return, for each name that plans and services need of platforms, the first file and line that needs it."""
    found: dict[str, str] = {}
    for path in [*sorted((directory / "plans").glob("*.y*ml")), directory / "services.yaml"]:
        file = path.relative_to(directory).as_posix()
        try:
            document = read_document(path, file)
        except Invalid:
            continue  # told by the check of the files
        for at, value in _texts(document.data, ()):
            if at[:1] != ("team",) and _ASKED & set(map(str, at)):
                found.setdefault(value, document.where(*at))
    return found


def _written(settings: Settings, name: str) -> Any:
    data = settings.document.data if settings.document is not None else {}
    return (data or {}).get("connections", {}).get(name) or {}


def _texts(value: Any, at: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*at, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*at, index))
    elif isinstance(value, str):
        yield at, value
