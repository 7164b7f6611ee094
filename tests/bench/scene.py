"""The running stack of a bench: both platforms and `continuity serve`, each a program of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.acceptance import estate
from tests.acceptance.process import HOST, Command
from tests.acceptance.stack import Pace, Stack, stack
from tests.quiet import still_busy

PACE = Pace(poll_every=60, timeout=10)
QUIET = 0.5
PATIENCE = 180.0


@dataclass
class Scene:
    """What a bench works with: the stack, the plan's service with its CI, and the connector's process."""

    running: Stack
    service: estate.Service
    ci: str
    process: psutil.Process

    def incident(self, text: str, **fields: str) -> dict[str, Any]:
        values = {"short_description": text, "impact": "1", "urgency": "1", "cmdb_ci": self.ci, **fields}
        return dict(self.running.servicenow("POST", "table/incident", json=values))

    def promote(self, number: str) -> None:
        self.running.steer("servicenow", "POST", "promote", {"number": number})

    def forget_calls(self) -> None:
        for side in self.running.sides:
            self.running.steer(side, "DELETE", "calls")

    def settle(self) -> None:
        """Wait until the connector has nothing left to do. Raises TimeoutError."""

        def waiting() -> dict[str, int]:
            found = self.running.waiting()
            return found if found["deliveries"] or found["writes"] or found["subjects"] else {}

        left = still_busy(waiting, seconds=PATIENCE, quiet=QUIET, pause=0.05)
        if left is not None:
            raise TimeoutError(f"the connector still has {left} after {PATIENCE:.0f} s")

    def wait_made(self, count: int) -> None:
        """Wait until the connector has created this many records in all. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        while self.running.made() < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.running.made()} of {count} records after {PATIENCE:.0f} s")
            time.sleep(0.1)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Set everything up for one plan of ten tasks, each on both platforms."""
    folder.mkdir(parents=True, exist_ok=True)
    service = estate.even()
    with stack(folder, PACE) as running:
        cis = running.prepare([service])
        arguments = ["--config", str(folder), "serve", "--listen", f"{HOST}:{running.port}"]
        connector = Command(arguments, folder / "connector.log")
        connector.start()
        try:
            connector.wait_ready()
            running.hear()
            while not running.connected():
                time.sleep(0.05)
            yield Scene(running, service, cis[service.ci], psutil.Process(connector.pid))
        finally:
            connector.stop()
