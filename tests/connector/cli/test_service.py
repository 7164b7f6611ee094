"""The service as a real process, beside a simulated ServiceNow as another one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from connector.catalog import write_example
from connector.cli import main
from tests.connector.cli.conftest import ENVIRONMENT, answer, run_in
from tests.world import DESK, SERVICENOW_SECRET

READY = "listening on "
SECONDS = 60.0


@dataclass
class Process:
    """A running `continuity ...`; what it prints is read as it comes."""

    process: subprocess.Popen[str]
    errors: Path
    url: str = ""

    def stop(self) -> int:
        """Ask it to end as a supervisor does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.errors.read_text().splitlines()]


def start(folder: Path, name: str, *arguments: str) -> Process:
    errors = folder / f"{name}.err"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", "from connector.cli import main; main()", "--config", str(folder), *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()  # type: ignore[union-attr]
    try:
        line = lines.get(timeout=SECONDS)
    except Empty:
        process.kill()
        raise AssertionError(f"{name} is not ready: {errors.read_text()}") from None
    assert line.startswith(READY), line + errors.read_text()
    return Process(process, errors, line.removeprefix(READY).strip())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    found = start(tmp_path, "servicenow", "sandbox", "servicenow", "--port", "0")
    yield found
    if found.process.poll() is None:
        assert found.stop() == 0


@pytest.fixture
def folder(tmp_path: Path, desk: Process) -> Path:
    """Records of an organisation that has ServiceNow alone."""
    write_example(tmp_path)
    file = tmp_path / "continuity.yaml"
    before, _, rest = file.read_text().partition("  jira:\n")
    after = rest[rest.index("# The net under the webhooks") :]
    file.write_text(before.replace("http://localhost:8081", desk.url) + after)
    return tmp_path


def call(desk: Process, method: str, path: str, **how: Any) -> Any:
    found = requests.request(method, desk.url + path, auth=DESK, timeout=10, **how)
    found.raise_for_status()
    return found.json()["result"]


def wait_for(what: Any) -> Any:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("not within a minute")


@pytest.mark.acceptance
def test_an_incident_gets_its_plans_tasks_and_the_service_ends_cleanly(folder: Path, desk: Process) -> None:
    assert run_in(folder, "apply", "--yes").exit_code == 0
    service = start(folder, "serve", "serve", "--listen", "127.0.0.1:0")
    try:
        target = {"url": f"{service.url}/webhooks/servicenow", "secret": SERVICENOW_SECRET, "style": "standard"}
        requests.post(f"{desk.url}/_sandbox/webhooks", json={"targets": [target]}, timeout=10).raise_for_status()
        (database,) = call(desk, "GET", "/api/now/table/cmdb_ci", params={"sysparm_query": "name=payments-db"})
        incident = call(
            desk,
            "POST",
            "/api/now/table/incident",
            json={"short_description": "Payments down", "impact": "1", "urgency": "1", "cmdb_ci": database["sys_id"]},
        )
        requests.post(
            f"{desk.url}/_sandbox/promote", json={"number": incident["number"]}, timeout=10
        ).raise_for_status()

        tasks = wait_for(lambda: call(desk, "GET", "/api/now/table/incident_task"))

        assert any(task["short_description"].startswith("[PAY-DR 1/11]") for task in tasks)
        second = run_in(folder, "serve", "--listen", "127.0.0.1:0")
        assert (second.exit_code, "another `continuity serve` runs on this database" in second.stderr) == (1, True)
        (running,) = answer(run_in(folder, "activations", "--json"))
        assert running["incident"]["number"] == incident["number"]
        ordered = run_in(folder, "stand-down", running["number"], "--by", "Dana", "--reason", "a test", "--wait", "30")
        assert (ordered.exit_code, "stood down: a test (Dana)" in ordered.stdout) == (0, True), ordered.output
        assert requests.get(f"{service.url}/readyz", timeout=10).json()["status"] == "ready"
    finally:
        code = service.stop()

    assert code == 0
    log = service.log()
    assert {"ready"} <= {line["event"] for line in log}
    assert [line for line in log if line["level"] == "error"] == []
    assert not any(value in service.errors.read_text() for name, value in ENVIRONMENT.items() if name != "COLUMNS")


@pytest.mark.acceptance
def test_a_service_without_records_starts_with_a_warning(folder: Path) -> None:
    service = start(folder, "serve", "serve", "--listen", "127.0.0.1:0")

    assert requests.get(f"{service.url}/healthz", timeout=10).status_code == 200
    assert "Server" not in requests.get(f"{service.url}/healthz", timeout=10).headers
    assert service.stop() == 0
    warnings = [line["event"] for line in service.log() if line["level"] == "warning"]
    assert any("run `continuity apply`" in line for line in warnings)


@pytest.mark.acceptance
def test_a_service_that_lost_its_lock_stops_and_says_why(folder: Path) -> None:
    service = start(folder, "serve", "serve", "--listen", "127.0.0.1:0")

    (folder / "continuity.db.lock").unlink()

    assert service.process.wait(SECONDS) == 1
    assert "the lock on the database was lost" in service.errors.read_text()


SLOW = """
import signal, time
from types import SimpleNamespace
from flask import Flask
from connector.cli import service

app = Flask("slow")

@app.get("/")
def slow():
    time.sleep(1.5)
    return "whole"

signal.signal(signal.SIGTERM, service._leave)
stand_in = SimpleNamespace(connections={}, keeps_lock=lambda: True, launch=lambda: SimpleNamespace(wakes=None), web=lambda wakes: app)
service._run(stand_in, "127.0.0.1", 0)
"""


@pytest.mark.acceptance
def test_a_request_in_flight_is_answered_before_the_service_ends() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix(READY).strip()
    answers: Queue[str] = Queue()
    asking = Thread(target=lambda: answers.put(requests.get(url, timeout=10).text))

    asking.start()
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)

    assert answers.get(timeout=10) == "whole"
    assert process.wait(SECONDS) == 0
    asking.join()


def test_a_port_that_is_taken_is_told_plainly(desk: Process) -> None:
    port = desk.url.rpartition(":")[2]

    result = CliRunner().invoke(main, ["sandbox", "jira", "--port", port])

    assert result.exit_code == 1
    assert f"Port {port} is in use" in result.stderr
    assert "Traceback" not in result.output


def test_webhooks_of_a_sandbox_need_their_secret() -> None:
    result = CliRunner().invoke(main, ["sandbox", "servicenow", "--webhook", "http://127.0.0.1:1/webhooks/servicenow"])

    assert result.exit_code == 1
    assert "--webhook needs --secret" in result.stderr


def test_a_database_in_a_folder_that_is_missing_is_told_plainly(tmp_path: Path) -> None:
    write_example(tmp_path)
    file = tmp_path / "continuity.yaml"
    file.write_text(file.read_text().replace("sqlite:///continuity.db", "sqlite:///missing/continuity.db"))

    result = run_in(tmp_path, "serve")

    assert result.exit_code == 1
    assert f"the database cannot be used: No such file or directory: {tmp_path}/missing/" in result.stderr


def test_settings_that_are_wrong_stop_the_service_before_it_starts(tmp_path: Path) -> None:
    write_example(tmp_path)

    result = run_in(tmp_path, "serve", env={"JIRA_TOKEN": None})

    assert result.exit_code == 1
    assert "the environment variable JIRA_TOKEN is not set" in result.stderr
    assert not (tmp_path / "continuity.db").exists()
