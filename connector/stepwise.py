"""The flows one after another in the caller's own thread, without the engine: for replays and tests.

The order is fixed by what was woken first, so that the same messages at the same times lead to the same decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import sqlalchemy as sa

Flow = Callable[[str], None]
MOST = 10_000
"""Turns of flows before it is called endless: flows that wake each other again and again."""


class Stepwise:
    """Takes wake-ups as `connector.durable.Wakes` does, and carries them out when told to.

    A wake-up of a transaction that was rolled back is carried out too, which does no harm: a flow only looks.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._waiting: dict[tuple[str, str], datetime | None] = {}

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:  # noqa: ARG002
        """Have the flow of `queue` look at `subject`, now or at an instant."""
        key = (queue, subject)
        if key in self._waiting:
            earlier = self._waiting[key]
            at = None if at is None or earlier is None else min(at, earlier)
        self._waiting[key] = at

    def next_at(self) -> datetime | None:
        """Return when the earliest wake-up that is not due yet will be, None where none waits."""
        return min((at for at in self._waiting.values() if at is not None), default=None)

    def run(self, flows: Mapping[str, Flow]) -> int:
        """Carry out what is due by now, and what that wakes, until nothing is; returns how many turns that took.

        Raises RuntimeError after `MOST` turns.
        """
        for turn in range(MOST):
            now = self._now()
            due = next((key for key, at in self._waiting.items() if at is None or at <= now), None)
            if due is None:
                return turn
            del self._waiting[due]
            queue, subject = due
            flows[queue](subject)
        raise RuntimeError(
            f"the flows did not come to rest within {MOST} turns; still waiting: {list(self._waiting)[:5]}"
        )

    def forget(self) -> None:
        """Lose all that waits, as a process does that is killed."""
        self._waiting.clear()
