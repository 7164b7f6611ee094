"""Types in projects in which records of ours stand, and what is wrong alike in several of them told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.jira.fault import Rejected
from adapters.jira.lookups import IssueType, Project
from adapters.jira.site import Site
from connector.problem import Problem
from connector.ticketing import Record

PLACE = "<place>"
"""Stands in a problem's `what` for the places that it is true of."""


@dataclass(frozen=True)
class Place:
    """A type in a project, for a record of ours."""

    record: Record
    project: Project
    type: IssueType


Found = tuple[Place, Problem]


def create_screen(site: Site, place: Place) -> Mapping[str, Mapping[str, Any]]:
    """Return what can be set on a create, nothing where the account may not create there."""
    try:
        return site.lookups.screen(place.project.key, place.type.id)
    except Rejected:
        return {}


def listed(places: Iterable[Place]) -> str:
    """Return `Task, Sub-task in OPS; Task in NET`."""
    types: dict[str, dict[str, None]] = {}
    for place in places:
        types.setdefault(place.project.key, {})[place.type.name] = None
    return "; ".join(f"{', '.join(names)} in {key}" for key, names in types.items())


def merged(found: Iterable[Found]) -> list[Problem]:
    """Return each problem once, with all the places that it is true of where its text says `PLACE`."""
    places: dict[Problem, list[Place]] = {}
    for place, problem in found:
        places.setdefault(problem, []).append(place)
    return [replace(problem, what=problem.what.replace(PLACE, listed(held))) for problem, held in places.items()]
