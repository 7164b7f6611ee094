"""Values that plans give to fields of the admin's own, held against what the mappings write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connector import catalog as catalogs
from connector.catalog import Catalog
from connector.mapping_version import MappingVersion
from connector.problem import Problem, nearest
from connector.settings import Settings


def unmapped(settings: Settings, catalog: Catalog, version: MappingVersion, directory: Path) -> Iterable[Problem]:
    """Warn of values for fields of the admin's own that no mapping would write where the task goes."""
    written = {
        platform: {field.source for field in mappings["recovery_task"].fields if field.writes}
        for platform, mappings in version.mappings.items()
    }
    places = catalogs.places(directory)
    for plan in catalog.plans.values():
        for task in plan.tasks:
            sides = (settings.connections.get(target.platform) for target in task.targets)
            named = (target.platform for target in task.targets)
            platforms = dict.fromkeys(side.platform if side else name for side, name in zip(sides, named, strict=True))
            for platform in (name for name in platforms if name in written):
                for name in sorted(set(task.fields) - written[platform]):
                    what = f"'{name}' is written by no line of mappings/{platform}/recovery_task.yaml"
                    own = [other for other in written[platform] if other.startswith("x_")]
                    fix = nearest(name, own) or "map it there, or take it out"
                    yield Problem(places.where(plan.key, task.key), what, fix, "warning")
