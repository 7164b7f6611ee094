"""The time of a world of the machines: it moves when they say so, and a little at each call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = timedelta(milliseconds=20)


class Clock:
    """A moment that only grows."""

    def __init__(self, at: datetime = NINE) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by

    def until(self, moment: datetime) -> None:
        self.at = max(self.at, moment)
