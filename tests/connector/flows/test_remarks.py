"""What people write on a mirrored task's tickets is told once on the others, with author and time."""

from __future__ import annotations

from datetime import timedelta

from connector.flows.mirror_note import LONGEST
from connector.flows.remarks import LOOK_EVERY
from connector.ticketing import Refused
from tests.connector.flows.mirrored import standing, task
from tests.converge.story import BOARD, DESK, Ways, World


def test_a_comment_is_told_once_on_the_other_ticket_and_never_comes_back() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        before = world.board.notes(there.id), world.desk.notes(here.id)
        world.desk.remark(here.id, "Tom Becker", "The standby lags by 40 s.")
        for _ in range(3):
            world.deliver_all()
        world.board.remark(there.id, "Priya Nair", "Down to 5 s.")
        for _ in range(3):
            world.deliver_all()

        on_board = world.board.notes(there.id)[len(before[0]) :]
        on_desk = world.desk.notes(here.id)[len(before[1]) :]
        assert [note.partition(",")[0] for note in on_board] == [f"Tom Becker on {here.number}"]
        assert on_board[0].endswith("Z:\nThe standby lags by 40 s.")
        assert [note.partition(",")[0] for note in on_desk] == [f"Priya Nair on {there.number}"]


def test_a_long_text_says_where_the_rest_is() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.desk.remark(here.id, "Tom Becker", "x" * (LONGEST + 1))
        world.deliver_all()

        assert world.board.notes(there.id)[-1].endswith(f"x... (the rest stands on {here.number})")


def test_a_comment_whose_message_was_lost_is_found_by_the_poll() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.desk.remark(here.id, "Tom Becker", "Nobody told of this.")
        world.desk.letters.clear()
        world.connector.sweep("poll:desk")
        world.connector.rest()

        assert sum("Nobody told of this." in note for note in world.board.notes(there.id)) == 1


def test_a_file_that_changes_no_version_is_found_by_a_look_from_time_to_time() -> None:
    with standing() as world:
        here, there = task(world.desk, "failover"), task(world.board, "failover")
        world.desk.attach(here.id, "Tom Becker", "lag.png")
        world.desk._rows[here.id].version -= 1
        world.desk.letters.clear()
        for _ in range(2):
            world.clock.advance(LOOK_EVERY)
            world.connector.housekeep()
            world.connector.rest()

        assert sum("lag.png" in note for note in world.board.notes(there.id)) == 1


def test_a_task_with_one_ticket_costs_no_call() -> None:
    with standing() as world:
        alone = task(world.desk, "tell")
        world.deliver_all()
        before = world.desk.calls
        world.desk.remark(alone.id, "Tom Becker", "Told them.")
        world.deliver_all()

        assert world.desk.calls == before


def test_a_platform_that_does_not_let_comments_be_read_is_told_once_and_holds_nothing() -> None:
    with standing() as world:
        here = task(world.desk, "assess")

        def refuse(*_: object) -> None:
            raise Refused("403: no right to read the journal")

        world.desk.remarks = refuse  # type: ignore[assignment,method-assign]
        for text in ("one", "two"):
            world.desk.remark(here.id, "Tom Becker", text)
            world.deliver_all()
        world.desk.edit(here.id, state="done")
        world.deliver_all()

        told = [row.text for row in world.rows("SELECT text FROM history WHERE text LIKE 'What people write%'")]
        assert told == ["What people write on desk cannot be read: 403: no right to read the journal"]
        assert task(world.board, "assess").values["state"] == "done"


def test_a_note_that_is_refused_does_not_hold_the_tasks_state() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.board.fail("refuse", key=":remark:")
        world.desk.remark(here.id, "Tom Becker", "Not wanted there.")
        world.deliver_all()
        world.desk.edit(here.id, state="done")
        world.deliver_all()

        assert [row.state for row in world.rows("SELECT state FROM write WHERE key LIKE '%:remark:%'")] == ["parked"]
        assert world.board.now_holds(there.id)["state"] == "done"


def test_a_comment_of_the_first_seconds_is_told_though_the_platforms_clock_is_behind() -> None:
    world = World(Ways(skew=timedelta(seconds=-3)), "standing")
    here, there = (
        next(item for item in world.platforms[side].tickets("recovery_task") if item.values["title"].endswith("assess"))
        for side in (BOARD, DESK)
    )
    world.board.say(here.id, "Ana", "Look at the log.")
    world.deliver_all()

    assert [note for note in world.desk.notes(there.id) if "Look at the log." in note]
    world.close()
