"""An issue brought to the status that means a state, by the transitions its workflow offers from where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.jira.fault import Rejected
from adapters.jira.site import Site
from adapters.jira.workflow import HOPS, Status, Workflow, asked, known
from connector.ticketing import Record
from mappings.mapping import Mapping as RecordMapping

READ = ("status", "project", "issuetype")
"""What has to be read of an issue before it is moved."""

_CATEGORIES = {"pending": "new", "open": "new", "in_progress": "indeterminate"}
"""The category of a state's statuses; all other states are closed ones (`done`)."""

_ORDER = {"new": 0, "indeterminate": 1, "done": 2}
_PREFERRED = {1: 0, 2: 1, 0: 2}
"""How welcome a step is that leads so many categories ahead."""

_VERDICTS = frozenset({"canceled", "cancelled", "declined", "rejected", "won't do", "won't fix", "duplicate"})
"""Statuses (folded) that nobody passes through."""

_RESOLUTIONS = {
    "done": ("Done", "Fixed", "Resolved"),
    "skipped": ("Won't Do", "Won't Fix", "Declined"),
    "failed": ("Cannot Reproduce", "Incomplete", "Won't Do", "Won't Fix"),
}
"""Resolutions to be chosen from where a transition asks for one, the first that it offers."""


class NoWay(Exception):
    """The workflow offers no way from where the issue stands; an admin has to mend the mapping or the workflow."""


@dataclass(frozen=True)
class Goal:
    """A neutral state and the names of the statuses that mean it, the preferred first."""

    state: str
    names: tuple[str, ...]
    category: str
    mapping: RecordMapping
    field: str

    @staticmethod
    def of(mapping: RecordMapping, state: str) -> Goal:
        """Return the goal of a state. Raises `NoWay` where the mapping has no states."""
        field = mapping.named("state")
        if field is None:
            what = f"{mapping.file}: fields.state: not mapped, so '{state}' cannot be written; map it to field: status"
            raise NoWay(what)
        return Goal(state, field.values.get(state, ()), _CATEGORIES.get(state, "done"), mapping, field.id)

    def meets(self, status: Status) -> bool:
        """Tell whether a status means the state already, by its name or by what the mapping reads from it."""
        if status.name.casefold() in {name.casefold() for name in self.names}:
            return True
        return bool(self.reads(status) == self.state)

    def reads(self, status: Status) -> Any:
        """Return the state that the mapping reads from a status, None for a name that it does not know."""
        return self.mapping.read({self.field: {"name": status.name}}).values.get("state")

    def resembles(self, status: Status) -> bool:
        """Tell whether a status that the mapping does not know is at least of the right category."""
        return status.category == self.category and self.reads(status) is None

    def passes(self, status: Status) -> bool:
        """Tell whether an issue may stand in a status on its way: no verdict, and closed only on the way to closed."""
        if status.name.casefold() in _VERDICTS or self.reads(status) in ("skipped", "failed", "cancelled"):
            return False
        return status.category != "done" or self.category == "done"

    def passing(self, start: Status) -> Callable[[Status], bool]:
        """Return what may be passed from `start`: an issue in the right category stays in it all the way."""
        stays = start.category == self.category
        return lambda status: self.passes(status) and (status.category == self.category or not stays)

    def choose(self, offered: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return the transition that leads there in one step: to the preferred name, else to any status that fits."""
        # Of two that lead to one status, rather the one whose screen asks for nothing.
        ordered = sorted(offered, key=lambda item: bool(asked(item.get("fields"))))
        targets = [(item, Status.of(item.get("to"))) for item in ordered]
        for name in self.names:
            for item, status in targets:
                if status.name.casefold() == name.casefold():
                    return item
        return next((item for item, status in targets if self.meets(status)), None)


def reach(site: Site, record: Record, identity: str, state: str, present: Mapping[str, Any] | None = None) -> bool:
    """Bring an issue to `state`; tell whether it had to move.

    `present` holds the issue's fields of `READ` if they were just read. Already there, nothing is called. Where the
    workflow is known its shortest way is walked; else, or where it is not as it was, a step at a time. Raises `NoWay`,
    the faults of a call, and `Unclear` for a step whose answer was lost (the state is a level: try again).
    """
    goal = Goal.of(site.mapping(record), state)
    fields = present if present is not None else _fields(site, identity)
    status = Status.of(fields.get("status"))
    if goal.meets(status):
        return False
    visited = [status]
    flow = _known(site, fields)
    offered: list[Mapping[str, Any]] = []
    for _ in range(HOPS):
        offered = _offered(site, identity)
        last = goal.choose(offered)
        step = last or _planned(flow, goal, visited, offered) or _towards(goal, visited, offered)
        if step is None:
            break
        _take(site, identity, step, goal)
        visited.append(Status.of(step.get("to")))
        if step is last:
            return True
    if goal.resembles(visited[-1]):
        return len(visited) > 1
    raise _no_way(goal, visited, offered)


def _fields(site: Site, identity: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = site.connection.get(f"/issue/{identity}", {"fields": ",".join(READ)})["fields"]
    return found


def _known(site: Site, fields: Mapping[str, Any]) -> Workflow | None:
    project, issue_type = fields.get("project"), fields.get("issuetype")
    if not isinstance(project, Mapping) or not isinstance(issue_type, Mapping):
        return None
    return known(site, str(project.get("key", "")), str(issue_type.get("id", "")))


def _planned(
    flow: Workflow | None, goal: Goal, visited: Sequence[Status], offered: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Return the first step of the known workflow's way, if it is offered and leads to no status seen already."""
    way = flow.path(visited[-1], goal.meets, goal.passing(visited[-1])) if flow is not None else None
    if not way:
        return None
    seen = {status.name.casefold() for status in visited}
    wanted = way[0].target.name.casefold()
    fitting = [item for item in offered if Status.of(item.get("to")).name.casefold() == wanted]
    if wanted in seen:
        return None
    return next((item for item in fitting if str(item.get("id")) == way[0].id), next(iter(fitting), None))


def _offered(site: Site, identity: str) -> list[Mapping[str, Any]]:
    answer = site.connection.get(f"/issue/{identity}/transitions", {"expand": "transitions.fields"})
    return [item for item in answer.get("transitions") or [] if item.get("isAvailable", True)]


def _towards(goal: Goal, visited: Sequence[Status], offered: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return a step to a status not seen yet, rather to the next category than past it, and never to a verdict.

    A closed status is passed only on the way to another closed one, and an issue that is in the right category stays in
    it: none is reopened to be closed in another way.
    """
    seen = {status.name.casefold() for status in visited}
    present, goal_place = _ORDER.get(visited[-1].category, 1), _ORDER[goal.category]
    steps: list[tuple[int, int, Mapping[str, Any]]] = []
    for place, item in enumerate(offered):
        status = Status.of(item.get("to"))
        if status.name.casefold() in seen or not goal.passes(status):
            continue
        if status.category != goal.category and (present == goal_place or status.category == "done"):
            continue
        ahead = (_ORDER.get(status.category, 1) - present) * (1 if goal_place > present else -1)
        steps.append((_PREFERRED.get(ahead, 3), place, item))
    return min(steps, key=lambda step: step[:2])[2] if steps else None


def _take(site: Site, identity: str, step: Mapping[str, Any], goal: Goal) -> None:
    body: dict[str, Any] = {"transition": {"id": str(step["id"])}}
    fields = step.get("fields") or {}
    resolution = _resolution(fields.get("resolution"), goal)
    if resolution:
        body["fields"] = {"resolution": {"name": resolution}}
    lacking = asked(fields)
    if lacking:
        told = f"the transition '{step.get('name')}' asks for {', '.join(lacking)}, which nobody can fill in here"
        raise NoWay(f"{told}; take the field off its screen, or give it a default")
    try:
        site.connection.post(f"/issue/{identity}/transitions", body)
    except Rejected:
        # Somebody may have been quicker: what counts is where it stands now.
        if not goal.meets(Status.of(_fields(site, identity).get("status"))):
            raise


def _resolution(meta: Any, goal: Goal) -> str:
    if not isinstance(meta, Mapping) or goal.category != "done":
        return ""
    allowed = [str(item.get("name")) for item in meta.get("allowedValues") or []]
    own = goal.mapping.setting("resolution")
    wished = [*([own] if own and goal.state == "done" else []), *_RESOLUTIONS.get(goal.state, ())]
    folded = {name.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"): name for name in allowed}
    found = next((folded[name.casefold()] for name in wished if name.casefold() in folded), "")
    return found or (allowed[0] if allowed and meta.get("required") else "")


def _no_way(goal: Goal, visited: Sequence[Status], offered: Sequence[Mapping[str, Any]]) -> NoWay:
    ways = ", ".join(f"'{item.get('name')}' to '{Status.of(item.get('to')).name}'" for item in offered) or "none"
    wanted = " or ".join(f"'{name}'" for name in goal.names) or f"a status for '{goal.state}'"
    passed = f" (by way of {', '.join(repr(status.name) for status in visited[:-1])})" if len(visited) > 1 else ""
    return NoWay(
        f"the issue stands in '{visited[-1].name}'{passed} and its workflow offers no way to {wanted}; transitions "
        f"offered: {ways}; add the status that means '{goal.state}' to {goal.mapping.file}: fields.state.values"
    )
