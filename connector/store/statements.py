"""Statements that are composed once, where a flood of messages would compose them each time.

Composing a statement costs several times what the database needs to run it by an index. What varies is handed over as
parameters; their names differ from the columns of the table, which the values of an insert or update go by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def by_dialect(compose: Callable[[Any], sa.Executable]) -> Mapping[str, sa.Executable]:
    """Compose an insert with a conflict clause for both databases; `compose` gets the dialect's own `insert`."""
    return {"sqlite": compose(sqlite.insert), "postgresql": compose(postgresql.insert)}
