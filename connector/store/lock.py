"""The lock that keeps two processes from doing the same work on one database; it goes when its process goes."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from connector.store.database import Database


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
        """Take the lock without waiting; False when another process holds it."""
        return self.mine or (self._lock_file() if self._database.sqlite else self._lock_session())

    def release(self) -> None:
        """Give the lock back; one not held is left alone."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._connection is not None:
            self._connection.execute(sa.select(sa.func.pg_advisory_unlock(self._key)))
            self._connection.close()
            self._connection = None

    def held(self) -> bool:
        """Tell whether a process holds the lock, this one included."""
        if self.mine:
            return True
        if self.take():
            self.release()
            return False
        return True

    def _lock_file(self) -> bool:
        handle = self._path().open("a", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
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
