"""Ten thousand services on both platforms, of which a few changed unheard: what a sweep and a full audit cost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import requests
import sqlalchemy as sa

from connector.catalog import catalog_of, to_json
from connector.continuity_record import plain
from connector.flows.reconcile.audit import Audit
from connector.service import Service
from connector.settings import Settings
from connector.store import audits, catalogs
from connector.store.tables import counterpart
from connector.ticketing import Ticket
from sandbox.server import Running
from tests.bench.stopwatch import Figure
from tests.world import World, world

COUNT, CHANGED, MOST_CALLS = 10_000, 10, 6
HOUR = timedelta(hours=1)
EARLIER = timedelta(days=1)
"""How long before the changes the services were imported on the platforms."""
LAG = 1.0
"""Seconds after which the simulated Jira's search shows what was changed."""
_NUMBERS = {"Criticality": 1, "RTO minutes": 240, "RPO minutes": 15, "MTPD minutes": 480}
_AS_READ = frozenset({"project", "updated_at"})


def measure(folder: Path) -> Iterable[Figure]:
    """Change services on both platforms with the webhooks off; sweep; then compare everything."""
    folder.mkdir(parents=True, exist_ok=True)
    with world(folder, records=_mapping, change=_keeping) as found:
        parts = found.connector.parts
        assert parts is not None
        for side in (found.servicenow, found.jira):
            _steer(side, "webhooks", {"targets": []})
            _steer(side, "clock", {"real": True, "advance": -EARLIER.total_seconds()})
        _fill(found)
        listed = {name: _link(found, name) for name in ("servicenow", "jira")}
        for side in (found.servicenow, found.jira):
            _steer(side, "clock", {"real": True, "advance": 0})
        with found.connector.database.begin() as tx:
            for name in parts.connections:
                audits.sweep_ended(tx, name, "service", datetime.now(UTC))
        _change(found, listed)
        # What Jira's search does not show yet is found by the sweep after this one.
        time.sleep(LAG)
        found.forget_calls()
        began = time.monotonic()
        with found.connector.database.begin() as tx:
            for name in parts.connections:
                parts.wakes.wake(tx, "sweep", f"records:{name}")
        found.wait(lambda: _agreed(found, listed), seconds=60)
        found.settle()
        seconds = time.monotonic() - began
        calls = {name: _calls(side) for name, side in _sides(found)}
        yield from _swept(calls, seconds)
        yield from _audited(found)


def _swept(calls: dict[str, list[dict[str, Any]]], seconds: float) -> Iterator[Figure]:
    for name, made in calls.items():
        puts = [call for call in made if call["method"] == "PUT"]
        number = len(made) - len(puts)
        beside = f", and {len(puts)} to write: Jira changes one issue a call" if puts else ", what it writes included"
        yield Figure(
            f"sweep of {COUNT} services on {name}, {CHANGED} changed on each platform",
            f"{number} calls{beside}; all sides agree after {seconds:.1f} s",
            goal=f"{MOST_CALLS} calls",
            floor="1 call" if puts else "2 calls",
            met=number <= MOST_CALLS,
        )


def _audited(found: World) -> Iterator[Figure]:
    parts = found.connector.parts
    assert parts is not None
    memory = psutil.Process()
    for name, connection in parts.connections.items():
        before, began = memory.memory_info().rss, time.monotonic()
        progress = list(Audit(parts, connection, "bench", dry_run=True).run())[-1]
        seconds = time.monotonic() - began
        counts = progress.counts
        yield Figure(
            f"full audit of {COUNT} services on {name}",
            f"{counts['calls']} calls, {seconds:.1f} s, {counts.get('different', 0)} different, "
            f"{max(memory.memory_info().rss - before, 0) / 1e6:.0f} MB more",
            met=counts.get("different", 0) == 0 and counts["linked"] == COUNT,
            goal="all in step",
        )


def _mapping(directory: Path) -> None:
    """Leave the text out that is only written: it would be written to each issue when it is linked."""
    for platform, left_out in (("jira", "text"), ("servicenow", "owner")):
        file = directory / "mappings" / platform / "service.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"version: 1\nfields:\n  {left_out}: null\n")


def _keeping(settings: Settings) -> Settings:
    sides = {name: replace(item, records={"service": "link"}) for name, item in settings.connections.items()}
    return replace(settings, connections=sides)


def _fill(found: World) -> None:
    like = "busines_criticality=1 - most critical^u_rto=240^u_rpo=15^u_mtpd=480"
    _steer(
        found.servicenow,
        "fill",
        {"table": "cmdb_ci_service", "column": "name", "name": "Bench", "count": COUNT, "like": like},
    )
    ids = {field["name"]: field["id"] for field in found.jira_call("GET", "/rest/api/2/field")}
    fields = {
        "project": {"key": "OPS"},
        "issuetype": {"name": "Task"},
        "summary": "Bench {n}",
        "labels": ["continuity-connector", "continuity-service"],
        **{ids[name]: value for name, value in _NUMBERS.items()},
    }
    _steer(found.jira, "fill", {"count": COUNT, "fields": fields})
    services = [
        Service(f"bench-{number}", f"Bench {number}", 1, 4 * HOUR, HOUR / 4, 8 * HOUR, "")
        for number in range(1, COUNT + 1)
    ]
    catalog = catalog_of(services, [])
    with found.connector.database.begin() as tx:
        catalogs.apply(tx, catalog.digest, to_json(catalog), "bench", datetime.now(UTC))


def _link(found: World, name: str) -> dict[str, Ticket]:
    """Link each service with its record, as adopting them one by one would; returns the tickets by key."""
    parts = found.connector.parts
    assert parts is not None
    listed: dict[str, Ticket] = {}
    after, more = "", True
    while more:
        page = parts.connections[name].ticketing.listing("service", after=after)
        for ticket in page.tickets:
            title = str(ticket.values.get("name"))
            if title.startswith("Bench "):
                listed[f"bench-{title.removeprefix('Bench ')}"] = ticket
        after, more = page.next, bool(page.next)
    assert len(listed) == COUNT, f"{len(listed)} of {COUNT} services listed on {name}"
    now = datetime.now(UTC)
    with found.connector.database.begin() as tx:
        tx.execute(sa.insert(counterpart), [_row(name, key, ticket, now) for key, ticket in listed.items()])
    return listed


def _row(name: str, key: str, ticket: Ticket, now: datetime) -> dict[str, Any]:
    values = {field: plain(value) for field, value in ticket.values.items() if field not in _AS_READ}
    told = {field: [value, now.isoformat()] for field, value in values.items()}
    return {
        "record": "service",
        "key": key,
        "connection": name,
        "platform_id": ticket.id,
        "number": ticket.number,
        "version": ticket.version,
        "base": values,
        "ours": told,
        "theirs": told,
        "state": "in step",
        "linked_at": now,
        "linked_by": "bench",
    }


def _change(found: World, listed: dict[str, dict[str, Ticket]]) -> None:
    """Have people give some services other recovery times, others on each platform."""
    ids = {field["name"]: field["id"] for field in found.jira_call("GET", "/rest/api/2/field")}
    for number in range(1, CHANGED + 1):
        there = listed["servicenow"][f"bench-{number * 7}"]
        found.update("cmdb_ci_service", there.id, u_rto="120")
        issue = listed["jira"][f"bench-{number * 7 + 1}"]
        body = {"fields": {ids["RTO minutes"]: 60}}
        found.jira_call("PUT", f"/rest/api/2/issue/{issue.id}", json=body)


def _agreed(found: World, listed: dict[str, dict[str, Ticket]]) -> bool:
    """Tell whether each changed service stands with its new recovery time on both platforms, as these tell it."""
    ids = {field["name"]: field["id"] for field in found.jira_call("GET", "/rest/api/2/field")}
    for number in range(1, CHANGED + 1):
        for key, minutes in ((f"bench-{number * 7}", 120), (f"bench-{number * 7 + 1}", 60)):
            path = f"/api/now/table/cmdb_ci_service/{listed['servicenow'][key].id}"
            if found.servicenow_call("GET", path)["u_rto"] != str(minutes):
                return False
            issue = found.jira_call("GET", f"/rest/api/2/issue/{listed['jira'][key].id}")
            if issue["fields"][ids["RTO minutes"]] != minutes:
                return False
    return True


def _sides(found: World) -> Iterator[tuple[str, Running]]:
    yield from (("servicenow", found.servicenow), ("jira", found.jira))


def _calls(side: Running) -> list[dict[str, Any]]:
    """Return the calls that the connector made since they were last forgotten, reads and writes."""
    found = requests.get(f"{side.url}/_sandbox/calls", timeout=30).json()["calls"]
    return [call for call in found if "integration" in (call["account"] or "")]


def _steer(side: Running, what: str, order: dict[str, Any]) -> None:
    requests.post(f"{side.url}/_sandbox/{what}", json=order, timeout=120).raise_for_status()
