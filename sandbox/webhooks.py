"""Sends webhooks as the platforms do, in the background; late, doubled, out of order, lost or retried."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import requests

_KEPT = 20_000
_TIMEOUT_SECONDS = 10.0
_SHUFFLE_SECONDS = 0.2


@dataclass(frozen=True)
class Target:
    """Where to send: `style` is the platform's own word for how it proves itself."""

    url: str
    secret: str = ""
    style: str = "standard"


@dataclass(frozen=True)
class Behaviour:
    """How badly to deliver: seconds for `delay` and `jitter`, probabilities for `double` and `lose`."""

    delay: float = 0.0
    jitter: float = 0.0
    double: float = 0.0
    shuffle: bool = False
    lose: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Message:
    """One event to tell: `id` is the same on a doubled or retried delivery, `record` names the ticket for the log."""

    event: str
    record: str
    body: bytes
    id: str = ""
    retry: int = 0


Sign = Callable[[Target, Message], dict[str, str]]
"""Gives the headers of one delivery, computed when it leaves."""
Retry = Callable[[Message, int | None], float | None]
"""After the answer (None where none came): seconds until the same message is tried again, or None to give up."""


@dataclass(frozen=True)
class Sent:
    """One delivery that left (or was lost on purpose); `status` None where no answer came."""

    at: str
    url: str
    id: str
    event: str
    status: int | None
    error: str | None
    ms: float
    record: str


class _Line:
    """The deliveries to one target: one thread, one connection, due times."""

    def __init__(self, target: Target, deliver: Callable[[Target, Message, requests.Session], float | None]) -> None:
        self.target = target
        self._deliver = deliver
        self._heap: list[tuple[float, int, Message]] = []
        self._serial = itertools.count()
        self._changed = threading.Condition()
        self._busy = False
        self._closed = False
        self._last_due = 0.0
        threading.Thread(target=self._work, daemon=True, name="sandbox-webhooks").start()

    def put(self, message: Message, wait: float, *, in_order: bool) -> None:
        with self._changed:
            due = time.monotonic() + wait
            if in_order:
                due = self._last_due = max(due, self._last_due)
            heapq.heappush(self._heap, (due, next(self._serial), message))
            self._changed.notify_all()

    def close(self) -> None:
        """Forget what has not left yet."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify_all()

    def drain(self, until: float) -> bool:
        with self._changed:
            while (self._heap or self._busy) and time.monotonic() < until:
                self._changed.wait(min(0.05, max(0.0, until - time.monotonic())))
            return not (self._heap or self._busy)

    def _work(self) -> None:
        session = requests.Session()
        session.trust_env = False
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                message = self._next()
                if message is None:
                    return
                self._busy = True
            again = self._deliver(self.target, message, session)
            if again is not None:
                # Out of turn: what came later does not wait for it.
                self.put(replace(message, retry=message.retry + 1), again, in_order=False)

    def _next(self) -> Message | None:
        while not self._closed:
            if not self._heap:
                self._changed.wait()
                continue
            wait = self._heap[0][0] - time.monotonic()
            if wait <= 0:
                return heapq.heappop(self._heap)[2]
            self._changed.wait(wait)
        return None


class Sender:
    """The outgoing side of a platform: targets, behaviour, and the log of what left."""

    def __init__(self, sign: Sign, targets: tuple[Target, ...] = (), retry: Retry | None = None) -> None:
        self._sign = sign
        self._retry = retry
        self._initial = targets
        self._lock = threading.Lock()
        self._lines: list[_Line] = []
        self._behaviour = Behaviour()
        self._chance = random.Random(0)
        self._sent: deque[Sent] = deque(maxlen=_KEPT)
        self.reset()

    def reset(self) -> None:
        """Back to the first targets and good behaviour; nothing queued, nothing logged."""
        self.aim(self._initial)
        self.behave(Behaviour())
        with self._lock:
            self._sent.clear()

    def aim(self, targets: tuple[Target, ...]) -> None:
        """Send to these from now on; what is queued for the others is lost."""
        with self._lock:
            gone, self._lines = self._lines, [_Line(target, self._deliver) for target in targets]
        for line in gone:
            line.close()

    def behave(self, behaviour: Behaviour) -> None:
        with self._lock:
            self._behaviour = behaviour
            self._chance = random.Random(behaviour.seed)

    @property
    def aimed(self) -> bool:
        """Whether anybody listens; without a target a body need not be built."""
        return bool(self._lines)

    def send(self, message: Message) -> None:
        """Queue for every target and return at once; a message without an id gets a unique one."""
        if not message.id:
            message = Message(message.event, message.record, message.body, uuid.uuid4().hex)
        with self._lock:
            for line in self._lines:
                self._queue(line, message)

    def _queue(self, line: _Line, message: Message) -> None:
        how, chance = self._behaviour, self._chance
        if how.lose and chance.random() < how.lose:
            self._sent.append(_sent(line.target, message, None, "lost on purpose", 0.0))
            return
        copies = 2 if how.double and chance.random() < how.double else 1
        spread = how.jitter or (_SHUFFLE_SECONDS if how.shuffle else 0.0)
        for _ in range(copies):
            wait = how.delay + (chance.random() * spread if spread else 0.0)
            line.put(message, wait, in_order=not how.shuffle)

    def _deliver(self, target: Target, message: Message, session: requests.Session) -> float | None:
        started = time.perf_counter()
        status: int | None = None
        error: str | None = None
        try:
            headers = {"Content-Type": "application/json", **self._sign(target, message)}
            answer = session.post(
                target.url, data=message.body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
            status = answer.status_code
        except (requests.RequestException, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        row = _sent(target, message, status, error, (time.perf_counter() - started) * 1000)
        with self._lock:
            self._sent.append(row)
        return None if self._retry is None else self._retry(message, status)

    def flush(self, seconds: float = 30.0) -> bool:
        """Wait until nothing is queued or on its way; False when that took longer than `seconds`."""
        until = time.monotonic() + seconds
        return all(line.drain(until) for line in list(self._lines))

    def report(self) -> dict[str, Any]:
        """`{"targets", "behaviour", "sent"}`; secrets are not shown."""
        with self._lock:
            return {
                "targets": [{"url": line.target.url, "style": line.target.style} for line in self._lines],
                "behaviour": asdict(self._behaviour),
                "sent": [asdict(row) for row in self._sent],
            }


def _sent(target: Target, message: Message, status: int | None, error: str | None, ms: float) -> Sent:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Sent(at, target.url, message.id, message.event, status, error, round(ms, 2), message.record)
