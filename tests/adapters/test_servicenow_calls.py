"""How many calls the ServiceNow adapter makes, and what each kind of failure becomes, over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from adapters.servicenow import BasicAuth, ClientCredentials, Credentials, ServiceNow
from connector.ticketing import Names, Refused, Unavailable, Watch, Write
from mappings.library import load
from sandbox.server import Running, start
from sandbox.servicenow.app import create
from sandbox.servicenow.options import Options

BASIC = BasicAuth("continuity.integration", "sandbox-password")
TEAMS = Names(teams=("Database Operations", "Network Operations"), people=("priya.dba",), cis=("payments-db",))


@dataclass
class Desk:
    """An instance with our adapter on it."""

    running: Running
    adapter: ServiceNow
    calls: list[tuple[str, str, int]]

    def fail(self, **fault: Any) -> None:
        answer = requests.post(f"{self.running.url}/_sandbox/faults", json={"faults": [fault]}, timeout=5)
        assert answer.ok, answer.text

    def incident(self, **values: str) -> str:
        given = {"short_description": "Payments fail", "impact": "1", "urgency": "1", "cmdb_ci": "payments-db"}
        return self.post("incident", given | values)["sys_id"]

    def post(self, table: str, body: Mapping[str, str]) -> Any:
        answer = requests.post(
            f"{self.running.url}/api/now/table/{table}", json=body, auth=("dana.desk", "sandbox-password"), timeout=5
        )
        assert answer.ok, answer.text
        return answer.json()["result"]

    def patch(self, path: str, **values: str) -> None:
        auth = ("dana.desk", "sandbox-password")
        url = f"{self.running.url}/api/now/table/{path}"
        assert requests.patch(url, json=values, auth=auth, timeout=5).ok

    def rows(self, table: str) -> list[dict[str, str]]:
        return list(requests.get(f"{self.running.url}/_sandbox/state", timeout=5).json()["tables"][table])


def desk(options: Options, auth: Credentials = BASIC, **settings: Any) -> Desk:
    running = start(create(options))
    calls: list[tuple[str, str, int]] = []
    adapter = ServiceNow(
        "desk",
        running.url,
        auth,
        load("servicenow"),
        fallback_team="Service Desk",
        **{"on_call": lambda call: calls.append((call.method, call.path, call.status)), **settings},
    )
    return Desk(running, adapter, calls)


@pytest.fixture
def warm() -> Iterator[Desk]:
    made = desk(Options())
    made.adapter.warm(TEAMS)
    made.calls.clear()
    yield made
    made.adapter.close()
    made.running.stop()


@pytest.fixture
def stopped() -> Iterator[list[Desk]]:
    """A list for instances with options of their own, stopped at the end."""
    made: list[Desk] = []
    yield made
    for each in made:
        each.adapter.close()
        each.running.stop()


def tasks(incident: str, number: int, **values: object) -> list[Write]:
    given = {"text": "Do it.", "state": "pending", "team": "Database Operations", "incident": incident}
    return [
        Write(
            f"act-1:task-{place}",
            "create",
            "recovery_task",
            values=given | {"title": f"Task {place}", "order": place} | values,
        )
        for place in range(number)
    ]


def status(incident: str, key: str = "act-1:status", note: str = "Plan activated.") -> Write:
    values = {
        "continuity_plan": "PAY-DR",
        "continuity_phase": "activation",
        "recovery_status": "0 of 20 done",
        "recovery_progress": 0,
        "rto_due": "2026-03-02T13:00:00+00:00",
        "continuity_link": "https://continuity.example/t/desk/1",
    }
    return Write(key, "update", "incident", id=incident, values=values, note=note)


def unclear(write: Write) -> Write:
    return replace(write, unclear_since=datetime.now(UTC))


def test_twenty_tasks_with_the_incidents_fields_and_note_cost_one_call(warm: Desk) -> None:
    incident = warm.incident()

    outcomes = warm.adapter.send([*tasks(incident, 20, assignee="priya.dba"), status(incident)])

    assert {outcome.status for outcome in outcomes} == {"done"}
    assert [outcome.warnings for outcome in outcomes] == [()] * 21
    assert len(warm.calls) == 1
    assert len(warm.rows("incident_task")) == 20


def test_with_cold_names_one_call_more_looks_them_all_up(stopped: list[Desk]) -> None:
    stopped.append(cold := desk(Options()))
    incident = cold.incident()

    outcomes = cold.adapter.send([*tasks(incident, 5, assignee="priya.dba"), status(incident)])

    assert {outcome.status for outcome in outcomes} == {"done"}
    assert len(cold.calls) == 2


def test_a_poll_in_which_nothing_changed_costs_one_call(warm: Desk) -> None:
    incident = warm.incident()
    warm.adapter.send(tasks(incident, 3))
    later = datetime.now(UTC) + timedelta(hours=1)
    watch = Watch(since=later, incidents=(incident,), activations=("act-1",))
    warm.adapter.changed(watch)
    warm.calls.clear()

    assert warm.adapter.changed(watch) == []
    assert len(warm.calls) == 1


def test_a_poll_finds_children_tasks_and_reviews(warm: Desk) -> None:
    incident = warm.incident()
    child = warm.incident(parent_incident=incident, impact="3", urgency="3")
    stranger = warm.incident(impact="3", urgency="3")
    review = Write(
        "act-1:review", "create", "review", values={"title": "Review", "incident": incident, "state": "open"}
    )
    lasting = replace(tasks(incident, 1, lasting=True)[0], key="act-1:failback")
    made = warm.adapter.send([*tasks(incident, 1), lasting, review])

    tickets = warm.adapter.changed(Watch(since=None, majors=False, incidents=(incident,), activations=("act-1",)))

    found = {ticket.id: ticket.record for ticket in tickets}
    assert stranger not in found
    assert found[incident] == found[child] == "incident"
    assert found[made[2].id] == "review"
    assert found[made[0].id] == found[made[1].id] == "recovery_task"
    assert len({outcome.id for outcome in made}) == 3


def test_an_unclear_round_is_looked_up_in_one_call_and_writes_nothing_twice(warm: Desk) -> None:
    incident = warm.incident()
    writes = [*tasks(incident, 20), status(incident)]
    warm.fail(method="POST", path="batch", kind="drop_after")

    lost = warm.adapter.send(writes)
    warm.calls.clear()
    found = warm.adapter.send([unclear(write) for write in writes])

    assert {outcome.status for outcome in lost} == {"unclear"}
    assert {outcome.status for outcome in found} == {"done"}
    assert len(warm.calls) == 1
    assert len(warm.rows("incident_task")) == 20
    assert all(outcome.number for outcome in found)


def test_a_round_that_landed_in_part_is_completed(warm: Desk) -> None:
    incident = warm.incident()
    writes = [*tasks(incident, 6), status(incident)]
    warm.fail(method="POST", path="incident_task", kind="drop_after", inner=True, skip=3)

    lost = warm.adapter.send(writes)
    standing = len(warm.rows("incident_task"))
    found = warm.adapter.send([unclear(write) for write in writes])

    assert {outcome.status for outcome in lost} == {"unclear"}
    assert standing >= 4
    assert {outcome.status for outcome in found} == {"done"}
    assert len({row["correlation_id"] for row in warm.rows("incident_task")}) == 6
    assert len(warm.rows("incident_task")) == 6


def test_what_the_batch_had_no_time_for_is_to_be_sent_again(warm: Desk) -> None:
    incident = warm.incident()
    warm.fail(path="batch", kind="unserviced", count=2)

    outcomes = warm.adapter.send(tasks(incident, 5))

    assert [outcome.status for outcome in outcomes] == ["done"] * 3 + ["retry"] * 2
    assert "ran out of time" in outcomes[4].reason


@pytest.mark.parametrize("code", [403, 500])
def test_a_create_that_stands_already_is_done_whichever_error_a_repeat_gets(stopped: list[Desk], code: Any) -> None:
    stopped.append(made := desk(Options(duplicate_status=code)))
    writes = tasks(made.incident(), 2)
    first = made.adapter.send(writes)

    second = made.adapter.send(writes)

    assert [(outcome.status, outcome.id, outcome.number) for outcome in second] == [
        ("done", outcome.id, outcome.number) for outcome in first
    ]
    assert len(made.rows("incident_task")) == 2


def test_a_task_does_not_lose_its_group_to_a_lookup_that_failed(stopped: list[Desk]) -> None:
    stopped.append(cold := desk(Options()))
    incident = cold.incident()
    cold.fail(path="sys_user_group", kind="500", inner=True)

    first = cold.adapter.send(tasks(incident, 1))
    second = cold.adapter.send(tasks(incident, 1))

    assert (first[0].status, len(cold.rows("incident_task"))) == ("retry", 1)
    assert (second[0].status, second[0].warnings) == ("done", ())


def test_a_poll_refreshes_names_that_grow_old_in_its_own_call(warm: Desk) -> None:
    warm.adapter.warm(Names(teams=("Unheard Of",)))
    watch = Watch(since=datetime.now(UTC) + timedelta(hours=1))
    warm.incident()
    warm.adapter.changed(watch)
    warm.calls.clear()
    auth = ("admin", "admin-password")
    url = f"{warm.running.url}/api/now/table/sys_user_group"
    assert requests.post(url, json={"name": "Unheard Of"}, auth=auth, timeout=5).ok

    warm.adapter.changed(watch)

    assert len(warm.calls) == 1
    assert warm.adapter.warm(Names(teams=("Unheard Of",))) == ()
    assert len(warm.calls) == 1


def test_a_create_that_failed_inside_and_does_not_stand_stays_unclear(warm: Desk) -> None:
    incident = warm.incident()
    warm.fail(method="POST", path="incident_task", kind="500", inner=True)

    first = warm.adapter.send(tasks(incident, 2))
    second = warm.adapter.send([unclear(write) for write in tasks(incident, 2)])

    assert [outcome.status for outcome in first] == ["unclear", "done"]
    assert [outcome.status for outcome in second] == ["done", "done"]
    assert len(warm.rows("incident_task")) == 2


@pytest.mark.parametrize("wait", [1, "date"])
def test_a_short_retry_after_is_waited_out_in_either_form(warm: Desk, wait: object) -> None:
    incident = warm.incident()
    warm.fail(path="batch", kind="429", retry_after=wait)

    outcomes = warm.adapter.send(tasks(incident, 1))

    assert outcomes[0].status == "done"
    assert [code for _, _, code in warm.calls] == [429, 200]


def test_a_long_retry_after_is_handed_back(warm: Desk) -> None:
    warm.fail(path="batch", kind="429", retry_after=1800)

    (outcome,) = warm.adapter.send(tasks("0" * 32, 1))

    assert (outcome.status, outcome.retry_after) == ("retry", 1800.0)
    assert len(warm.calls) == 1


def test_a_write_that_was_unclear_stays_so_while_it_cannot_be_looked_up(warm: Desk) -> None:
    warm.fail(path="batch", kind="429", retry_after=1800)

    (outcome,) = warm.adapter.send([unclear(status("0" * 32))])

    assert (outcome.status, outcome.retry_after) == ("unclear", 1800.0)


def test_a_limit_that_strikes_inside_a_batch_concerns_that_write_only(warm: Desk) -> None:
    incident = warm.incident()
    warm.fail(method="POST", path="incident_task", kind="429", inner=True, retry_after=7)

    outcomes = warm.adapter.send(tasks(incident, 2))

    assert [(outcome.status, outcome.retry_after) for outcome in outcomes] == [("retry", 7.0), ("done", None)]
    assert len(warm.calls) == 1


def test_an_update_that_failed_inside_is_unclear(warm: Desk) -> None:
    incident = warm.incident()
    warm.fail(method="PATCH", path="incident", kind="500", inner=True)

    (lost,) = warm.adapter.send([status(incident)])
    (found,) = warm.adapter.send([unclear(status(incident))])

    assert (lost.status, found.status) == ("unclear", "done")


def test_the_address_of_a_ticket_opens_it(warm: Desk) -> None:
    (outcome,) = warm.adapter.send(tasks(warm.incident(), 1))

    page = requests.get(outcome.url, auth=("dana.desk", "sandbox-password"), timeout=5)

    assert page.ok
    assert outcome.number in page.text


def test_an_hourly_limit_makes_a_read_unavailable_until_the_hour_ends(stopped: list[Desk]) -> None:
    stopped.append(made := desk(Options(rate_limit_per_hour=0)))

    with pytest.raises(Unavailable) as caught:
        made.adapter.read("incident", ["0" * 32])

    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 3600


@pytest.mark.parametrize("kind", ["500", "503", "500_after", "503_after", "html_200", "drop_before", "drop_after"])
def test_a_write_whose_fate_is_unknown_is_unclear_and_sent_once(warm: Desk, kind: str) -> None:
    incident = warm.incident()
    warm.fail(path="batch", kind=kind)

    (lost,) = warm.adapter.send(tasks(incident, 1))
    calls = len(warm.calls)
    (found,) = warm.adapter.send([unclear(write) for write in tasks(incident, 1)])

    assert (lost.status, calls) == ("unclear", 1)
    assert lost.reason
    assert found.status == "done"
    assert len(warm.rows("incident_task")) == 1


@pytest.mark.parametrize("kind", ["500", "503", "html_200", "drop_before", "drop_after"])
def test_a_read_is_tried_again_at_once(warm: Desk, kind: str) -> None:
    incident = warm.incident()
    warm.fail(path="batch", kind=kind)

    assert [ticket.id for ticket in warm.adapter.read("incident", [incident])] == [incident]
    assert len(warm.calls) == 2


def test_a_read_that_was_answered_in_part_is_not_taken_for_whole(warm: Desk) -> None:
    incident = warm.incident()
    warm.fail(path="table/incident", kind="error_200", inner=True, times=None)

    with pytest.raises(Unavailable, match="in part"):
        warm.adapter.read("incident", [incident])


def test_a_platform_that_is_gone_had_no_effect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    adapter = ServiceNow("desk", f"http://127.0.0.1:{port}", BASIC, load("servicenow"), fallback_team="Service Desk")

    (outcome,) = adapter.send([status("0" * 32)])

    assert outcome.status == "retry"
    with pytest.raises(Unavailable):
        adapter.read("incident", ["0" * 32])


def test_a_slow_answer_is_unclear(stopped: list[Desk]) -> None:
    stopped.append(made := desk(Options(), timeout=0.2))
    incident = made.incident()
    made.fail(path="batch", kind="delay", seconds=0.6)

    (outcome,) = made.adapter.send([status(incident)])

    assert (outcome.status, outcome.reason) == ("unclear", "no answer in time")


def test_wrong_credentials_are_refused(stopped: list[Desk]) -> None:
    stopped.append(made := desk(Options(), BasicAuth("continuity.integration", "wrong")))

    (outcome,) = made.adapter.send([status("0" * 32)])

    assert outcome.status == "refused"
    assert "User Not Authenticated" in outcome.reason
    with pytest.raises(Refused, match="401"):
        made.adapter.read("incident", ["0" * 32])


def test_client_credentials_sign_in_once_and_again_when_the_token_is_not_taken(stopped: list[Desk]) -> None:
    stopped.append(made := desk(Options(), ClientCredentials("continuity-client", "sandbox-secret")))
    incident = made.incident()

    first = made.adapter.send([status(incident)])
    requests.post(f"{made.running.url}/_sandbox/reset", timeout=5)
    second = made.adapter.read("incident", [incident])

    assert first[0].status == "done"
    assert second == []


def test_wrong_client_credentials_are_refused(stopped: list[Desk]) -> None:
    stopped.append(made := desk(Options(), ClientCredentials("continuity-client", "wrong")))

    (outcome,) = made.adapter.send([status("0" * 32)])

    assert outcome.status == "refused"
    assert "no token" in outcome.reason


def test_pages_cut_short_by_access_rules_do_not_end_a_poll(stopped: list[Desk]) -> None:
    stopped.append(made := desk(Options(hidden_groups=frozenset({"Network Operations"})), page_size=3))
    hidden = [made.incident(assignment_group="Network Operations") for _ in range(5)]
    shown = [made.incident(assignment_group="Service Desk") for _ in range(5)]

    found = {ticket.id for ticket in made.adapter.changed(Watch(since=None))}

    assert set(shown) <= found
    assert not found & set(hidden)


def test_several_threads_send_at_once(warm: Desk) -> None:
    incidents = [warm.incident() for _ in range(6)]
    outcomes: list[str] = []

    def work(incident: str) -> None:
        writes = [replace(write, key=f"{incident}:{write.key}") for write in tasks(incident, 5)]
        outcomes.extend(outcome.status for outcome in warm.adapter.send(writes))

    threads = [threading.Thread(target=work, args=(incident,)) for incident in incidents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == ["done"] * 30
    assert len(warm.rows("incident_task")) == 30


def test_what_others_wrote_is_not_shown_as_html(warm: Desk) -> None:
    incident = warm.incident()

    warm.adapter.send([status(incident, note="Failed: [code]<img src=x>[/CODE] [ code ]")])

    journal = requests.get(f"{warm.running.url}/_sandbox/state", timeout=5).json()["journal"]
    (entry,) = [row for row in journal if row["element"] == "work_notes"]
    assert entry["value"].startswith("Failed: (code)<img src=x>(/code) (code)")
