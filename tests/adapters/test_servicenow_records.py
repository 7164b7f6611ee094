"""What the ServiceNow adapter makes of records and echoes, and what its live check finds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.servicenow import BasicAuth, ServiceNow, batch, query
from adapters.servicenow.lookups import EARLY, KEEP, KEEP_ABSENT, Lookups
from adapters.servicenow.records import sys_id_of
from adapters.servicenow.writes import marker
from connector.ticketing import Names, Write
from mappings.library import load
from mappings.transforms import Lookup
from sandbox.server import Running, start
from sandbox.servicenow.app import create
from sandbox.servicenow.options import Options

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "servicenow"
TEAM = Lookup("team")
Make = Callable[..., tuple[ServiceNow, Running]]


@pytest.fixture
def make() -> Iterator[Make]:
    """Starts an instance with an adapter on it."""
    made: list[tuple[ServiceNow, Running]] = []

    def start_one(options: Options | None = None, directory: Path | None = None, **settings: Any) -> Any:
        running = start(create(options or Options()))
        auth = BasicAuth("continuity.integration", "sandbox-password")
        settings = {"fallback_team": "Service Desk"} | settings
        adapter = ServiceNow("desk", running.url, auth, load("servicenow", directory), **settings)
        made.append((adapter, running))
        return adapter, running

    yield start_one
    for adapter, running in made:
        adapter.close()
        running.stop()


def raised(running: Running, **values: str) -> str:
    answer = requests.post(
        f"{running.url}/api/now/table/incident",
        json={"short_description": "Payments fail", "impact": "1", "urgency": "1"} | values,
        auth=("dana.desk", "sandbox-password"),
        timeout=5,
    )
    return str(answer.json()["result"]["sys_id"])


def state(running: Running) -> Any:
    return requests.get(f"{running.url}/_sandbox/state", timeout=5).json()


def alone() -> ServiceNow:
    auth = BasicAuth("user", "password")
    return ServiceNow("desk", "https://desk.example", auth, load("servicenow"), fallback_team="Service Desk")


def test_a_webhooks_record_parses_with_its_names_and_address() -> None:
    sys_id = "a" * 32
    raw = {
        "sys_class_name": "incident",
        "sys_id": sys_id,
        "sys_mod_count": "7",
        "number": "INC0010001",
        "state": "2",
        "priority": "1",
        "major_incident_state": "accepted",
        "cmdb_ci": {"value": "b" * 32, "display_value": "payments-db"},
        "opened_at": "2026-03-02 09:00:00",
    }

    ticket = alone().parse(raw)

    assert (ticket.record, ticket.id, ticket.number, ticket.version) == ("incident", sys_id, "INC0010001", 7)
    assert ticket.url == f"https://desk.example/nav_to.do?uri=incident.do%3Fsys_id%3D{sys_id}"
    assert (ticket.values["ci"], ticket.values["major_state"], ticket.key) == (["payments-db"], "accepted", "")


def test_a_lasting_task_reads_its_incident_from_its_parent() -> None:
    raw = {
        "sys_class_name": "task",
        "sys_id": "a" * 32,
        "parent": {"value": "b" * 32, "display_value": "INC0010001"},
        "correlation_id": "act-1:failback",
        "correlation_display": "continuity-connector",
        "state": "1",
    }

    ticket = alone().parse(raw)

    assert (ticket.record, ticket.key, ticket.values["incident"]) == ("recovery_task", "act-1:failback", "b" * 32)


@pytest.mark.parametrize("raw", [{}, {"sys_mod_count": None}, {"sys_class_name": "change_request", "sys_id": "a" * 32}])
def test_what_we_do_not_follow_is_other_and_raises_nothing(raw: dict[str, Any]) -> None:
    assert alone().parse(raw).record == "other"


def test_a_plain_id_reads_as_the_name_under_which_it_was_looked_up(make: Make) -> None:
    adapter, running = make()
    incident = raised(running, cmdb_ci="payments-db")
    adapter.warm(Names(cis=("payments-db",)))
    (ticket,) = adapter.read("incident", [incident])

    plain = adapter.parse({"sys_class_name": "incident", "cmdb_ci": ticket.raw["cmdb_ci"]["value"]})

    assert plain.values["ci"] == ["payments-db"]


def test_columns_that_are_absent_are_warned_about_with_what_to_do(make: Make) -> None:
    adapter, running = make(Options(plain=True))
    write = Write("k", "update", "incident", id=raised(running), values={"recovery_progress": 40}, note="Half way.")

    (outcome,) = adapter.send([write])

    assert outcome.status == "done"
    assert outcome.warnings == (
        (
            "incident.u_recovery_progress did not stick: there is no such column, or the account may not read it; "
            "add the column or take it out of mappings/servicenow/incident.yaml"
        ),
    )


def test_a_value_that_was_cut_or_dropped_is_warned_about_with_both_values(make: Make) -> None:
    adapter, running = make(Options(unwritable=frozenset({"incident.u_continuity_phase"})))
    values = {"recovery_progress": "40", "continuity_phase": "recovery", "continuity_plan": "P" * 120}

    (outcome,) = adapter.send([Write("k", "update", "incident", id=raised(running), values=values)])

    assert outcome.warnings == (
        (
            f"incident.u_continuity_plan did not stick: sent '{'P' * 57}...' (120 characters), "
            f"got '{'P' * 57}...' (100 characters)"
        ),
        "incident.u_continuity_phase did not stick: sent 'recovery', got ''",
    )


def test_without_the_plugin_there_is_no_major_state(make: Make) -> None:
    adapter, running = make(Options(mim=False))

    (ticket,) = adapter.read("incident", [raised(running)])

    assert ticket.values["major_state"] == ""


def test_a_plugin_that_is_not_used_says_nothing(make: Make) -> None:
    adapter, _ = make(major_incident_management=False)

    ticket = adapter.parse({"sys_class_name": "incident", "major_incident_state": "accepted"})

    assert ticket.values["major_state"] == ""


def test_a_lasting_task_outlives_its_incident(make: Make) -> None:
    adapter, running = make()
    incident = raised(running)
    values = {"title": "Fail back", "state": "open", "incident": incident, "team": "Service Desk"}
    writes = [
        Write("act:failover", "create", "recovery_task", values=values),
        Write("act:failback", "create", "recovery_task", values=values | {"lasting": True}),
    ]
    made = adapter.send(writes)

    url = f"{running.url}/api/now/table/incident/{incident}"
    requests.patch(url, json={"state": "7"}, auth=("dana.desk", "sandbox-password"), timeout=5)

    tickets = adapter.read("recovery_task", [outcome.id for outcome in made])
    assert [ticket.values["state"] for ticket in tickets] == ["failed", "open"]
    assert [ticket.values["incident"] for ticket in tickets] == [incident, incident]


def test_a_review_stands_on_a_problem_and_is_done_by_us(make: Make) -> None:
    adapter, running = make()
    incident = raised(running)
    values = {"title": "Post-incident review", "state": "open", "incident": incident, "team": "Service Desk"}

    (made,) = adapter.send([Write("act:review", "create", "review", values=values)])
    (opened,) = adapter.read("review", [made.id])
    adapter.send([Write("act:reviewed", "update", "review", id=made.id, values={"state": "done"})])
    (closed,) = adapter.read("review", [made.id])

    assert made.number.startswith("PRB")
    assert (opened.values["state"], closed.values["state"]) == ("open", "done")
    assert made.warnings == ()


def test_an_unknown_person_leaves_the_task_unassigned_with_a_warning(make: Make) -> None:
    adapter, running = make()
    values = {"title": "x", "state": "open", "assignee": "nobody.here", "incident": raised(running)}

    (outcome,) = adapter.send([Write("k", "create", "recovery_task", values=values)])

    assert outcome.status == "done"
    assert "no user 'nobody.here' on the platform" in outcome.warnings[0]


@pytest.mark.parametrize("person", ["priya.dba", "priya.dba@example.com", "Priya Nair", "PRIYA.DBA"])
def test_a_person_is_found_by_user_name_address_and_name(make: Make, person: str) -> None:
    adapter, running = make()
    values = {"title": "x", "state": "open", "assignee": person, "incident": raised(running)}

    (outcome,) = adapter.send([Write("k", "create", "recovery_task", values=values)])

    (ticket,) = adapter.read("recovery_task", [outcome.id])
    assert (outcome.warnings, ticket.values["assignee"]) == ((), "Priya Nair")


def test_a_name_that_would_change_the_query_is_never_asked_for(make: Make) -> None:
    adapter, running = make()
    values = {"title": "x", "state": "open", "team": "x^ORname!=y", "incident": raised(running)}

    (outcome,) = adapter.send([Write("k", "create", "recovery_task", values=values)])

    (ticket,) = adapter.read("recovery_task", [outcome.id])
    assert ticket.values["team"] == "Service Desk"
    assert "x^ORname!=y" in outcome.warnings[0]


def test_a_note_goes_to_the_desk_only_and_bears_its_mark(make: Make) -> None:
    adapter, running = make()
    incident = raised(running)

    adapter.send([Write("k", "update", "incident", id=incident, note="Plan activated.")])

    assert [(entry["element"], entry["value"]) for entry in state(running)["journal"]] == [
        ("work_notes", f"Plan activated.\n\n{marker('k')}")
    ]


def test_a_link_is_refused_as_there_are_none(make: Make) -> None:
    adapter, _ = make()

    (outcome,) = adapter.send([Write("k", "link", "incident", id="a" * 32, values={"url": "https://c.example"})])

    assert outcome.status == "refused"
    assert "map continuity_link" in outcome.reason


@pytest.mark.parametrize("sys_id", ["", "INC0010001", "a^ORb"])
def test_an_update_without_a_sys_id_is_refused_without_holding_the_others(make: Make, sys_id: str) -> None:
    adapter, running = make()
    lost = Write("k", "update", "incident", id=sys_id, note="x", unclear_since=datetime.now(UTC))
    good = Write("l", "update", "incident", id=raised(running), note="x")

    outcomes = adapter.send([lost, good])

    assert [outcome.status for outcome in outcomes] == ["refused", "done"]
    assert "is no sys_id" in outcomes[0].reason


def test_an_update_of_nothing_is_done_without_a_call(make: Make) -> None:
    calls: list[object] = []
    adapter, _ = make(on_call=calls.append)

    (outcome,) = adapter.send([Write("k", "update", "incident", id="a" * 32, values={"parent": "x"})])

    assert (outcome.status, calls) == ("done", [])


def test_the_live_check_is_clean_on_a_full_instance(make: Make) -> None:
    adapter, _ = make()

    account = adapter.check(
        Names(teams=("Database Operations",), people=("priya.dba",), cis=("payments-db", "Payments"))
    )

    assert account.name == "Continuity Connector (continuity.integration)"
    assert account.problems == ()


def test_the_live_check_goes_on_where_the_account_may_not_look(make: Make) -> None:
    adapter, running = make()
    refusals = [
        {"path": path, "kind": "500", "inner": True, "times": None}
        for path in ("sys_dictionary", "sys_db_object", "sys_choice")
    ]
    requests.post(f"{running.url}/_sandbox/faults", json={"faults": refusals}, timeout=5)

    told = [str(problem) for problem in adapter.check(Names()).problems]

    assert told == [
        (
            "connection desk: the account cannot see tables and columns, so that mappings stay unchecked; "
            "grant read access to sys_db_object, sys_dictionary and sys_choice (role personalize_dictionary)"
        )
    ]


def test_the_live_check_names_missing_columns_and_groups(make: Make) -> None:
    adapter, _ = make(Options(plain=True), fallback_team="Desk of Nobody")

    told = [str(problem) for problem in adapter.check(Names(teams=("DB Ops",))).problems]

    assert (
        "mappings/servicenow/incident.yaml: fields.recovery_progress: the instance has no column "
        "incident.u_recovery_progress; add the column to incident, or take the field out of the mapping of incident"
    ) in told
    assert [line for line in told if "DB Ops" in line or "Desk of Nobody" in line] == [
        (
            "connection desk: no active group 'DB Ops' (or several of that name) on the instance; "
            "create it, or correct the name, or its tasks go to 'Desk of Nobody'"
        ),
        (
            "connection desk: no active group 'Desk of Nobody' (or several of that name) on the instance; "
            "create it, or correct the name"
        ),
    ]


def test_the_live_check_names_choices_that_are_not_offered_and_unmapped(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text(
        'fields: {state: {values: {done: "33"}}, x_a: {field: shortdescription}}'
    )
    adapter, _ = make(directory=tmp_path)

    told = [str(problem) for problem in adapter.check(Names()).problems]

    file = "mappings/servicenow/recovery_task.yaml:1"
    assert told == [
        f"{file}: fields.x_a: the instance has no column incident_task.shortdescription; did you mean 'short_description'?",
        (
            f"{file}: fields.state.values: incident_task.state offers no choice '33', which done would write; "
            "use one of: -5, 1, 2, 3, 4, 7"
        ),
        (
            f"{file}: fields.state.values: incident_task.state offers '3' (Closed Complete), which is mapped to nothing; "
            "add it to the value that it means, or say else: {read: ...}"
        ),
    ]


def test_names_are_kept_for_an_hour_and_absent_ones_for_a_minute() -> None:
    now = [0.0]
    lookups = Lookups(clock=lambda: now[0])
    wanted = [(TEAM, "Network Operations"), (TEAM, "DB Ops")]
    rows = {"result": [{"sys_id": "a" * 32, "name": "Network Operations"}]}
    lookups.learn(wanted, {"lookup:team:0": batch.Answer(200, rows)})

    fresh = lookups.missing(wanted)
    now[0] = KEEP_ABSENT + 1
    absent = lookups.missing(wanted)
    now[0] = KEEP + 1
    stale = lookups.missing(wanted)

    assert (fresh, absent, stale) == ([], wanted[1:], wanted)
    assert lookups.resolve(TEAM, "network operations") == "a" * 32


def test_names_are_to_be_asked_for_again_before_they_are_too_old() -> None:
    now = [0.0]
    lookups = Lookups(clock=lambda: now[0])
    wanted = [(TEAM, "Network Operations")]
    rows = {"result": [{"sys_id": "a" * 32, "name": "Network Operations"}]}
    lookups.learn(wanted, {"lookup:team:0": batch.Answer(200, rows)})

    young = lookups.aging()
    now[0] = KEEP - EARLY

    assert (young, lookups.aging()) == ([], wanted)
    assert lookups.missing(wanted) == []


def test_a_name_that_two_bear_is_nobodys() -> None:
    lookups = Lookups()
    rows = {"result": [{"sys_id": "a" * 32, "name": "Ops"}, {"sys_id": "b" * 32, "name": "Ops"}]}

    lookups.learn([(TEAM, "Ops")], {"lookup:team:0": batch.Answer(200, rows)})

    assert lookups.resolve(TEAM, "Ops") is None


@pytest.mark.parametrize("value", ["a^ORb", "javascript:gs.getUserID()", "a\n^b"])
def test_a_value_that_would_be_a_condition_is_refused(value: str) -> None:
    with pytest.raises(query.Unsafe):
        query.where("name", "=", value)
    with pytest.raises(query.Unsafe):
        query.within("name", [value])


def test_the_id_of_a_create_is_always_the_same_and_32_hex_digits() -> None:
    assert sys_id_of("act-1:failover") == sys_id_of("act-1:failover") != sys_id_of("act-1:verify")
    assert len(sys_id_of("k")) == 32
    assert set(sys_id_of("k")) <= set("0123456789abcdef")


def test_a_body_whose_base64_is_wrapped_over_lines_is_read() -> None:
    packed = base64.b64encode(b'{"result": {"number": "INC0000060"}}').decode()
    wrapped = f"{packed[:20]}\n      {packed[20:]}"
    served = {"id": 12, "status_code": 200, "body": wrapped, "headers": [{"name": "X-Total-Count", "value": "1"}]}

    answer = batch.unpack({"serviced_requests": [served]})["12"]

    assert (answer.good, answer.rows, answer.headers) == (True, [{"number": "INC0000060"}], {"x-total-count": "1"})


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")
def test_a_documented_batch_answer_that_was_cut_is_taken_for_no_answer() -> None:
    text = (SAMPLES / "batch_request_response_raw.txt").read_text()
    raw = text[text.index("-----") :]
    document = json.loads(raw[raw.index("{") : raw.rindex("}") + 1], strict=False)

    answers = batch.unpack(document)

    assert {key: (answer.good, answer.body) for key, answer in answers.items()} == {
        "11": (False, None),
        "12": (False, None),
        "13": (False, None),
    }


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")
def test_a_recorded_rate_limit_is_told_in_the_platforms_words() -> None:
    body = json.loads((SAMPLES / "ratelimit_1.json").read_text())

    answer = batch.Answer(429, body, {"retry-after": "30"})

    assert answer.reason == (
        "HTTP 429: Rate limit exceeded: Rate limit of 100 requests per hour for Table API exceeded"
    )
