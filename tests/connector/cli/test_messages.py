"""deliveries, parked and replay, over a database that nobody serves."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.remedy import Parked, named, remedy
from connector.store import deliveries, writes
from connector.store.database import Database
from tests.connector.cli.conftest import Run, answer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def message(database: Database) -> Callable[..., str]:
    def record(key: str, **more: Any) -> str:
        facts = {"connection": "jira", "source": "webhook", "event": "jira:issue_updated", "body": b"{}", **more}
        with database.begin() as tx:
            return f"D{deliveries.record(tx, deliveries.Message(key=key, **facts), NOW)}"

    return record


@pytest.fixture
def write(database: Database) -> Callable[..., str]:
    def intend(key: str, **more: Any) -> str:
        facts = {
            "connection": "jira",
            "subject": "ticket:jira:1",
            "action": "create",
            "record": "recovery_task",
            "values": {"title": "Fail over"},
            "state": "parked",
            "reason": "no component 'DB Ops'",
            "next_at": NOW,
            "created_at": NOW,
        }
        with database.begin() as tx:
            writes.intend(tx, {"key": key, **facts, **more})
            return f"W{writes.get(tx, key).id}"

    return intend


def test_deliveries_are_listed_newest_first_and_narrowed_down(run: Run, message: Callable[..., str]) -> None:
    first = message("1", number="OPS-1", state="ignored", reason="an echo")
    second = message("2", number="OPS-2")
    message("3", connection="servicenow", number="INC1")

    assert [item["connection"] for item in answer(run("deliveries", "--json"))] == ["servicenow", "jira", "jira"]
    assert [item["id"] for item in answer(run("deliveries", "--json", "--connection", "jira"))] == [second, first]
    assert [item["id"] for item in answer(run("deliveries", "--json", "--ticket", "OPS-1"))] == [first]
    (ignored,) = answer(run("deliveries", "--json", "--state", "ignored"))
    assert (ignored["reason"], ignored["received_at"]) == ("an echo", "2026-03-02T09:00:00+00:00")


def test_deliveries_show_as_a_table(run: Run, message: Callable[..., str]) -> None:
    empty = run("deliveries").stdout
    wanted = message("1", number="OPS-[bold]1", state="ignored", reason="an echo")

    shown = run("deliveries").stdout

    assert empty.strip() == "No message fits."
    assert "OPS-[bold]1" in shown
    assert wanted in shown
    assert "2026-03-02 09:00Z" in shown


def test_an_unknown_connection_is_the_users_mistake(run: Run, database: Database) -> None:
    result = run("deliveries", "--connection", "servicnow")

    assert result.exit_code == 1
    assert "there is no connection 'servicnow'; did you mean 'servicenow'?" in result.stderr


def test_parked_lists_writes_and_messages_with_their_reasons(
    run: Run, message: Callable[..., str], write: Callable[..., str]
) -> None:
    back = message("1", number="OPS-1", state="parked", reason="no state", subject="activation:3")
    out = write("w")

    found = {item["id"]: item for item in answer(run("parked", "--json"))}

    assert set(found) == {back, out}
    assert found[back]["activation"] == "ACT-3"
    assert found[out]["what"] == "create recovery task: Fail over"
    assert found[out]["reason"] == "no component 'DB Ops'"
    assert "continuity replay" in run("parked").stdout


def test_a_parked_row_names_the_value_and_says_what_to_do(run: Run, write: Callable[..., str]) -> None:
    refused = "Jira answered 400: project: valid project is required"
    write("w", record="activation", values={"title": "PAY-DR", "project": "WH"}, reason=refused)

    (item,) = answer(run("parked", "--json"))

    assert item["reason"] == f"{refused} (project WH)"
    assert item["to_do"] == (
        "create project WH on jira, or let the account see it, then replay (its tasks in WH wait for it); "
        "or stand the activation down and activate again"
    )
    assert "To do" in run("parked").stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("reason", "to_do"),
    [
        ("HTTP 403: not allowed", "give the account of jira the right to the recovery task, then replay"),
        ("Jira answered 401: no", "give jira a good password or token, restart, replay"),
        ("given up after 9 tries: no connection to Jira", "see that jira answers, then replay"),
        ("the connection 'jira' is not set up any more; put it back", "put the connection jira back into the settings"),
        (
            "Jira answered 400: customfield_1: Cause is required",
            "fill the field in on the ticket, or have it made optional on jira, then replay",
        ),
        (
            "HTTP 403: Operation Failed: Data Policy Exception: The following fields are mandatory: Configuration item",
            "fill the field in on the ticket, or have it made optional on jira, then replay",
        ),
        (
            "the issue stands in 'To Do' and its workflow offers no way to 'Done'",
            "mend the workflow, or the mapping as",
        ),
        ("Jira answered 404: no such issue", "see that the ticket is there"),
        ("Jira answered 400: who knows", "mend what the reason names, then replay"),
    ],
)
def test_each_reason_has_its_remedy(reason: str, to_do: str) -> None:
    assert remedy(Parked(reason, "jira", "recovery_task", "update", "ACT-1", {"title": "Fail over"})).startswith(to_do)


def test_a_create_that_lacks_a_field_wants_it_mapped() -> None:
    reason = "HTTP 403: Operation Failed: Data Policy Exception: The following fields are mandatory: Configuration item"

    told = remedy(Parked(reason, "servicenow", "recovery_task", "create", "ACT-1", {"title": "Fail over"}))

    assert told == (
        "map the field with a default, `continuity mappings activate`, replay; or have it made optional, replay"
    )


def test_a_value_that_the_reason_names_already_is_not_named_again() -> None:
    assert named(Parked("no component 'DB Ops'", "jira", values={"team": "DB Ops"})) == "no component 'DB Ops'"


def test_nothing_parked_is_said_and_is_not_a_failure(run: Run) -> None:
    assert run("parked").stdout.strip() == "Nothing is parked."
    assert run("replay", "all").exit_code == 0


def test_replay_puts_a_write_back_in_line_though_no_service_runs(
    run: Run, write: Callable[..., str], database: Database
) -> None:
    out = write("w")

    result = run("replay", out.lower())

    assert result.exit_code == 0
    assert result.stdout.strip() == f"{out} is recorded; it will be done when the service runs (`continuity serve`)."
    with database.begin() as tx:
        row = writes.by_id(tx, int(out[1:]))
        assert (row.state, row.key, row.reason) == ("pending", "w", "")


def test_replay_all_takes_writes_and_messages(run: Run, message: Callable[..., str], write: Callable[..., str]) -> None:
    wanted = {message("1", state="parked", subject="ticket:jira:1"), write("w")}

    result = run("replay", "all", "--json")

    assert result.exit_code == 0
    assert {item["id"] for item in answer(result)} == wanted
    assert answer(run("parked", "--json")) == []


def test_what_waits_for_the_same_thing_is_one_line_and_is_replayed_together(
    run: Run, write: Callable[..., str]
) -> None:
    ids = {
        write(f"w{count}", reason=f"OPS-{count}0: no component 'DB Ops'", values={"title": "x", "team": "DB Ops"})
        for count in range(1, 4)
    }
    other = write("other", reason="issue type 'Task' is not there", subject="ticket:jira:2")

    found = answer(run("parked", "--by-cause", "--json"))
    result = run("replay", found[0]["cause"], "--json")

    assert [(item["count"], item["connection"]) for item in found] == [(3, "jira"), (1, "jira")]
    assert {item["id"] for item in answer(result)} == ids
    assert [item["id"] for item in answer(run("parked", "--json"))] == [other]
    assert run("replay", found[0]["cause"]).exit_code == 1


def test_a_decided_message_may_be_decided_again_but_an_order_not(run: Run, message: Callable[..., str]) -> None:
    decided = message("1", state="ignored", reason="no plan", subject="ticket:jira:1")
    order = message("2", connection="command", source="command", state="done", subject="command:2")

    assert run("replay", decided).exit_code == 0
    refused = run("replay", order)
    assert refused.exit_code == 1
    assert f"{order} cannot be replayed" in refused.stderr


@pytest.mark.parametrize("wanted", ["12", "X1", "W", "D1.5"])
def test_what_is_no_id_is_the_users_mistake(run: Run, wanted: str, database: Database) -> None:
    result = run("replay", wanted)

    assert result.exit_code == 1
    assert f"'{wanted}' is not an id" in result.stderr
