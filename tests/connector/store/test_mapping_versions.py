"""Versions of the mappings: kept for ever, the newest in force."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.store import mapping_versions
from connector.store.database import Database
from tests.postgres import postgres_database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@contextmanager
def sqlite_database(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/continuity.db"


@pytest.fixture(
    params=[sqlite_database, pytest.param(postgres_database, marks=pytest.mark.postgres)], ids=["sqlite", "postgres"]
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with request.param(tmp_path) as url:
        found = Database(url)
        found.migrate()
        yield found
        found.close()


def content(text: str) -> dict[str, dict[str, list[str]]]:
    return {"servicenow": {"incident": ["shipped", text]}}


def test_the_newest_version_is_in_force_and_gives_back_its_texts(database: Database) -> None:
    with database.begin() as tx:
        assert (mapping_versions.newest(tx), mapping_versions.newest_id(tx)) == (None, 0)
        first = mapping_versions.add(tx, "a", content("one"), "Ada", NOW)
        second = mapping_versions.add(tx, "b", content("two\n# a remark"), "Ben", NOW)
        newest = mapping_versions.newest(tx)

        assert (first, second, mapping_versions.newest_id(tx)) == (1, 2, 2)
        assert newest is not None
        assert newest.content == content("two\n# a remark")
        assert (newest.activated_by, newest.activated_at, newest.restores) == ("Ben", NOW, None)


def test_a_restored_version_is_a_new_row_that_names_the_old(database: Database) -> None:
    with database.begin() as tx:
        mapping_versions.add(tx, "a", content("one"), "Ada", NOW)
        mapping_versions.add(tx, "b", content("two"), "Ada", NOW)
        third = mapping_versions.restore(tx, 1, "Ben", NOW)
        newest = mapping_versions.newest(tx)

        assert newest is not None
        assert (third, newest.content, newest.restores) == (3, content("one"), 1)
        assert [row.id for row in mapping_versions.listed(tx, limit=2)] == [3, 2]
        with pytest.raises(LookupError):
            mapping_versions.restore(tx, 9, "Ben", NOW)


def test_the_version_before_is_the_newest_one_of_another_content(database: Database) -> None:
    with database.begin() as tx:
        for digest in ("a", "b", "a", "a"):
            mapping_versions.add(tx, digest, content(digest), "Ada", NOW)
        found = mapping_versions.before(tx, 4, "a")

        assert found is not None
        assert found.id == 2
        assert mapping_versions.before(tx, 1, "a") is None


def test_two_that_put_a_version_in_force_at_once_come_one_after_the_other(database: Database) -> None:
    seen: list[int] = []
    at_once = threading.Barrier(2)

    def activate() -> None:
        at_once.wait()
        with database.begin() as tx:
            mapping_versions.one_at_a_time(tx)
            seen.append(mapping_versions.newest_id(tx))
            time.sleep(0.2)
            mapping_versions.add(tx, "a", content("one"), "Ada", NOW)

    both = [threading.Thread(target=activate) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert seen == [0, 1], "each saw the same version in force, so neither knows of the other's"
