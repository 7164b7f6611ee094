"""Whatever goes wrong meanwhile, all sides agree once the faults have stopped and one sweep has been made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.converge.record_machine import RecordMachine
from tests.converge.recovery_machine import RecoveryMachine
from tests.converge.run import run
from tests.converge.story import BOARD, DESK, Ways, World


@pytest.mark.timeout(200)
@pytest.mark.parametrize("machine", [RecoveryMachine, RecordMachine])
def test_all_sides_agree_after_random_edits_under_every_fault(machine: Any) -> None:
    failed = run(200, 1, (machine,))

    assert failed is None, f"seed {failed.seed}:\n{failed.script}"


def test_a_due_time_that_no_message_told_is_found_by_the_poll_and_stands() -> None:
    world = World(Ways(), "standing")
    ticket = next(item for item in world.board.tickets("recovery_task") if item.values["title"].endswith("failover"))
    agreed = ticket.values["due_at"] + timedelta(hours=2)
    world.board.edit(ticket.id, due_at=agreed)
    world.board.letters.clear()
    world.connector.sweep(f"poll:{BOARD}")
    world.deliver_all()

    opened = world.desk.now_holds(world.incident)["opened_at"]
    world.desk.edit(world.incident, outage_began_at=opened - timedelta(hours=1))
    world.deliver_all()

    assert world.board.now_holds(ticket.id)["due_at"] == agreed
    world.close()


def test_a_move_that_a_later_one_had_followed_is_not_put_back_when_its_message_comes_late() -> None:
    world = World(Ways(), "standing")
    ticket, mirror = (
        next(item for item in world.platforms[side].tickets("recovery_task") if item.values["title"].endswith("assess"))
        for side in (DESK, BOARD)
    )
    for state in ("in_progress", "failed"):
        world.desk.edit(ticket.id, state=state)
    early, later = world.desk.letters
    world.desk.letters.clear()
    world.board.edit(mirror.id, state="done", closed_at=world.clock.now())
    world.deliver_all()  # written over the two moves, of which nothing was known

    world.connector.deliver(later, later.identity)
    world.deliver_all()
    world.connector.deliver(early, early.identity)
    world.deliver_all()

    assert world.desk.now_holds(ticket.id)["state"] == world.board.now_holds(mirror.id)["state"] == "failed"
    world.close()
