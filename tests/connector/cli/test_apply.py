"""init and apply: the records of an organisation, from files into force."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner

from connector.catalog import write_example
from connector.cli import main, output
from tests.connector.cli.conftest import ENVIRONMENT, Run, answer


def test_init_writes_an_example_that_checks_out(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["init", str(tmp_path / "new")])
    checked = CliRunner().invoke(main, ["--config", str(tmp_path / "new"), "check"], env=ENVIRONMENT)

    assert made.exit_code == 0
    assert f"wrote {tmp_path}/new/services.yaml" in made.stdout
    assert checked.exit_code == 0, checked.output
    assert "Good: 3 services, 2 plans." in checked.stdout


def test_init_overwrites_only_when_told_to(folder: Path) -> None:
    (folder / "services.yaml").write_text("mine")

    refused = CliRunner().invoke(main, ["init", str(folder)])
    kept = (folder / "services.yaml").read_text()
    forced = CliRunner().invoke(main, ["init", str(folder), "--force", "--json"])

    assert (refused.exit_code, kept) == (1, "mine")
    assert "use --force to overwrite" in refused.stderr
    assert forced.exit_code == 0
    assert str(folder / "services.yaml") in answer(forced)["written"]
    assert (folder / "services.yaml").read_text() != "mine"


class Terminal:
    """The module `sys` as where a person sits at a terminal."""

    stdin = SimpleNamespace(isatty=lambda: True)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def test_apply_shows_the_changes_and_asks_before_it_stores(folder: Path, run: Run, monkeypatch) -> None:
    unasked = run("apply")
    monkeypatch.setattr(output, "sys", Terminal())
    monkeypatch.setattr(output.click, "confirm", lambda *_, **__: False)
    declined = run("apply")
    monkeypatch.setattr(output.click, "confirm", lambda *_, **__: True)
    accepted = run("apply")

    assert (unasked.exit_code, declined.exit_code, accepted.exit_code) == (1, 1, 0)
    assert "use --yes" in unasked.stderr
    assert "nothing was changed" in declined.stderr
    assert "service payments added" in declined.stdout
    assert "Records applied" in accepted.stdout


def test_apply_a_second_time_changes_nothing_and_later_tells_what_changed(folder: Path, run: Run) -> None:
    first = run("apply", "--yes", "--json")
    second = run("apply", "--yes", "--json")
    services = folder / "services.yaml"
    services.write_text(services.read_text().replace("name: Payments", "name: Payments and refunds"))
    third = run("apply", "--yes", "--json")

    assert answer(first)["applied"] is True
    assert "plan PAY-DR added" in answer(first)["changes"]
    assert (second.exit_code, answer(second)["applied"]) == (0, False)
    assert answer(third)["changes"] == ["service payments changed: name"]


def test_apply_records_that_open_incidents_are_to_be_looked_at_again(run: Run) -> None:
    run("apply", "--yes")

    (delivery,) = answer(run("deliveries", "--json", "--connection", "command"))
    assert (delivery["event"], delivery["state"]) == ("apply", "open")


def test_apply_takes_nothing_that_does_not_check_out(folder: Path, run: Run) -> None:
    (folder / "services.yaml").write_text("services: {}\n")

    result = run("apply", "--yes")

    assert result.exit_code == 1
    assert "services.yaml" in result.stderr
    assert "Traceback" not in result.output
    assert not (folder / "continuity.db").exists()


def test_apply_stops_when_somebody_else_applied_meanwhile(
    folder: Path, run: Run, tmp_path_factory, monkeypatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    write_example(other)

    def apply_first(*_: object) -> None:
        monkeypatch.undo()
        assert run("apply", "--yes").exit_code == 0

    monkeypatch.setattr(output, "confirm", apply_first)

    result = run("apply")

    assert result.exit_code == 1
    assert "somebody else applied records meanwhile" in result.stderr
