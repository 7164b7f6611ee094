"""What can be looked up and checked before the bad hour: account, projects, types, people, permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from adapters.jira import fitting, people, reachability, screens, workflow
from adapters.jira.fault import Rejected
from adapters.jira.lookups import IssueType, Project
from adapters.jira.places import Found, Place, listed, merged
from adapters.jira.site import Site
from connector.problem import Problem, nearest
from connector.ticketing import Account, Names, Record
from mappings.mapping import Field as Item
from mappings.transforms import NOTHING, Lookup

_CREATED: tuple[Record, ...] = ("recovery_task", "activation", "review")
_PERMISSIONS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES")
_OF_FIELDS: Mapping[str, str] = {"ASSIGN_ISSUES": "assignee", "SCHEDULE_ISSUES": "duedate"}
"""Permissions without which Jira refuses one field, and the rest of the write does without it."""


def warm(site: Site, names: Names) -> tuple[Problem, ...]:
    """Look up all that a send needs, and keep it; problems name what does not exist. Raises the faults of a read.

    Everything is asked anew, so that an hour passes before a send has to ask.
    """
    site.shelf.age()
    site.lookups.account()
    problems = list(_fields(site))
    found, told = _projects(site, names)
    problems += told
    places = list(_places(site, names, found))
    problems += merged((place, problem) for place in places for problem in screens.created(site, place))
    for place in places:
        workflow.read(site, place.project, place.type, issues=False)
    for project in found:
        problems += _missing_types(site, names, project)
    site.lookups.issue_types()
    problems += _teams(site, names, found)
    problems += _people(site, names)
    return tuple(dict.fromkeys(problems))


def check(site: Site, names: Names) -> Account:
    """Compare what the connection needs with what its account sees, everything anew. Raises the faults of a read."""
    site.shelf.forget()
    problems = list(_flavour(site))
    problems += warm(site, names)
    found, _ = _projects(site, names)
    created = list(_places(site, names, found))
    followed = list(_incidents(site, found))
    problems += _types_of_fields(site)
    problems += screens.values(site, [*created, *followed])
    problems += _edit_screens(site, [*created, *followed])
    problems += _workflows(site, created)
    problems += _constant_people(site)
    for key in _project_keys(site, names):
        problems += _permissions(site, key, written=key in _written(site, names))
    account = site.lookups.account()
    name = str(account.get("displayName") or account.get("name") or account.get("accountId") or "unknown")
    return Account(name, tuple(dict.fromkeys(problems)))


def _project_keys(site: Site, names: Names) -> tuple[str, ...]:
    return tuple(dict.fromkeys([key for key in (site.project, *names.projects, *site.projects) if key]))


def _written(site: Site, names: Names) -> frozenset[str]:
    """Return the keys of the projects in which issues are created."""
    return frozenset({site.project, *names.projects})


def _projects(site: Site, names: Names) -> tuple[list[Project], list[Problem]]:
    found: list[Project] = []
    problems: list[Problem] = []
    for key in _project_keys(site, names):
        try:
            found.append(site.lookups.project(key))
        except Rejected as error:
            fix = "create it, or correct its key"
            problems.append(_problem(site, f"projects.{key}", f"cannot be read ({error})", fix))
    return found, problems


def _flavour(site: Site) -> Iterator[Problem]:
    info = site.connection.get("/serverInfo")
    told = str((info if isinstance(info, Mapping) else {}).get("deploymentType", ""))
    actual = "cloud" if told == "Cloud" else "datacenter"
    if told and actual != site.connection.flavour:
        yield _problem(site, "flavour", f"set to {site.connection.flavour}, but this is {told}", f"set it to {actual}")


def _fields(site: Site) -> Iterator[Problem]:
    known = site.lookups.fields()
    for record, mapping in site.mappings.records.items():
        for item in site.mapping(record).missing:
            names = [*(field.name for field in known), *(field.id for field in known)]
            fix = nearest(item.field, names) or "create the field, map another one, or write optional: true"
            yield item.problem(f"{site.name} has no field '{item.field}'", fix, level="error")
        for item in mapping.fields:
            twins = [field.id for field in known if field.name.casefold() == item.field.casefold() and field.custom]
            if len(twins) > 1:
                fix = f"name the one you mean by its id: {', '.join(twins)}"
                yield item.problem(f"{site.name} has {len(twins)} fields '{item.field}'", fix)


def _types_of_fields(site: Site) -> Iterator[Problem]:
    known = {field.id: field for field in site.lookups.fields()}
    for record in site.mappings.records:
        for item in site.mapping(record).fields:
            if item.id in known:
                yield from fitting.misfits(item, known[item.id], cloud=site.connection.cloud)


def _places(site: Site, names: Names, projects: Iterable[Project]) -> Iterator[Place]:
    """Yield the types in which issues are created."""
    for project in projects:
        if project.key in _written(site, names):
            for record in _CREATED:
                yield from (Place(record, project, kind) for kind in _types(site, record, project))


def _incidents(site: Site, projects: Iterable[Project]) -> Iterator[Place]:
    """Yield the types whose issues are incidents, in the projects whose incidents are followed."""
    for project in projects:
        if project.key in site.projects:
            yield from (Place("incident", project, kind) for kind in _types(site, "incident", project))


def _wanted(site: Site, record: Record) -> list[tuple[str, bool]]:
    if record == "incident":
        return [(name, False) for name in site.incident_types]
    mapping = site.mappings[record]
    wanted = [(mapping.setting("issue_type") or "Task", False)]
    return (
        [*wanted, (mapping.setting("subtask_type") or "Sub-task", True)]
        if record in ("recovery_task", "review")
        else wanted
    )


def _types(site: Site, record: Record, project: Project) -> list[IssueType]:
    found = [project.issue_type(name, subtask=subtask) for name, subtask in _wanted(site, record)]
    return [issue_type for issue_type in found if issue_type is not None]


def _missing_types(site: Site, names: Names, project: Project) -> Iterator[Problem]:
    known = [issue_type.name for issue_type in project.issue_types]
    records: tuple[Record, ...] = _CREATED if project.key in _written(site, names) else ()
    # Of the types that count as incidents one is enough.
    if project.key in site.projects and not _types(site, "incident", project):
        records = ("incident", *records)
    for record in records:
        for name, subtask in _wanted(site, record):
            if project.issue_type(name, subtask=subtask) is None:
                setting = "subtask_type" if subtask else "issue_type"
                fix = nearest(name, known) or f"name one of: {', '.join(known)}"
                what = f"project {project.key} has no issue type '{name}'"
                yield Problem(f"{site.mappings[record].file}: {setting}", what, fix)


def _edit_screens(site: Site, places: Iterable[Place]) -> Iterator[Problem]:
    unseen: list[Place] = []
    found: list[Found] = []
    for place in places:
        problems = screens.edited(site, place)
        if problems is None:
            unseen.append(place)
        else:
            found += ((place, problem) for problem in problems)
    yield from merged(found)
    if unseen:
        what = f"the edit screens of {listed(unseen)} could not be seen: no issue stands there"
        fix = "check again when one does (an exercise makes some)"
        yield _problem(site, "screens", what, fix, "warning")


def _workflows(site: Site, places: Iterable[Place]) -> Iterator[Problem]:
    flows: dict[tuple[str, str], workflow.Workflow] = {}
    found: list[Found] = []
    hidden: dict[tuple[str, str], tuple[Place, dict[str, None]]] = {}
    for place in places:
        # Several records of ours can be of one type.
        key = (place.project.key, place.type.id)
        if key not in flows:
            flows[key] = workflow.read(site, place.project, place.type, issues=True)
        seen = reachability.checked(site, place.record, flows[key])
        found += ((place, problem) for problem in seen.problems)
        if seen.unseen:
            hidden.setdefault(key, (place, {}))[1].update(seen.unseen)
    yield from merged(found)
    if hidden:
        unseen = "; ".join(reachability.hidden(place, flows[key], names) for key, (place, names) in hidden.items())
        what = f"not all transitions could be seen, because no issue stands there: {unseen}"
        cloud = "let an administrator's account check once, or " if site.connection.cloud else ""
        fix = f"{cloud}check again when an issue stands in each (an exercise makes some)"
        yield _problem(site, "workflows", what, fix, "warning")


def _teams(site: Site, names: Names, projects: list[Project]) -> Iterator[Problem]:
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
            yield _problem(site, "teams", f"no component '{team}' in {where}", fix, "warning")


def _people(site: Site, names: Names) -> Iterator[Problem]:
    field = site.mapping("recovery_task").named("assignee")
    lookup = (field.shape.lookup if field is not None else None) or Lookup("user")
    for person in names.people:
        told = _unknown(site, lookup, person)
        if told:
            fix = "write the name or address as Jira has it; until then the tasks have no assignee"
            yield _problem(site, "people", told, fix, "warning")


def _constant_people(site: Site) -> Iterator[Problem]:
    """Yield the people whom a mapping itself names and Jira does not know, and lookups that the flavour has not."""
    flavour = site.connection.cloud
    for record in site.mappings.records:
        for item in site.mapping(record).fields:
            lookup = item.shape.lookup
            if lookup is None or lookup.kind != "user" or not item.writes:
                continue
            if lookup.by and lookup.by not in people.NAMED_BY[flavour]:
                fix = f"write one of: {', '.join(people.NAMED_BY[flavour])}"
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


def _permissions(site: Site, project: str, *, written: bool) -> Iterator[Problem]:
    wanted = [name for name in _PERMISSIONS if written or name != "CREATE_ISSUES"]
    of_fields = {name: field for name, field in _OF_FIELDS.items() if written and _writes(site, field)}
    asked = {"projectKey": project, "permissions": ",".join((*wanted, *of_fields))}
    try:
        answer = site.connection.get("/mypermissions", asked)
    except Rejected:
        # A project that cannot be read was reported already.
        return
    held = answer.get("permissions") or {}
    lacking = [name for name in (*wanted, *of_fields) if not (held.get(name) or {}).get("havePermission")]
    fix = "grant them to the account in the project's permission scheme"
    needed = [name for name in lacking if name in wanted]
    if needed:
        yield _problem(site, f"projects.{project}", f"the account lacks {', '.join(needed)}", fix)
    for name in (name for name in lacking if name in of_fields):
        what = f"the account lacks {name}, so that '{of_fields[name]}' is left out there"
        yield _problem(site, f"projects.{project}", what, fix, "warning")


def _writes(site: Site, field: str) -> bool:
    return any(item.writes and item.id == field for record in _CREATED for item in site.mapping(record).fields)


def _problem(site: Site, where: str, what: str, fix: str, level: str = "error") -> Problem:
    return Problem(f"connections.{site.name}.{where}", what, fix, level)
