from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.jira import Jira
from adapters.jira.homes import FRESH, Homes
from connector.ticketing import Outcome, Write
from mappings.library import Mappings, load
from tests.adapters.jira.jira_desk import Desk, only, write

STATUS = {
    "continuity_plan": "PAY-DR",
    "continuity_phase": "recovery",
    "recovery_status": "3 of 12 done",
    "recovery_progress": 25,
    "rto_due": "2026-03-02T13:00:00+00:00",
}


def incident(desk: Desk) -> dict[str, Any]:
    fields = {
        "project": {"key": "SD"},
        "issuetype": {"name": "Incident"},
        "summary": "Payments are down",
        "priority": {"name": "Highest"},
        "components": [{"name": "Payments"}],
    }
    found: dict[str, Any] = desk.person("POST", "/issue", {"fields": fields})
    desk.forget_calls()
    return found


def change(issue: dict[str, Any] | Outcome, record: Any = "incident", note: str = "", **values: Any) -> Write:
    identity, number = (issue.id, issue.number) if isinstance(issue, Outcome) else (issue["id"], issue["key"])
    return Write(f"u:{number}:{sorted(values)}:{note}", "update", record, identity, number, values=values, note=note)


def task(jira: Jira, desk: Desk, **values: Any) -> Outcome:
    outcome = only(jira.send([write("t", **values)]))
    desk.forget_calls()
    return outcome


def move(desk: Desk, number: str, transition: str) -> None:
    desk.person("POST", f"/issue/{number}/transitions", {"transition": {"id": transition}})
    desk.forget_calls()


def test_the_status_fields_take_one_call(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)

    outcome = only(jira.send([change(issue, **STATUS)]))

    assert desk.calls() == [f"PUT /issue/{issue['id']}"]
    assert (outcome.status, outcome.warnings) == ("done", ())
    fields = desk.issues()[issue["key"]]["fields"]
    assert fields["customfield_10104"] == 25
    assert fields["customfield_10105"] == "2026-03-02T13:00:00.000+0000"
    if desk.flavour == "cloud":
        (ticket,) = jira.read("incident", [issue["id"]])
        assert outcome.version == ticket.version


def test_a_cleared_field_is_sent_as_nothing(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)
    jira.send([change(issue, **STATUS)])

    outcome = only(jira.send([change(issue, rto_due=None, continuity_phase="")]))

    assert (outcome.status, outcome.warnings) == ("done", ())
    assert desk.issues()[issue["key"]]["fields"]["customfield_10105"] is None


def test_a_note_on_a_service_desk_is_internal_and_marked(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)

    outcome = only(jira.send([change(issue, note="Plan PAY-DR is active [see {plan}]", recovery_progress=10)]))

    assert desk.calls() == [f"PUT /issue/{issue['id']}", f"POST /issue/{issue['id']}/comment"]
    assert outcome.status == "done"
    (comment,) = desk.issues()[issue["key"]]["comments"]
    assert comment["jsdPublic"] is False
    assert comment["body"].startswith("Plan PAY-DR is active ")
    assert "continuity:" in comment["body"]
    if desk.flavour == "cloud":
        (ticket,) = jira.read("incident", [issue["id"]])
        assert outcome.version == ticket.version


def test_the_type_of_a_project_is_learned_from_the_messages(desk: Desk) -> None:
    jira = desk.adapter()
    issue = incident(desk)
    jira.parse(desk.issues()[issue["key"]])
    desk.forget_calls()

    only(jira.send([change(issue, note="Internal")]))

    assert desk.calls() == [f"POST /issue/{issue['id']}/comment"]


def test_a_note_elsewhere_goes_with_the_fields_in_one_call(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk)

    outcome = only(jira.send([change(issue, "recovery_task", note="Start now", due_at="2026-03-02T13:00:00+00:00")]))

    assert desk.calls() == [f"PUT /issue/{issue.id}"]
    assert outcome.status == "done"
    (comment,) = desk.issues()[issue.number]["comments"]
    assert comment["body"].startswith("Start now")


def test_a_note_on_an_issue_that_was_moved_is_internal_whatever_its_old_number_says(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)

    outcome = only(jira.send([change({"id": issue["id"], "key": "OPS-77"}, note="Numbers of the crisis team")]))

    assert outcome.status == "done"
    (comment,) = desk.issues()[issue["key"]]["comments"]
    assert comment["jsdPublic"] is False


def test_a_note_is_internal_where_the_project_was_seen_too_long_ago(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk)
    desk.now += timedelta(minutes=6)

    outcome = only(jira.send([change(issue, "recovery_task", note="Start now", due_at="2026-03-02T13:00:00+00:00")]))

    assert outcome.status == "done"
    assert desk.calls() == [f"PUT /issue/{issue.id}", f"POST /issue/{issue.id}/comment"]


def test_an_old_message_does_not_outdo_what_was_seen_since() -> None:
    homes = Homes()
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    homes.see("1", "SD", now)
    homes.see("1", "OPS", now - timedelta(minutes=1))

    assert homes.of("1", now + FRESH) == "SD"
    assert homes.of("1", now + FRESH + timedelta(seconds=1)) == ""
    assert homes.of("2", now) == ""


@pytest.mark.parametrize("place", ["service desk", "software"])
def test_a_note_whose_answer_was_lost_is_not_written_twice(desk: Desk, place: str) -> None:
    jira = desk.warmed()
    issue = incident(desk) if place == "service desk" else {"id": task(jira, desk).id, "key": "OPS-1"}
    record = "incident" if place == "service desk" else "recovery_task"
    wanted = change(issue, record, note="[Once] only")
    path = "comment" if place == "service desk" else f"issue/{issue['id']}"
    desk.faults({"path": path, "kind": "drop_after"})

    first = only(jira.send([wanted]))
    second = only(desk.adapter().send([replace(wanted, unclear_since=desk.now)]))

    assert (first.status, second.status) == ("unclear", "done")
    assert len(desk.issues()[issue["key"]]["comments"]) == 1


def test_a_note_that_never_arrived_is_written_on_the_second_try(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)
    desk.faults({"path": "comment", "kind": "drop_before"})

    first = only(jira.send([change(issue, note="Once")]))
    second = only(jira.send([replace(change(issue, note="Once"), unclear_since=desk.now)]))

    assert (first.status, second.status) == ("unclear", "done")
    assert len(desk.issues()[issue["key"]]["comments"]) == 1


def test_fields_without_a_note_are_sent_again_at_once_when_the_answer_is_lost(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)
    desk.faults({"method": "PUT", "kind": "drop_after"})

    outcome = only(jira.send([change(issue, **STATUS)]))

    assert outcome.status == "done"
    assert desk.calls() == [f"PUT /issue/{issue['id']}"] * 2


def test_a_field_that_jira_refuses_is_left_out_and_named(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)
    site = jira._site
    mapping = site.mapping("incident")
    bad = replace(next(item for item in mapping.fields if item.name == "continuity_phase"), id="customfield_99999")
    kept = tuple(item for item in mapping.fields if item.name != "continuity_phase")
    site.shelf._kept["mapping", "incident"] = (1e12, replace(mapping, fields=(*kept, bad)))

    outcome = only(jira.send([change(issue, **STATUS)]))

    assert outcome.status == "done"
    assert outcome.warnings[0].startswith("customfield_99999: 'recovery' was left out (")
    assert desk.issues()[issue["key"]]["fields"]["customfield_10104"] == 25


def test_a_value_that_did_not_stick_is_told_from_the_echo(cloud: Desk) -> None:
    jira = cloud.warmed()
    issue = incident(cloud)
    connection = jira._site.connection
    connection.put = lambda *args, **kwargs: {  # type: ignore[method-assign]
        "fields": {"customfield_10104": 0, "updated": "2026-03-02T09:00:00.500+0000"}
    }

    outcome = only(jira.send([change(issue, recovery_progress=40)]))

    assert outcome.warnings == ("Recovery progress: sent '40', but it stands at '0'",)
    assert outcome.version == 1772442000500


def test_an_issue_that_is_gone_is_refused_in_jiras_words(desk: Desk) -> None:
    outcome = only(
        desk.warmed().send([Write("u", "update", "incident", "999999", "SD-9", values={"recovery_progress": 1})])
    )

    assert outcome.status == "refused"
    assert "404" in outcome.reason
    assert "Issue does not exist" in outcome.reason


def test_a_task_already_in_its_state_is_only_read(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk)

    outcome = only(jira.send([change(issue, "recovery_task", state="open")]))

    assert outcome.status == "done"
    assert desk.calls() == [f"GET /issue/{issue.id}"]


def test_a_pending_task_is_opened_by_taking_its_label_off(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk, state="pending")
    before = jira.read("recovery_task", [issue.id])[0].values["state"]
    desk.forget_calls()

    outcome = only(jira.send([change(issue, "recovery_task", state="open")]))

    assert desk.calls() == [f"GET /issue/{issue.id}", f"PUT /issue/{issue.id}"]
    after = jira.read("recovery_task", [issue.id])[0].values["state"]
    assert (outcome.status, before, after) == ("done", "pending", "open")


def test_a_task_is_closed_by_a_transition(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk)

    only(jira.send([change(issue, "recovery_task", state="done")]))

    path = f"/issue/{issue.id}"
    assert desk.calls() == [f"GET {path}", f"GET {path}/transitions", f"POST {path}/transitions"]
    assert desk.issues()[issue.number]["fields"]["status"]["name"] == "Done"


@pytest.mark.parametrize("state", ["done", "skipped", "failed", "in_progress", "pending", "open"])
def test_every_state_that_is_written_is_read_back(desk: Desk, state: str) -> None:
    jira = desk.warmed()
    issue = task(jira, desk)

    written = only(jira.send([change(issue, "recovery_task", state=state)]))
    read = jira.read("recovery_task", [issue.id])[0].values["state"]
    reopened = only(jira.send([change(issue, "recovery_task", state="open")]))
    read_again = jira.read("recovery_task", [issue.id])[0].values["state"]

    assert (written.status, read, reopened.status, read_again) == ("done", state, "done", "open")


def test_several_states_are_read_in_one_call(cloud: Desk) -> None:
    jira = cloud.warmed()
    tasks = jira.send([write(f"t{n}", state="pending") for n in range(3)])
    cloud.forget_calls()

    outcomes = jira.send([change(issue, "recovery_task", state="open") for issue in tasks])

    assert cloud.calls() == ["POST /issue/bulkfetch", *(f"PUT /issue/{issue.id}" for issue in tasks)]
    assert {outcome.status for outcome in outcomes} == {"done"}


def only_closed_is_done(directory: Path) -> Mappings:
    folder = directory / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text(
        "fields:\n  state:\n    values:\n      done: [Closed]\n      failed: [Closed]\n      skipped: [Closed]\n"
    )
    return load("jira", directory)


def test_a_way_of_several_steps_is_walked_and_a_resolution_given(desk: Desk, tmp_path: Path) -> None:
    """On the service desk: Open, Resolved (whose screen asks for a resolution), Closed."""
    jira = desk.warmed(mappings=only_closed_is_done(tmp_path))
    issue = task(jira, desk, project="SD")

    outcome = only(jira.send([change(issue, "recovery_task", state="done")]))

    fields = desk.issues()[issue.number]["fields"]
    assert outcome.status == "done", outcome.reason
    assert (fields["status"]["name"], fields["resolution"]["name"]) == ("Closed", "Done")


class Workflow:
    """An issue that Jira moves step by step: each status offers those that it names."""

    def __init__(self, **steps: list[str]) -> None:
        self.steps = steps
        self.status = next(iter(steps))
        self.walked: list[str] = []

    def get(self, path: str, params: Any = None) -> Any:
        if path == "/field":
            return [{"id": "status", "name": "Status"}]
        if path.endswith("/transitions"):
            return {
                "transitions": [
                    {"id": name, "name": f"To {name}", "to": self.shown(name)} for name in self.steps[self.status]
                ]
            }
        return {"fields": {"status": self.shown(self.status), "labels": []}}

    def post(self, path: str, body: Any, **_: Any) -> None:
        self.status = body["transition"]["id"]
        self.walked.append(self.status)

    @staticmethod
    def shown(name: str) -> Any:
        category = {"To Do": "new", "Selected": "new", "Done": "done", "Rejected": "done", "Closed": "done"}.get(
            name, "indeterminate"
        )
        return {"name": name, "statusCategory": {"key": category}}

    def move(self, desk: Desk, state: str) -> Outcome:
        jira = desk.adapter()
        jira._site.connection.get = self.get  # type: ignore[method-assign]
        jira._site.connection.post = self.post  # type: ignore[method-assign]
        return only(jira.send([Write("u", "update", "recovery_task", "1", "OPS-1", {"state": state})]))


@pytest.mark.parametrize(
    ("steps", "state", "walked"),
    [
        ({"To Do": ["In Progress"], "In Progress": ["To Do", "Done"], "Done": []}, "done", ["In Progress", "Done"]),
        ({"To Do": ["Rejected", "In Progress"], "In Progress": ["Done"]}, "done", ["In Progress", "Done"]),
        ({"To Do": ["Selected"], "Selected": ["To Do", "Doing"], "Doing": ["Testing", "Selected"], "Testing": ["Doing", "Done"]},
         "done", ["Selected", "Doing", "Testing", "Done"]),
        ({"Done": ["Reopened"], "Reopened": ["To Do"]}, "open", ["Reopened"]),
        ({"Blocked": ["To Do"]}, "in_progress", []),
        ({"Archived": ["To Do"], "To Do": ["Done"]}, "done", ["To Do", "Done"]),
    ],
)  # fmt: skip
def test_a_workflow_is_walked_by_what_it_offers(
    datacenter: Desk, steps: dict[str, list[str]], state: str, walked: list[str]
) -> None:
    workflow = Workflow(**steps)

    outcome = workflow.move(datacenter, state)

    assert (outcome.status, workflow.walked) == ("done", walked)


def test_no_more_than_four_steps_are_walked(datacenter: Desk) -> None:
    workflow = Workflow(**{"To Do": ["A"], "A": ["B"], "B": ["C"], "C": ["D"], "D": ["Done"]})

    outcome = workflow.move(datacenter, "done")

    assert outcome.status == "refused"
    assert workflow.walked == ["A", "B", "C", "D"]
    assert "stands in 'D' (by way of 'To Do', 'A', 'B', 'C')" in outcome.reason


def test_a_closed_issue_is_not_reopened_to_be_closed_in_another_way(datacenter: Desk) -> None:
    workflow = Workflow(**{"Closed": ["In Progress"], "In Progress": ["Done"]})
    workflow_that_knows_no_closed = Workflow(**{"Rejected": ["To Do"], "To Do": ["Done"]})

    assert workflow.move(datacenter, "done").status == "done"
    assert workflow_that_knows_no_closed.move(datacenter, "done").status == "done"
    assert workflow.walked == workflow_that_knows_no_closed.walked == []


def test_a_transition_that_asks_for_more_than_we_know_is_refused(datacenter: Desk) -> None:
    workflow = Workflow(**{"To Do": ["Done"]})
    plain = workflow.get
    need = {"customfield_1": {"name": "Root cause", "required": True, "hasDefaultValue": False}}

    def asking(path: str, params: Any = None) -> Any:
        answer = plain(path, params)
        for item in answer["transitions"] if path.endswith("/transitions") else ():
            item["fields"] = need
        return answer

    workflow.get = asking  # type: ignore[method-assign]

    outcome = workflow.move(datacenter, "done")

    assert outcome.status == "refused"
    assert "'To Done' asks for Root cause" in outcome.reason
    assert workflow.walked == []


def test_a_state_without_a_way_is_refused_with_what_the_workflow_offers(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk, project="SD")
    move(desk, issue.number, "901")

    outcome = only(jira.send([change(issue, "recovery_task", state="in_progress")]))

    assert outcome.status == "refused"
    assert "stands in 'Canceled'" in outcome.reason
    assert "no way to 'In Progress'" in outcome.reason
    assert "transitions offered: none" in outcome.reason
    assert "mappings/jira/recovery_task.yaml: fields.state.values" in outcome.reason


def test_a_transition_whose_answer_was_lost_is_seen_to_have_happened(desk: Desk) -> None:
    jira = desk.warmed()
    issue = task(jira, desk)
    wanted = change(issue, "recovery_task", state="done")
    desk.faults({"method": "POST", "path": "transitions", "kind": "drop_after"})

    first = only(jira.send([wanted]))
    second = only(jira.send([replace(wanted, unclear_since=desk.now)]))

    assert (first.status, second.status) == ("unclear", "done")
    moves = [change for change in desk.issues()[issue.number]["history"] if "status" in str(change)]
    assert len(moves) == 1


def test_a_link_is_one_call_and_made_once(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)
    values = {"global_id": "continuity:act-1", "url": "https://c.example/t/1", "title": "PAY-DR", "summary": "RTO 4 h"}
    link = Write("l", "link", "incident", issue["id"], issue["key"], values={**values, "resolved": False})
    desk.faults({"path": "remotelink", "kind": "drop_after"})

    made = only(jira.send([link]))
    renewed = only(jira.send([replace(link, key="l2", values={**values, "resolved": True})]))

    assert (made.status, renewed.status) == ("done", "done")
    assert desk.calls() == [f"POST /issue/{issue['id']}/remotelink"] * 3
    (stored,) = desk.issues()[issue["key"]]["remotelinks"]
    assert stored["globalId"] == "continuity:act-1"
    assert stored["object"]["status"]["resolved"] is True
    assert stored["object"]["title"] == "PAY-DR"


def test_a_global_id_that_is_too_long_is_shortened(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)

    outcome = only(
        jira.send(
            [
                Write(
                    "l",
                    "link",
                    "incident",
                    issue["id"],
                    values={"global_id": "x" * 300, "url": "https://c.example", "title": "t"},
                )
            ]
        )
    )

    assert outcome.status == "done"
    assert len(desk.issues()[issue["key"]]["remotelinks"][0]["globalId"]) <= 255


def test_outcomes_come_in_the_order_of_the_writes(desk: Desk) -> None:
    jira = desk.warmed()
    issue = incident(desk)
    writes = [
        change(issue, recovery_progress=5),
        write("t"),
        Write(
            "l",
            "link",
            "incident",
            issue["id"],
            issue["key"],
            values={"global_id": "g", "url": "https://c.example", "title": "t"},
        ),
        write("r", "review"),
        write("a", "activation"),
    ]

    outcomes = jira.send(writes)

    assert [outcome.key for outcome in outcomes] == [wanted.key for wanted in writes]
    assert {outcome.status for outcome in outcomes} == {"done"}
