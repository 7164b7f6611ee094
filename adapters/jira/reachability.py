"""The states that issues of ours have to reach, held against the workflows of their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.jira.places import PLACE, Place
from adapters.jira.site import Site
from adapters.jira.transition import Goal
from adapters.jira.workflow import Status, Step, Workflow, shown
from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.mapping import Field as Item

_OPEN = ("open", "pending", "in_progress")
_FORWARD: Mapping[Record, tuple[str, ...]] = {
    "recovery_task": ("in_progress", "done", "failed", "skipped"),
    "activation": ("done",),
}
"""The states to which issues of ours are moved, from any open one; a review is left to people."""

_BACK = ("in_progress", "open")


@dataclass
class Seen:
    """What a check of ways found out: besides problems, the statuses (`unseen`) out of which nothing could be seen."""

    problems: list[Problem] = field(default_factory=list)
    unseen: dict[str, None] = field(default_factory=dict)

    def hide(self, statuses: tuple[Status, ...]) -> None:
        self.unseen |= dict.fromkeys(status.name for status in statuses)


def checked(site: Site, record: Record, flow: Workflow) -> Seen:
    """Return what is wrong with the ways of a record's issues; the problems say `PLACE` for their type. No call."""
    found = Seen()
    item = site.mapping(record).named("state")
    if item is None or not item.writes or not flow.statuses or not item.values:
        return found
    goals = {str(state): Goal.of(site.mapping(record), str(state)) for state in item.values}
    reads = next(iter(goals.values())).reads
    starts = [status for status in flow.statuses if reads(status) in _OPEN]
    found.problems += _absent(flow, record, item, goals)
    for start in starts:
        _forward(found, flow, item, start, [goals[state] for state in _FORWARD.get(record, ()) if state in goals])
    if record == "recovery_task":
        _reopened(found, flow, item, starts, goals)
        for start in starts:
            _taken_back(found, flow, item, start, goals)
    return found


def _absent(flow: Workflow, record: Record, item: Item, goals: Mapping[str, Goal]) -> Iterator[Problem]:
    names = [status.name for status in flow.statuses]
    folded = {name.casefold() for name in names}
    for state, goal in goals.items():
        if any(name.casefold() in folded for name in goal.names):
            continue
        near = next((hint for name in goal.names if (hint := nearest(name, names))), "")
        yield item.problem(
            f"{PLACE} has no status called {' or '.join(goal.names)}",
            near or f"add one of: {', '.join(names)}",
            setting=f"values.{state}",
            level="error" if state in _FORWARD.get(record, ()) else "warning",
        )


def _forward(found: Seen, flow: Workflow, item: Item, start: Status, goals: list[Goal]) -> None:
    missing: dict[str, list[str]] = {}
    asking: dict[Step, tuple[Step, ...]] = {}
    long: dict[tuple[Step, ...], list[str]] = {}
    for goal in goals:
        if goal.meets(start) or not any(goal.meets(status) for status in flow.statuses):
            continue  # it stands there already, or the status is told as one that is not there
        way = flow.path(start, goal.meets, goal.passing(start))
        unseen = () if way is not None else flow.unseen_from(start, goal.passing(start))
        found.hide(unseen)
        if way is not None:
            asking |= {step: way for step in way if step.asks}
            if len(way) > 1:
                long.setdefault(way, []).append(goal.state)
        elif not unseen:
            missing.setdefault(_target(flow, goal), []).append(goal.state)
    for target, states in missing.items():
        why = f"for a task that becomes {', '.join(states)}"
        found.problems.append(_none(flow, item, start, target, why, "error"))
    for way, states in long.items():
        what = f"in {PLACE} a task that becomes {', '.join(states)} goes {shown(start, way)}, each told to its watchers"
        fix = f"add the transition {start.name} -> {way[-1].target.name}, if one should do"
        found.problems.append(item.problem(what, fix, setting="values"))
    for step, way in asking.items():
        what = f"the transition '{step.name}' of {PLACE} asks for {', '.join(step.asks)}, which nobody can fill in then"
        fix = "take it off the transition's screen, or give it a default"
        found.problems.append(item.problem(f"{what}; it is on the way {shown(start, way)}", fix, level="error"))


def _reopened(found: Seen, flow: Workflow, item: Item, starts: list[Status], goals: Mapping[str, Goal]) -> None:
    """Look at the ways back of closed tasks: from where we close them, and from where people may have put them."""
    backs = [goals[state] for state in _BACK if state in goals]
    done = goals.get("done")
    ends = [flow.path(start, done.meets, done.passing(start)) for start in starts] if done is not None else []
    ours = {way[-1].target.name for way in ends if way}
    final: list[str] = []
    for status in flow.statuses:
        if status.category != "done" or not backs:
            continue
        if any(flow.path(status, goal.meets, goal.passing(status)) for goal in backs):
            continue
        unseen = tuple(hidden for goal in backs for hidden in flow.unseen_from(status, goal.passing(status)))
        found.hide(unseen)
        if not unseen and status.name in ours:
            why = "for a task that is reopened"
            found.problems.append(_none(flow, item, status, _target(flow, backs[-1]), why, "error"))
        elif not unseen:
            final.append(status.name)
    if final:
        named = " or ".join(f"'{name}'" for name in final)
        what = f"an issue that somebody puts to {named} stays so in {PLACE}, even where its task is reopened"
        found.problems.append(item.problem(what, "add a transition back to an open status", setting="values"))


def _taken_back(found: Seen, flow: Workflow, item: Item, start: Status, goals: Mapping[str, Goal]) -> None:
    """Look at the way back of a task on which work had begun; without it only the two tickets differ."""
    goal = goals.get("open")
    if goal is None or goal.meets(start) or not any(goal.meets(status) for status in flow.statuses):
        return
    if flow.path(start, goal.meets, goal.passing(start)):
        return
    unseen = flow.unseen_from(start, goal.passing(start))
    found.hide(unseen)
    if not unseen:
        why = "for a task that is put back to open"
        found.problems.append(_none(flow, item, start, _target(flow, goal), why, "warning"))


def _target(flow: Workflow, goal: Goal) -> str:
    """Return the status that means a goal in this workflow, as the mapping prefers it."""
    held = {status.name.casefold(): status.name for status in flow.statuses}
    named = next((held[name.casefold()] for name in goal.names if name.casefold() in held), "")
    return named or next((status.name for status in flow.statuses if goal.meets(status)), goal.state)


def _none(flow: Workflow, item: Item, start: Status, target: str, why: str, level: str) -> Problem:
    offered = [step.target.name for step in flow.steps.get(start.name.casefold(), ())]
    there = f"from '{start.name}' one gets to {', '.join(offered)}" if offered else "it has no transition"
    what = f"in {PLACE} no transitions lead from '{start.name}' to '{target}', {why}; {there}"
    return item.problem(what, f"add the transition {start.name} -> {target}", setting="values", level=level)


def hidden(place: Place, flow: Workflow, unseen: Mapping[str, None]) -> str:
    """Return the place, with the statuses whose transitions are unseen where not all are."""
    where = f"{place.type.name} in {place.project.key}"
    return where if len(unseen) == len(flow.statuses) else f"{where} (out of {', '.join(unseen)})"
