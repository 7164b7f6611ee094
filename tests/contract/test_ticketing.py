"""What every adapter promises to the flows, judged by what the platform holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.ticketing import Names, Outcome, Ticket, Watch, Write
from tests.contract.benches import FALLBACK, TEAM, Bench


def task(bench: Bench, incident: str, key: str = "act-1:failover", **values: object) -> Write:
    given = {"title": "Fail over", "text": "Move to the second site", "state": "open", "team": TEAM}
    return Write(key, "create", "recovery_task", values=given | dict(bench.task_values(incident)) | values)


def again(write: Write) -> Write:
    return replace(write, unclear_since=datetime.now(UTC) - timedelta(seconds=30))


def send(bench: Bench, write: Write) -> Outcome:
    (outcome,) = bench.adapter.send([write])
    return outcome


def read(bench: Bench, outcome: Outcome) -> Ticket:
    (ticket,) = bench.adapter.read("recovery_task", [outcome.id])
    return ticket


def test_a_create_makes_one_ticket_and_names_it(bench: Bench) -> None:
    incident = bench.raise_incident()

    outcome = send(bench, task(bench, incident))

    assert (outcome.status, outcome.warnings) == ("done", ())
    assert outcome.id
    assert outcome.number
    assert outcome.url
    assert outcome.version is None or outcome.version >= 0  # not every platform's answer tells it
    assert bench.count("act-1:failover") == 1


def test_a_create_sent_again_finds_the_first_ticket(bench: Bench) -> None:
    write = task(bench, bench.raise_incident())
    first = send(bench, write)
    bench.settle()

    second = send(bench, again(write))

    assert (second.status, second.id, second.number) == ("done", first.id, first.number)
    assert bench.count(write.key) == 1


def test_a_create_whose_answer_was_lost_after_its_effect_is_made_once(bench: Bench) -> None:
    write = task(bench, bench.raise_incident())
    bench.adapter.warm(Names(teams=(TEAM, FALLBACK)))
    bench.lose_answer(effect=True)

    lost = send(bench, write)
    bench.settle()
    found = send(bench, again(write))

    assert (lost.status, found.status) == ("unclear", "done")
    assert bench.count(write.key) == 1


def test_a_create_whose_answer_was_lost_before_its_effect_is_made_once(bench: Bench) -> None:
    write = task(bench, bench.raise_incident())
    bench.adapter.warm(Names(teams=(TEAM, FALLBACK)))
    bench.lose_answer(effect=False)

    lost = send(bench, write)
    bench.settle()
    made = send(bench, again(write))

    assert lost.status == "unclear"
    assert made.status == "done"
    assert bench.count(write.key) == 1


def test_several_writes_get_their_outcomes_in_order(bench: Bench) -> None:
    incident = bench.raise_incident()
    keys = [f"act-1:step-{number}" for number in range(5)]

    outcomes = bench.adapter.send([task(bench, incident, key) for key in keys])

    assert [outcome.key for outcome in outcomes] == keys
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert [bench.count(key) for key in keys] == [1] * 5


def test_an_update_is_read_back_with_a_higher_version(bench: Bench) -> None:
    made = send(bench, task(bench, bench.raise_incident(), state="pending"))
    before = read(bench, made)

    outcome = send(bench, Write("act-1:start", "update", "recovery_task", id=made.id, values={"state": "in_progress"}))

    after = read(bench, made)
    assert outcome.status == "done"
    assert after.values["state"] == "in_progress"
    assert after.version > before.version


def test_a_pending_task_opens(bench: Bench) -> None:
    made = send(bench, task(bench, bench.raise_incident(), state="pending"))
    pending = read(bench, made)

    send(bench, Write("act-1:open", "update", "recovery_task", id=made.id, values={"state": "open"}))

    assert (pending.values["state"], read(bench, made).values["state"]) == ("pending", "open")


def test_a_task_is_read_with_our_key(bench: Bench) -> None:
    made = send(bench, task(bench, bench.raise_incident()))

    ticket = read(bench, made)

    assert (ticket.record, ticket.key, ticket.number) == ("recovery_task", "act-1:failover", made.number)
    assert (ticket.values["state"], ticket.problems) == ("open", ())


def test_a_note_whose_answer_was_lost_stands_once(bench: Bench) -> None:
    incident = bench.raise_incident()
    write = Write("act-1:note", "update", "incident", id=incident, values={}, note="The plan was activated.")
    bench.lose_answer(effect=True)

    lost = send(bench, write)
    bench.settle()
    found = send(bench, again(write))

    assert (lost.status, found.status) == ("unclear", "done")
    assert len([note for note in bench.notes(incident) if "The plan was activated." in note]) == 1


def test_a_note_that_never_arrived_is_sent_again(bench: Bench) -> None:
    incident = bench.raise_incident()
    write = Write("act-1:note", "update", "incident", id=incident, values={}, note="The plan was activated.")
    bench.lose_answer(effect=False)

    lost = send(bench, write)
    bench.settle()
    made = send(bench, again(write))

    assert (lost.status, made.status) == ("unclear", "done")
    assert len([note for note in bench.notes(incident) if "The plan was activated." in note]) == 1


def test_two_notes_both_stand(bench: Bench) -> None:
    incident = bench.raise_incident()

    for key, text in (("n1", "Half way."), ("n2", "Restored.")):
        assert send(bench, Write(key, "update", "incident", id=incident, note=text)).status == "done"

    assert [sum(text in note for note in bench.notes(incident)) for text in ("Half way.", "Restored.")] == [1, 1]


def test_an_update_of_a_ticket_that_is_not_there_is_refused_with_a_reason(bench: Bench) -> None:
    write = Write("act-1:lost", "update", "recovery_task", values={"state": "done"}, **bench.refusal())

    outcome = send(bench, write)

    assert outcome.status == "refused"
    assert outcome.reason


def test_an_unknown_team_is_replaced_by_the_fallback_with_a_warning(bench: Bench) -> None:
    outcome = send(bench, task(bench, bench.raise_incident(), team="DB Ops"))

    assert outcome.status == "done"
    assert any("DB Ops" in warning and FALLBACK in warning for warning in outcome.warnings)
    assert bench.count("act-1:failover") == 1


def test_an_incident_is_read_with_its_instants_aware(bench: Bench) -> None:
    incident = bench.raise_incident()

    (ticket,) = bench.adapter.read("incident", [incident])

    assert ticket.record == "incident"
    assert (ticket.values["state"], ticket.values["priority"]) == ("new", 1)
    assert ticket.values["opened_at"].utcoffset() == timedelta(0)


def test_a_record_as_read_parses_to_the_same_ticket(bench: Bench) -> None:
    (ticket,) = bench.adapter.read("incident", [bench.raise_incident()])

    assert bench.adapter.parse(ticket.raw) == ticket


def test_an_unknown_id_is_left_out(bench: Bench) -> None:
    incident = bench.raise_incident()

    tickets = bench.adapter.read("incident", [incident, *bench.refusal().values()])

    assert [ticket.id for ticket in tickets] == [incident]


def test_a_ticket_is_read_by_its_number_too(bench: Bench) -> None:
    (ticket,) = bench.adapter.read("incident", [bench.raise_incident()])

    assert bench.adapter.read("incident", [ticket.number, ticket.id]) == [ticket]


def test_open_majors_are_found_without_being_known(bench: Bench) -> None:
    incident = bench.raise_incident()
    bench.settle()

    tickets = bench.adapter.changed(Watch(since=None))

    assert incident in [ticket.id for ticket in tickets]


def test_a_task_that_a_person_finished_is_found(bench: Bench) -> None:
    incident = bench.raise_incident()
    made = send(bench, task(bench, incident))
    began = datetime.now(UTC) - timedelta(seconds=5)
    bench.finish_task(made.id)
    bench.settle()

    tickets = bench.adapter.changed(Watch(since=began, incidents=(incident,), activations=("act-1",)))

    found = {ticket.id: ticket for ticket in tickets}
    assert found[made.id].values["state"] == "done"
    assert found[made.id].key == "act-1:failover"


def test_nothing_is_found_where_nothing_changed(bench: Bench) -> None:
    incident = bench.raise_incident()
    send(bench, task(bench, incident))
    bench.settle()

    later = datetime.now(UTC) + timedelta(hours=1)

    assert bench.adapter.changed(Watch(since=later, incidents=(incident,), activations=("act-1",))) == []


def test_names_that_do_not_exist_are_named(bench: Bench) -> None:
    problems = bench.adapter.warm(Names(teams=(TEAM, "DB Ops")))

    assert ["DB Ops" in problem.what for problem in problems] == [True]


def test_a_check_names_the_account(bench: Bench) -> None:
    account = bench.adapter.check(Names(teams=(TEAM,)))

    assert account.name
    assert [str(problem) for problem in account.problems if problem.level == "error"] == []


def test_a_preflight_of_what_can_be_created_finds_nothing_and_changes_nothing(bench: Bench) -> None:
    write = task(bench, bench.raise_incident())
    before = bench.fingerprint()

    problems = bench.adapter.preflight([write])

    assert [str(problem) for problem in problems] == []
    assert bench.fingerprint() == before


def test_a_preflight_tells_for_each_write_that_its_team_is_unknown(bench: Bench) -> None:
    incident = bench.raise_incident()
    writes = [task(bench, incident, "lost", team="DB Ops"), task(bench, incident, "fine")]

    problems = bench.adapter.preflight(writes)

    assert [(problem.where.partition(":")[0], problem.level) for problem in problems] == [("lost", "warning")]
    assert "DB Ops" in problems[0].what


def test_a_preflight_finds_what_a_create_would_be_refused_for(bench: Bench) -> None:
    write = task(bench, bench.raise_incident())
    field = bench.refuse_tasks()

    problems = bench.adapter.preflight([write])
    refused = send(bench, write)

    errors = [problem for problem in problems if problem.level == "error"]
    assert [problem.where for problem in errors] == [f"{write.key}: {field}"]
    assert errors[0].fix
    assert refused.status == "refused"
    assert bench.count(write.key) == 0
