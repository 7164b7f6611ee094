from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import generate_latest

from connector import activation as rules
from connector.flows.parts import Meter
from connector.metrics import MOST_VALUES, Metrics, status_class
from connector.plan import Plan
from connector.standing import TaskStanding
from connector.store import activations, deliveries, preflights, writes
from connector.store.database import Database
from connector.store.tables import metadata

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PLAN = Plan("PAY-DR", "Payments", (), "", "", "automatic", "", "ask", "join", (), (), (), None, None, "")


@pytest.fixture
def watched(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/x.db")
    metadata.create_all(database.engine)
    metrics = Metrics()
    metrics.watch(database, lambda: NOW)
    yield SimpleNamespace(database=database, value=metrics.registry.get_sample_value, registry=metrics.registry)
    database.close()


def start(database: Database, key: str, *, exercise: bool = False, hours: int = 4) -> int:
    standing = rules.start(
        PLAN, rto=timedelta(hours=hours), now=NOW, clock_start=NOW - timedelta(hours=1), exercise=exercise
    )
    with database.begin() as tx:
        # A plan without tasks keeps the row small; the insert of its tasks is not what is looked at.
        standing = rules.replace(standing, tasks={"a": TaskStanding("a", "A", rules.TaskState.OPEN)})
        return activations.create(tx, activations.New(key, key, standing, (), timedelta(0), "rule"))


def message(database: Database, key: str, state: str, received: datetime) -> None:
    with database.begin() as tx:
        item = deliveries.Message(
            "snow", key, "webhook", "update", b"secret body", number="INC1", subject="s", state=state
        )
        deliveries.record(tx, item, received)


def write(database: Database, key: str, state: str, next_at: datetime) -> None:
    values = {"key": key, "connection": "jira", "subject": "s", "action": "create", "record": "recovery_task",
              "state": state, "next_at": next_at, "created_at": NOW}  # fmt: skip
    with database.begin() as tx:
        writes.intend(tx, values)


def test_metrics_are_the_meter_of_the_flows():
    meter: Meter = Metrics()

    meter.delivered("snow", "done")
    meter.wrote("jira", "recovery_task", "retry")
    meter.wrote("jira", "recovery_task", "done")
    meter.stepped("decide", 0.02)
    meter.polled("snow", "failed")

    value = meter.registry.get_sample_value
    assert value("continuity_deliveries_total", {"connection": "snow", "result": "done"}) == 1
    written = {"connection": "jira", "record": "recovery_task"}
    assert value("continuity_writes_total", {**written, "status": "done"}) == 1
    assert value("continuity_write_retries_total", written) == 1
    assert value("continuity_step_seconds_count", {"step": "decide"}) == 1
    assert value("continuity_step_seconds_sum", {"step": "decide"}) == pytest.approx(0.02)
    assert value("continuity_polls_total", {"connection": "snow", "result": "failed"}) == 1


def test_remote_calls_are_counted_by_class_of_status_and_timed():
    metrics = Metrics()

    metrics.called("jira", "post", 201, 0.3)
    metrics.called("jira", "POST", 429, 0.1)

    value = metrics.registry.get_sample_value
    call = {"connection": "jira", "method": "POST"}
    assert value("continuity_remote_calls_total", {**call, "status": "2xx"}) == 1
    assert value("continuity_remote_calls_total", {**call, "status": "429"}) == 1
    assert value("continuity_remote_call_seconds_sum", call) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("status", "name"),
    [(200, "2xx"), (302, "3xx"), (404, "4xx"), (429, "429"), (503, "5xx"), (0, "none"), (999, "none")],
)
def test_statuses_are_put_in_classes(status, name):
    assert status_class(status) == name


def test_a_label_never_takes_more_values_than_are_allowed():
    metrics = Metrics()

    for place in range(MOST_VALUES + 20):
        metrics.received(f"connection-{place}", "accepted")

    value = metrics.registry.get_sample_value
    assert value("continuity_webhooks_total", {"connection": "connection-0", "result": "accepted"}) == 1
    assert value("continuity_webhooks_total", {"connection": "other", "result": "accepted"}) == 20


def test_two_sets_of_metrics_do_not_share_a_registry():
    first, second = Metrics(), Metrics()

    first.polled("snow", "done")

    assert second.registry.get_sample_value("continuity_polls_total", {"connection": "snow", "result": "done"}) is None


def test_the_queue_age_is_that_of_the_oldest_message_not_decided(watched):
    message(watched.database, "a", "parked", NOW - timedelta(hours=9))
    message(watched.database, "b", "open", NOW - timedelta(seconds=90))
    message(watched.database, "c", "open", NOW - timedelta(seconds=5))

    assert watched.value("continuity_oldest_open_delivery_age_seconds") == 90
    assert watched.value("continuity_open_deliveries", {"connection": "snow"}) == 2
    assert watched.value("continuity_parked_deliveries", {"connection": "snow"}) == 1


def test_only_a_write_that_should_have_gone_out_is_overdue(watched):
    write(watched.database, "a", "pending", NOW - timedelta(seconds=40))
    write(watched.database, "b", "pending", NOW + timedelta(hours=1))
    write(watched.database, "c", "parked", NOW - timedelta(hours=5))

    assert watched.value("continuity_oldest_overdue_write_age_seconds") == 40
    assert watched.value("continuity_pending_writes", {"connection": "jira"}) == 2
    assert watched.value("continuity_parked_writes", {"connection": "jira"}) == 1


def test_with_nothing_waiting_the_ages_are_zero(watched):
    assert watched.value("continuity_oldest_open_delivery_age_seconds") == 0
    assert watched.value("continuity_oldest_overdue_write_age_seconds") == 0
    assert watched.value("continuity_running_activations", {"exercise": "false"}) == 0


def test_the_time_left_to_the_rto_is_given_per_running_activation_and_exercises_stand_apart(watched):
    real = start(watched.database, "a")
    drill = start(watched.database, "b", exercise=True)
    late = start(watched.database, "c", hours=0)
    restored = start(watched.database, "d")
    with watched.database.begin() as tx:
        activations.update(tx, restored, {"restored_at": NOW})

    def left(name: str, number: int):
        return watched.value(name, {"activation": f"ACT-{number}", "plan": "PAY-DR"})

    assert left("continuity_rto_remaining_seconds", real) == 3 * 3600
    assert left("continuity_rto_remaining_seconds", late) == -3600
    assert left("continuity_rto_remaining_seconds", restored) is None
    assert left("continuity_rto_remaining_seconds", drill) is None
    assert left("continuity_exercise_rto_remaining_seconds", drill) == 3 * 3600
    assert watched.value("continuity_running_activations", {"exercise": "false"}) == 3
    assert watched.value("continuity_running_activations", {"exercise": "true"}) == 1


def test_nothing_of_a_ticket_stands_in_the_metrics(watched):
    message(watched.database, "delivery-key", "open", NOW)

    text = generate_latest(watched.registry).decode()

    assert 'continuity_open_deliveries{connection="snow"} 1.0' in text
    assert not any(word in text for word in ("INC1", "secret body", "delivery-key"))


def test_a_database_that_does_not_answer_is_a_gauge_and_not_a_failed_scrape(tmp_path):
    metrics = Metrics()
    metrics.watch(Database(f"sqlite:///{tmp_path}/no/such/folder/x.db"), lambda: NOW)
    metrics.polled("snow", "done")

    text = generate_latest(metrics.registry).decode()

    assert "continuity_database_up 0.0" in text
    assert "continuity_polls_total" in text


def test_a_database_that_answers_is_up(watched):
    assert watched.value("continuity_database_up") == 1


def test_a_platform_that_is_given_up_is_told() -> None:
    metrics = Metrics()
    down: dict[str, datetime] = {"jira": NOW}
    for name in ("jira", "servicenow"):
        metrics.watch_platform(name, down.get)

    def told(name: str) -> float | None:
        return metrics.registry.get_sample_value("continuity_connection_down", {"connection": name})

    assert (told("jira"), told("servicenow")) == (1.0, 0.0)
    down.clear()
    assert told("jira") == 0.0


def test_how_many_calls_are_left_is_told_where_a_limit_is_known() -> None:
    metrics = Metrics()
    metrics.watch_allowances(("jira", "servicenow"), {"servicenow": 120}.get)

    def told(name: str) -> float | None:
        return metrics.registry.get_sample_value("continuity_connection_allowance", {"connection": name})

    assert (told("jira"), told("servicenow")) == (None, 120.0)


def test_a_plan_that_could_not_be_created_is_a_gauge_with_its_age(watched):
    with watched.database.begin() as tx:
        preflights.put(tx, "jira", "PAY-DR", {"failed": True, "checked_at": NOW - timedelta(hours=2)})
        preflights.put(tx, "snow", "PAY-DR", {"failed": False, "checked_at": NOW})
        preflights.put(tx, "jira", "", {"failed": True, "checked_at": NOW - timedelta(hours=3)})
        preflights.put(tx, "snow", "", {"unanswered_since": NOW})

    plan = {"plan": "PAY-DR", "connection": "jira"}
    assert watched.value("continuity_preflight_failed", plan) == 1
    assert watched.value("continuity_preflight_age_seconds", plan) == 7200
    assert watched.value("continuity_preflight_failed", {**plan, "connection": "snow"}) == 0
    assert watched.value("continuity_live_check_failed", {"connection": "jira"}) == 1
    assert watched.value("continuity_live_check_age_seconds", {"connection": "jira"}) == 10800
    assert watched.value("continuity_live_check_failed", {"connection": "snow"}) is None
