"""What belongs to a ticket, to an activation, or to both: the condition for a table that names them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True)
class Belongs:
    """A ticket (`connection` and `platform_id`; "" for none) and an activation (None for none)."""

    connection: str = ""
    platform_id: str = ""
    activation_id: int | None = None

    def among(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """Return the condition for the rows of `table` that belong to either; nothing belongs to neither."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.platform_id:
            conditions.append(sa.and_(table.c.connection == self.connection, table.c.platform_id == self.platform_id))
        if self.activation_id is not None:
            conditions.append(table.c.activation_id == self.activation_id)
        return sa.or_(sa.false(), *conditions)
