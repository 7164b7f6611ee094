"""What goes wrong in a campaign, drawn from its seed: faults on the connector's calls, and how webhooks arrive."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

Fault = Mapping[str, Any]
BATCH = r"/api/now/v1/batch"
JIRA_POST = r"/rest/api/3/issue(/bulk)?(\?|$)"
"""Only the connector speaks version 3 in a campaign: what people do meets no fault."""
CHANCE = 0.06
SLOW = 2.5
"""Seconds of a delay beyond the connector's time limit; the platform does the work all the same, after it."""


def faults(chance: Random) -> Mapping[str, list[Fault]]:
    """Draw the faults of one wave, by platform."""
    return {"servicenow": _servicenow(chance), "jira": _jira(chance)}


def webhooks(chance: Random) -> Mapping[str, Any]:
    """Draw how badly webhooks are delivered in one wave."""
    return {
        "delay": round(chance.uniform(0, 0.3), 3),
        "jitter": round(chance.uniform(0, 0.5), 3),
        "double": round(chance.uniform(0, 0.3), 2),
        "shuffle": chance.random() < 0.5,
        "lose": round(chance.uniform(0, 0.3), 2),
        "seed": chance.randrange(1_000_000),
    }


def _servicenow(chance: Random) -> list[Fault]:
    outer = [
        {"kind": kind, "method": "POST", "path": BATCH, "probability": CHANCE, "times": chance.randint(1, 3)}
        for kind in ("drop_before", "drop_after", "500", "503", "500_after", "503_after", "html_200")
    ]
    outer += [
        {"kind": "429", "path": BATCH, "probability": CHANCE, "times": 2, "retry_after": form} for form in (1, "date")
    ]
    outer.append({"kind": "delay", "path": BATCH, "probability": CHANCE, "times": 1, "seconds": SLOW})
    outer.append({"kind": "unserviced", "path": BATCH, "probability": 0.1, "times": 2, "count": chance.randint(1, 4)})
    inner = [
        {"kind": kind, "method": method, "path": path, "probability": CHANCE, "times": 2, "inner": True}
        for kind in ("500", "503_after", "429")
        for method, path in (
            ("POST", "/incident_task"),
            ("PATCH", "/incident/"),
            ("PATCH", "/incident_task/"),
            ("POST", "/cmdb_ci_service"),
            ("PATCH", "/cmdb_ci_service/"),
            ("PATCH", "/kb_knowledge/"),
        )
    ]
    return [*outer, *inner]


def _jira(chance: Random) -> list[Fault]:
    creates = [
        {"kind": kind, "method": "POST", "path": JIRA_POST, "probability": 0.1, "times": chance.randint(1, 3)}
        for kind in ("drop_before", "drop_after", "500", "503_after")
    ]
    creates.append(
        {"kind": "delay", "method": "POST", "path": JIRA_POST, "probability": 0.1, "times": 1, "seconds": SLOW}
    )
    changes = [
        {"kind": kind, "method": method, "path": path, "probability": 0.08, "times": chance.randint(1, 2)}
        for kind in ("drop_before", "drop_after", "503", "500_after")
        for method, path in (
            ("PUT", "/rest/api/3/issue/"),
            ("POST", "/remotelink"),
            ("POST", "/comment"),
            ("POST", "/transitions"),
            ("GET", "/rest/api/3/"),
        )
    ]
    limits = [
        {"kind": "429", "path": "/rest/api/3/", "probability": 0.04, "times": 3, "retry_after": form}
        for form in (1, "date")
    ]
    return [*creates, *changes, *limits]
