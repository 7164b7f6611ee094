"""The shapes of services.yaml and of a plan's file: which fields they have and of which kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from connector.catalog.document import Document, Step
from connector.catalog.field import Choice, Day, Flag, Key, Keyed, Length, Names, Places, Rank, Shape, Text
from connector.problem import Problem
from connector.recovery_task import PHASES

KINDS = ("ci", "service", "component", "label")


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
    named = {place: fields.Nested(NamedShape()) for place in places}
    with_places = type("ServiceWithPlaces", (ServiceShape,), named)
    file = type("ServicesShape", (Shape,), {"services": Keyed(with_places(), required=True)})
    data, problems = _read(document, file())
    return data.get("services", {}), problems


def read_plan(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """Return a plan's fields, as far as they are readable, and what is wrong."""
    return _read(document, PlanShape())


def _read(document: Document, shape: Schema) -> tuple[dict[str, Any], list[Problem]]:
    if not isinstance(document.data, Mapping):
        return {}, [Problem(document.where(), "the file is not a mapping", "write `field: value` lines")]
    try:
        return dict(shape.load(document.data)), []
    except ValidationError as error:
        problems = [_problem(document, path, text) for path, text in _flat(error.messages)]
        return (error.valid_data if isinstance(error.valid_data, dict) else {}), problems


def _problem(document: Document, path: tuple[Step, ...], text: str) -> Problem:
    what, _, fix = text.partition("; ")
    return Problem(document.where(*path), what, fix)


def _flat(messages: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            yield from _flat(below, path if step == "_schema" else (*path, step))
    else:
        for text in messages:
            yield path, str(text)
