"""What was looked up on the platform, kept for a while, and kept longer when the platform is out of reach."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from math import inf
from typing import TypeVar

from adapters.jira.fault import NoEffect, Unclear

_PAUSE = 15.0
"""Seconds for which a question that failed is not asked again, so that nobody waits for it twice in a row."""

Found = TypeVar("Found")


class Shelf:
    """Keeps answers for `seconds`; safe to use from several threads."""

    def __init__(self, seconds: float = 3600.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, object]] = {}
        self._failed: dict[Hashable, tuple[float, NoEffect | Unclear]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, fetch: Callable[[], Found]) -> Found:
        """Return what is kept under `key`, else fetch it. A stale answer is better than none in a bad hour."""
        with self._lock:
            kept = self._kept.get(key)
            failed = self._failed.get(key)
        now = self._clock()
        if kept is not None and now - kept[0] < self._seconds:
            return kept[1]  # type: ignore[return-value]  # each key holds what its own fetch returns
        if failed is not None and now - failed[0] < _PAUSE:
            if kept is None:
                raise failed[1]
            return kept[1]  # type: ignore[return-value]
        try:
            found = fetch()
        except (NoEffect, Unclear) as error:
            with self._lock:
                self._failed[key] = (self._clock(), error)
            if kept is None:
                raise
            return kept[1]  # type: ignore[return-value]
        with self._lock:
            self._kept[key] = (now, found)
            self._failed.pop(key, None)
        return found

    def peek(self, key: Hashable) -> object | None:
        """Return what is kept under `key`, however old, without asking anyone."""
        with self._lock:
            kept = self._kept.get(key)
        return None if kept is None else kept[1]

    def put(self, key: Hashable, found: object) -> None:
        """Keep what was learned without asking."""
        with self._lock:
            self._kept[key] = (self._clock(), found)

    def age(self) -> None:
        """Have everything asked anew at the next need; what is kept still serves while that fails."""
        with self._lock:
            self._kept = {key: (-inf, found) for key, (_, found) in self._kept.items()}
            self._failed.clear()

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
            self._failed.clear()
