"""The lock that keeps two processes from doing the same work on one database; it goes when its process goes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from connector.store.database import Database

TRIES = 5
BETWEEN_TRIES = 0.05
"""Seconds; a command that asks whether a file is locked is in the way for an instant."""


class Lock:
    """One per database and `name`: a locked file beside an SQLite database, an advisory lock on PostgreSQL."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._key = int.from_bytes(hashlib.sha256(f"continuity:{name}".encode()).digest()[:8], signed=True)
        self._file: IO[str] | None = None
        self._connection: sa.Connection | None = None

    @property
    def place(self) -> str:
        """Where the lock is, for messages; no password in it."""
        return str(self._path()) if self._database.sqlite else self._database.engine.url.render_as_string()

    @property
    def mine(self) -> bool:
        return self._file is not None or self._connection is not None

    def take(self) -> bool:
        """Take the lock, waiting no longer than for a command's look at it; False when another process holds it."""
        if self.mine:
            return True
        return self._lock_file() if self._database.sqlite else self._lock_session()

    def release(self) -> None:
        """Give the lock back; one not held, or lost, is left alone."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._connection is not None:
            with suppress(sa.exc.SQLAlchemyError):  # a session that was lost gave the lock back already
                self._connection.execute(sa.select(sa.func.pg_advisory_unlock(self._key)))
            self._connection.close()
            self._connection = None

    def held(self) -> bool:
        """Tell whether a process holds the lock, this one included; asking does not keep anybody from taking it."""
        if self.mine:
            return True
        if self._database.sqlite:
            return self._file_held()
        with self._database.engine.connect() as connection:
            return bool(connection.execute(self._holders()).scalar())

    def kept(self) -> bool:
        """Tell whether the lock that was taken is still ours: a database that failed over forgets it with its session.

        For one thread at a time, and not while `release` runs.
        """
        if self._file is not None:
            try:
                return os.path.samestat(os.fstat(self._file.fileno()), self._path().stat())
            except OSError:
                return False
        if self._connection is None:
            return False
        own = sa.text("pid = pg_backend_pid()")
        try:
            return bool(self._connection.execute(self._holders().where(own)).scalar())
        except sa.exc.SQLAlchemyError:
            return False

    def _holders(self) -> sa.Select[Any]:
        """Return the query that counts the holders; a key of 64 bits stands in two columns of 32 (pg_locks' page)."""
        locks = sa.table("pg_locks", *map(sa.column, ("locktype", "classid", "objid", "objsubid", "granted")))
        return (
            sa.select(sa.func.count())
            .select_from(locks)
            .where(
                locks.c.locktype == "advisory",
                locks.c.granted,
                sa.cast(locks.c.classid, sa.BigInteger) == self._key >> 32 & 0xFFFFFFFF,
                sa.cast(locks.c.objid, sa.BigInteger) == self._key & 0xFFFFFFFF,
                locks.c.objsubid == 1,
                sa.text("database = (SELECT oid FROM pg_database WHERE datname = current_database())"),
            )
        )

    def _file_held(self) -> bool:
        with self._path().open("a", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def _lock_file(self) -> bool:
        handle = self._path().open("a", encoding="utf-8")
        for left in reversed(range(TRIES)):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if not left:
                    handle.close()
                    return False
                time.sleep(BETWEEN_TRIES)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        self._file = handle
        return True

    def _lock_session(self) -> bool:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(self._key))).scalar():
            connection.close()
            return False
        self._connection = connection
        return True

    def _path(self) -> Path:
        return Path(f"{self._database.engine.url.database}.lock")
