"""Logs: one JSON line each, and no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from connector.bootstrap import NEEDS
from connector.catalog import write_example
from connector.cli import logs
from connector.settings import Settings, read_settings
from tests.connector.cli.conftest import ENVIRONMENT

PASSWORD = "a password nobody may read"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_example(tmp_path)
    return read_settings(tmp_path, {**ENVIRONMENT, "SERVICENOW_PASSWORD": PASSWORD}, NEEDS)


@pytest.fixture
def lines(settings: Settings) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    level = logging.getLogger().level
    logs.configure(settings, stream, terminal=False)
    yield stream
    root = logging.getLogger()
    root.setLevel(level)
    root.handlers = [handler for handler in root.handlers if getattr(handler, "stream", None) is not stream]
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_a_json_document_with_time_level_and_logger(lines: io.StringIO) -> None:
    structlog.get_logger("continuity").info("ready", address="http://127.0.0.1:1")

    (line,) = written(lines)
    assert line["event"] == "ready"
    assert line["level"] == "info"
    assert line["logger"] == "continuity"
    assert str(line["timestamp"]).endswith("Z")


def test_a_secret_is_taken_out_wherever_it_stands(lines: io.StringIO) -> None:
    structlog.get_logger("a").info(f"told {PASSWORD}", inside={"deep": [PASSWORD]}, error=ValueError(PASSWORD))
    logging.getLogger("b").warning("sent %s", PASSWORD)
    try:
        raise ValueError(PASSWORD)  # noqa: TRY301 - the traceback is what is tested
    except ValueError:
        logging.getLogger("c").exception("failed")

    found = written(lines)
    assert len(found) == 3
    assert PASSWORD not in json.dumps(found)
    assert found[0]["event"] == "told ***"
    assert "ValueError: ***" in str(found[2]["exception"])


def test_every_secret_of_the_settings_is_known(settings: Settings) -> None:
    found = logs.secrets_of(settings)

    assert {
        PASSWORD,
        *(value for name, value in ENVIRONMENT.items() if name not in {"COLUMNS", "SERVICENOW_PASSWORD"}),
    } <= found


def test_a_password_in_the_databases_address_is_a_secret(tmp_path: Path) -> None:
    write_example(tmp_path)
    file = tmp_path / "continuity.yaml"
    file.write_text(file.read_text().replace("sqlite:///continuity.db", "postgresql://me:p%40ssword@host/name"))

    assert "p@ssword" in logs.secrets_of(read_settings(tmp_path, ENVIRONMENT, NEEDS))


@pytest.mark.parametrize("name", ["dbos", "sqlalchemy.engine"])
def test_the_engine_and_the_database_are_quiet(name: str, lines: io.StringIO) -> None:
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("news")

    assert [line["event"] for line in written(lines)] == ["news"]
