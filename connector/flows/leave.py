"""Leave to make calls, for a flow that has to come again when a platform takes none now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from connector.budget import Budgets, Urgency


class Later(Exception):
    """No calls can be made now. It is no failure: who waits for it has tried nothing."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"no calls before {until.isoformat()}")
        self.until = until


@contextmanager
def leave(budgets: Budgets, connection: str, urgency: Urgency, calls: int = 1) -> Iterator[None]:
    """Have leave for calls in this block. Raises Later."""
    until = budgets.wait_until(connection, urgency, calls)
    if until is not None:
        raise Later(until)
    try:
        yield
    finally:
        budgets.done(connection)
