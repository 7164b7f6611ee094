"""A type's workflow as far as it can be seen: its statuses, and the transitions out of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.jira import newest
from adapters.jira.fault import Rejected
from adapters.jira.lookups import IssueType, Project
from adapters.jira.site import Site

HOPS = 4
"""The longest way that is walked."""

_CATEGORIES = {"TODO": "new", "IN_PROGRESS": "indeterminate", "DONE": "done"}


@dataclass(frozen=True)
class Status:
    """`category` is `new`, `indeterminate` or `done`."""

    name: str
    category: str

    @staticmethod
    def of(raw: Any) -> Status:
        found = raw if isinstance(raw, Mapping) else {}
        return Status(str(found.get("name", "")), str((found.get("statusCategory") or {}).get("key", "")))


@dataclass(frozen=True)
class Step:
    """A transition to a status; `asks` are the names of fields that its screen requires of us and we cannot give."""

    id: str
    name: str
    target: Status
    asks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workflow:
    """`steps` holds, by status (folded), the transitions out of it; a status that it does not hold was not seen."""

    statuses: tuple[Status, ...]
    steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)

    def seen(self, status: Status) -> bool:
        return status.name.casefold() in self.steps

    def path(
        self, start: Status, met: Callable[[Status], bool], passes: Callable[[Status], bool]
    ) -> tuple[Step, ...] | None:
        """Return the shortest way of up to `HOPS` steps to a status that is `met`; one that asks for nothing first.

        Between the ends it goes only through what `passes`. None where there is no way among what was seen.
        """
        for free in (True, False):
            found = self._shortest(start, met, passes, free=free)
            if found is not None:
                return found
        return None

    def _shortest(
        self, start: Status, met: Callable[[Status], bool], passes: Callable[[Status], bool], *, free: bool
    ) -> tuple[Step, ...] | None:
        waiting: deque[tuple[Status, tuple[Step, ...]]] = deque([(start, ())])
        known = {start.name.casefold()}
        while waiting:
            status, way = waiting.popleft()
            for step in self.steps.get(status.name.casefold(), ()):
                if (free and step.asks) or step.target.name.casefold() in known:
                    continue
                if met(step.target):
                    return (*way, step)
                if passes(step.target) and len(way) + 1 < HOPS:
                    known.add(step.target.name.casefold())
                    waiting.append((step.target, (*way, step)))
        return None

    def unseen_from(self, start: Status, passes: Callable[[Status], bool]) -> tuple[Status, ...]:
        """Return the statuses on the ways from `start` whose own transitions were not seen."""
        waiting, known = [start], {start.name.casefold(): start}
        while waiting:
            for step in self.steps.get(waiting.pop().name.casefold(), ()):
                if passes(step.target) and step.target.name.casefold() not in known:
                    known[step.target.name.casefold()] = step.target
                    waiting.append(step.target)
        return tuple(status for status in known.values() if not self.seen(status))


def shown(start: Status, way: tuple[Step, ...]) -> str:
    """Return a way as people read it: `To Do -> In Progress -> Done (2 transitions)`."""
    count = f"{len(way)} transition{'s' if len(way) != 1 else ''}"
    return f"{' -> '.join([start.name, *(step.target.name for step in way)])} ({count})"


def asked(fields: Any) -> tuple[str, ...]:
    """Return the names of the fields that a transition's screen requires and that we have nothing for."""
    found = fields if isinstance(fields, Mapping) else {}
    return tuple(
        str(meta.get("name", name))
        for name, meta in found.items()
        if meta.get("required") and not meta.get("hasDefaultValue") and name != "resolution"
    )


def known(site: Site, project: str, issue_type: str) -> Workflow | None:
    """Return what `read` has found for a type (its id), without a call."""
    kept = site.shelf.peek(("workflow", project, issue_type))
    return kept if isinstance(kept, Workflow) else None


def read(site: Site, project: Project, issue_type: IssueType, *, issues: bool) -> Workflow:
    """Read a type's workflow and keep it. Raises the faults of a read.

    On Cloud an administrator sees it whole. For anybody else, and for what a transition's screen asks, `issues` looks
    at what is offered to the newest issue in each status; a status in which no issue stands stays unseen.
    """
    statuses = tuple(Status.of(raw) for raw in site.lookups.statuses_of(project.key, issue_type.id))
    steps = _administered(site, project, issue_type)
    if issues:
        for name, identity in newest.by_status(site, project.key, issue_type.id, [item.name for item in statuses]):
            steps[name.casefold()] = _joined(steps.get(name.casefold(), ()), tuple(_offered(site, identity)))
    kept = known(site, project.key, issue_type.id)
    if not steps and kept is not None:
        return kept  # what a check saw of it is better than nothing
    flow = Workflow(statuses, steps)
    site.shelf.put(("workflow", project.key, issue_type.id), flow)
    return flow


def _administered(site: Site, project: Project, issue_type: IssueType) -> dict[str, tuple[Step, ...]]:
    """Return all transitions, where the account may see them: Cloud's `POST /workflows`, for administrators.

    A transition of type DIRECTED names where it starts in `links`; GLOBAL ones start anywhere; INITIAL makes the issue.
    """
    if not site.connection.cloud or site.shelf.peek("workflows hidden"):
        return {}
    pair = {"projectId": project.id, "issueTypeId": issue_type.id}
    try:
        answer = site.connection.ask("/workflows", {"projectAndIssueTypes": [pair]})
    except Rejected:
        site.shelf.put("workflows hidden", found=True)
        return {}
    told = answer if isinstance(answer, Mapping) else {}
    names = {
        str(item.get("statusReference")): Status(
            str(item.get("name", "")), _CATEGORIES.get(str(item.get("statusCategory")), "indeterminate")
        )
        for item in told.get("statuses") or []
    }
    flows = told.get("workflows") or []
    if len(flows) != 1:
        return {}
    held = [names[key] for item in flows[0].get("statuses") or [] if (key := str(item.get("statusReference"))) in names]
    steps: dict[str, list[Step]] = {status.name.casefold(): [] for status in held}
    for item in flows[0].get("transitions") or []:
        target = names.get(str(item.get("toStatusReference")))
        if target is None or item.get("type") == "INITIAL":
            continue
        starts = [names.get(str(link.get("fromStatusReference"))) for link in item.get("links") or []]
        sources = held if item.get("type") == "GLOBAL" else [status for status in starts if status is not None]
        for source in sources:
            steps.setdefault(source.name.casefold(), []).append(
                Step(str(item.get("id", "")), str(item.get("name", "")), target)
            )
    return {name: tuple(found) for name, found in steps.items()}


def _offered(site: Site, identity: str) -> Iterator[Step]:
    answer = site.connection.get(f"/issue/{identity}/transitions", {"expand": "transitions.fields"})
    for item in answer.get("transitions") or []:
        if item.get("isAvailable", True):
            target = Status.of(item.get("to"))
            yield Step(str(item.get("id", "")), str(item.get("name", "")), target, asked(item.get("fields")))


def _joined(told: tuple[Step, ...], offered: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return what an administrator sees, with what the screens of an issue ask; conditions hide some of it from us."""
    if not told:
        return offered
    asks = {step.id: step.asks for step in offered}
    return tuple(replace(step, asks=asks.get(step.id, ())) for step in told)
