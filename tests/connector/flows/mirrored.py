"""A world in which an activation's tasks stand on both platforms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.ticketing import Ticket
from tests.converge.nasty import Nasty
from tests.converge.story import Ways, World


@contextmanager
def standing() -> Iterator[World]:
    world = World(Ways(), "standing")
    try:
        world.deliver_all()
        yield world
    finally:
        world.close()


def task(side: Nasty, name: str) -> Ticket:
    return next(ticket for ticket in side.tickets("recovery_task") if name in ticket.values["title"])


def next_timer(world: World) -> None:
    """Let time pass until the next timer is due."""
    at = world.connector._steps.next_at()
    assert at is not None
    world.clock.until(at)
