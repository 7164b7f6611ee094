import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.jira import marks
from connector.ticketing import Names, Write
from mappings.library import load
from tests.adapters.jira.jira_desk import LAG, MAPPINGS, Desk, only, write

STILL_RUNNING = timedelta(seconds=20)
"""Twice the adapter's time limit: for so long a call whose process died may be at work."""


def activation(key: str = "act-1", **values: Any) -> Write:
    return write(key, "activation", **{"title": f"EXERCISE {key}", "recovery_progress": 0, **values})


def labels(issue: Mapping[str, Any]) -> set[str]:
    return set(issue["fields"]["labels"])


def test_an_activation_with_twenty_tasks_takes_two_calls(desk: Desk) -> None:
    jira = desk.warmed()

    parent = only(jira.send([activation()]))
    tasks = jira.send([write(f"t{n}", parent=parent.id, team="Database Operations") for n in range(20)])

    assert desk.calls() == ["POST /issue", "POST /issue/bulk"]
    assert [outcome.status for outcome in tasks] == ["done"] * 20
    assert [outcome.warnings for outcome in tasks] == [()] * 20
    assert [outcome.key for outcome in tasks] == [f"t{n}" for n in range(20)]
    issues = desk.issues()
    assert all(issues[outcome.number]["fields"]["parent"]["key"] == parent.number for outcome in tasks)
    assert all(issues[outcome.number]["fields"]["summary"] == f"Task {outcome.key}" for outcome in tasks)
    assert tasks[0].url == f"{desk.url}/browse/{tasks[0].number}"


def test_a_task_bears_its_own_label_and_says_whether_it_waits(desk: Desk) -> None:
    jira = desk.warmed()
    parent = only(jira.send([activation()]))

    waiting, opened = jira.send(
        [write("a", parent=parent.id, state="pending"), write("b", parent=parent.id, state="open")]
    )

    issues = desk.issues()
    assert labels(issues[waiting.number]) == {
        marks.unique("a"), "continuity-connector", "continuity-task", "continuity-pending",
    }  # fmt: skip
    assert labels(issues[opened.number]) == {marks.unique("b"), "continuity-connector", "continuity-task"}
    assert issues[opened.number]["properties"]["continuity"]["key"] == "b"


def test_a_bulk_call_holds_fifty_at_most_and_each_project_has_its_own(desk: Desk) -> None:
    jira = desk.warmed()
    ops, net = jira.send([activation("ops"), activation("net", project="NET")])
    desk.forget_calls()

    outcomes = jira.send(
        [write(f"o{n}", parent=ops.id) for n in range(55)] + [write("n", parent=net.id, project="NET")]
    )

    assert desk.calls() == ["POST /issue/bulk"] * 3
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert outcomes[-1].number.startswith("NET-")


def test_a_task_whose_team_is_unknown_goes_to_the_fallback_team_and_says_so(desk: Desk) -> None:
    jira = desk.warmed()
    parent = only(jira.send([activation()]))
    desk.forget_calls()

    outcomes = jira.send(
        [write(f"t{n}", parent=parent.id, team="DB Ops" if n == 6 else "Service Desk") for n in range(12)]
    )

    assert desk.calls() == ["POST /issue/bulk"] * 2
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert [n for n, outcome in enumerate(outcomes) if outcome.warnings] == [6]
    (warning,) = outcomes[6].warnings
    assert "'DB Ops' was refused" in warning
    assert "fallback team 'Service Desk'" in warning
    issue = desk.issues()[outcomes[6].number]
    assert issue["fields"]["summary"] == "Task t6"
    assert [item["name"] for item in issue["fields"]["components"]] == ["Service Desk"]


def test_a_task_is_made_without_a_team_where_the_fallback_is_unknown_too(desk: Desk) -> None:
    jira = desk.warmed(fallback_team="Nobody")

    outcome = only(jira.send([write("t", team="DB Ops")]))

    assert outcome.status == "done"
    assert len(outcome.warnings) == 2
    assert desk.issues()[outcome.number]["fields"]["components"] == []


def with_team_field(directory: Path) -> Any:
    folder = directory / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text("fields:\n  x_team: {field: Team, from: team, direction: write}\n")
    return load("jira", directory)


def test_a_field_that_is_on_no_screen_is_left_out_with_a_warning(desk: Desk, tmp_path: Path) -> None:
    jira = desk.adapter(mappings=with_team_field(tmp_path))

    outcome = only(jira.send([write("t", project="NET", team="Network Operations")]))

    assert [call for call in desk.calls() if call.startswith("POST")] == ["POST /issue/bulk"] * 2
    assert outcome.status == "done"
    assert outcome.warnings[0].startswith("Team: 'Network Operations' was ")


def test_a_field_known_to_be_on_no_screen_is_not_even_sent(desk: Desk, tmp_path: Path) -> None:
    jira = desk.adapter(mappings=with_team_field(tmp_path))
    problems = jira.warm(Names(projects=("NET",)))
    desk.forget_calls()

    outcome = only(jira.send([write("t", project="NET", team="Network Operations")]))

    assert any("'Team' is not on the create screen of Task, Sub-task in NET" in problem.what for problem in problems)
    assert desk.calls() == ["POST /issue/bulk"]
    (warning,) = outcome.warnings
    assert warning == (
        "Team: 'Network Operations' was left out (not on the create screen of Task in NET); put it on that screen, or take "
        "it out of the mapping (mappings/jira/recovery_task.yaml:2: fields.x_team)"
    )


def test_a_refusal_that_concerns_the_task_itself_is_told_in_jiras_words(desk: Desk) -> None:
    jira = desk.warmed()

    lone, good = jira.send([write("t", title=""), write("u")])
    parent = only(jira.send([write("v", parent="999999")]))

    assert (lone.status, good.status, parent.status) == ("refused", "done", "refused")
    assert "summary" in lone.reason
    assert parent.reason.startswith("Jira answered 400")


def test_a_wrong_password_is_refused_with_the_reason(desk: Desk) -> None:
    jira = desk.adapter()
    jira._site.connection._auth = ("continuity.integration@example.com", "wrong")

    outcome = only(jira.send([activation()]))

    assert outcome.status == "refused"
    assert "401" in outcome.reason
    assert "wrong" not in outcome.reason


def test_a_person_is_found_by_name_and_by_hidden_address(desk: Desk) -> None:
    jira = desk.warmed()

    outcomes = jira.send([
        write("a", assignee="Priya Nair"), write("b", assignee="tom.network@example.com"), write("c", assignee="Zed"),
    ])  # fmt: skip

    issues = desk.issues()
    people = [(issues[outcome.number]["fields"]["assignee"] or {}).get("displayName") for outcome in outcomes]
    assert people == ["Priya Nair", "Tom Becker", None]
    assert "no user 'Zed'" in outcomes[2].warnings[0]


def test_a_task_can_be_created_closed_because_its_twin_is_closed(desk: Desk) -> None:
    jira = desk.warmed()

    outcome = only(jira.send([write("t", state="skipped")]))

    assert outcome.status == "done"
    (ticket,) = jira.read("recovery_task", [outcome.id])
    assert desk.issues()[outcome.number]["fields"]["status"]["name"] == "Done"
    assert ticket.values["state"] == "skipped"


@pytest.mark.parametrize("kind", ["drop_after", "503_after", "html_200"])
def test_tasks_whose_answer_was_lost_are_found_under_their_parent_and_not_doubled(desk: Desk, kind: str) -> None:
    jira = desk.warmed()
    parent = only(jira.send([activation()]))
    tasks = [write(f"t{n}", parent=parent.id) for n in range(5)]
    desk.faults({"method": "POST", "path": "issue/bulk", "kind": kind})

    first = jira.send(tasks)
    second = desk.adapter().send([replace(task, unclear_since=desk.now - STILL_RUNNING) for task in tasks])

    assert {outcome.status for outcome in first} == {"unclear"}
    assert {outcome.status for outcome in second} == {"done"}
    assert len({outcome.id for outcome in second}) == 5
    assert len(desk.issues()) == 6


def test_a_task_that_is_found_is_brought_to_the_state_that_it_was_created_for(desk: Desk) -> None:
    jira = desk.warmed()
    parent = only(jira.send([activation()]))
    task = write("t", parent=parent.id, state="done")
    desk.faults({"method": "POST", "path": "issue/bulk", "kind": "drop_after"})

    first, second = only(jira.send([task])), only(desk.adapter().send([replace(task, unclear_since=desk.now)]))

    assert (first.status, second.status) == ("unclear", "done")
    assert desk.issues()[second.number]["fields"]["status"]["name"] == "Done"


def test_a_create_whose_process_died_on_it_may_still_be_at_work(desk: Desk) -> None:
    parent = only(desk.warmed().send([activation()]))
    task = replace(write("t", parent=parent.id), unclear_since=desk.now)
    after_the_crash = desk.warmed()

    early = only(after_the_crash.send([task]))
    desk.now += STILL_RUNNING
    late = only(after_the_crash.send([task]))

    assert (early.status, early.retry_after) == ("retry", STILL_RUNNING.total_seconds())
    assert late.status == "done"


def test_tasks_that_jira_is_still_making_are_waited_for(desk: Desk) -> None:
    jira = desk.warmed(timeout=0.3)
    parent = only(jira.send([activation()]))
    tasks = [write(f"t{n}", parent=parent.id) for n in range(3)]
    desk.faults({"method": "POST", "path": "issue/bulk", "kind": "delay", "seconds": 0.8})

    slow = jira.send(tasks)
    early = jira.send([replace(task, unclear_since=desk.now) for task in tasks])
    time.sleep(0.8)
    desk.now += timedelta(seconds=1)
    late = jira.send([replace(task, unclear_since=desk.now) for task in tasks])

    assert [{outcome.status for outcome in outcomes} for outcomes in (slow, early, late)] == [
        {"unclear"},
        {"retry"},
        {"done"},
    ]
    assert "did not answer within 0.3 s" in slow[0].reason
    assert early[0].retry_after == pytest.approx(0.3)
    assert len(desk.issues()) == 4


def test_tasks_that_never_arrived_are_created_at_once_when_their_parent_shows_none(desk: Desk) -> None:
    jira = desk.warmed()
    parent = only(jira.send([activation()]))
    task = write("t", parent=parent.id)
    desk.faults({"method": "POST", "path": "issue/bulk", "kind": "drop_before"})

    first, second = only(jira.send([task])), only(jira.send([replace(task, unclear_since=desk.now)]))

    assert (first.status, second.status) == ("unclear", "done")
    assert len(desk.issues()) == 2


def test_an_activation_whose_answer_was_lost_is_found_by_its_label(desk: Desk) -> None:
    jira = desk.warmed()
    desk.faults({"method": "POST", "path": "issue$", "kind": "drop_after"})

    first = only(jira.send([activation()]))
    second = only(jira.send([replace(activation(), unclear_since=desk.now)]))

    assert (first.status, second.status) == ("unclear", "done")
    assert second.number in desk.issues()
    assert len(desk.issues()) == 1


def test_an_activation_that_no_search_shows_is_created_only_after_the_search_lag(desk: Desk) -> None:
    jira = desk.warmed()
    again = replace(activation(), unclear_since=desk.now)

    early = only(jira.send([again]))
    desk.now += STILL_RUNNING + timedelta(seconds=LAG - 1)
    still = only(jira.send([again]))
    desk.now += timedelta(seconds=2)
    late = only(jira.send([again]))

    assert (early.status, early.retry_after) == ("retry", STILL_RUNNING.total_seconds() + LAG)
    assert (still.status, still.retry_after) == ("retry", 1)
    assert late.status == "done"
    assert len(desk.issues()) == 1


def test_the_lag_counts_from_the_latest_try_that_this_process_knows(desk: Desk) -> None:
    jira = desk.warmed()
    first_try = desk.now
    desk.now += STILL_RUNNING + timedelta(seconds=LAG + 1)
    desk.faults({"method": "POST", "path": "issue$", "kind": "drop_before"})

    lost = only(jira.send([replace(activation(), unclear_since=first_try)]))
    again = only(jira.send([replace(activation(), unclear_since=first_try)]))

    assert (lost.status, again.status, again.retry_after) == ("unclear", "retry", LAG)


def test_of_two_activations_with_one_label_the_oldest_counts_and_the_other_is_named(desk: Desk) -> None:
    jira = desk.warmed()
    original = only(jira.send([activation()]))
    clone = desk.steer("clone", {"key": original.number})

    found = only(jira.send([replace(activation(), unclear_since=desk.now)]))

    assert found.id == original.id
    assert found.warnings == (f"{clone['key']} is a duplicate of {original.number}: close it, or take our labels off",)


def test_too_many_requests_is_waited_out_when_short_and_handed_back_when_long(desk: Desk) -> None:
    jira = desk.warmed()
    desk.faults({"method": "POST", "kind": "429", "retry_after": 2})
    short = only(jira.send([activation("a")]))
    desk.faults({"method": "POST", "kind": "429", "retry_after": 60})
    long = only(jira.send([activation("b")]))

    assert short.status == "done"
    assert desk.slept == [2.0]
    assert (long.status, long.retry_after) == ("retry", 60.0)
    assert len(desk.issues()) == 1


def test_too_many_requests_with_a_date_is_waited_out(desk: Desk) -> None:
    jira = desk.warmed()
    desk.faults({"method": "POST", "kind": "429", "retry_after": "date"})

    outcome = only(jira.send([activation("a")]))

    assert outcome.status == "done"
    assert 0 <= desk.slept[0] <= 5


def test_a_jira_that_is_down_is_tried_again_later(desk: Desk) -> None:
    jira = desk.warmed()
    jira._site.connection.url = "http://127.0.0.1:9"

    outcomes = jira.send([activation(), write("t", parent="10000")])

    assert {outcome.status for outcome in outcomes} == {"retry"}
    assert "no connection to Jira" in outcomes[0].reason


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"issues": []}, {"issues": [{"id": "1", "key": "OPS-1"}]}, {"issues": [{}, {}], "errors": []},
     {"issues": [{"id": "1", "key": "OPS-1"}], "errors": [{"status": 400}]}, "text"],
)  # fmt: skip
def test_a_bulk_answer_that_does_not_add_up_leaves_everything_unclear(desk: Desk, answer: Any) -> None:
    jira = desk.warmed()
    jira._site.connection.post = lambda *args, **kwargs: answer  # type: ignore[method-assign]

    outcomes = jira.send([write("a"), write("b")])

    assert [outcome.status for outcome in outcomes] == ["unclear", "unclear"]
    assert all(outcome.reason for outcome in outcomes)


def test_elements_that_all_failed_are_told_one_by_one(desk: Desk) -> None:
    jira = desk.warmed()

    outcomes = jira.send([write("a", title=""), write("b", title="")])

    assert [outcome.status for outcome in outcomes] == ["refused", "refused"]
    assert all("summary" in outcome.reason for outcome in outcomes)


def test_a_review_is_an_issue_of_its_own(desk: Desk) -> None:
    jira = desk.warmed()

    outcome = only(jira.send([write("r", "review", due_at="2026-03-09T10:00:00+00:00")]))
    (ticket,) = jira.read("review", [outcome.id])

    assert desk.calls()[0] == "POST /issue"
    assert (ticket.record, ticket.key, ticket.values["state"]) == ("review", "r", "open")
    assert desk.issues()[outcome.number]["fields"]["duedate"] == "2026-03-09"


def test_a_review_stands_under_its_activation_where_there_is_one(desk: Desk) -> None:
    jira = desk.warmed()
    parent = only(jira.send([activation()]))
    review = write("r", "review", parent=parent.id)
    desk.faults({"method": "POST", "path": "issue$", "kind": "drop_after"})

    lost, found = only(jira.send([review])), only(jira.send([replace(review, unclear_since=desk.now)]))

    assert (lost.status, found.status) == ("unclear", "done")
    assert desk.issues()[found.number]["fields"]["parent"]["id"] == parent.id
    assert len(desk.issues()) == 2


def test_a_title_of_many_lines_is_made_one_short_line(desk: Desk) -> None:
    outcome = only(desk.warmed().send([write("t", title="Fail\nover " + "x" * 300, text="y" * 40_000)]))

    assert outcome.status == "done"
    assert desk.issues()[outcome.number]["fields"]["summary"].startswith("Fail over xxx")


def test_the_mappings_of_this_suite_are_the_shipped_ones() -> None:
    assert MAPPINGS["recovery_task"].setting("subtask_type") == "Sub-task"
