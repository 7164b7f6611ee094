"""What the tickets of an activation are created with, and where: one place, for an activation as for its preflight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector import wording
from connector.flows.parts import Connection, Parts
from connector.recovery_status import recovery_status
from connector.recovery_task import Target
from connector.standing import Standing, TaskStanding
from connector.value import iso

_OF_THE_INCIDENT = frozenset({"assignment_group", "service"})


@dataclass(frozen=True)
class Occasion:
    """What a plan is carried out for.

    `number` is the activation's (`ACT-3`), `services` are keys. `connection` and `platform_id` say where the incident
    is ("" without one), `incident` is its number, `facts` what is known of it. `link` is the address of the page.
    """

    number: str
    services: tuple[str, ...]
    link: str
    connection: str = ""
    platform_id: str = ""
    incident: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Creates:
    """Composes the creates of one activation as it stands; reads and changes nothing."""

    def __init__(self, parts: Parts, standing: Standing, occasion: Occasion) -> None:
        self._parts = parts
        self._standing = standing
        self._occasion = occasion
        self._planned = {task.key: (place, task) for place, task in enumerate(standing.plan.tasks, 1)}

    def targets(self, connection: Connection) -> Iterator[tuple[TaskStanding, str]]:
        """Yield the tasks that stand on a connection, with the project each is in."""
        for task in self._standing.tasks.values():
            own = self._planned[task.key][1].targets if task.key in self._planned else ()
            for target in own or (self._desk_target(),):
                found = self._parts.connection_for(target.platform, self._occasion.connection)
                project = target.project
                if found is None:  # a connection that was taken out: the incident's side gets the task
                    found, project = self._desk_connection(), ""
                if found is not None and found.name == connection.name:
                    yield task, project or connection.project

    def projects(self, connection: Connection) -> tuple[str, ...]:
        """Return the projects in which the activation has a ticket of its own on a connection, as a parent."""
        if not connection.ticketing.traits.activation_is_ticket:
            return ()
        found = [project for _, project in self.targets(connection)]
        if self.review_here(connection):
            found.append(connection.review_project or connection.project)
        return tuple(dict.fromkeys(found))

    def review_here(self, connection: Connection) -> bool:
        """Tell whether the review belongs on a connection: it goes where questions to the desk go."""
        found = self._desk_connection()
        return found is not None and found.name == connection.name

    def activation(self, project: str) -> dict[str, Any]:
        """Return what the activation's own ticket in a project is created with."""
        standing, occasion = self._standing, self._occasion
        return {
            "title": wording.label(
                f"{standing.plan.name} - {occasion.incident or occasion.number}", exercise=standing.exercise
            ),
            "text": wording.activation_text(standing, occasion.incident, occasion.services, occasion.link),
            "project": project,
            "continuity_link": occasion.link,
            **self.status(),
        }

    def task(
        self, connection: Connection, task: TaskStanding, project: str, parent: str, *, lasting: bool
    ) -> dict[str, Any]:
        """Return what a recovery task or a question is created with; `parent` is the activation's ticket, if any."""
        standing, occasion = self._standing, self._occasion
        _, planned = self._planned.get(task.key, (0, None))
        return {
            **self.facts_of(connection, task),
            "text": wording.task_text(standing, planned, occasion.incident, occasion.link)
            if planned
            else wording.question_text(standing, task, occasion.incident, occasion.link),
            "state": task.state.value,
            "due_at": iso(task.due_at),
            "assignee": "",
            "project": project,
            "continuity_link": occasion.link,
            "continuity_plan": standing.plan.key,
            "lasting": lasting,
            **self._hung(connection, parent),
        }

    def review(self, connection: Connection, parent: str) -> dict[str, Any]:
        """Return what the post-incident review is created with."""
        standing, occasion = self._standing, self._occasion
        return {
            "title": wording.label(
                f"Post-incident review: {standing.plan.name} - {occasion.incident or occasion.number}",
                exercise=standing.exercise,
            ),
            "text": wording.review_text(standing, occasion.incident, occasion.link),
            "state": "open",
            "team": connection.desk_team,
            "project": connection.review_project or connection.project,
            "continuity_link": occasion.link,
            **self._hung(connection, parent),
        }

    def facts_of(self, connection: Connection, task: TaskStanding) -> dict[str, Any]:
        """Return what does not change of a recovery task while it is carried out."""
        place, planned = self._planned.get(task.key, (0, None))
        return {
            "title": wording.task_title(self._standing, task),
            "team": planned.team if planned else connection.desk_team,
            "order": place * 100 if planned else 10,
            "priority": 4 if self._standing.exercise else 1,
            "required": planned.required if planned else True,
            **(planned.fields if planned else {}),
        }

    def status(self) -> dict[str, Any]:
        """Return the fields that say where recovery stands."""
        status = recovery_status(self._standing)
        return {
            "continuity_plan": self._standing.plan.key,
            "continuity_phase": wording.PHASE_NAMES[status.phase],
            "recovery_status": status.text,
            "recovery_progress": status.percent,
            "rto_due": iso(status.due_at),
        }

    def about(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a mapping's conditions may ask when a ticket is written of which `facts` are known."""
        incident = {name: value for name, value in self._occasion.facts.items() if name in _OF_THE_INCIDENT}
        return {**incident, **facts, "exercise": self._standing.exercise}

    def _hung(self, connection: Connection, parent: str) -> dict[str, Any]:
        """Name the incident and the parent of a ticket to be made."""
        here = connection.name == self._occasion.connection
        hung = {"incident": self._occasion.platform_id} if here else {}
        return hung | ({"parent": parent} if connection.ticketing.traits.activation_is_ticket else {})

    def _desk_target(self) -> Target:
        """Where questions to the desk go: the incident's side, or the first task's for an activation without one."""
        if self._occasion.connection:
            return Target(self._occasion.connection)
        return next((target for task in self._standing.plan.tasks for target in task.targets), Target(""))

    def _desk_connection(self) -> Connection | None:
        found = self._parts.connection_for(self._desk_target().platform, self._occasion.connection)
        return found or next(iter(self._parts.connections.values()), None)
