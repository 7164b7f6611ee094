import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.jira import Jira, marks
from mappings.library import load
from tests.adapters.jira.jira_desk import Desk, only, write

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "jira-webhooks"
FILES = sorted(SAMPLES.glob("*.json"))
needs_samples = pytest.mark.skipif(not FILES, reason="the recorded samples are not here")


@pytest.fixture
def jira() -> Jira:
    """An adapter that cannot reach its Jira, as one that has just been started in a bad hour."""
    return Jira(
        "jira-main",
        "http://127.0.0.1:9/",
        "token",
        load("jira"),
        flavour="cloud",
        project="OPS",
        sleep=lambda _: None,
    )


def issue(identity: str = "10001", **fields: Any) -> dict[str, Any]:
    shown = {
        "issuetype": {"name": "Sub-task"},
        "status": {"name": "To Do", "statusCategory": {"key": "new"}},
        "labels": ["continuity-connector", "continuity-task", marks.unique("k1")],
        "updated": "2019-08-16T19:30:17.153+0530",
        "summary": "Fail over",
    }
    return {"id": identity, "key": f"OPS-{identity[-1]}", "fields": {**shown, **fields}}


@needs_samples
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_recorded_webhook_is_read_without_an_error(jira: Jira, file: Path) -> None:
    raw = json.loads(file.read_text("utf-8"))

    ticket = jira.parse(raw)

    sent = raw.get("issue")
    if sent is None:
        assert ticket.problems == ("the message names no issue: nothing to read",)
        return
    assert (ticket.id, ticket.number) == (sent["id"], sent["key"])
    assert ticket.deleted == (raw["webhookEvent"] == "jira:issue_deleted")
    assert ticket.record == "other"
    whole = "updated" in sent["fields"]
    assert (ticket.version > 1_500_000_000_000) == whole
    assert any("only a part of the issue" in problem for problem in ticket.problems) == (
        not whole and not ticket.deleted
    )


@needs_samples
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_recorded_issue_of_an_incident_type_has_its_values(jira: Jira, file: Path) -> None:
    raw = json.loads(file.read_text("utf-8"))
    if "issue" not in raw or raw["webhookEvent"] == "jira:issue_deleted":
        return
    raw["issue"]["fields"]["issuetype"]["name"] = "Incident"

    ticket = jira.parse(raw)

    assert ticket.record == "incident"
    assert ticket.values["state"] in {"new", "in_progress", "resolved"}
    assert ticket.values["priority"] in {1, 2, 3, 4, 5}
    assert all("not mapped" not in problem for problem in ticket.problems)


def test_a_date_without_a_colon_in_its_offset_is_the_version(jira: Jira) -> None:
    ticket = jira.parse(issue())

    assert ticket.version == round(datetime(2019, 8, 16, 14, 0, 17, 153000, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("labels", "record"),
    [
        (["continuity-connector", "continuity-task"], "recovery_task"),
        (["continuity-connector", "continuity-activation"], "activation"),
        (["continuity-connector", "continuity-review"], "review"),
        (["continuity-connector"], "recovery_task"),
        (["continuity-task"], "other"),
        ([], "other"),
    ],
)
def test_our_labels_say_what_an_issue_is(jira: Jira, labels: list[str], record: str) -> None:
    assert jira.parse(issue(labels=labels)).record == record


@pytest.mark.parametrize("name", ["Incident", "incident", "[System] Incident"])
def test_the_mappings_issue_types_are_incidents(jira: Jira, name: str) -> None:
    assert jira.parse(issue(labels=[], issuetype={"name": name})).record == "incident"


def test_our_label_weighs_more_than_the_issue_type(jira: Jira) -> None:
    assert jira.parse(issue(issuetype={"name": "Incident"})).record == "recovery_task"


@pytest.mark.parametrize(
    ("status", "labels", "resolution", "state"),
    [
        ("To Do", [], None, "open"),
        ("To Do", ["continuity-pending"], None, "pending"),
        ("In Progress", ["continuity-pending"], None, "in_progress"),
        ("Done", [], "Done", "done"),
        ("Done", [], "Won\N{RIGHT SINGLE QUOTATION MARK}t Do", "skipped"),
        ("Done", [], "Cannot Reproduce", "failed"),
        ("Done", ["continuity-skipped"], "Done", "skipped"),
        ("Done", ["continuity-failed"], None, "failed"),
        ("Canceled", [], None, "skipped"),
    ],
)
def test_a_tasks_state_is_told_by_status_label_and_resolution(
    jira: Jira, status: str, labels: list[str], resolution: str | None, state: str
) -> None:
    raw = issue(
        status={"name": status},
        labels=["continuity-connector", "continuity-task", *labels],
        resolution=resolution and {"name": resolution},
    )

    assert jira.parse(raw).values["state"] == state


def test_a_status_that_nobody_mapped_is_a_problem_that_names_the_mapping(jira: Jira) -> None:
    ticket = jira.parse(issue(status={"name": "Blokkiert"}))

    assert "state" not in ticket.values
    assert (
        "mappings/jira/recovery_task.yaml: fields.state.values: value 'Blokkiert' is not mapped" in ticket.problems[0]
    )


@pytest.mark.parametrize(
    "description",
    [
        "Down since *nine*\r\n[the page|https://example.com]",
        {
            "type": "doc",
            "version": 1,
            "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "Down since nine"}, {"type": "hardBreak"},
                                                  {"type": "text", "text": "the page (https://example.com)"}]}
            ],
        },
    ],
    ids=["wiki text", "document"],
)  # fmt: skip
def test_a_description_is_read_in_either_markup(jira: Jira, description: Any) -> None:
    raw = issue(labels=[], issuetype={"name": "Incident"}, description=description)

    assert jira.parse(raw).values["text"] == "Down since nine\nthe page (https://example.com)"


def test_a_persons_label_answers_and_ours_do_not(cloud: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text("fields:\n  answer: {field: labels, direction: read, type: labels}\n")
    jira = cloud.adapter(mappings=load("jira", tmp_path))

    ticket = jira.parse(issue(labels=["continuity-connector", "continuity-task", marks.unique("k"), "PAY-DR"]))

    assert ticket.values["answer"] == "PAY-DR"


def test_a_deleted_issue_has_no_values(jira: Jira) -> None:
    ticket = jira.parse({"webhookEvent": "jira:issue_deleted", "issue": issue()})

    assert (ticket.deleted, ticket.record, ticket.values) == (True, "recovery_task", {})


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"issue": None},
        {"issue": []},
        {"fields": None},
        {"fields": {"labels": "x", "issuetype": "y"}},
        {"issue": {"id": 7, "fields": {"status": 3, "labels": [1]}}},
    ],
)
def test_nonsense_is_a_ticket_with_problems(jira: Jira, raw: Any) -> None:
    ticket = jira.parse(raw)

    assert ticket.record == "other"
    assert ticket.problems


def test_the_key_is_known_from_the_property_or_from_having_written_it(cloud: Desk) -> None:
    jira = cloud.warmed()
    made = only(jira.send([write("act-1:failover")]))
    raw = cloud.issues()[made.number]
    bare = {name: value for name, value in raw.items() if name != "properties"}

    assert jira.parse(raw).key == "act-1:failover"
    assert jira.parse({"webhookEvent": "jira:issue_created", "issue": bare}).key == "act-1:failover"
    assert cloud.adapter().parse(bare).key == ""


def test_the_later_issue_with_a_label_is_the_duplicate_whichever_is_seen_first(jira: Jira) -> None:
    later = jira.parse(issue("10009"))
    first = jira.parse(issue("10001"))
    later_again = jira.parse(issue("10009"))

    assert (later.problems, first.problems) == ((), ())
    assert later_again.problems[0].startswith("duplicate of OPS-1: both bear the label continuity-")


def test_when_an_issue_was_made_is_told_so_that_an_id_that_was_used_again_is_known(jira: Jira) -> None:
    made = jira.parse(issue(created="2019-08-16T19:30:17.153+0530"))

    assert made.made_at == datetime(2019, 8, 16, 14, 0, 17, 153000, tzinfo=UTC)
    assert jira.parse(issue()).made_at is None
