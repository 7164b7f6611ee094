"""The teams and people that plans and mappings name, and whether Jira knows them."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.jira.lookups import Project
from adapters.jira.people import NAMED_BY
from adapters.jira.site import Site
from connector.problem import Problem, nearest
from connector.ticketing import Names
from mappings.mapping import Field as Item
from mappings.transforms import NOTHING, Lookup


def teams(site: Site, names: Names, projects: list[Project]) -> Iterator[Problem]:
    """Yield the teams of plans that no project has as a component."""
    field = site.mapping("recovery_task").named("team")
    known = {component.casefold() for project in projects for component in project.components}
    if field is None or field.id != "components" or not projects:
        return
    for team in dict.fromkeys([*names.teams, *([site.fallback_team] if site.fallback_team else [])]):
        if team.casefold() not in known:
            where = ", ".join(project.key for project in projects)
            near = nearest(team, (component for project in projects for component in project.components))
            other = site.fallback_team if site.fallback_team != team else ""
            until = f"until then its tasks go to {repr(other) if other else 'nobody'}"
            fix = f"{near} Else create it; {until}" if near else f"create it; {until}"
            yield Problem(f"connections.{site.name}.teams", f"no component '{team}' in {where}", fix, "warning")


def people(site: Site, names: Names) -> Iterator[Problem]:
    """Yield the people of plans whom Jira does not know."""
    field = site.mapping("recovery_task").named("assignee")
    lookup = (field.shape.lookup if field is not None else None) or Lookup("user")
    for person in names.people:
        told = _unknown(site, lookup, person)
        if told:
            fix = "write the name or address as Jira has it; until then the tasks have no assignee"
            yield Problem(f"connections.{site.name}.people", told, fix, "warning")


def constants(site: Site) -> Iterator[Problem]:
    """Yield the people whom a mapping itself names and Jira does not know, and lookups that the flavour has not."""
    flavour = site.connection.cloud
    for record in site.concerned:
        for item in site.mapping(record).fields:
            lookup = item.shape.lookup
            if lookup is None or lookup.kind != "user" or not item.writes:
                continue
            if lookup.by and lookup.by not in NAMED_BY[flavour]:
                fix = f"write one of: {', '.join(NAMED_BY[flavour])}"
                what = f"this Jira finds nobody by '{lookup.by}'"
                yield item.problem(what, fix, setting="lookup.by", level="error")
                continue
            for setting, name in _named(item):
                told = _unknown(site, lookup, name)
                if told:
                    yield item.problem(told, "write the name as Jira has it", setting=setting, level="error")


def _named(item: Item) -> Iterator[tuple[str, str]]:
    given = (("default", item.default), ("else.write", item.shape.else_write))
    return ((setting, str(name)) for setting, name in given if name not in (NOTHING, "", None))


def _unknown(site: Site, lookup: Lookup, name: str) -> str:
    """Return what keeps a person from being found, "" if nothing does."""
    found = site.lookups.people(lookup, name)
    if not found:
        return f"'{name}' is nobody there who can be given work" + (f", by {lookup.by}" if lookup.by else "")
    if len(found) > 1 and lookup.several != "first":
        return f"'{name}' is {len(found)} people there: {', '.join(found)}"
    return ""
