"""The shapes of services.yaml and of a plan's file: which fields they have and of which kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

from connector.document import Document
from connector.field import (
    Choice,
    Day,
    Flag,
    Key,
    Keyed,
    Length,
    Names,
    Shape,
    Strict,
    Text,
    problems_of,
    read_each,
)
from connector.problem import Problem
from connector.recovery_task import PHASES, Target

KINDS = ("ci", "service", "component", "label")


class Rank(Strict):
    """A criticality, 1 to 4."""

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or value not in (1, 2, 3, 4):
            raise ValidationError(f"'{value}' is not a criticality; use 1 (most critical) to 4 (not critical)")
        return int(value)


class Places(Strict):
    """Where a task's ticket goes: `name`, `{name: PROJECT}`, or a list of these."""

    def read(self, value: Any) -> tuple[Target, ...]:
        items = value if isinstance(value, list) else [value]
        return tuple(read_each(items, self._target))

    @staticmethod
    def _target(item: Any) -> Target:
        if isinstance(item, str) and item.strip():
            return Target(item.strip())
        if isinstance(item, Mapping) and len(item) == 1:
            ((place, project),) = item.items()
            if isinstance(place, str) and isinstance(project, str):
                return Target(place, project)
        if isinstance(item, Mapping) and len(item) > 1:
            places = ", ".join(f"{{{place}: {project}}}" if project else f"{place}" for place, project in item.items())
            raise ValidationError(f"two places stand in one; write them as a list: [{places}]")
        raise ValidationError(f"{item!r} is not a place; write the name of a platform or connection, or name: PROJECT")


class OwnFields(Strict):
    """Values for fields of the admin's own, by their names in the mappings: `x_site: primary`."""

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("not a mapping; write `x_name: value` lines")
        errors: dict[str, list[str]] = {}
        for name, item in value.items():
            if not str(name).startswith("x_"):
                errors[str(name)] = ["not a field of your own; name it x_..., as the mapping does"]
            elif not isinstance(item, str | int | float):
                errors[str(name)] = [f"{item!r} is neither a text nor a number; put it in quotes"]
        if errors:
            raise ValidationError(errors)
        return dict(value)


class NamedShape(Shape):
    """How one platform or connection names a service: lists of names by kind."""

    ci = Names()
    service = Names()
    component = Names()
    label = Names()


class ServiceShape(Shape):
    """A service; beside these fields stands one mapping for each platform or connection that names it."""

    name = Text(required=True)
    criticality = Rank(required=True)
    rto = Length(required=True, some=True)
    rpo = Length(required=True)
    mtpd = Length(required=True, some=True)
    owner = Text(required=True)
    depends_on = Names()


class RoleShape(Shape):
    person = Text(required=True)
    phone = Text()
    email = Text()
    channel = Text()
    deputy = Text()


class TaskShape(Shape):
    name = Text(required=True)
    phase = Choice(PHASES, required=True)
    duration = Length(required=True)
    role = Text()
    team = Text()
    after = Names()
    required = Flag()
    on = Places()
    instructions = Text()
    own = OwnFields(data_key="fields")


class CommunicationShape(Shape):
    audience = Text(required=True)
    channel = Text(required=True)
    cadence = Length(some=True)
    text = Text(required=True)


class PlanShape(Shape):
    key = Key(required=True)
    name = Text(required=True)
    services = Names(required=True)
    scenario = Text(required=True)
    summary = Text()
    when = Text()
    invoke = Choice(("automatic", "decision"))
    decider = Text()
    stand_down = Choice(("ask", "automatic"))
    disruption = Choice(("join", "own"))
    accept_late = Flag()
    on = Places()
    review_at = Day()
    tested_at = Day()
    team = Keyed(RoleShape())
    tasks = Keyed(TaskShape(), required=True)
    communications = Keyed(CommunicationShape())


def read_services(document: Document, places: Collection[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the services by key, as far as they are readable, and what is wrong.

    `places` are the names of platforms and connections that may stand beside a service's fields.
    """
    data, problems = read_shape(document, _services_shape(tuple(places)))
    return data.get("services", {}), problems


@lru_cache(maxsize=16)
def _services_shape(places: tuple[str, ...]) -> Shape:
    """Make the shape once: it takes longer than reading a file by it."""
    named = {place: fields.Nested(NamedShape()) for place in places}
    with_places = type("ServiceWithPlaces", (ServiceShape,), named)
    shape: Shape = type("ServicesShape", (Shape,), {"services": Keyed(with_places(), required=True)})()
    return shape


def read_plan(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """Return a plan's fields, as far as they are readable, and what is wrong."""
    return read_shape(document, _plan_shape())


@cache
def _plan_shape() -> Shape:
    return PlanShape()


def read_shape(document: Document, shape: Schema) -> tuple[dict[str, Any], list[Problem]]:
    """Return what a file holds in the given shape, as far as it is readable, and what is wrong with it."""
    if not isinstance(document.data, Mapping):
        return {}, [Problem(document.where(), "the file is not a mapping", "write `field: value` lines")]
    try:
        return dict(shape.load(document.data)), []
    except ValidationError as error:
        return (error.valid_data if isinstance(error.valid_data, dict) else {}), problems_of(document, error)
