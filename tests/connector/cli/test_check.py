"""check: everything that is written in files, together."""

from pathlib import Path

from tests.connector.cli.conftest import ENVIRONMENT, Run, answer


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_check_tells_all_problems_of_all_files_at_once_in_order(folder: Path, run: Run) -> None:
    settings = folder / "continuity.yaml"
    settings.write_text(
        settings.read_text()
        .replace("project: OPS", "projct: OPS")
        .replace("    # major: major_state == 'accepted' || priority == 1", "    major: priorty == 1")
    )
    services = folder / "services.yaml"
    services.write_text(services.read_text().replace("depends_on: [payments]", "depends_on: [payment]"))
    plan = folder / "plans" / "pay-dr.yaml"
    plan.write_text(plan.read_text().replace("services: [payments", "services: [paymnts", 1))
    mapping = folder / "mappings" / "servicenow"
    mapping.mkdir()
    (mapping / "incident.yaml").write_text("fields:\n  sumary: short_description\n")

    result = run("check")

    found = [line for line in lines_of(result.stdout) if ".yaml" in line]
    assert result.exit_code == 1
    assert len(found) >= 4
    assert [line.partition(":")[0] for line in found] == sorted(line.partition(":")[0] for line in found)
    for start in ("continuity.yaml:", "services.yaml:", "plans/pay-dr.yaml:", "mappings/servicenow/incident.yaml:"):
        assert any(line.startswith(start) for line in found), f"{start} in {found}"


def test_check_places_a_wrong_condition_on_its_line(folder: Path, run: Run) -> None:
    settings = folder / "continuity.yaml"
    text = (
        settings.read_text()
        .replace("    # major: major_state", "    major: major_stat")
        .replace("fallback_team: Service Desk\n", "fallback_team: Service Desk\n", 1)
    )
    settings.write_text(text)
    line = text.splitlines().index(next(row for row in text.splitlines() if row.startswith("    major:"))) + 1

    result = run("check")

    assert result.exit_code == 1
    assert f"continuity.yaml:{line}: connections.servicenow.major" in result.stdout


def test_secrets_that_are_not_set_are_named_and_make_no_further_noise(run: Run) -> None:
    unset = {name: "" if name == "CONTINUITY_SECRET" else None for name in ENVIRONMENT if name != "COLUMNS"}

    result = run("check", "--json", env=unset)

    found = answer(result)
    assert result.exit_code == 1
    assert len(found["errors"]) == 5
    assert all("is not set" in item["what"] for item in found["errors"])


def test_a_missing_secret_does_not_hide_other_problems(folder: Path, run: Run) -> None:
    settings = folder / "continuity.yaml"
    settings.write_text(settings.read_text().replace("    # major: major_state", "    major: major_stat"))

    found = answer(run("check", "--json", env={"JIRA_TOKEN": None}))

    assert [item["where"].rpartition(": ")[2] for item in found["errors"]] == [
        "connections.servicenow.major",
        "connections.jira.auth.password",
    ]


def test_a_secret_that_its_scheme_cannot_use_is_found_and_not_shown(run: Run) -> None:
    result = run("check", env={"SERVICENOW_WEBHOOK_SECRET": "whsec_no+base64!"})

    assert result.exit_code == 1
    assert "connections.servicenow.webhook.secrets[0]: what follows whsec_ is not base64" in result.stdout
    assert "no+base64" not in result.output


def test_warnings_stand_apart_and_do_not_fail(folder: Path, run: Run) -> None:
    plan = folder / "plans" / "pay-dr.yaml"
    text = plan.read_text()
    tested = next(line for line in text.splitlines() if line.startswith("tested_at"))
    plan.write_text(text.replace(tested, "tested_at: 2019-01-01"))

    shown, found = run("check"), answer(run("check", "--json"))

    assert shown.exit_code == 0
    assert "Warnings (1)" in shown.stdout
    assert found["ok"] is True
    assert [item["where"].partition(":")[0] for item in found["warnings"]] == ["plans/pay-dr.yaml"]


def test_a_platform_that_plans_use_and_nobody_connected_is_a_warning(folder: Path, run: Run) -> None:
    file = folder / "continuity.yaml"
    before, _, rest = file.read_text().partition("  jira:\n")
    file.write_text(before + rest[rest.index("# The net under the webhooks") :])

    found = answer(run("check", "--json"))

    assert found["ok"] is True
    (warning,) = found["warnings"]
    assert warning["what"] == "no connection to 'jira', where PAY-DR, PORTAL-LOSS would create tasks"
    assert warning["where"].startswith("continuity.yaml:")


def test_a_field_of_ones_own_that_no_mapping_writes_is_a_warning(folder: Path, run: Run) -> None:
    plan = folder / "plans" / "pay-dr.yaml"
    text = plan.read_text().replace("    required: false\n", "    required: false\n    fields: {x_sit: primary}\n", 1)
    plan.write_text(text)
    own = folder / "mappings" / "servicenow" / "recovery_task.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("fields: {x_site: {field: u_site}}\n")

    (warning,) = answer(run("check", "--json"))["warnings"]

    line = text.splitlines().index("  bridge:") + 1
    assert warning == {
        "where": f"plans/pay-dr.yaml:{line}: tasks.bridge",
        "what": "'x_sit' is written by no line of mappings/servicenow/recovery_task.yaml",
        "fix": "did you mean 'x_site'?",
    }


def test_an_expression_that_fails_where_a_field_is_empty_is_a_warning(folder: Path, run: Run) -> None:
    own = folder / "mappings" / "servicenow" / "incident.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("fields: {x_n: {field: u_n, direction: write, compute: int(summary)}}\n")

    result = run("check", "--json")

    (warning,) = answer(result)["warnings"]
    assert (result.exit_code, warning["where"]) == (0, "mappings/servicenow/incident.yaml:1: fields.x_n.compute")


def test_a_value_that_the_map_of_ones_own_field_lacks_is_a_warning(folder: Path, run: Run) -> None:
    plan = folder / "plans" / "pay-dr.yaml"
    given = "    required: false\n    fields: {x_site: secondry, x_free: anything, x_other: third}\n"
    plan.write_text(plan.read_text().replace("    required: false\n", given, 1))
    own = folder / "mappings" / "servicenow" / "recovery_task.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(
        "fields:\n"
        "  x_site: {field: u_site, type: choice, values: {primary: z, secondary: b}}\n"
        "  x_free: {field: u_free}\n"
        "  x_other: {field: u_other, type: choice, values: {one: a}, direction: write, else: {write: a}}\n"
    )

    (warning,) = answer(run("check", "--json"))["warnings"]

    assert warning["what"] == "'x_site' has no value 'secondry' in mappings/servicenow/recovery_task.yaml"
    assert warning["fix"] == "did you mean 'secondary'?"
