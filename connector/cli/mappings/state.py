"""The draft of the mappings beside the version in force, for the commands around them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.bootstrap import NEEDS, PLATFORMS
from connector.cli import output
from connector.cli.context import Context
from connector.cli.opening import database_faults
from connector.mapping_version import Content, Draft, MappingVersion, draft, stored
from connector.problem import nearest
from connector.settings import Settings, read_settings
from connector.store import mapping_versions
from connector.store.database import Database

NONE_YET = "no version is in force yet: `continuity serve` or `continuity mappings activate` makes the first"


@dataclass(frozen=True)
class State:
    """What the commands work with: the open database, what the files say, and the version in force, if there is one."""

    settings: Settings
    database: Database
    draft: Draft
    row: sa.Row[Any] | None

    @property
    def number(self) -> int:
        """The number of the version in force, 0 where there is none."""
        return self.row.id if self.row is not None else 0

    @property
    def content(self) -> Content:
        """What is in force. Raises Declined where nothing is."""
        if self.row is None:
            raise output.Declined(NONE_YET)
        content: Content = self.row.content
        return content

    def in_force(self) -> MappingVersion:
        """Return the version in force, compiled. Raises Declined, Invalid."""
        return stored(self.number, self.content, PLATFORMS)


@contextmanager
def opened_state(context: Context) -> Iterator[State]:
    """Open the database for a command; neither the draft nor the version in force has to be sound for that."""
    settings = read_settings(context.config, os.environ, NEEDS)
    database = Database(settings.database)
    try:
        with database_faults():
            database.migrate()
            with database.begin() as tx:
                row = mapping_versions.newest(tx)
            yield State(settings, database, draft(PLATFORMS, context.directory), row)
    finally:
        database.close()


def known(kind: str, given: str, names: Collection[str]) -> str:
    """Return `given`, if it is one of `names`. Raises Declined with the nearest one."""
    if given in names:
        return given
    raise output.Declined(f"there is no {kind} '{given}'; {nearest(given, names) or 'there are ' + ', '.join(names)}")
