"""One process at a time does the work on a database."""

import fcntl
import threading
from pathlib import Path

import pytest

from connector.store.database import Database
from connector.store.lock import Lock
from tests.postgres import postgres_database


def database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder}/continuity.db")


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = Lock(database(tmp_path), "worker"), Lock(database(tmp_path), "worker")

    assert first.take()
    assert not second.take()
    assert (first.held(), second.held()) == (True, True)

    first.release()
    assert second.take()


def test_looking_whether_it_is_held_does_not_hold_it(tmp_path: Path) -> None:
    first, second = Lock(database(tmp_path), "worker"), Lock(database(tmp_path), "worker")

    assert not first.held()
    assert second.take()


def test_a_command_that_looks_at_the_wrong_instant_does_not_keep_the_service_from_its_lock(tmp_path: Path) -> None:
    lock = Lock(database(tmp_path), "worker")
    with Path(lock.place).open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        looking = threading.Timer(0.1, handle.close)
        looking.start()

        assert lock.take()

        looking.join()


def test_a_lock_whose_file_was_deleted_is_lost(tmp_path: Path) -> None:
    lock = Lock(database(tmp_path), "worker")
    assert lock.take()
    assert lock.kept()

    Path(lock.place).unlink()

    assert not lock.kept()


def test_taking_it_twice_is_taking_it_once(tmp_path: Path) -> None:
    lock = Lock(database(tmp_path), "worker")

    assert lock.take()
    assert lock.take()

    lock.release()
    assert not lock.held()


def test_the_file_names_its_process_and_the_message_shows_no_password(tmp_path: Path) -> None:
    lock = Lock(database(tmp_path), "worker")
    lock.take()

    assert Path(lock.place) == tmp_path / "continuity.db.lock"
    assert (tmp_path / "continuity.db.lock").read_text().isdigit()
    assert "hidden-word" not in Lock(Database("postgresql://me:hidden-word@localhost/x"), "worker").place


@pytest.mark.postgres
def test_on_postgresql_the_lock_goes_with_its_session(tmp_path: Path) -> None:
    with postgres_database(tmp_path) as url:
        first, second, third = (Database(url) for _ in range(3))
        holder, other, another = Lock(first, "worker"), Lock(second, "worker"), Lock(third, "another")

        assert holder.take()
        assert not other.take()
        assert other.held()
        assert another.take()

        assert holder.kept()
        with second.begin() as tx:
            assert not other.kept()
            tx.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                                     " AND objsubid = 1 AND pid <> pg_backend_pid()")  # fmt: skip
        assert not holder.kept()
        holder.release()
        assert not other.held()
        assert other.take()
        for lock, database_ in ((other, second), (another, third), (holder, first)):
            lock.release()
            database_.close()
