"""The log of remote calls: what a client asked, what it got, and how long it took."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

_KEPT = 50_000


@dataclass(frozen=True)
class Call:
    """One request as the platform's edge saw it; `status` 0 means that no answer was sent."""

    at: str
    method: str
    path: str
    query: str
    status: int
    fault: str | None
    ms: float
    account: str
    bytes_in: int
    bytes_out: int
    inner: list[dict[str, Any]] = field(default_factory=list)


class CallLog:
    """The last calls in order, and the count of all of them since the reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[tuple[int, Call]] = deque(maxlen=_KEPT)
        self._total = 0

    def record(self, call: Call) -> None:
        with self._lock:
            self._total += 1
            self._calls.append((self._total, call))

    def reset(self) -> None:
        with self._lock:
            self._calls.clear()
            self._total = 0

    def report(self) -> dict[str, Any]:
        """`{"calls": [{"n", "at", ...}], "total"}`; `inner` only where a batch carried requests."""
        with self._lock:
            kept, total = list(self._calls), self._total
        rows = []
        for number, call in kept:
            row = {"n": number, **asdict(call)}
            if not row["inner"]:
                del row["inner"]
            rows.append(row)
        return {"calls": rows, "total": total}
