"""How long it takes from the webhook to the last of ten tasks on both platforms, with 50 ms for each remote call."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tests.bench.scene import Scene
from tests.bench.stopwatch import Figure, began, ended, makes_tasks, quantile

DELAY = 0.05
GOAL = 0.4
MOST_CALLS = 4
WARM = 2


@dataclass(frozen=True)
class Run:
    """One incident: seconds to the last task, the longest chain of calls until then by platform, and all calls."""

    seconds: float
    chain: int
    calls: dict[str, int]


def measure(scene: Scene, count: int = 20) -> Iterable[Figure]:
    """Promote incidents one by one, and time each."""
    for side in scene.running.sides:
        scene.running.steer(side, "POST", "latency", {"seconds": DELAY})
    runs = [_one(scene, number) for number in range(count + WARM)][WARM:]
    for side in scene.running.sides:
        scene.running.steer(side, "POST", "latency", {"seconds": 0})
    seconds = [run.seconds for run in runs]
    chain = max(run.chain for run in runs)
    middle = quantile(seconds, 0.5)
    floor = chain * DELAY
    tickets = sum(len(step.places) for step in scene.service.steps)
    yield Figure(
        f"webhook to the last of {len(scene.service.steps)} tasks on both platforms ({tickets} tickets), 50 ms a call, p50 of {count}",
        f"{middle * 1000:.0f} ms, {middle / floor:.1f} x its floor (p90 {quantile(seconds, 0.9) * 1000:.0f} ms)",
        goal=f"below {GOAL * 1000:.0f} ms with at most {MOST_CALLS} calls in a row",
        calls=f"{chain} in a row",
        floor=f"{floor * 1000:.0f} ms",
        met=middle < GOAL and chain <= MOST_CALLS,
    )
    each = {side: mean(run.calls[side] for run in runs) for side in scene.running.sides}
    yield Figure(
        "calls for an activation, write-back, note and links included",
        ", ".join(f"{side} {number:.1f}" for side, number in each.items()),
        goal=f"at most {MOST_CALLS} each",
        floor="servicenow 1 (a batch), jira 4 (the parent, a bulk, its link, its fields)",
        met=all(number <= MOST_CALLS for number in each.values()),
    )


def _one(scene: Scene, number: int) -> Run:
    made = scene.incident(f"Payments Core is down ({number})")
    scene.settle()
    scene.forget_calls()
    told = len(_told(scene))
    scene.promote(made["number"])
    time.sleep(0.5)
    scene.settle()
    first = next(row for row in _told(scene)[told:] if row["record"] in {made["number"], made["sys_id"]})
    calls = {side: scene.running.calls(side) for side in scene.running.sides}
    last = {side: max(ended(call) for call in found if makes_tasks(call)) for side, found in calls.items()}
    chain = max(_in_a_row(found, last[side]) for side, found in calls.items())
    seconds = (max(last.values()) - began(first)).total_seconds()
    return Run(seconds, chain, {side: len(found) for side, found in calls.items()})


def _in_a_row(calls: list[dict[str, Any]], last: Any) -> int:
    """Count the calls of one platform, one after the other, up to the one that made the last tasks."""
    chain = 0
    free = None
    for call in sorted(calls, key=ended):
        if ended(call) <= last and (free is None or began(call) >= free):
            chain, free = chain + 1, ended(call)
    return chain


def _told(scene: Scene) -> list[dict[str, Any]]:
    return list(scene.running.steer("servicenow", "GET", "webhooks")["sent"])
