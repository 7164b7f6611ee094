"""Whether a platform is worth a call: one that failed again and again is left in peace, and asked now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES = 8
"""Calls in a row without a usable answer before calls stop; an adapter tries one write three times by itself."""
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=1)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass
class _State:
    failures: int = 0
    since: datetime | None = None  # when the failures began
    until: datetime | None = None  # when the next call may be tried
    wait: timedelta = FIRST_WAIT
    probing: bool = False


class Breakers:
    """One breaker for each connection, fed with the status of every call. Safe to call from several threads.

    They live in memory: a process that starts anew finds out by itself how a platform is.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def called(self, connection: str, status: int) -> None:
        """Take in one call's HTTP status, 0 where no answer came."""
        now = self._now()
        with self._lock:
            state = self._states.setdefault(connection, _State())
            if status and status < _SERVER_ERROR and status != _TOO_MANY_REQUESTS:
                self._states[connection] = _State()
                return
            state.failures += 1
            state.since = state.since or now
            if state.failures == FAILURES:
                state.until = now + state.wait
            elif state.probing:  # what the same probe tries again by itself counts no more
                state.probing = False
                state.wait = min(state.wait * 2, LONGEST_WAIT)
                state.until = now + state.wait

    def wait_until(self, connection: str) -> datetime | None:
        """Return when to ask again, None where a call may go out now.

        While a platform is down one caller at a time is let through, as a probe; the others wait for what it finds.
        """
        now = self._now()
        with self._lock:
            state = self._states.get(connection)
            if state is None or state.until is None:
                return None
            if now < state.until:
                return state.until
            state.until, state.probing = now + state.wait, True
            return None

    def unused(self, connection: str) -> None:
        """Give back the leave that `wait_until` gave, as nothing was to be sent: the next may have it at once."""
        with self._lock:
            state = self._states.get(connection)
            if state is not None and state.until is not None and state.probing:
                state.until, state.probing = self._now(), False

    def down_since(self, connection: str) -> datetime | None:
        """Return since when a platform gives no usable answer, None for one that is not given up."""
        with self._lock:
            state = self._states.get(connection)
            return state.since if state is not None and state.until is not None else None
