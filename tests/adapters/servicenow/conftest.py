"""One simulated instance for each test with our adapter on it, an admin's mappings, and an admin who changes things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.servicenow import BasicAuth, ServiceNow
from connector.problem import Problem
from connector.ticketing import Names
from mappings.library import load
from sandbox.server import Running, start
from sandbox.servicenow.app import create
from sandbox.servicenow.options import Options

PERSON = ("dana.desk", "sandbox-password")


@dataclass
class World:
    """An instance, our adapter, and the calls that it made (method, path, status)."""

    running: Running
    adapter: ServiceNow
    calls: list[tuple[str, str, int]]

    def order(self, path: str, **body: Any) -> None:
        answer = requests.post(f"{self.running.url}/_sandbox/{path}", json=body, timeout=5)
        assert answer.ok, answer.text

    def fail(self, **fault: Any) -> None:
        self.order("faults", faults=[fault])

    def post(self, table: str, account: tuple[str, str] = PERSON, **values: str) -> str:
        url = f"{self.running.url}/api/now/table/{table}"
        answer = requests.post(url, json=values, auth=account, timeout=5)
        assert answer.ok, answer.text
        return str(answer.json()["result"]["sys_id"])

    def as_admin(self, table: str, **values: str) -> str:
        return self.post(table, ("admin", "admin-password"), **values)

    def row(self, sys_id: str) -> dict[str, str]:
        held = requests.get(f"{self.running.url}/_sandbox/state", timeout=5).json()["tables"]
        return next(row for rows in held.values() for row in rows if row["sys_id"] == sys_id)

    def journal(self) -> list[tuple[str, str]]:
        held = requests.get(f"{self.running.url}/_sandbox/state", timeout=5).json()["journal"]
        return [(entry["element"], entry["value"]) for entry in held]

    def problems(self, names: Names | None = None) -> list[Problem]:
        return list(self.adapter.check(names or Names()).problems)

    def told(self, names: Names | None = None) -> list[str]:
        return [f"{problem.level}: {problem}" for problem in self.problems(names)]


MakeWorld = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes a world; `incident`, `recovery_task`, `review` are the texts of an admin's mapping files."""
    made: list[World] = []

    def one(
        options: Options | None = None,
        settings: dict[str, Any] | None = None,
        user: str = "continuity.integration",
        **files: str,
    ) -> World:
        folder = tmp_path / str(len(made)) / "mappings" / "servicenow"
        folder.mkdir(parents=True)
        for record, text in files.items():
            (folder / f"{record}.yaml").write_text(text)
        running = start(create(options or Options()))
        calls: list[tuple[str, str, int]] = []
        adapter = ServiceNow(
            "desk",
            running.url,
            BasicAuth(user, "sandbox-password"),
            load("servicenow", folder.parent.parent),
            fallback_team="Service Desk",
            on_call=lambda call: calls.append((call.method, call.path, call.status)),
            **(settings or {}),
        )
        made.append(World(running, adapter, calls))
        return made[-1]

    yield one
    for world in made:
        world.adapter.close()
        world.running.stop()
