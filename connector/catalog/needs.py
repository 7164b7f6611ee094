"""The names that one connection needs of its platform: groups, projects and configuration items."""

from __future__ import annotations

from connector.catalog.facts import Catalog
from connector.recovery_task import PlanTask
from connector.settings import ConnectionSettings
from connector.ticketing import Names


def needed(catalog: Catalog, connection: ConnectionSettings) -> Names:
    """Return what the tasks that go to a connection, the services named for it and its settings need there."""
    places = {connection.name, connection.platform}
    tasks = [task for plan in catalog.plans.values() for task in plan.tasks if _goes(task, places)]
    projects = [target.project for task in tasks for target in task.targets if target.platform in places]
    items = [item for service in catalog.services.values() for item in service.identifiers if item.platform in places]
    return Names(
        teams=_each(*(task.team for task in tasks), connection.fallback_team, connection.desk_team),
        projects=_each(*projects, connection.project, connection.review_project),
        cis=_each(*(item.name for item in items if item.kind in {"ci", "service"})),
    )


def _goes(task: PlanTask, places: set[str]) -> bool:
    """Tell whether a task may get a ticket here; one without a place goes where the incident is."""
    return not task.targets or any(target.platform in places for target in task.targets)


def _each(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
