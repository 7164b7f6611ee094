"""What this release ships otherwise than the mappings in force hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from connector.cli import output
from connector.settings import Settings
from connector.store import mapping_versions
from connector.store.database import Database, normalised

Found = TypeVar("Found")


def peek(settings: Settings) -> sa.Row[Any] | None:
    """Return the version in force, if the database is there and knows of one; nothing in it is made or changed."""
    return look(settings, mapping_versions.newest)


def look(settings: Settings, ask: Callable[[sa.Connection], Found]) -> Found | None:
    """Ask the database, if it is there and made ready, without making or changing anything in it."""
    url = sa.make_url(normalised(settings.database))
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        return None
    database = Database(settings.database)
    try:
        with database.engine.connect() as tx:
            return ask(tx)
    except sa.exc.SQLAlchemyError:
        return None  # a check of files does not fail because of the database, which `continuity serve` checks
    finally:
        database.close()


def print_shipped(shipped: Sequence[str], number: int) -> None:
    """Tell what this release ships otherwise than the version in force holds."""
    if shipped:
        output.say(f"This release ships another mapping than version {number} holds; activating takes it:")
        for line in shipped:
            output.say(f"  {line}")
