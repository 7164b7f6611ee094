"""check --live: each platform is asked, and one that does not answer is a line, not a traceback."""

from pathlib import Path

from connector.catalog import write_example
from tests.connector.cli.conftest import Run, answer, run_in
from tests.world import World


def test_each_account_is_named(served: World, order: Run) -> None:
    shown, found = order("check", "--live"), answer(order("check", "--live", "--json"))

    assert shown.exit_code == 0, shown.output
    assert "servicenow: signed in as Continuity Connector" in shown.stdout
    assert [item["name"] for item in found["connections"]] == ["servicenow", "jira"]
    assert all(item["account"] for item in found["connections"])


def test_a_wrong_password_and_a_platform_that_is_down_are_told_together(served: World, tmp_path: Path) -> None:
    write_example(tmp_path)
    file = tmp_path / "continuity.yaml"
    text = file.read_text().replace("http://localhost:8081", "http://127.0.0.1:9")
    file.write_text(text.replace("http://localhost:8082", served.jira.url))

    result = run_in(tmp_path, "check", "--live", "--json", env={"JIRA_TOKEN": "wrong"})

    found = answer(result)
    assert result.exit_code == 1
    assert [item["account"] for item in found["connections"]] == [None, None]
    told = {item["where"].rpartition(": ")[2]: item["what"] for item in found["errors"]}
    assert "servicenow does not answer" in told["connections.servicenow.url"]
    assert "jira refuses us" in told["connections.jira.auth"]
    assert "Traceback" not in result.output


def test_settings_that_lack_a_secret_are_not_tried(served: World, order: Run) -> None:
    served.forget_calls()

    result = order("check", "--live", env={"JIRA_TOKEN": None})

    assert result.exit_code == 1
    assert "not connected: mend the settings first" in result.stderr
    assert served.calls(served.jira) == []


def test_what_a_platform_lacks_is_told_on_the_line_that_needs_it(served: World, tmp_path: Path) -> None:
    write_example(tmp_path)
    settings, plan, services = (tmp_path / name for name in ("continuity.yaml", "plans/pay-dr.yaml", "services.yaml"))
    text = settings.read_text().replace("http://localhost:8081", served.servicenow.url)
    settings.write_text(text.replace("http://localhost:8082", served.jira.url))
    plan.write_text(
        plan.read_text().replace(
            "team: Network Operations\n    on: { jira: OPS }", "team: Nobody There\n    on: { jira: WH }"
        )
    )
    services.write_text(services.read_text().replace("web-portal, portal-db", "web-portl, portal-db"))

    found = answer(run_in(tmp_path, "check", "--live", "--json"))

    told = {item["what"]: item["where"] for item in [*found["errors"], *found["warnings"]]}
    line = {word: number for number, row in enumerate(plan.read_text().splitlines(), 1) for word in row.split()}
    (project,) = [where for what, where in told.items() if "cannot be read" in what]
    assert project == f"plans/pay-dr.yaml:{line['WH']}: tasks.switch-network.on.jira"
    teams = [where for what, where in told.items() if "'Nobody There'" in what]
    assert teams == [f"plans/pay-dr.yaml:{line['There']}: tasks.switch-network.team"]
    (ci,) = [where for what, where in told.items() if "'web-portl'" in what]
    assert ci.startswith("services.yaml:")
    assert ci.endswith(": services.customer-portal.servicenow.ci[0]")
    assert not [where for where in told.values() if where.startswith("connection")]
