"""The one database: how it is opened on SQLite and on PostgreSQL, and its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""How libpq notices a server that vanished without a word (a failover); in seconds, the last in milliseconds."""


NOTED = "noted"
"""The key in a connection's `info` under which something is noted of the transaction that is under way."""
_AFTER = "after"


class Database:
    """An open database; `begin()` gives a transaction that commits when the block ends well.

    On SQLite a transaction takes the write lock at once (BEGIN IMMEDIATE), since a read that turns into a write
    would fail under load; there is one connection, because SQLite has one writer.
    """

    def __init__(self, url: str) -> None:
        self.url = normalised(url)
        self.sqlite = self.url.startswith("sqlite")
        if self.sqlite:
            self.engine = sa.create_engine(
                self.url,
                pool_size=1,
                max_overflow=0,
                pool_timeout=60,
                hide_parameters=True,
                connect_args={"timeout": 60, "check_same_thread": False},
            )
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
        else:
            self.engine = sa.create_engine(
                self.url, pool_size=16, max_overflow=16, pool_pre_ping=True, hide_parameters=True, connect_args=_ALIVE
            )

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection:
            connection.info.pop(NOTED, None)
            connection.info[_AFTER] = []
            with connection.begin():
                if self.sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
            then = connection.info[_AFTER]
        for call in then:
            call()

    def migrate(self) -> None:
        """Bring the tables to this version's shape; safe to call at each start."""
        config = Config()
        config.set_main_option("script_location", str(resources.files("connector.store") / "migrations"))
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        self.engine.dispose()


def after(tx: sa.Connection, call: Callable[[], None]) -> None:
    """Have `call` made once a transaction of `Database.begin` is committed; never when it is not."""
    tx.info.setdefault(_AFTER, []).append(call)


def normalised(url: str) -> str:
    """Return the address with the driver that we ship: `postgresql://` becomes `postgresql+psycopg://`."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001
    connection.isolation_level = "IMMEDIATE"
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
