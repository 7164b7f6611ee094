"""The simulated clock that stamps every record: real time until somebody sets it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Time as the platform sees it, always aware UTC; frozen once set, running once released."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """The present simulated moment, aware, in UTC."""
        with self._lock:
            return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset

    def freeze(self, at: datetime) -> None:
        """Stand still at `at`; a moment without a zone is taken as UTC."""
        with self._lock:
            self._frozen = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Move forward, whether frozen or running."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += timedelta(seconds=seconds)
            else:
                self._offset += timedelta(seconds=seconds)

    def release(self) -> None:
        """Run with real time again."""
        with self._lock:
            self._frozen = None
            self._offset = timedelta()
