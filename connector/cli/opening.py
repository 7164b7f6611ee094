"""Opens the connector that the settings describe, over its database, for one command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from connector.bootstrap import NEEDS, Connector
from connector.cli import output
from connector.cli.context import Context
from connector.settings import read_settings


@contextmanager
def opened(context: Context) -> Iterator[Connector]:
    """Give the connector with its database made ready, to read it or to record work. Raises Invalid, Declined."""
    connector = Connector(read_settings(context.config, os.environ, NEEDS))
    try:
        with database_faults():
            connector.prepare()
            yield connector
    finally:
        connector.stop()


@contextmanager
def database_faults() -> Iterator[None]:
    """Say of a database that cannot be used what to do about it, rather than how we noticed."""
    try:
        yield
    except sa.exc.OperationalError as error:
        reason = str(error.orig or error).strip().partition("\n")[0]
        fix = "check `database` in continuity.yaml, and that the server is up"
        raise output.Declined(f"the database cannot be used: {reason}; {fix}") from error
    except OSError as error:
        # The lock beside an SQLite file, in a folder that is missing or that we may not write to.
        if error.filename is None:
            raise
        raise output.Declined(f"the database cannot be used: {error.strerror}: {error.filename}") from error
