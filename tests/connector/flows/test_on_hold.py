"""A task that a person put on hold on its platform: open work for the plan, and no move each time it is heard of."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connector.store import deliveries
from tests.connector.flows.mirrored import standing, task
from tests.converge.story import World


def skip(world: World, key: str) -> None:
    """Record what `continuity task skip` does; it is not decided yet."""
    (activation,) = world.rows("SELECT id FROM activation")
    order = {"activation": activation.id, "task": key, "state": "skipped", "by": "Ops", "reason": ""}
    subject = f"activation:{activation.id}"
    with world.connector.database.begin() as tx:
        body = json.dumps(order).encode()
        deliveries.record(
            tx, deliveries.Message("command", "skip", "command", "task", body, subject=subject), world.clock.now()
        )
    world.connector.wake("incident", subject)


@pytest.mark.parametrize("news", ["told again", "another field changed"])
def test_a_hold_that_is_known_does_not_undo_what_was_decided_after_it(news: str) -> None:
    with standing() as world:
        there = task(world.board, "assess")
        world.clock.advance(timedelta(minutes=5))
        world.board.edit(there.id, state="pending")
        hold = world.board.letters[-1]
        world.deliver_all()
        (state,) = [row.state for row in world.rows("SELECT state FROM task WHERE key = 'assess'")]
        assert (state, world.board.now_holds(there.id)["state"]) == ("open", "pending")

        world.clock.advance(timedelta(minutes=5))
        skip(world, "assess")
        if news == "another field changed":
            world.board.edit(there.id, due_at=world.clock.now() + timedelta(hours=1))
            hold = world.board.letters[-1]
        world.connector.deliver(hold, "news")
        world.connector.work()
        world.deliver_all()

        (state,) = [row.state for row in world.rows("SELECT state FROM task WHERE key = 'assess'")]
        held = [world.board.now_holds(there.id)["state"], world.desk.now_holds(task(world.desk, "assess").id)["state"]]
        assert (state, held) == ("skipped", ["skipped", "skipped"])
