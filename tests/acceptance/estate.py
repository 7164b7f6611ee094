"""The services and plans of a campaign, drawn from its seed: each service fails on its own, tasks on both platforms."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

RTO = timedelta(hours=4)
RPO_MINUTES, MTPD_MINUTES = 15, 480
TEAMS = (
    "Service Desk",
    "Major Incident Management",
    "Database Operations",
    "Network Operations",
    "Application Support",
    "Business Continuity",
)
UNKNOWN_TEAM = "DB Ops"
"""A team that neither platform knows: Jira refuses such a component in the middle of a bulk call."""
PHASES = ("activation",) * 2 + ("containment",) * 2 + ("recovery",) * 4 + ("return_to_normal",) * 2
RETURN = "return_to_normal"
_DAY = re.compile(r'"(\d{4}-\d\d-\d\d)"')
"""A day as JSON holds it, which has only texts; YAML has days."""
_NAMES = (
    ("clearing", "Clearing"),
    ("ledger", "General Ledger"),
    ("treasury", "Treasury"),
    ("lending", "Lending"),
    ("cards", "Card Issuing"),
    ("custody", "Custody"),
    ("brokerage", "Brokerage"),
    ("mobile", "Mobile Banking"),
)
_STEPS = (
    "Assess the loss",
    "Open the bridge",
    "Fence the primary site",
    "Hold the incoming queue",
    "Promote the standby",
    "Point the address to the standby",
    "Restart the application",
    "Verify end to end",
    "Rebuild the primary",
    "Fail back in an agreed window",
)


@dataclass(frozen=True)
class Step:
    """A recovery task as the plan's file states it; `projects` are Jira's, "" stands for ServiceNow."""

    key: str
    name: str
    phase: str
    team: str
    after: tuple[str, ...]
    places: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class Service:
    """A service with its one plan: `ci` names it in ServiceNow, `key` is its label in Jira."""

    key: str
    name: str
    steps: tuple[Step, ...]

    @property
    def ci(self) -> str:
        return f"{self.key}-app"

    @property
    def plan(self) -> str:
        return f"{self.key.upper()}-DR"

    @property
    def title(self) -> str:
        """What its plan is called."""
        return f"{self.name} recovery"

    @property
    def projects(self) -> set[str]:
        """The Jira projects that the plan's tasks stand in."""
        return {place for step in self.steps for place in step.places if place}


def draw(chance: Random) -> tuple[Service, ...]:
    """Draw the services and their plans."""
    return tuple(_service(key, name, chance) for key, name in _NAMES)


def even(key: str = "payments-core", count: int = 10) -> Service:
    """Return a plan for measuring: `count` tasks in a chain of two wide phases, each on both platforms."""
    steps = tuple(
        Step(
            f"step-{number}",
            f"Step {number} of the recovery",
            "activation" if number <= count // 2 else "recovery",
            TEAMS[number % len(TEAMS)],
            () if number <= count // 2 else ("step-1",),
            ("", "OPS"),
            required=True,
        )
        for number in range(1, count + 1)
    )
    return Service(key, "Payments Core", steps)


def _service(key: str, name: str, chance: Random) -> Service:
    steps: list[Step] = []
    odd = chance.randrange(len(PHASES)) if chance.random() < 0.4 else -1
    for number, phase in enumerate(PHASES):
        earlier = [step.key for step in steps if step.phase != RETURN or phase == RETURN]
        after = tuple(chance.sample(earlier, min(len(earlier), chance.choice((0, 1, 1, 2)))))
        if phase != "activation" and not after:
            after = (earlier[0],)
        project = "NET" if chance.random() < 0.15 else "OPS"
        places = chance.choice((("",), ("", project), (project,), ("", project)))
        team = UNKNOWN_TEAM if number == odd else "Network Operations" if project == "NET" else chance.choice(TEAMS)
        required = phase == "recovery" or chance.random() < 0.7
        key_of = f"step-{number + 1}"
        steps.append(Step(key_of, f"{_STEPS[number]} of {name}", phase, team, after, places, required))
    return Service(key, name, tuple(steps))


def write(directory: Path, services: Sequence[Service], edits: Mapping[tuple[str, str], Any] | None = None) -> None:
    """Write the services and plans as files that `continuity apply` reads (JSON is YAML).

    `edits` are other values for some: by ("service" or "plan", key), as the files state them.
    """
    edits = edits or {}
    document = {
        service.key: {
            "name": service.name,
            "criticality": 1,
            "rto": "4h",
            "rpo": f"{RPO_MINUTES}m",
            "mtpd": f"{MTPD_MINUTES}m",
            "owner": "Carla Mendes",
            "servicenow": {"ci": [service.ci]},
            "jira": {"label": [service.key]},
            **edits.get(("service", service.key), {}),
        }
        for service in services
    }
    (directory / "services.yaml").write_text(json.dumps({"services": document}, indent=1))
    plans = directory / "plans"
    plans.mkdir(exist_ok=True)
    for service in services:
        plan = _plan(service) | edits.get(("plan", service.plan), {})
        (plans / f"{service.key}.yaml").write_text(_DAY.sub(r"\1", json.dumps(plan, indent=1)))


def _plan(service: Service) -> dict[str, object]:
    return {
        "key": service.plan,
        "name": service.title,
        "services": [service.key],
        "scenario": "site-loss",
        "disruption": "own",
        "on": "servicenow",
        "team": {
            "incident-manager": {
                "person": "Ivan Petrov",
                "phone": "+44 20 7946 0101",
                "email": "ivan.incident@example.com",
            }
        },
        "tasks": {
            step.key: {
                "name": step.name,
                "phase": step.phase,
                "after": list(step.after),
                "duration": "10m",
                "role": "incident-manager",
                "team": step.team,
                "required": step.required,
                "on": [{"jira": place} if place else "servicenow" for place in step.places],
            }
            for step in service.steps
        },
    }
