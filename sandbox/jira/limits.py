"""The rate limits, when switched on: Cloud's bursts, Data Center's token bucket, and the headers of both."""

from __future__ import annotations

import math
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
INTERVAL = 1.0
"""Seconds after which the bucket gets `FILL_RATE` tokens, all at once."""

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
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._writes: dict[str, deque[float]] = {}
        self._tokens = BUCKET
        self._filled = time.monotonic()

    def admit(self, method: str, path: str, issue: str) -> Verdict:
        """`issue` is the id or key in the path, "" where the call concerns none."""
        with self._lock:
            now = time.monotonic()
            if not self._cloud:
                return self._bucket(now)
            return self._burst(now, method, path.replace(issue, "{issue}") if issue else path, issue)

    def _burst(self, now: float, method: str, endpoint: str, issue: str) -> Verdict:
        """Cloud counts the calls of a second by endpoint and method (D)."""
        calls = self._calls.setdefault((method, endpoint), deque())
        left = BURST_PER_SECOND - _within(calls, now, 1.0)
        if left <= 0:
            return Verdict(passes=False, headers=cloud_headers("jira-burst-based", BURST_PER_SECOND, 1))
        if issue and method != "GET":
            writes = self._writes.setdefault(issue, deque())
            if _within(writes, now, WRITE_WINDOW) >= WRITES_PER_ISSUE:
                headers = cloud_headers("jira-per-issue-on-write", WRITES_PER_ISSUE, int(WRITE_WINDOW))
                return Verdict(passes=False, headers=headers)
            writes.append(now)
        calls.append(now)
        headers = {"X-RateLimit-Limit": str(BURST_PER_SECOND), "X-RateLimit-Remaining": str(left - 1)}
        if left - 1 < BURST_PER_SECOND // 5:
            headers["X-RateLimit-NearLimit"] = "true"
        return Verdict(passes=True, headers=headers)

    def _bucket(self, now: float) -> Verdict:
        fills = int((now - self._filled) // INTERVAL)
        self._tokens = min(BUCKET, self._tokens + fills * FILL_RATE)
        self._filled += fills * INTERVAL
        passes = self._tokens >= 1
        self._tokens -= passes
        return Verdict(passes, bucket_headers(self._tokens, 0 if passes else math.ceil(INTERVAL)))


def bucket_headers(tokens: int, seconds: int) -> Headers:
    """What every call is told on Data Center; `seconds` until there are tokens again, 0 while there are some (D)."""
    return {
        "X-RateLimit-Limit": str(BUCKET),
        "X-RateLimit-Remaining": str(tokens),
        "X-RateLimit-FillRate": str(FILL_RATE),
        "X-RateLimit-Interval-Seconds": str(int(INTERVAL)),
        "Retry-After": str(seconds),
    }


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
