"""What people order, and what they see of it, with a service at work over both sandboxes."""

from tests.connector.cli.conftest import Run, answer
from tests.world import World


def raised(served: World, ci: str) -> str:
    made = served.incident(short_description="Payments slow", impact="2", urgency="2", cmdb_ci=served.ci(ci))
    served.settle()
    return str(made["number"])


def test_a_plan_is_activated_for_a_ticket_that_no_rule_took(served: World, order: Run) -> None:
    number = raised(served, "payments-db")

    result = order("activate", number, "--by", "Dana Desk", "--reason", "cards fail", "--json")
    again = order("activate", number, "--by", "Dana Desk")
    served.settle()

    (done,) = answer(result)
    assert (result.exit_code, done["state"]) == (0, "done")
    assert "PAY-DR" in done["reason"]
    assert again.exit_code == 1
    assert "already" in again.stdout
    (seen,) = [item for item in answer(order("incidents", "--json")) if item["number"] == number]
    assert seen["role"] == "lead"
    shown = answer(order("activations", seen["activation"], "--json"))
    assert shown["started_by"] == "Dana Desk (cards fail)"
    assert [item["number"] for item in shown["incidents"]] == [number]
    assert all(task["placements"][0]["number"] for task in shown["tasks"])
    assert any("activated by Dana Desk" in line["text"] for line in shown["history"])

    text = order("activations", seen["activation"].lower()).stdout
    assert f"Incidents: {number} (lead)" in text
    assert shown["tasks"][0]["placements"][0]["number"] in text
    assert number in order("incidents").stdout

    skipped = order("task", "skip", seen["activation"], "bridge", "--by", "Dana", "--reason", "all in one room")
    done_too = order("task", "done", seen["activation"], "assess", "--by", "Dana", "--json")
    assert (skipped.exit_code, done_too.exit_code) == (0, 0)
    tasks = {task["key"]: task for task in answer(order("activations", seen["activation"], "--json"))["tasks"]}
    assert (tasks["bridge"]["state"], tasks["bridge"]["reason"]) == ("skipped", "all in one room")
    assert (tasks["assess"]["state"], tasks["assess"]["closed_by"]) == ("done", "Dana")
    twice = order("task", "done", seen["activation"], "assess", "--by", "Dana")
    assert (twice.exit_code, "assess is done already" in twice.stdout) == (1, True)

    down = order("stand-down", seen["activation"], "--by", "Dana", "--reason", "a false alarm")
    served.settle()
    assert down.exit_code == 0
    assert answer(order("activations", "--json", "--state", "running")) == []
    ended = order("stand-down", seen["activation"], "--by", "Dana", "--reason", "again")
    assert (ended.exit_code, "has ended already (stood_down)" in ended.stderr) == (1, True)


def test_an_exercise_runs_once_at_a_time_and_is_labelled(served: World, order: Run) -> None:
    first = order("exercise", "PORTAL-LOSS", "--by", "Carla", "--json")
    second = order("exercise", "PORTAL-LOSS", "--by", "Carla")

    assert first.exit_code == 0
    assert "exercise of PORTAL-LOSS started as ACT-" in answer(first)[0]["reason"]
    assert second.exit_code == 1
    assert "runs already" in second.stdout
    assert [
        item["exercise"] for item in answer(order("activations", "--json")) if item["plan"]["key"] == "PORTAL-LOSS"
    ] == [True]
    assert "PORTAL-LOSS (EXERCISE)" in order("activations").stdout


def test_a_ticket_that_was_never_seen_is_found_by_asking_the_platforms(served: World, order: Run) -> None:
    hooks = served.state(served.servicenow)["tables"]["incident"]
    number = hooks[0]["number"] if hooks else raised(served, "web-portal")

    missing = order("activate", "INC7654321", "--by", "Dana")
    on_jira = order("activate", number, "--by", "Dana", "--on", "jiraa")

    assert missing.exit_code == 1
    assert "INC7654321 was not found; name its connection with --on (servicenow, jira)" in missing.stderr
    assert (on_jira.exit_code, "did you mean 'jira'?" in on_jira.stderr) == (1, True)


def test_what_is_not_there_is_the_users_mistake_before_anything_is_recorded(served: World, order: Run) -> None:
    before = len(answer(order("deliveries", "--connection", "command", "--json")))

    for arguments, message in (
        (("exercise", "PAY-DRR", "--by", "C"), "did you mean 'PAY-DR'?"),
        (("activate", "INC1", "--plan", "NONE", "--by", "C"), "there is no plan 'NONE'"),
        (("stand-down", "ACT-999", "--by", "C", "--reason", "x"), "there is no activation 'ACT-999'"),
        (("stand-down", "nonsense", "--by", "C", "--reason", "x"), "there is no activation 'nonsense'"),
        (("activations", "ACT-0"), "there is no activation 'ACT-0'"),
    ):
        result = order(*arguments)
        assert result.exit_code == 1, arguments
        assert message in result.stderr

    assert len(answer(order("deliveries", "--connection", "command", "--json"))) == before


def test_a_task_that_the_plan_has_not_is_told_with_the_nearest(served: World, order: Run) -> None:
    made = order("exercise", "PAY-DR", "--by", "Carla", "--json")
    number = answer(made)[0]["reason"].rpartition(" ")[2]

    result = order("task", "done", number, "asess", "--by", "Carla")

    assert result.exit_code == 1
    assert f"{number} has no task 'asess'; did you mean 'assess'?" in result.stderr


def test_without_a_service_an_order_is_recorded_for_later(run: Run) -> None:
    run("apply", "--yes")

    result = run("exercise", "PAY-DR", "--by", "Carla")

    assert result.exit_code == 0
    assert "is recorded; it will be done when the service runs" in result.stdout
    newest = answer(run("deliveries", "--json"))[0]
    assert (newest["event"], newest["state"]) == ("exercise", "open")


def test_without_records_there_is_no_plan_to_exercise(run: Run) -> None:
    result = run("exercise", "PAY-DR", "--by", "Carla")

    assert result.exit_code == 1
    assert "no plans were applied yet; run `continuity apply`" in result.stderr
