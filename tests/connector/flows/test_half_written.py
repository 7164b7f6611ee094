"""A state that takes a platform several calls shows half done in between: no move of a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.converge.nasty import Letter
from tests.converge.story import Ways, World


def test_a_message_from_between_the_calls_of_our_own_write_is_no_persons_move() -> None:
    world = World(Ways(), "standing")
    try:
        world.deliver_all()
        ticket = next(item for item in world.board.tickets("recovery_task") if "assess" in item.values["title"])

        def tell_half() -> None:
            values = {**ticket.values, "state": "done"}
            version = int(world.clock.now().timestamp() * 1000)
            raw = {**ticket.raw, "values": {**ticket.raw["values"], "state": "done"}, "version": version}
            half = replace(ticket, values=values, raw=raw, version=version)
            world.connector.deliver(Letter("board", half, "half"), "half")
            world.connector.work()

        task = next(item for item in world.desk.tickets("recovery_task") if "assess" in item.values["title"])
        world.clock.advance(timedelta(minutes=5))
        world.board.during("sending", tell_half)
        world.desk.edit(task.id, state="skipped")
        world.deliver_all()

        (state,) = [row.state for row in world.rows("SELECT state FROM task WHERE key = 'assess'")]
        assert (state, world.board.now_holds(ticket.id)["state"]) == ("skipped", "skipped")
    finally:
        world.close()
