"""Verdicts on fields from facts alone; tests/connector/flows/test_why.py has them from real flows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.evidence import Evidence, Heard, Message, Sent, Version
from connector.explanation.story import of_ticket
from connector.store.ticket_evidence import KnownTicket
from connector.why import explain
from connector.why.holding import locate
from connector.why.verdict import FieldWhy
from mappings import library

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LABELS = {"summary": "Summary", "status": "Status", "customfield_10105": "RTO due", "components": "Components"}


def version(*differences: str, id: int = 1, record: str = "recovery_task") -> Version:  # noqa: A002
    """Return Jira's mapping of a record, with an admin's lines over it."""
    own = ["version: 1\nfields:\n" + "".join(f"  {line}\n" for line in differences)] if differences else []
    texts = [library.gather("jira")[record][0], *own]
    rules = library.build("jira", {record: texts}).on("jira")[record]
    return Version(id, rules, library.sourced("jira", record, texts))


def sent(number: int = 3, **more: Any) -> Sent:
    facts: dict[str, Any] = {
        "id": number, "action": "update", "state": "done", "values": {"due_at": "2026-03-02T13:00:00+00:00"},
        "about": {"project": "OPS"}, "version": 1, "attempts": 1, "reason": "", "warnings": (), "note": "",
        "created_at": AT, "next_at": AT, "sent_at": AT, "done_at": AT,
    }  # fmt: skip
    return Sent(**{**facts, **more})


def heard(after: timedelta = MINUTE, **values: Any) -> Heard:
    message = Message(9, "webhook", "jira:issue_updated", "done", "", AT + after)
    return Heard(values, AT + after, message_id=9, message=message)


def judged(name: str, rules: Version | None = None, **facts: Any) -> FieldWhy:
    rules = rules or version()
    made = {rules.id: rules}
    evidence = Evidence("jira", "recovery_task", rules, **{"made": made, "labels": LABELS, **facts})
    return next(item for item in explain(evidence) if item.name == name)


def test_a_field_that_is_written_names_its_place_its_rule_and_its_write() -> None:
    found = judged("due_at", writes=(sent(),))

    assert (found.verdict, found.reason) == ("written", "W3 wrote it")
    assert (found.field, found.id, found.label) == ("RTO due", "customfield_10105", "RTO due")
    assert found.rule.startswith("mappings/defaults/jira/recovery_task.yaml (shipped):")
    assert found.rule.endswith(": fields.due_at")
    assert (found.version, found.write and found.write.id, found.ours) == (1, 3, "2026-03-02T13:00:00+00:00")


def test_a_later_message_with_the_same_instant_confirms_a_write() -> None:
    found = judged("due_at", writes=(sent(),), heard=heard(due_at="2026-03-02T14:00:00+01:00"))

    assert (found.verdict, found.message_id) == ("written", 9)


def test_what_an_earlier_write_set_and_no_later_one_touched_is_unchanged() -> None:
    later = sent(5, values={"title": "Fail over"})

    found = judged("due_at", writes=(sent(), later))

    assert (found.verdict, found.reason) == ("unchanged", "it stands as W3 wrote it: nothing has changed since")


def test_a_field_that_the_platform_lacks_is_told() -> None:
    labels = {name: label for name, label in LABELS.items() if label != "RTO due"}

    found = judged("due_at", writes=(sent(),), labels=labels)

    assert (found.verdict, found.reason, found.id) == ("skipped", "the platform has no such field", "")


def test_where_the_platforms_fields_are_not_known_here_that_is_said() -> None:
    found = judged("due_at", writes=(sent(),), labels=None)

    assert found.reason == "W3 wrote it, if jira has a field 'RTO due' (--live asks)"


def test_a_condition_that_was_not_true_is_told_with_what_it_was_about() -> None:
    rules = version("""due_at: {when: "project == 'WEB'"}""")

    found = judged("due_at", rules, writes=(sent(),))

    assert (found.verdict, found.when, found.held) == ("skipped", "project == 'WEB'", False)
    assert found.reason == "the condition `project == 'WEB'` was not true (project was 'OPS')"
    assert judged("due_at", rules, writes=(sent(about={"project": "WEB"}),)).held is True


def test_a_value_that_the_map_does_not_hold_is_told_with_what_to_add() -> None:
    rules = version("title: {values: {Assess: A1}, type: choice}")

    found = judged("title", rules, writes=(sent(values={"title": "Fail over"}),))

    assert found.verdict == "skipped"
    assert found.reason.startswith("our value 'Fail over' is not mapped")
    assert "add Fail over: <the platform's value>" in found.reason


def test_a_value_that_could_not_be_read_is_told() -> None:
    where = "mappings/jira/recovery_task.yaml: fields.state.values"
    told = f"{where}: value 'Parked' is not mapped (platform field 'status'); add it to one of: done, open"
    rules = version("state: {direction: read}")

    found = judged("state", rules, heard=replace(heard(), problems=(told,)))

    assert found.verdict == "skipped"
    assert found.reason == "value 'Parked' is not mapped (platform field 'status'); add it to one of: done, open"


@pytest.mark.parametrize(
    ("warning", "verdict"),
    [
        ("RTO due: sent 'a', but it stands at 'b'", "skipped"),
        ("RTO due: 'a' was left out (not on the create screen)", "skipped"),
        ("Summary: sent 'a', but it stands at 'b'", "written"),
    ],
)
def test_what_did_not_stick_is_told_of_the_field_that_it_is_about(warning: str, verdict: str) -> None:
    found = judged("due_at", writes=(sent(warnings=(warning,)),))

    assert found.verdict == verdict
    assert (found.reason == warning) == (verdict == "skipped")


def test_a_team_that_fell_back_is_written_and_says_to_whom() -> None:
    warning = "Components: 'DBAs' was refused (no such component); given to the fallback team 'Service Desk': ..."

    found = judged("team", writes=(sent(values={"team": "DBAs"}, warnings=(warning,)),))

    assert (found.verdict, found.reason) == ("written", warning)


def test_a_parked_write_says_why_and_how_to_go_on() -> None:
    found = judged("due_at", writes=(sent(state="parked", reason="403: no permission"),))

    assert (found.verdict, found.ours) == ("parked", "2026-03-02T13:00:00+00:00")
    assert found.reason == "parked: 403: no permission; mend that, then `continuity replay W3`"


def test_a_write_behind_another_waits_for_it() -> None:
    first = sent(12, values={"title": "Fail over"}, state="parked", reason="403: no permission", done_at=None)
    second = sent(13, state="pending", attempts=0, done_at=None, sent_at=None)

    found = judged("due_at", writes=(first, second))

    assert (found.verdict, found.reason) == ("waiting", "waits behind write W12, which is parked: 403: no permission")


def test_a_write_that_was_not_tried_yet_tells_when_it_goes_out() -> None:
    fresh = sent(state="pending", attempts=0, done_at=None, sent_at=None)
    held = replace(fresh, next_at=AT + timedelta(seconds=2))

    assert judged("due_at", writes=(fresh,)).reason == "about to be sent (is `continuity serve` running?)"
    assert judged("due_at", writes=(held,)).reason == "goes out at 09:00:02Z, with what else changes until then"


def test_a_write_that_is_tried_again_tells_the_platforms_answer() -> None:
    found = judged("due_at", writes=(sent(state="pending", attempts=2, reason="503", done_at=None),))

    assert (found.verdict, found.reason) == ("waiting", "no success in 2 tries: 503; tried again by itself")


def test_what_is_wanted_and_not_planned_waits_for_the_message_that_is_not_decided() -> None:
    wanted = {"due_at": "2026-03-02T15:00:00+00:00"}

    found = judged("due_at", writes=(sent(),), wanted=wanted, waiting=5)

    assert (found.verdict, found.ours) == ("waiting", "2026-03-02T15:00:00+00:00")
    assert found.reason == "'2026-03-02T15:00:00+00:00' is wanted: waits until message D5 about this ticket is decided"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("platform", "someone else's value stands (wins: platform): the ticket holds"),
        ("manual", "held until both are the same (wins: manual): the ticket holds"),
    ],
)
def test_another_value_on_the_ticket_is_someone_elses(policy: Any, reason: str) -> None:
    theirs = heard(due_at="2026-03-02T20:00:00+00:00")

    found = judged("due_at", writes=(sent(),), heard=theirs, policies={"due_at": policy})

    assert found.verdict == "skipped"
    assert found.reason.startswith(reason)
    assert found.message_id == 9


def test_another_value_that_was_there_before_the_write_is_not_someone_elses() -> None:
    found = judged("due_at", writes=(sent(),), heard=heard(-MINUTE, due_at="2026-03-02T20:00:00+00:00"))

    assert found.verdict == "written"


def test_a_state_that_a_person_moved_was_taken_over() -> None:
    written = sent(values={"state": "open"})

    found = judged("state", writes=(written,), heard=heard(state="done"), wanted={"state": "done"})

    assert (found.verdict, found.ours) == ("read", "done")
    assert found.reason == "the platform's newer value was taken over"


@pytest.mark.parametrize(("attempts", "tried"), [(0, ""), (1, ", tried once: 503"), (2, ", tried 2 times: 503")])
def test_a_write_that_waits_is_told_with_its_tries(attempts: int, tried: str) -> None:
    waiting = sent(state="pending", attempts=attempts, reason="503", done_at=None)

    told = of_ticket(KnownTicket("jira", "10001", "OPS-1"), None, (), (waiting,), None)

    assert told[-1] == f"W3 (update) waits to be sent{tried}."


def test_a_write_is_judged_by_the_version_that_it_was_made_with() -> None:
    old, new = version("""due_at: {when: "project == 'WEB'"}""", id=1), version(id=2)

    found = judged("due_at", new, made={1: old, 2: new}, writes=(sent(),))

    assert (found.verdict, found.version) == ("skipped", 1)
    assert found.reason == "the condition `project == 'WEB'` was not true (project was 'OPS')"


def test_a_field_that_was_mapped_after_its_last_write_names_the_line_in_force() -> None:
    old, new = version(id=1), version("x_site: {field: Site, direction: write}", id=2)

    found = judged("x_site", new, made={1: old, 2: new}, writes=(sent(values={"x_site": "bern"}),))

    assert (found.verdict, found.version) == ("skipped", 2)
    assert found.rule == "mappings/jira/recovery_task.yaml:3: fields.x_site"
    assert found.reason == (
        "not written since it was mapped: W3 was made by version 1 of the mapping, which does not write it; "
        "a ticket that stands gets it when our value changes, or by hand"
    )


def test_a_field_that_was_moved_after_its_last_write_says_where_that_one_wrote_it() -> None:
    old, new = version(id=1), version("due_at: {field: Deadline}", id=2)

    found = judged("due_at", new, made={1: old, 2: new}, writes=(sent(),), labels={**LABELS, "duedate": "Deadline"})

    assert (found.verdict, found.version) == ("skipped", 2)
    assert found.reason.startswith(
        "not written since it was mapped: W3 was made by version 1 of the mapping, which writes it to 'RTO due'; "
    )


def test_a_field_of_both_directions_that_was_mapped_after_its_last_write_tells_what_was_read() -> None:
    old, new = version(id=1), version("x_site: {field: Site}", id=2)
    write = sent(values={"x_site": "bern"})

    found = judged("x_site", new, made={1: old, 2: new}, writes=(write,), heard=heard(x_site="Zürich"))

    assert (found.verdict, found.version, found.ours) == ("read", 2, "Zürich")


def test_a_field_that_was_mapped_after_the_last_message_is_not_taken_for_one_that_is_missing() -> None:
    rules = version("x_site: {field: Site, direction: read}")
    labels = {**LABELS, "customfield_1": "Site"}
    told = replace(heard(), held={"customfield_1": "Bern"})

    found = judged("x_site", rules, heard=told, labels=labels)

    assert (found.verdict, found.theirs) == ("skipped", "Bern")
    assert found.reason == "not read since it was mapped: it is when a message about the ticket next comes"


def test_of_a_field_that_is_only_written_the_platform_is_told_in_its_own_words() -> None:
    rules = version(
        "x_site: {field: Site, direction: write, type: choice, part: value, values: {first: Bern, second: Zug}}"
    )
    facts: dict[str, Any] = {
        "writes": (sent(values={"x_site": "first"}),), "labels": {**LABELS, "customfield_1": "Site"}
    }  # fmt: skip

    stands = judged("x_site", rules, heard=replace(heard(), held={"customfield_1": {"value": "Bern"}}), **facts)
    moved = judged("x_site", rules, heard=replace(heard(), held={"customfield_1": {"value": "Zug"}}), **facts)

    assert (stands.verdict, stands.ours, stands.theirs) == ("written", "first", "Bern")
    assert (moved.verdict, moved.ours, moved.theirs) == ("skipped", "first", "Zug")
    assert moved.reason == (
        "someone else's value stands until ours changes: the ticket holds 'second', we wrote 'first'"
    )


def test_a_live_reading_is_told_in_the_platforms_words_and_differs_only_where_it_means_something_else() -> None:
    rules = version("x_site: {field: Site, type: choice, part: value, values: {first: [Bern, BE], second: Zug}}")
    labels = {**LABELS, "customfield_1": "Site"}

    def now(value: str, ours: str) -> FieldWhy:
        before = replace(heard(x_site="first"), held={"customfield_1": {"value": "Bern"}})
        live = replace(heard(x_site=ours), held={"customfield_1": {"value": value}})
        return judged("x_site", rules, heard=before, live=live, labels=labels)

    same, other = now("BE", "first"), now("Zug", "second")

    assert (same.theirs, same.live, same.differs) == ("Bern", "BE", False)
    assert (other.theirs, other.live, other.differs) == ("Bern", "Zug", True)


def test_where_the_message_is_not_kept_or_its_field_not_known_our_words_tell_what_the_platform_holds() -> None:
    rules = version("x_site: {field: Site, type: choice, part: value, values: {first: Bern, second: Zug}}")
    known = replace(heard(x_site="first"), held={"customfield_1": {"value": "Bern"}})

    found = [judged("x_site", rules, heard=one, labels=None) for one in (heard(x_site="first"), known)]

    assert [item.theirs for item in found] == ["first", "first"]


def test_a_value_that_is_not_mapped_is_told_beside_the_reason() -> None:
    rules = version("state: {direction: read}")
    told = replace(heard(), held={"status": {"name": "Parked"}}, problems=("f: fields.state.values: no 'Parked'",))

    found = judged("state", rules, heard=told)

    assert (found.verdict, found.theirs) == ("skipped", "Parked")


def test_a_message_that_is_no_longer_kept_leaves_its_number() -> None:
    forgotten = replace(heard(number="OPS-2"), message=None)

    found = judged("number", heard=forgotten)

    assert (found.verdict, found.ours, found.message_id, found.message) == ("read", "OPS-2", 9, None)


def test_a_default_counts_where_the_platform_has_no_such_field() -> None:
    rules = version("x_region: {field: Region, direction: read, default: EU, optional: true}")

    found = judged("x_region", rules, heard=heard(x_region="EU"))

    assert (found.verdict, found.reason) == ("read", "the platform has no such field: its default 'EU' counts")


def test_nothing_read_and_nothing_to_write_is_said() -> None:
    assert judged("number").reason == "nothing was read from this ticket yet"
    assert judged("continuity_plan").reason == "the platform has no such field"
    assert judged("title").reason == "there was no value to write"
    assert judged("title", silent="nothing is written to this ticket: no plan").reason.endswith("no plan")


def test_a_field_is_located_by_id_or_by_label_in_any_case() -> None:
    assert locate("rto DUE", LABELS) == "customfield_10105"
    assert locate("status", LABELS) == "status"
    assert locate("Region", LABELS) is None
    assert locate("u_any", {}) == "u_any"
    assert not locate("RTO due", None)
