"""How a queue hears that something was put into it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.durable import Bell
from connector.store.database import Database, after

LONG = 30.0
"""Seconds that nobody here waits: whoever does fails by the time the test takes."""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path}/bell.db")


def test_what_rang_before_somebody_listened_is_heard() -> None:
    bell = Bell()
    bell.ring("incident")

    assert bell.listen("incident", 0, LONG) == 1


def test_who_listens_hears_the_next_ring_of_its_own_queue_only() -> None:
    bell = Bell()
    heard: list[int] = []
    listener = threading.Thread(target=lambda: heard.append(bell.listen("incident", 0, LONG)))
    listener.start()

    bell.ring("send")
    listener.join(0.05)
    assert heard == []

    bell.ring("incident")
    listener.join(LONG)
    assert heard == [1]


def test_who_hears_nothing_looks_again_after_a_while() -> None:
    began = time.monotonic()

    assert Bell().listen("incident", 0, 0.02) == 0
    assert time.monotonic() - began >= 0.02


def test_a_silent_bell_holds_nobody() -> None:
    bell = Bell()
    listener = threading.Thread(target=bell.listen, args=("incident", 0, LONG))
    listener.start()

    bell.silence()

    listener.join(5)
    assert not listener.is_alive()
    assert bell.listen("incident", 0, LONG) == 0


def test_it_rings_once_a_transaction_is_committed_and_never_when_it_is_not(database: Database) -> None:
    told: list[str] = []

    def transact(what: str, statement: str) -> None:
        with database.begin() as tx:
            after(tx, lambda: told.append(what))
            tx.execute(sa.text(statement))
            assert told == []

    with pytest.raises(sa.exc.OperationalError):
        transact("rolled back", "SELECT no_such_column")
    transact("committed", "SELECT 1")

    assert told == ["committed"]
