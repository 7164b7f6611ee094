"""The command line as people use it: the program with arguments, in the process of the test."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.bootstrap import NEEDS
from connector.catalog import write_example
from connector.cli import main
from connector.settings import read_settings
from connector.store.database import Database
from tests.world import JIRA_SECRET, SERVICENOW_SECRET, World, world

ENVIRONMENT = {
    "CONTINUITY_SECRET": "a secret of the test world, long enough",
    "SERVICENOW_PASSWORD": "sandbox-password",
    "SERVICENOW_WEBHOOK_SECRET": SERVICENOW_SECRET,
    "JIRA_TOKEN": "sandbox-token",
    "JIRA_WEBHOOK_SECRET": JIRA_SECRET,
    "COLUMNS": "200",
}
Run = Callable[..., Result]


def run_in(folder: Path, *arguments: str, env: dict[str, str | None] | None = None, **how: Any) -> Result:
    """Run `continuity --config folder ...`."""
    environment = {**ENVIRONMENT, **(env or {})}
    return CliRunner().invoke(main, ["--config", str(folder), *arguments], env=environment, **how)


def answer(result: Result) -> Any:
    """Return the JSON document that a command printed."""
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the example set."""
    write_example(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    return lambda *arguments, **how: run_in(folder, *arguments, **how)


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    """The folder's database, made ready, with nobody serving it."""
    found = Database(read_settings(folder, ENVIRONMENT, NEEDS).database)
    found.migrate()
    yield found
    found.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world at work, whose folder's settings lead the command line to it."""
    folder = tmp_path_factory.mktemp("served")
    with world(folder) as found:
        file = folder / "continuity.yaml"
        text = file.read_text()
        text = text.replace("http://localhost:8081", found.servicenow.url)
        file.write_text(text.replace("http://localhost:8082", found.jira.url))
        yield found


@pytest.fixture
def order(served: World) -> Run:
    """Run a command against the world at work."""
    return lambda *arguments, **how: run_in(served.connector.settings.directory, *arguments, **how)
