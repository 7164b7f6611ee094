"""The rate limits, when switched on: Cloud's bursts, Data Center's token bucket, and the headers of both."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BURST_PER_SECOND = 100
WRITES_PER_ISSUE = 20
WRITE_WINDOW = 2.0
BUCKET = 50
FILL_RATE = 25

Headers = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """Whether the call may pass, and the headers that its answer carries either way."""

    passes: bool
    headers: Headers


class Limits:
    """Counts in real time: the simulated clock does not make a platform slower or faster."""

    def __init__(self, *, cloud: bool) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self._calls: deque[float] = deque()
        self._writes: dict[str, deque[float]] = {}
        self._tokens = float(BUCKET)
        self._filled = time.monotonic()

    def admit(self, method: str, issue: str) -> Verdict:
        """`issue` is the id or key in the path, "" where the call concerns none."""
        with self._lock:
            now = time.monotonic()
            return self._burst(now, method, issue) if self._cloud else self._bucket(now)

    def _burst(self, now: float, method: str, issue: str) -> Verdict:
        left = BURST_PER_SECOND - _within(self._calls, now, 1.0)
        if left <= 0:
            return Verdict(passes=False, headers=cloud_headers("jira-burst-based", BURST_PER_SECOND, 1))
        if issue and method != "GET":
            writes = self._writes.setdefault(issue, deque())
            if _within(writes, now, WRITE_WINDOW) >= WRITES_PER_ISSUE:
                headers = cloud_headers("jira-per-issue-on-write", WRITES_PER_ISSUE, int(WRITE_WINDOW))
                return Verdict(passes=False, headers=headers)
            writes.append(now)
        self._calls.append(now)
        headers = {"X-RateLimit-Limit": str(BURST_PER_SECOND), "X-RateLimit-Remaining": str(left - 1)}
        if left - 1 < BURST_PER_SECOND // 5:
            headers["X-RateLimit-NearLimit"] = "true"
        return Verdict(passes=True, headers=headers)

    def _bucket(self, now: float) -> Verdict:
        self._tokens = min(BUCKET, self._tokens + (now - self._filled) * FILL_RATE)
        self._filled = now
        passes = self._tokens >= 1
        self._tokens -= passes
        headers = {
            "X-RateLimit-Limit": str(BUCKET),
            "X-RateLimit-Remaining": str(int(self._tokens)),
            "X-RateLimit-FillRate": str(FILL_RATE),
            "X-RateLimit-Interval-Seconds": "1",
            "Retry-After": "0" if passes else "1",
        }
        return Verdict(passes, headers)


def cloud_headers(reason: str, limit: int, seconds: int) -> Headers:
    """What a refused call is told on Cloud."""
    reset = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%MZ}",
        "X-RateLimit-NearLimit": "true",
        "RateLimit-Reason": reason,
        "Retry-After": str(seconds),
    }


def _within(times: deque[float], now: float, window: float) -> int:
    while times and times[0] <= now - window:
        times.popleft()
    return len(times)
