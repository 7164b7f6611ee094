"""An issue brought to the status that means a state, by the transitions its workflow offers from where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.jira.fault import Rejected
from adapters.jira.site import Site
from connector.ticketing import Record
from mappings.mapping import Mapping as RecordMapping

HOPS = 4
"""The longest way that is walked."""

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
class Status:
    name: str
    category: str

    @staticmethod
    def of(raw: Any) -> Status:
        found = raw if isinstance(raw, Mapping) else {}
        return Status(str(found.get("name", "")), str((found.get("statusCategory") or {}).get("key", "")))


@dataclass(frozen=True)
class _Goal:
    """A neutral state and the names of the statuses that mean it, the preferred first."""

    state: str
    names: tuple[str, ...]
    category: str
    mapping: RecordMapping
    field: str

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

    def choose(self, offered: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return the transition that leads there in one step: to the preferred name, else to any status that fits."""
        targets = [(item, Status.of(item.get("to"))) for item in offered]
        for name in self.names:
            for item, status in targets:
                if status.name.casefold() == name.casefold():
                    return item
        return next((item for item, status in targets if self.meets(status)), None)


def reach(site: Site, record: Record, identity: str, state: str, present: Mapping[str, Any] | None = None) -> bool:
    """Bring an issue to `state`; tell whether it had to move.

    `present` is the issue's `status` field if it was just read. Already there, nothing is called. Raises `NoWay`, the
    faults of a call, and `Unclear` for a step whose answer was lost (the state is a level: try again).
    """
    mapping = site.mapping(record)
    field = mapping.named("state")
    if field is None:
        raise NoWay(
            f"{mapping.file}: fields.state: not mapped, so '{state}' cannot be written; map it to field: status"
        )
    names = field.values.get(state, ())
    goal = _Goal(state, names, _CATEGORIES.get(state, "done"), mapping, field.id)
    status = Status.of(present if present is not None else _status(site, identity))
    if goal.meets(status):
        return False
    visited = [status]
    offered: list[Mapping[str, Any]] = []
    for _ in range(HOPS):
        offered = _offered(site, identity)
        last = goal.choose(offered)
        step = last or _towards(goal, visited, offered)
        if step is None:
            break
        _take(site, identity, step, goal)
        visited.append(Status.of(step.get("to")))
        if step is last:
            return True
    if goal.resembles(visited[-1]):
        return len(visited) > 1
    raise _no_way(goal, visited, offered)


def _status(site: Site, identity: str) -> Any:
    return site.connection.get(f"/issue/{identity}", {"fields": "status"})["fields"].get("status")


def _offered(site: Site, identity: str) -> list[Mapping[str, Any]]:
    answer = site.connection.get(f"/issue/{identity}/transitions", {"expand": "transitions.fields"})
    return [item for item in answer.get("transitions") or [] if item.get("isAvailable", True)]


def _towards(goal: _Goal, visited: Sequence[Status], offered: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return a step to a status not seen yet, rather to the next category than past it, and never to a verdict.

    A closed status is passed only on the way to another closed one, and an issue that is in the right category stays in
    it: none is reopened to be closed in another way.
    """
    seen = {status.name.casefold() for status in visited}
    present, goal_place = _ORDER.get(visited[-1].category, 1), _ORDER[goal.category]
    steps: list[tuple[int, int, Mapping[str, Any]]] = []
    for place, item in enumerate(offered):
        status = Status.of(item.get("to"))
        if status.name.casefold() in seen | _VERDICTS or goal.reads(status) in ("skipped", "failed", "cancelled"):
            continue
        if status.category != goal.category and (present == goal_place or status.category == "done"):
            continue
        ahead = (_ORDER.get(status.category, 1) - present) * (1 if goal_place > present else -1)
        steps.append((_PREFERRED.get(ahead, 3), place, item))
    return min(steps, key=lambda step: step[:2])[2] if steps else None


def _take(site: Site, identity: str, step: Mapping[str, Any], goal: _Goal) -> None:
    body: dict[str, Any] = {"transition": {"id": str(step["id"])}}
    fields = step.get("fields") or {}
    resolution = _resolution(fields.get("resolution"), goal)
    if resolution:
        body["fields"] = {"resolution": {"name": resolution}}
    lacking = [
        str(meta.get("name", name))
        for name, meta in fields.items()
        if meta.get("required") and not meta.get("hasDefaultValue") and name != "resolution"
    ]
    if lacking:
        told = f"the transition '{step.get('name')}' asks for {', '.join(lacking)}, which nobody can fill in here"
        raise NoWay(f"{told}; take the field off its screen, or give it a default")
    try:
        site.connection.post(f"/issue/{identity}/transitions", body)
    except Rejected:
        # Somebody may have been quicker: what counts is where it stands now.
        if not goal.meets(Status.of(_status(site, identity))):
            raise


def _resolution(meta: Any, goal: _Goal) -> str:
    if not isinstance(meta, Mapping) or goal.category != "done":
        return ""
    allowed = [str(item.get("name")) for item in meta.get("allowedValues") or []]
    own = goal.mapping.setting("resolution")
    wished = [*([own] if own and goal.state == "done" else []), *_RESOLUTIONS.get(goal.state, ())]
    folded = {name.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"): name for name in allowed}
    found = next((folded[name.casefold()] for name in wished if name.casefold() in folded), "")
    return found or (allowed[0] if allowed and meta.get("required") else "")


def _no_way(goal: _Goal, visited: Sequence[Status], offered: Sequence[Mapping[str, Any]]) -> NoWay:
    ways = ", ".join(f"'{item.get('name')}' to '{Status.of(item.get('to')).name}'" for item in offered) or "none"
    wanted = " or ".join(f"'{name}'" for name in goal.names) or f"a status for '{goal.state}'"
    passed = f" (by way of {', '.join(repr(status.name) for status in visited[:-1])})" if len(visited) > 1 else ""
    return NoWay(
        f"the issue stands in '{visited[-1].name}'{passed} and its workflow offers no way to {wanted}; transitions "
        f"offered: {ways}; add the status that means '{goal.state}' to {goal.mapping.file}: fields.state.values"
    )
