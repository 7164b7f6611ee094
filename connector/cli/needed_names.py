"""The names that one connection needs of its platform, and the lines of the files that need them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.catalog import Catalog
from connector.document import Step, read_document
from connector.problem import Invalid, Problem
from connector.recovery_task import PlanTask
from connector.settings import ConnectionSettings, Settings
from connector.ticketing import Names

_QUOTED = re.compile(r"'([^']+)'")
_ASKED = frozenset({"team", "ci", "service", "component", "on"})
"""The fields of plans and services whose values are asked for on a platform."""
_OURS = ("fallback_team", "desk_team", "project", "review_project")


def needed(catalog: Catalog, connection: ConnectionSettings) -> Names:
    """Return what the tasks that go to a connection, the services named for it and its settings need there."""
    places = {connection.name, connection.platform}
    tasks = [task for plan in catalog.plans.values() for task in plan.tasks if _goes(task, places)]
    projects = [target.project for task in tasks for target in task.targets if target.platform in places]
    items = [item for service in catalog.services.values() for item in service.identifiers if item.platform in places]
    return Names(
        teams=_each(*(task.team for task in tasks), connection.fallback_team, connection.desk_team),
        projects=_each(*projects, connection.project, connection.review_project),
        cis=_each(*(item.name for item in items if item.kind in {"ci", "service"})),
    )


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


def _goes(task: PlanTask, places: set[str]) -> bool:
    """Tell whether a task may get a ticket here; one without a place goes where the incident is."""
    return not task.targets or any(target.platform in places for target in task.targets)


def _each(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
