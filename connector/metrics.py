"""What is counted and measured, in the words of Prometheus: no ticket contents, no secrets, few label values."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from connector.activation import number
from connector.store import activations, deliveries, preflights, writes
from connector.store.database import Database

MOST_VALUES = 50
"""Different values that one label may take; what comes after them is counted as `other`."""
MOST_ACTIVATIONS = 100
"""Running activations with a gauge of their own, those that are due first."""
MOST_PREFLIGHTS = 500
"""Plans on connections with a gauge of their own, those that failed first."""
_TOO_MANY_REQUESTS = 429
_STEP_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counts for one process, on a registry of its own. Safe to call from several threads.

    Durations are in seconds. Implements `connector.flows.parts.Meter`.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series per counter, which nobody needs
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._values: dict[str, set[str]] = defaultdict(set)
        ProcessCollector(registry=self.registry)
        self._webhooks = self._counter("webhooks", "Webhook messages received, by how they were answered.", "result")
        self._deliveries = self._counter("deliveries", "Messages decided, by what came of them.", "result")
        self._writes = self._counter("writes", "Tries to write to a platform, by outcome.", "record", "status")
        self._retries = self._counter("write_retries", "Writes that have to be tried again.", "record")
        self._polls = self._counter("polls", "Polls of a connection, by result.", "result")
        self._calls = self._counter("remote_calls", "Calls to a platform, by class of status.", "method", "status")
        self._down = Gauge(
            "continuity_connection_down", "Whether a platform gives no usable answer (1) or does (0).", ["connection"],
            registry=self.registry,
        )  # fmt: skip
        self._call_seconds = Histogram(
            "continuity_remote_call_seconds", "How long calls to a platform took.", ["connection", "method"],
            buckets=_CALL_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._step_seconds = Histogram(
            "continuity_step_seconds", "How long a step of a flow took.", ["step"],
            buckets=_STEP_SECONDS, registry=self.registry,
        )  # fmt: skip

    def received(self, connection: str, result: str) -> None:
        """Count a webhook message as it was answered; `connection` "" when nobody knows its name."""
        self._webhooks.labels(self._bounded("connection", connection), self._bounded("answer", result)).inc()

    def delivered(self, connection: str, result: str) -> None:
        self._deliveries.labels(self._bounded("connection", connection), self._bounded("decided", result)).inc()

    def wrote(self, connection: str, record: str, status: str) -> None:
        name, kind = self._bounded("connection", connection), self._bounded("record", record)
        self._writes.labels(name, kind, self._bounded("outcome", status)).inc()
        if status in {"retry", "unclear"}:
            self._retries.labels(name, kind).inc()

    def stepped(self, step: str, seconds: float) -> None:
        self._step_seconds.labels(self._bounded("step", step)).observe(seconds)

    def polled(self, connection: str, result: str) -> None:
        self._polls.labels(self._bounded("connection", connection), self._bounded("polled", result)).inc()

    def called(self, connection: str, method: str, status: int, seconds: float) -> None:
        """Count one HTTP call to a platform; `status` 0 when no answer came."""
        name, verb = self._bounded("connection", connection), self._bounded("method", method.upper())
        self._calls.labels(name, verb, status_class(status)).inc()
        self._call_seconds.labels(name, verb).observe(seconds)

    def watch(self, database: Database, now: Callable[[], datetime]) -> None:
        """Add the gauges that are read from the database when they are asked for."""
        self.registry.register(StoreGauges(database, now))

    def watch_platform(self, connection: str, down_since: Callable[[str], datetime | None]) -> None:
        """Add a connection's gauge of whether its platform is given up for the moment."""
        gauge = self._down.labels(self._bounded("connection", connection))
        gauge.set_function(lambda: float(down_since(connection) is not None))

    def watch_allowances(self, connections: Sequence[str], remaining: Callable[[str], int | None]) -> None:
        """Add the gauge of how many calls are left, of the connections of which a limit is known."""
        self.registry.register(AllowanceGauges(connections[:MOST_VALUES], remaining))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"continuity_{name}", text, ["connection", *labels], registry=self.registry)

    def _bounded(self, label: str, value: str) -> str:
        with self._lock:
            known = self._values[label]
            if value in known or len(known) < MOST_VALUES:
                known.add(value)
                return value
        return "other"


def status_class(status: int) -> str:
    """Return `2xx` and so on; `429` stands for itself, `none` for a call without an answer."""
    if status == _TOO_MANY_REQUESTS:
        return "429"
    return f"{status // 100}xx" if 100 <= status < 600 else "none"  # noqa: PLR2004 - the range of HTTP's statuses


class AllowanceGauges(Collector):
    """How many calls each connection may make at once, by its narrowest limit; none where no limit is known."""

    def __init__(self, connections: Sequence[str], remaining: Callable[[str], int | None]) -> None:
        self._connections = connections
        self._remaining = remaining

    def collect(self) -> Iterable[Metric]:
        text = "Calls that may be made now, by the narrowest limit that the platform or the settings name."
        family = GaugeMetricFamily("continuity_connection_allowance", text, labels=["connection"])
        for name in self._connections:
            left = self._remaining(name)
            if left is not None:
                family.add_metric([name], left)
        yield family


class StoreGauges(Collector):
    """Gauges of what waits and what runs. A database that does not answer is a gauge too, not a failed scrape."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("continuity_database_up", "Whether the database answers (1) or not (0).")
        try:
            with self._database.engine.connect() as tx:
                found = [*_queues(tx, self._now()), *_activations(tx, self._now()), *_preflights(tx, self._now())]
        except SQLAlchemyError:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *found]


def _queues(tx: sa.Connection, now: datetime) -> Iterable[Metric]:
    for name, count, state, text in (
        ("open_deliveries", deliveries.counts, "open", "Messages that wait to be decided."),
        ("parked_deliveries", deliveries.counts, "parked", "Messages that a person has to look at."),
        ("pending_writes", writes.counts, "pending", "Writes that wait to go out."),
        ("parked_writes", writes.counts, "parked", "Writes that a person has to look at."),
    ):
        family = GaugeMetricFamily(f"continuity_{name}", text, labels=["connection"])
        for connection, many in count(tx, state, limit=MOST_VALUES).items():
            family.add_metric([connection], many)
        yield family
    received, due = deliveries.oldest_waiting(tx), writes.longest_overdue(tx, now)
    yield _age("oldest_open_delivery", "Age of the oldest message not decided; 0 for none.", received, now)
    yield _age("oldest_overdue_write", "How long a write is overdue at most; 0 for none.", due, now)


def _age(name: str, text: str, since: datetime | None, now: datetime) -> Metric:
    age = max((now - since).total_seconds(), 0.0) if since is not None else 0.0
    return GaugeMetricFamily(f"continuity_{name}_age_seconds", text, value=age)


def _activations(tx: sa.Connection, now: datetime) -> Iterable[Metric]:
    total = GaugeMetricFamily("continuity_running_activations", "Activations that run.", labels=["exercise"])
    for exercise, count in activations.running_by_kind(tx).items():
        total.add_metric(["true" if exercise else "false"], count)
    yield total
    text = "Time left until the RTO of an activation whose service is not restored; negative once it has passed."
    left = {
        False: GaugeMetricFamily("continuity_rto_remaining_seconds", text, labels=["activation", "plan"]),
        True: GaugeMetricFamily(
            "continuity_exercise_rto_remaining_seconds", f"Exercises: {text}", labels=["activation", "plan"]
        ),
    }
    for row in activations.unrestored(tx, limit=MOST_ACTIVATIONS):
        left[bool(row.exercise)].add_metric([number(row.id), row.plan_key], (row.due_at - now).total_seconds())
    yield from left.values()


def _preflights(tx: sa.Connection, now: datetime) -> Iterable[Metric]:
    """Yield whether the last preflights and live checks failed, and how old these are."""
    of_plans = ["plan", "connection"]
    failed = GaugeMetricFamily(
        "continuity_preflight_failed",
        "Whether a plan could not be fully created on a connection (1), as last tried.",
        labels=of_plans,
    )
    age = GaugeMetricFamily(
        "continuity_preflight_age_seconds", "Time since a plan was last tried on a connection.", labels=of_plans
    )
    check = GaugeMetricFamily(
        "continuity_live_check_failed", "Whether the last live check of a connection failed (1).", labels=["connection"]
    )
    check_age = GaugeMetricFamily(
        "continuity_live_check_age_seconds", "Time since a connection was last checked.", labels=["connection"]
    )
    for row in preflights.listed(tx, limit=MOST_PREFLIGHTS):
        if row.checked_at is not None:
            labels = [row.plan_key, row.connection] if row.plan_key else [row.connection]
            verdict, since = (failed, age) if row.plan_key else (check, check_age)
            verdict.add_metric(labels, 1 if row.failed else 0)
            since.add_metric(labels, max((now - row.checked_at).total_seconds(), 0.0))
    yield from (failed, age, check, check_age)
