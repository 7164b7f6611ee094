"""What this release ships otherwise than the mappings in force hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.cli import output
from connector.settings import Settings
from connector.store import mapping_versions
from connector.store.database import Database, normalised


def peek(settings: Settings) -> sa.Row[Any] | None:
    """Return the version in force, if the database is there and knows of one; nothing in it is made or changed."""
    url = sa.make_url(normalised(settings.database))
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        return None
    database = Database(settings.database)
    try:
        with database.engine.connect() as tx:
            return mapping_versions.newest(tx)
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
