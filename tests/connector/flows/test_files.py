"""A file that people add to a mirrored task's ticket is copied once to the others, or told where it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.flows.files import MOST_TRIES
from connector.flows.remarks import LOOK_EVERY
from connector.flows.spool import Spool
from connector.store import written_history
from connector.ticketing import Refused, Unavailable
from tests.connector.flows.mirrored import next_timer, standing, task
from tests.converge.story import World

SHOT = b"\x89PNG" + bytes(2000)


def say(world: World, side: str, **how: Any) -> None:
    """Set a connection up otherwise."""
    connections: Any = world.connector.parts.connections
    connections[side] = replace(connections[side], **how)


def told(world: World, ticket: str) -> list[str]:
    return [note for note in world.board.notes(ticket) if " attached '" in note]


def test_a_file_is_copied_once_and_told_with_author_and_time_and_never_comes_back() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.desk.attach(here.id, "Tom Becker", "lag.png", SHOT)
        for _ in range(3):
            world.deliver_all()
        world.board.attach(there.id, "Priya Nair", "plan.txt", b"fine")
        for _ in range(3):
            world.deliver_all()
            world.clock.advance(LOOK_EVERY)
            world.connector.housekeep()

        assert world.board.files(there.id) == [("lag.png", SHOT), ("plan.txt", b"fine")]
        assert world.desk.files(here.id) == [("lag.png", SHOT), ("plan.txt", b"fine")]
        (note,) = told(world, there.id)
        assert note.startswith(f"Tom Becker attached 'lag.png' to {here.number}, 2026-03-02 09:0")
        assert note.endswith("Z. It is attached here too.")
        assert sum("plan.txt" in note for note in world.desk.notes(here.id)) == 1


def test_the_history_tells_of_a_copy_with_its_cause_and_the_answer() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.desk.attach(here.id, "Tom Becker", "lag.png", SHOT)
        world.deliver_all()

        with world.connector.database.begin() as tx:
            lines = list(written_history.lines(tx, written_history.Wanted(number=there.number)))
        (copy,) = (line for line in lines if line["action"] == "attach")
        (note,) = (line for line in lines if "attached" in line["note"])
        changes = {item["field"]: item["after"] for item in copy["changes"]}
        assert (changes["file"], changes["size"], changes["type"]) == ("lag.png", len(SHOT), "text/plain")
        assert changes["address"].endswith("/lag.png")
        assert copy["cause"] == note["cause"] == f"person: Tom Becker on {here.number}"
        assert (copy["state"], copy["answer"][:8]) == ("done", "done, id")


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "busy"])
def test_files_of_one_name_are_each_copied_once_though_answers_are_lost(fault: Any) -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        for turn in range(3):
            world.board.fail(fault, key=f":remark:{turn}")
        for content in (b"one", b"two", b"two"):
            world.desk.attach(here.id, "Tom Becker", "lag.txt", content)
        world.deliver_all()

        assert sorted(content for _, content in world.board.files(there.id)) == [b"one", b"two", b"two"]
        assert len(told(world, there.id)) == 3
        assert world.desk.files(here.id) == [("lag.txt", content) for content in (b"one", b"two", b"two")]


def test_a_death_at_any_commit_or_call_leaves_one_file_and_one_note() -> None:
    for passed in range(60):
        with standing() as world:
            here, there = task(world.desk, "assess"), task(world.board, "assess")
            world.desk.attach(here.id, "Tom Becker", "lag.png", SHOT)
            for letter in world.desk.letters:
                world.connector.deliver(letter, letter.identity)
            world.desk.letters.clear()
            world.connector.work()
            next_timer(world)
            world.connector.fate.left = passed
            world.connector.work()
            assert world.connector.fate.left is None, "it died"
            finished = told(world, there.id) and not world.rows("SELECT id FROM write WHERE state = 'pending'")
            world.clock.advance(LOOK_EVERY)
            world.connector.housekeep()
            world.deliver_all()

            assert world.board.files(there.id) == [("lag.png", SHOT)], passed
            assert len(told(world, there.id)) == 1, passed
            assert world.desk.files(here.id) == [("lag.png", SHOT)], passed
        if finished:
            break
    assert 8 < passed < 59


def test_what_is_too_large_or_refused_or_told_wrongly_is_told_by_its_address_and_nothing_is_parked() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        say(world, "desk", largest_file=1000)
        world.board.reject("file", "no files of that type")
        world.desk.attach(here.id, "Tom Becker", "large.png", SHOT)
        world.desk.attach(here.id, "Tom Becker", "wrong.exe", b"x")
        world.deliver_all()
        world.board.accept("file")
        world.desk.attach(here.id, "Tom Becker", "more.txt", SHOT, told=3)
        world.desk.attach(here.id, "Tom Becker", "less.txt", b"x", told=3)
        world.deliver_all()

        assert world.board.files(there.id) == []
        address = f": memory://desk/{here.id}"
        found = [note.partition(" attached ")[2].partition(f" to {here.number}, ") for note in told(world, there.id)]
        assert [(name, rest[rest.index(address) :].removeprefix(address)) for name, _, rest in sorted(found)] == [
            ("'large.png' (2 kB)", "/large.png (not copied: larger than 1000 bytes)"),
            ("'less.txt' (3 bytes)", "/less.txt (not copied: 1 bytes came where 3 were told)"),
            ("'more.txt' (3 bytes)", "/more.txt (not copied: it is larger than the 3 bytes that were told)"),
            ("'wrong.exe' (1 byte)", "/wrong.exe (not copied: file: no files of that type)"),
        ]
        assert world.rows("SELECT id FROM write WHERE state IN ('parked', 'pending')") == []


def test_of_confidential_files_only_the_address_is_told_or_nothing_at_all() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        say(world, "desk", files="tell")
        world.desk.attach(here.id, "Tom Becker", "lag.png")
        world.deliver_all()
        say(world, "desk", files="off")
        world.desk.attach(here.id, "Tom Becker", "names.txt")
        world.deliver_all()
        world.board.attach(there.id, "Priya Nair", "plan.txt", b"fine")
        world.deliver_all()

        assert [name for name, _ in world.board.files(there.id)] == ["plan.txt"]
        (note,) = told(world, there.id)
        assert note.endswith(f": memory://desk/{here.id}/lag.png")
        assert [name for name, _ in world.desk.files(here.id)] == ["lag.png", "names.txt", "plan.txt"]


def test_files_that_were_on_their_way_when_that_was_switched_off_are_neither_copied_nor_told() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.board.fail("busy", key=":remark:", retry_after=5.0)
        world.desk.attach(here.id, "Tom Becker", "names.txt")
        for letter in world.desk.letters:
            world.connector.deliver(letter, letter.identity)
        world.connector.work()
        next_timer(world)
        world.connector.work()
        say(world, "desk", files="off")
        world.deliver_all()

        assert (world.board.files(there.id), told(world, there.id)) == ([], [])
        assert world.rows("SELECT id FROM write WHERE state IN ('parked', 'pending')") == []


def test_a_source_that_is_down_holds_the_file_and_nothing_else() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        content = world.desk.content

        def down(*_: object) -> None:
            raise Unavailable("down")

        world.desk.content = down  # type: ignore[assignment,method-assign]
        world.desk.attach(here.id, "Tom Becker", "lag.png", SHOT)
        world.desk.remark(here.id, "Tom Becker", "See the picture.")
        letters, world.desk.letters = world.desk.letters, []
        for letter in letters:
            world.connector.deliver(letter, letter.identity)
        world.desk.edit(here.id, state="done")
        for letter in world.desk.letters:
            world.connector.deliver(letter, letter.identity)
        world.desk.letters.clear()
        world.connector.work()
        for _ in range(4):
            next_timer(world)
            world.connector.work()

        assert world.board.now_holds(there.id)["state"] == "done"
        assert any("See the picture." in note for note in world.board.notes(there.id))
        assert world.board.files(there.id) == []
        world.desk.content = content  # type: ignore[method-assign]
        world.deliver_all()
        assert world.board.files(there.id) == [("lag.png", SHOT)]


def test_a_platform_that_never_says_yes_or_no_is_given_up_and_the_file_told_by_its_address() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.board.fail("drop_before", times=100, key=":remark:0")
        world.desk.attach(here.id, "Tom Becker", "lag.png", SHOT)
        world.deliver_all()

        (note,) = told(world, there.id)
        assert note.endswith(f"/lag.png (not copied: tried {MOST_TRIES} times: the connection was lost)")
        assert [row.state for row in world.rows("SELECT state FROM write WHERE action = 'attach'")] == ["superseded"]


def test_a_source_that_stays_down_is_given_up_in_the_end() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")

        def down(*_: object) -> None:
            raise Unavailable("down")

        world.desk.content = down  # type: ignore[assignment,method-assign]
        world.desk.attach(here.id, "Tom Becker", "lag.png", SHOT)
        for letter in world.desk.letters:
            world.connector.deliver(letter, letter.identity)
        world.connector.work()
        for hours in (0, 9):
            next_timer(world)
            world.clock.advance(timedelta(hours=hours))
            world.connector.work()

        (note,) = told(world, there.id)
        assert note.endswith("(not copied: tried for 9 h: it cannot be read on desk: down)")


def test_a_name_is_cleaned_before_it_goes_over() -> None:
    with standing() as world:
        here, there = task(world.desk, "assess"), task(world.board, "assess")
        world.desk.attach(here.id, "Tom Becker", "../../bin/lag\u202egnp\r\n.exe", b"x")
        world.deliver_all()

        assert [name for name, _ in world.board.files(there.id)] == ["laggnp .exe"]
        assert "'laggnp .exe'" in told(world, there.id)[0]


def test_a_spool_takes_no_more_than_was_told_and_no_longer_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with Spool(3) as spool:
        spool.write(b"ab")
        with pytest.raises(Refused, match="larger than the 3 bytes"):
            spool.write(b"cd")
        assert (spool.held, spool.content().read()) == (2, b"ab")
    monkeypatch.setattr("connector.flows.spool.LONGEST", -1.0)
    with Spool(3) as slow, pytest.raises(Unavailable, match="within"):
        slow.write(b"a")


def test_a_machine_without_room_is_no_reason_to_lose_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, Spool(3) as spool:
        monkeypatch.setattr(spool, "_file", full)

        with pytest.raises(Unavailable, match="no room for it here: No space left on device"):
            spool.write(b"a")
