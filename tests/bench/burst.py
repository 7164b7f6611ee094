"""A burst of major incidents at once, and how webhooks are accepted while it drains."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from tests.acceptance.stack import SECRET
from tests.bench.scene import Scene
from tests.bench.stopwatch import Figure, began, ended, makes_tasks, quantile

HOLD = 3.0
"""Seconds for which the webhooks are held back, so that all incidents stand before the first is told."""
MOST_MEGABYTES = 200
INTEGRATION = {"servicenow": ("continuity.integration", "sandbox-password")}
JIRA_ACCOUNT = ("continuity.integration@example.com", "sandbox-token")


def measure(scene: Scene, count: int = 100) -> Iterable[Figure]:
    """Raise `count` major incidents, tell them all at once, and time until every task stands."""
    scene.settle()
    scene.forget_calls()
    made = scene.running.made()
    tickets = sum(len(step.places) for step in scene.service.steps)
    before = len(scene.running.steer("servicenow", "GET", "webhooks")["sent"])
    scene.running.behave(delay=HOLD)
    for number in range(count):
        scene.incident(f"Payments Core burst {number}", major_incident_state="accepted")
    probe = Probe(scene)
    probe.start()
    cpu = sum(scene.process.cpu_times()[:2])
    scene.wait_made(made + count * (tickets + 1))
    cpu = sum(scene.process.cpu_times()[:2]) - cpu
    probe.stop()
    scene.settle()
    scene.running.behave()
    sent = [row for row in scene.running.steer("servicenow", "GET", "webhooks")["sent"][before:] if row["ms"]]
    calls = {side: scene.running.calls(side) for side in scene.running.sides}
    seconds = (
        max(ended(call) for found in calls.values() for call in found if makes_tasks(call)) - min(map(began, sent))
    ).total_seconds()
    number = sum(len(found) for found in calls.values())
    bare = _bare(scene, count)
    yield Figure(
        f"burst of {count} major incidents x {len(scene.service.steps)} tasks on both platforms, 0 ms a call",
        f"{count * tickets / seconds:.0f} tickets/s, {count / seconds:.1f} activations/s, {seconds:.1f} s, "
        f"{1000 * cpu / count:.0f} ms of CPU an activation, {seconds / bare:.1f} x its floor",
        calls=f"{number}, {number / count:.1f} an activation",
        floor=f"{count * tickets / bare:.0f} tickets/s (the same creates sent bare by 8 threads)",
    )
    floor = _inserts(scene.running.folder / "floor.db")
    yield Figure(
        f"a webhook accepted while it drains, {len(probe.seconds)} of them",
        f"p50 {quantile(probe.seconds, 0.5) * 1000:.1f} ms, p99 {quantile(probe.seconds, 0.99) * 1000:.1f} ms",
        calls=f"{probe.refused} refused",
        floor=f"p50 {quantile(floor, 0.5) * 1000:.2f} ms, p99 {quantile(floor, 0.99) * 1000:.2f} ms (an insert and commit)",
        met=probe.refused == 0,
    )
    resident = scene.process.memory_info().rss / 1e6
    yield Figure(
        "memory of the connector after it (RSS)",
        f"{resident:.0f} MB",
        goal=f"below {MOST_MEGABYTES} MB",
        met=resident < MOST_MEGABYTES,
    )


class Probe:
    """Sends webhooks of its own while the burst drains, and times each."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seconds: list[float] = []
        self.refused = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        address = f"{self._scene.running.address}/webhooks/servicenow"
        with requests.Session() as http:
            http.trust_env = False
            self._end.wait(HOLD)
            while not self._end.wait(0.02):
                body = json.dumps(_message()).encode()
                headers = _signed(body)
                began_at = time.perf_counter()
                answer = http.post(address, data=body, headers=headers, timeout=30)
                self.seconds.append(time.perf_counter() - began_at)
                self.refused += not answer.ok


def _message() -> dict[str, Any]:
    """A change of an incident that nothing is done about: closed long ago, never seen."""
    ident = uuid.uuid4().hex
    record = {"sys_id": ident, "number": "INC0999999", "state": "7", "priority": "5", "sys_mod_count": "1"}
    record |= {"sys_updated_on": "2020-01-01 00:00:00", "short_description": "Printer out of paper", "active": "false"}
    return {"table": "incident", "sys_id": ident, "sys_mod_count": "1", "operation": "update", "record": record}


def _signed(body: bytes) -> dict[str, str]:
    identity, stamp = uuid.uuid4().hex, str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def _inserts(file: Path, count: int = 500) -> list[float]:
    """Time a bare insert and commit of a message's size, as durable as the connector's."""
    found = []
    body = json.dumps(_message())
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, body TEXT)")
        for _ in range(count):
            began_at = time.perf_counter()
            database.execute("INSERT INTO message (body) VALUES (?)", (body,))
            found.append(time.perf_counter() - began_at)
    return found


def _bare(scene: Scene, count: int) -> float:
    """Return the seconds that the same creates take when nothing but a client sends them, from 8 threads."""
    size = len(scene.service.steps)
    sides = scene.running.sides
    local = threading.local()

    def one(number: int) -> None:
        http = local.__dict__.setdefault("http", requests.Session())
        http.trust_env = False
        requests_ = [
            {
                "id": str(index),
                "method": "POST",
                "url": "/api/now/table/incident_task?sysparm_fields=sys_id",
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "body": base64.b64encode(json.dumps({"short_description": f"bare {number}.{index}"}).encode()).decode(),
            }
            for index in range(size)
        ]
        batch = {"batch_request_id": str(number), "rest_requests": requests_}
        url = f"{sides['servicenow']}/api/now/v1/batch"
        http.post(url, json=batch, auth=INTEGRATION["servicenow"], timeout=60).raise_for_status()
        url = f"{sides['jira']}/rest/api/3/issue"
        base = {"project": {"key": "OPS"}, "summary": f"bare {number}"}
        fields = {**base, "issuetype": {"name": "Task"}}
        made = http.post(url, json={"fields": fields}, auth=JIRA_ACCOUNT, timeout=60)
        made.raise_for_status()
        child = {**base, "issuetype": {"name": "Sub-task"}, "parent": {"id": made.json()["id"]}}
        bulk = {"issueUpdates": [{"fields": child} for _ in range(size)]}
        http.post(f"{url}/bulk", json=bulk, auth=JIRA_ACCOUNT, timeout=60).raise_for_status()

    scene.running.behave(lose=1.0)
    began_at = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(count)))
    seconds = time.monotonic() - began_at
    scene.running.behave()
    return seconds
