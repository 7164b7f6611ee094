"""What the exit codes mean, and that a fault of ours is told in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli import main, program
from connector.cli.program import COMMANDS


def test_the_help_lists_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in result.output] == []


def test_the_help_says_of_each_command_what_it_is_for_in_a_line_of_a_terminal() -> None:
    told = CliRunner().invoke(main, ["--help"], terminal_width=80).output.partition("Commands:\n")[2].splitlines()

    assert [line.split(maxsplit=1) for line in told] == [[name, purpose] for name, (_, purpose) in COMMANDS.items()]


def test_the_help_loads_no_command_so_it_comes_at_once() -> None:
    program = "from connector.cli import main; main(['--help'])"
    told = subprocess.run([sys.executable, "-v", "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert "import 'connector.cli.program'" in told.stderr
    assert [name for name in ("sqlalchemy", "dbos", "flask", "requests") if f"import '{name}'" in told.stderr] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_own_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0, result.output
    assert name in result.output.partition("\n")[0]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"serve", "demo", "sandbox", "task", "mappings"}))
def test_each_command_that_answers_has_json(name: str) -> None:
    assert "--json" in CliRunner().invoke(main, [name, "--help"]).output


def test_a_mistyped_command_is_the_users_mistake_and_gets_the_nearest_name() -> None:
    result = CliRunner().invoke(main, ["incidnets"])

    assert result.exit_code == 1
    assert "there is no command 'incidnets'; did you mean 'incidents'?" in result.stderr


def test_a_missing_option_is_the_users_mistake() -> None:
    result = CliRunner().invoke(main, ["exercise", "PAY-DR"])

    assert result.exit_code == 1
    assert "--by" in result.stderr


def test_a_folder_without_settings_is_told_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--config", str(tmp_path), "incidents"])

    assert result.exit_code == 1
    assert result.stderr == (
        f"error: continuity.yaml:1: there is no such file in {tmp_path.resolve()}; `continuity init DIRECTORY` writes an "
        "example there; --config DIRECTORY reads another folder\n"
    )


def test_the_environment_may_name_the_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["incidents"], env={"CONTINUITY_CONFIG": str(tmp_path / "other.yaml")})

    assert result.exit_code == 1
    assert "other.yaml:1: there is no such file in" in result.stderr


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a divisor\nand more")

    monkeypatch.setattr("connector.cli.init.catalogs.write_example", fail)


@pytest.mark.usefixtures("broken")
def test_a_fault_of_ours_is_one_line_and_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.tempfile, "tempdir", str(tmp_path))

    result = CliRunner().invoke(main, ["init", str(tmp_path / "new")])

    (log,) = tmp_path.glob("continuity-*.log")
    assert result.exit_code == 3
    assert "ZeroDivisionError: a divisor\n" in result.stderr
    assert "Traceback" not in result.output
    assert str(log) in result.stderr
    assert "Traceback" in log.read_text()


@pytest.mark.usefixtures("broken")
def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--debug", "init", str(tmp_path / "new")])

    assert result.exit_code == 3
    assert "Traceback" in result.stderr


def test_an_interrupt_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connector.cli.init.catalogs.write_example", interrupt)

    assert CliRunner().invoke(main, ["init", str(tmp_path / "new")]).exit_code == 130


def test_a_database_that_cannot_be_used_is_told_plainly(folder: Path, run) -> None:
    (folder / "continuity.db").mkdir()

    result = run("incidents")

    assert result.exit_code == 1
    assert "the database cannot be used: unable to open database file; check `database`" in result.stderr
