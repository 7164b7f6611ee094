"""`continuity mappings ...`: what is in effect, what a draft changes, and putting it in force."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from connector.cli import main
from connector.cli.mappings.group import mappings
from connector.store import mapping_versions
from connector.store.database import Database
from mappings import library
from mappings.source import plain
from tests.connector.cli.conftest import Run, answer
from tests.world import World

OWN = """\
version: 1
fields:
  state:
    values:
      on_hold: ["3", "10"]
  continuity_phase: null
  x_vip: {field: u_vip, type: boolean, direction: read}
  opened_at: {field: u_opened}
"""


def write_draft(folder: Path, text: str, file: str = "servicenow/incident") -> None:
    path = folder / "mappings" / f"{file}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_show_prints_yaml_of_what_is_in_effect(folder: Path, run: Run) -> None:
    write_draft(folder, OWN)

    found = run("mappings", "show", "servicenow", "incident")

    source = library.sourced("servicenow", "incident", library.gather("servicenow", folder)["incident"])
    assert found.exit_code == 0
    assert plain(YAML(typ="safe").load(found.stdout)) == source.content


@pytest.mark.parametrize("platform", ["servicenow", "jira"])
@pytest.mark.parametrize("record", ["incident", "activation", "recovery_task", "review"])
def test_show_prints_every_shipped_mapping_as_it_is(run: Run, platform: str, record: str) -> None:
    found = run("mappings", "show", platform, record)

    assert plain(YAML(typ="safe").load(found.stdout)) == library.sourced(platform, record).content


def test_show_tells_beside_each_line_where_it_comes_from(folder: Path, run: Run) -> None:
    write_draft(folder, OWN)

    lines = [" ".join(line.split()) for line in run("mappings", "show", "servicenow", "incident").stdout.splitlines()]

    assert 'on_hold: ["3", "10"] # mappings/servicenow/incident.yaml:5 (own)' in lines
    assert "field: u_opened # mappings/servicenow/incident.yaml:8 (own)" in lines
    shipped = (Path("mappings/defaults/servicenow/incident.yaml")).read_text().splitlines()
    number = shipped.index('      new: "1"') + 1
    assert f'new: "1" # mappings/defaults/servicenow/incident.yaml:{number} (shipped)' in lines
    assert not [line for line in lines if line.startswith("continuity_phase")]


def test_show_of_a_record_that_there_is_not_names_a_near_one(run: Run) -> None:
    found = run("mappings", "show", "servicenow", "incidents")

    assert found.exit_code == 1
    assert found.stderr == "there is no record 'incidents'; did you mean 'incident'?\n"


def test_before_the_first_start_there_is_nothing_in_force(run: Run) -> None:
    versions, difference, back = run("mappings", "versions"), run("mappings", "diff"), run("mappings", "rollback")

    assert versions.stdout == (
        "No version is in force yet.\nThe draft is sound, and becomes version 1 when the service first starts.\n"
    )
    assert [difference.exit_code, back.exit_code] == [1, 1]
    assert difference.stderr == (
        "no version is in force yet: `continuity serve` or `continuity mappings activate` makes the first\n"
    )


def test_diff_says_in_words_what_the_draft_changes(served: World, order: Run) -> None:
    folder = served.connector.settings.directory
    write_draft(folder, OWN)
    try:
        found = order("mappings", "diff")
        document = answer(order("mappings", "diff", "--json"))
    finally:
        (folder / "mappings/servicenow/incident.yaml").unlink()

    assert [line.partition("  (")[0] for line in found.stdout.splitlines()] == [
        "servicenow incident: state: on_hold stands for 3, 10; it stood for 3",
        "servicenow incident: opened_at: the platform's field: opened_at -> u_opened",
        "servicenow incident: continuity_phase is not mapped any more; it was written to u_continuity_phase",
        "servicenow incident: x_vip is new: read from u_vip (boolean)",
    ]
    assert document["differences"][0]["path"] == "fields.state.values.on_hold"
    assert document["differences"][0]["where"] == "mappings/servicenow/incident.yaml:5"


def test_activate_puts_a_sound_draft_in_force_and_rollback_takes_it_back(served: World, order: Run) -> None:
    folder = served.connector.settings.directory
    draft = "version: 1\nfields:\n  continuity_plan: {field: u_recovery_status}\n  recovery_status: null\n"
    write_draft(folder, draft)
    try:
        first = order("mappings", "activate", "--yes", "--by", "Ada Admin")
        again = order("mappings", "activate", "--yes")
        served.wait(lambda: served.connector.connections["jira"].mapping_version == 2)
        back = order("mappings", "rollback")
        listed = answer(order("mappings", "versions", "--json"))
    finally:
        (folder / "mappings/servicenow/incident.yaml").unlink()

    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines()[-1] == "Version 2 of the mappings is in force."
    assert again.stdout == "Nothing changes: the draft is what is in force (version 2).\n"
    assert back.stdout.splitlines()[-1] == (
        "Version 1 of the mappings is in force again, as version 3; the files are still the draft."
    )
    assert [(item["version"], item["activated_by"], item["restores"]) for item in listed["versions"]][1:] == [
        (2, "Ada Admin", None),
        (1, "first start", None),
    ]
    assert listed["in_force"] == 3
    assert listed["versions"][0]["restores"] == 1
    assert listed["draft"].startswith("differs from version 3: ")


def test_activate_refuses_a_draft_that_a_platform_cannot_carry_out(served: World, order: Run) -> None:
    folder = served.connector.settings.directory
    write_draft(folder, "version: 1\nfields:\n  x_vip: {field: u_no_such_column, type: boolean, direction: read}\n")
    before = served.rows("SELECT max(id) AS newest FROM mapping_version")[0].newest
    try:
        found = order("mappings", "activate", "--yes")
    finally:
        (folder / "mappings/servicenow/incident.yaml").unlink()

    assert found.exit_code == 1
    assert "u_no_such_column" in found.stderr
    assert "mappings/servicenow/incident.yaml:3" in found.stderr
    assert served.rows("SELECT max(id) AS newest FROM mapping_version")[0].newest == before


def test_activate_without_an_answer_of_a_platform_needs_no_live(folder: Path, run: Run) -> None:
    refused = run("mappings", "activate", "--yes")
    passed = run("mappings", "activate", "--yes", "--no-live", "--json")

    assert refused.exit_code == 1
    assert "or use --no-live to go on without its answer" in refused.stderr
    assert answer(passed) == {"version": 1, "changes": [], "outcome": "Version 1 of the mappings is in force."}
    assert "servicenow does not answer: the draft is not compared with what it has" in passed.stderr


def test_activate_refuses_a_draft_with_faults_and_tells_them_all(folder: Path, run: Run) -> None:
    write_draft(folder, "version: 1\nfields:\n  stat: {field: state}\n  opened_at: {type: txt}\n")

    found = run("mappings", "activate", "--yes", "--no-live")

    assert found.exit_code == 1
    assert (
        "mappings/servicenow/incident.yaml:3: fields.stat: no incident field 'stat'; did you mean 'state'?"
        in found.stderr
    )
    assert "mappings/servicenow/incident.yaml:4: fields.opened_at.type" in found.stderr


def test_activate_asks_and_a_no_changes_nothing(folder: Path, run: Run) -> None:
    found = run("mappings", "activate", "--no-live")

    assert found.exit_code == 1
    assert found.stderr.endswith("nothing was changed: there is no terminal to ask on; use --yes\n")
    assert "No version is in force yet." in run("mappings", "versions").stdout


def test_rollback_to_a_version_that_there_is_not_is_declined(folder: Path, run: Run) -> None:
    run("mappings", "activate", "--yes", "--no-live")

    far, none = run("mappings", "rollback", "7"), run("mappings", "rollback")
    word = run("mappings", "rollback", "last")

    assert far.stderr == "there is no version 7; see `continuity mappings versions`\n"
    assert none.stderr == "there is no other version to go back to; see `continuity mappings versions`\n"
    assert word.stderr == "'last' is no version's number; `continuity mappings versions` lists them\n"
    assert [far.exit_code, none.exit_code, word.exit_code] == [1, 1, 1]


def test_an_upgrade_of_the_shipped_mapping_is_told_until_it_is_activated_and_the_own_file_stays(
    folder: Path, run: Run, database: Database
) -> None:
    write_draft(folder, OWN)
    content = {name: library.gather(name, folder) for name in ("servicenow", "jira")}
    shipped = content["servicenow"]["incident"][0]
    older = shipped.replace('in_progress: "2"', 'in_progress: ["2", "22"]').replace(
        "  text: {field: description, direction: read}\n", ""
    )
    content["servicenow"]["incident"] = [older, OWN]
    with database.begin() as tx:
        mapping_versions.add(tx, "older", content, "the release before", datetime.now(UTC))
    told = [
        "shipped servicenow/incident.yaml: fields.state.values.in_progress: 2, 22 -> 2",
        "shipped servicenow/incident.yaml: fields.text: new: field: description, direction: read",
    ]

    assert answer(run("mappings", "versions", "--json"))["shipped_changes"] == told
    assert answer(run("check", "--json"))["shipped_changes"] == told
    assert all(line in run("check").stdout for line in told)
    difference = run("mappings", "diff").stdout
    assert "servicenow incident: state: in_progress stands for 2; it stood for 2, 22" in difference
    assert run("mappings", "activate", "--yes", "--no-live").exit_code == 0
    assert answer(run("mappings", "versions", "--json"))["shipped_changes"] == []
    assert (folder / "mappings/servicenow/incident.yaml").read_text() == OWN


def test_show_active_shows_what_is_in_force_and_not_the_draft(folder: Path, run: Run) -> None:
    run("mappings", "activate", "--yes", "--no-live")
    write_draft(folder, OWN)

    draft, active = (
        run("mappings", "show", "servicenow", "incident"),
        run("mappings", "show", "servicenow", "incident", "--active"),
    )

    assert "u_vip" in draft.stdout
    assert "u_vip" not in active.stdout


def test_a_draft_that_is_no_yaml_or_no_text_is_told_by_versions(folder: Path, run: Run) -> None:
    run("mappings", "activate", "--yes", "--no-live")
    write_draft(folder, "fields: {state:\n")

    found = run("mappings", "versions")

    assert found.exit_code == 0
    assert "The draft has a problem, told by `continuity check`; version 1 stays in force." in found.stdout
    (folder / "mappings/servicenow/incident.yaml").write_bytes(b"version: 1\n# \xff\n")
    assert "mappings/servicenow/incident.yaml:2: not UTF-8 text; save the file as UTF-8" in run("check").stdout


@pytest.mark.parametrize("name", sorted(mappings.commands))
def test_each_command_around_mappings_has_json(name: str) -> None:
    assert "--json" in CliRunner().invoke(main, ["mappings", name, "--help"]).output


def test_prove_shows_what_survives_and_the_shipped_mappings_lose_nothing_unaccepted(run: Run) -> None:
    found = run("mappings", "prove", "--json")
    table = run("mappings", "prove", "servicenow", "recovery_task")

    document = answer(found)
    assert (found.exit_code, document["ok"], document["refused"]) == (0, True, [])
    assert {row["platform"] for row in document["rows"]} == {"servicenow", "jira"}
    assert {row["verdict"] for row in document["rows"]} == {"lossless", "lossy", "read only", "written only"}
    title, heads, *_ = table.stdout.splitlines()
    assert (title.strip(), heads.split("  ")[0]) == ("servicenow recovery_task", "Field")
    assert "servicenow incident" not in table.stdout


def test_a_draft_that_loses_a_value_is_proven_wrong_and_is_not_put_in_force(folder: Path, run: Run) -> None:
    write_draft(
        folder,
        "version: 1\nfields:\n  due_at: {field: u_day, type: date, direction: both, format: '%Y-%m-%d'}\n",
        "servicenow/recovery_task",
    )

    proof, activated = run("mappings", "prove"), run("mappings", "activate", "--yes", "--no-live")

    assert [proof.exit_code, activated.exit_code] == [1, 1]
    for found in (proof, activated):
        assert "mappings/servicenow/recovery_task.yaml:3: fields.due_at: not every value comes back: " in found.stderr
        assert "; add lossy: accepted, or say direction: read or write" in found.stderr
    assert "No version is in force yet." in run("mappings", "versions").stdout
