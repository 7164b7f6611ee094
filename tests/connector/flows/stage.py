"""A world with a clock that a test moves: records of its own, tickets as people see them, messages in any order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.durable import Wakes
from connector.settings import Auth, Settings, WebhookIn
from connector.store import deliveries, writes
from sandbox.jira.options import Options as JiraOptions
from sandbox.server import Running
from sandbox.servicenow.options import Options as ServiceNowOptions
from tests.quiet import until_quiet
from tests.world import JIRA_SECRET, SERVICENOW_SECRET, World, soon, talk, world

DAY = "2026-03-02"
FOR_EVER = timedelta(days=36500)
Json = dict[str, Any]


class Clock:
    """The time of the whole world: it runs on from wherever it was last set."""

    def __init__(self, at: str) -> None:
        self.offset = timedelta()
        self.set(at)

    def set(self, at: str) -> None:
        self.offset = datetime.fromisoformat(f"{DAY}T{at}").replace(tzinfo=UTC) - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class Stage(World):
    """The world with its clock; times of day are `HH:MM` or `HH:MM:SS`, in UTC."""

    clock: Clock
    datacenter: bool = False

    def jira_call(self, method: str, path: str, **how: Any) -> Any:
        if not self.datacenter:
            return super().jira_call(method, path, **how)
        who = ("priya.dba", "sandbox-password")
        answer = talk(method, self.jira.url + path, auth=who, timeout=5, **how)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def at(self, moment: str) -> None:
        """Make it `moment` everywhere, and let whatever became due meanwhile happen."""
        self.clock.set(moment)
        for side in (self.servicenow, self.jira):
            order = {"real": True, "advance": self.clock.offset.total_seconds()}
            talk("POST", f"{side.url}/_sandbox/clock", json=order, timeout=5).raise_for_status()
        self.look()

    def settle(self, seconds: float = 20.0, quiet: float = 0.15) -> None:
        """Wait until no message, flow or write is under way; a timer or a window may still be."""

        def busy() -> str:
            self.flush()
            (row,) = self.rows(
                "SELECT (SELECT count(*) FROM delivery WHERE state = 'open') AS messages,"
                " (SELECT count(*) FROM write WHERE state = 'pending') AS writes,"
                " (SELECT count(*) FROM workflow_status WHERE status IN ('PENDING', 'ENQUEUED')"
                " OR (status = 'DELAYED' AND delay_until_epoch_ms < :soon)) AS flows",
                soon=soon(),
            )
            return str(row) if any(row) else ""

        until_quiet(busy, seconds=seconds, quiet=quiet)

    def look(self) -> None:
        """Wake every flow, as timers and sweeps do."""
        parts = self.connector.parts
        assert parts is not None
        with self.connector.database.begin() as tx:
            for row in tx.execute(sa.text("SELECT id FROM activation WHERE state = 'running'")).all():
                parts.wakes.wake(tx, "incident", f"activation:{row.id}")
            for row in tx.execute(sa.text("SELECT DISTINCT subject FROM delivery WHERE state = 'open'")).all():
                parts.wakes.wake(tx, "incident", row.subject)
            for subject, side in writes.overdue(tx, self.clock.now()):
                parts.wakes.wake(tx, "send", f"{subject}|{side}")

    def poll(self) -> None:
        """Let each connection be polled once."""
        parts = self.connector.parts
        assert parts is not None
        with self.connector.database.begin() as tx:
            for name in parts.connections:
                parts.wakes.wake(tx, "sweep", f"poll:{name}")

    def hush(self) -> None:
        """Switch the platforms' webhooks off."""
        for side in (self.servicenow, self.jira):
            talk("POST", f"{side.url}/_sandbox/webhooks", json={"targets": []}, timeout=5).raise_for_status()

    def listen(self, **behaviour: float) -> None:
        """Switch the webhooks on (again), delivered as well or badly as `behaviour` says."""
        for side, name, secret, style in (
            (self.servicenow, "servicenow", SERVICENOW_SECRET, "standard"),
            (self.jira, "jira", JIRA_SECRET, "static" if self.datacenter else "hub"),
        ):
            target = {"url": f"{self.web.url}/webhooks/{name}", "secret": secret, "style": style}
            order = {"targets": [target], "behaviour": behaviour}
            talk("POST", f"{side.url}/_sandbox/webhooks", json=order, timeout=5).raise_for_status()

    def all_calls(self, side: Running) -> list[Json]:
        """Return the calls that the connector made since they were last reset, polls among them."""
        found = talk("GET", f"{side.url}/_sandbox/calls", timeout=5).json()["calls"]
        return [call for call in found if "integration" in (call["account"] or "")]

    def get(self, table: str, sys_id: str) -> Json:
        """Return a ServiceNow record as it is in its database."""
        return next(row for row in self.table(table) if row["sys_id"] == sys_id)

    def message(self, table: str, sys_id: str) -> Json:
        """Return the webhook body that tells of a record as it stands now."""
        shown = self.servicenow_call("GET", f"/api/now/table/{table}/{sys_id}", params={"sysparm_display_value": "all"})
        record = {
            name: {"value": cell["value"], "display_value": cell["display_value"]}
            if cell.get("link")
            else cell["value"]
            for name, cell in shown.items()
        }
        count = record["sys_mod_count"]
        return {"table": table, "sys_id": sys_id, "sys_mod_count": count, "operation": "update", "record": record}

    def deliver(self, message: Mapping[str, Any], identity: str = "") -> int:
        """Post a webhook to the connector as the scoped app does; returns the status."""
        body = json.dumps(message).encode()
        identity, stamp = identity or uuid.uuid4().hex, str(int(time.time()))
        key = base64.b64decode(SERVICENOW_SECRET.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{mac}",
        }
        return talk("POST", f"{self.web.url}/webhooks/servicenow", data=body, headers=headers, timeout=5).status_code

    def notes(self, sys_id: str) -> list[str]:
        """Return the work notes on a ServiceNow record, oldest first."""
        rows = [row for row in self.state(self.servicenow)["journal"] if row["element_id"] == sys_id]
        assert all(row["element"] == "work_notes" for row in rows), "never to the customer"
        return [str(row["value"]) for row in rows]

    def tasks(self, sys_id: str = "") -> dict[str, Json]:
        """Return ServiceNow's recovery tasks by their names; fails when one is there twice."""
        rows = [row for table in ("incident_task", "task") for row in self.table(table)]
        return _once((_name(row["short_description"]), row) for row in rows if sys_id in {"", row["parent"]})

    def subtasks(self) -> dict[str, Json]:
        """Return Jira's recovery tasks by their names; fails when one is there twice."""
        return _once((_name(row["fields"]["summary"]), row) for row in self.issues() if row["fields"].get("parent"))

    def activations(self) -> list[Any]:
        return self.rows("SELECT * FROM activation ORDER BY id")

    def why(self, number: str) -> str:
        """Return what the connector says of why a ticket was or was not acted on."""
        return str(self.rows("SELECT why FROM ticket WHERE number = :number", number=number)[0].why)

    def told(self) -> list[str]:
        """Return what happened, oldest first."""
        return [row.text for row in self.rows("SELECT text FROM history ORDER BY id")]

    def raise_in_jira(self, summary: str, *, priority: str = "Highest", component: str = "Payments") -> str:
        """Raise an incident in Jira's service project; returns its key."""
        fields = {
            "project": {"key": "SD"},
            "issuetype": {"name": "Incident"},
            "summary": summary,
            "priority": {"name": priority},
            "components": [{"name": component}],
        }
        return str(self.jira_call("POST", "/rest/api/2/issue", json={"fields": fields})["key"])

    def issue(self, key: str) -> Json:
        return next(row for row in self.issues() if row["key"] == key)

    def custom(self, issue: Mapping[str, Any], name: str) -> Any:
        """Return a custom field of an issue by the name that people see."""
        fields = self.jira_call("GET", "/rest/api/2/field")
        return issue["fields"].get(next(item["id"] for item in fields if item["name"] == name))

    def group(self, name: str) -> str:
        """Return the sys_id of a group."""
        return next(str(row["sys_id"]) for row in self.table("sys_user_group") if row["name"] == name)

    def command(self, event: str, *, subject: str, **order: Any) -> str:
        """Record a command as the command line does and have it carried out; returns what came of it."""
        parts = self.connector.parts
        assert parts is not None
        key = uuid.uuid4().hex
        message = deliveries.Message(
            "command", key, "command", event, json.dumps({"reason": "", **order}).encode(), subject=subject
        )
        with self.connector.database.begin() as tx:
            deliveries.record(tx, message, self.clock.now())
            parts.wakes.wake(tx, "incident", subject)
        self.settle()
        (row,) = self.rows("SELECT state, reason FROM delivery WHERE key = :key", key=key)
        return f"{row.state}: {row.reason}"

    def major(self, **fields: str) -> Json:
        """Raise an incident and promote it; returns it."""
        made = self.incident(**({"impact": "1", "urgency": "1", "cmdb_ci": self.ci("payments-db")} | fields))
        self.promote(made["number"])
        self.settle()
        return made


def _name(title: str) -> str:
    return title.partition("] ")[2] or title


def _once(named: Any) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, row in named:
        assert name not in found, f"'{name}' stands there twice"
        found[name] = row
    return found


def task(
    name: str,
    *after: str,
    phase: str = "recovery",
    duration: str = "15m",
    on: Any = "servicenow",
    team: str = "Database Operations",
    required: bool = True,
) -> Json:
    """Return a plan's task as its file states it."""
    return {
        "name": name,
        "phase": phase,
        "after": list(after),
        "duration": duration,
        "team": team,
        "required": required,
        "on": on,
    }


def plan(key: str, tasks: Mapping[str, Json], **head: Any) -> Json:
    """Return a plan as its file states it; it covers Payments and Card Processing unless `head` says otherwise."""
    return {
        "key": key,
        "name": f"The plan {key}",
        "services": ["payments", "card-processing"],
        "scenario": "database-loss",
        "summary": "For a test.",
        "team": {
            "lead": {"person": "Priya Nair", "phone": "+44 20 7946 0102", "email": "priya.dba@example.com"},
        },
        "tasks": dict(tasks),
        **head,
    }


def with_plans(*plans: Json) -> Callable[[Path], None]:
    """Return what replaces the example's plans by these."""

    def write(directory: Path) -> None:
        for path in (directory / "plans").glob("*.yaml"):
            path.unlink()
        for item in plans:
            path = directory / "plans" / f"{str(item['key']).lower()}.yaml"
            path.write_text(json.dumps(item, indent=1), encoding="utf-8")

    return write


@contextmanager
def stage(
    directory: Path,
    patch: pytest.MonkeyPatch,
    *plans: Json,
    at: str = "09:00",
    change: Callable[[Settings], Settings] = lambda settings: settings,
    servicenow: ServiceNowOptions | None = None,
    jira: JiraOptions | None = None,
    files: Mapping[str, str] | None = None,
) -> Iterator[Stage]:
    """Start a world at a moment of 2 March 2026, with these plans or else the example's, and `files` beside them."""
    clock = Clock(at)
    datacenter = jira is not None and jira.flavour == "datacenter"
    wake = Wakes.wake

    def wake_in_time(self: Wakes, tx: Any, queue: str, subject: str, moment: datetime | None = None) -> None:
        wake(self, tx, queue, subject, None if moment is None else moment - clock.offset)

    def trust(settings: Settings) -> Settings:
        """The platforms sign with real time, which is not the time of this world."""
        sides = {
            name: replace(side, webhook=side.webhook and replace(side.webhook, tolerance=FOR_EVER))
            for name, side in settings.connections.items()
        }
        if datacenter:
            secret = WebhookIn("static", (JIRA_SECRET,))
            sides["jira"] = replace(
                sides["jira"], flavour="datacenter", auth=Auth(token="sandbox-token"), webhook=secret
            )
        return change(replace(settings, connections=sides, write_back_window=timedelta(seconds=0.1)))

    def write(folder: Path) -> None:
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        if plans:
            with_plans(*plans)(folder)

    patch.setattr(Wakes, "wake", wake_in_time)
    with world(
        directory,
        records=write,
        servicenow=servicenow,
        jira=jira or JiraOptions(search_lag=0.0),
        change=trust,
        now=clock.now,
    ) as made:
        found = Stage(made.servicenow, made.jira, made.web, made.connector, clock, datacenter)
        if datacenter:
            found.listen()
        found.at(at)
        yield found
