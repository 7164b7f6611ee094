"""Values that plans give to fields of the admin's own, held against what the mappings write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from connector import catalog as catalogs
from connector.catalog import Catalog
from connector.mapping_version import MappingVersion
from connector.problem import Problem, nearest
from connector.settings import Settings
from connector.ticketing import Record
from mappings.mapping import Field
from mappings.transforms import NOTHING


def unmapped(settings: Settings, catalog: Catalog, version: MappingVersion, directory: Path) -> Iterable[Problem]:
    """Warn of fields of the admin's own, and of values for them, that no mapping would write where the task goes."""
    places = catalogs.places(directory)
    for plan in catalog.plans.values():
        for task in plan.tasks:
            sides = (settings.connections.get(target.platform) for target in task.targets)
            named = (target.platform for target in task.targets)
            platforms = dict.fromkeys(side.platform if side else name for side, name in zip(sides, named, strict=True))
            for platform in (name for name in platforms if name in version.mappings):
                written = _written(settings, platform, version)
                for name, value in sorted(task.fields.items()):
                    what, fix = _lost(name, value, written, f"mappings/{platform}/recovery_task.yaml")
                    if what:
                        yield Problem(places.where(plan.key, task.key), what, fix, "warning")


def _written(settings: Settings, platform: str, version: MappingVersion) -> list[Field]:
    """Return what is written of a task on a platform: in an activation, and of its plan where tasks are kept there."""
    sides = (side for side in settings.connections.values() if side.platform == platform)
    kept = any(side.records.get("plan_task", "off") != "off" for side in sides)
    records: tuple[Record, ...] = ("recovery_task", "plan_task") if kept else ("recovery_task",)
    return [field for record in records for field in version.mappings[platform][record].fields if field.writes]


def _lost(name: str, value: object, written: Sequence[Field], file: str) -> tuple[str, str]:
    lines = [field for field in written if field.source == name]
    if not lines:
        own = [field.source for field in written if field.source.startswith("x_")]
        return f"'{name}' is written by no line of {file}", nearest(name, own) or "map it there, or take it out"
    known = [ours for field in lines for ours in field.shape.ours]
    if all(field.shape.ours and field.shape.else_write is NOTHING for field in lines) and str(value) not in known:
        fix = nearest(str(value), known) or f"write one of: {', '.join(dict.fromkeys(known))}"
        return f"'{name}' has no value '{value}' in {file}", fix
    return "", ""
