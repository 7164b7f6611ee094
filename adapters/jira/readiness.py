"""What can be looked up and checked before the bad hour: account, projects, types, fields, and what rests on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from adapters.jira import assignees, fitting, offers, permissions, reachability, screens, workflow
from adapters.jira.fault import Rejected
from adapters.jira.lookups import IssueType, Project
from adapters.jira.places import Found, Place, listed, merged
from adapters.jira.site import Site
from connector.problem import Problem, nearest
from connector.ticketing import KEPT, Account, Names, Record

_CREATED: tuple[Record, ...] = ("recovery_task", "activation", "review")


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
    problems += assignees.teams(site, names, found)
    problems += assignees.people(site, names)
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
    problems += offers.values(site, [*created, *followed])
    problems += _edit_screens(site, [*created, *followed])
    problems += _workflows(site, [place for place in created if site.mapping(place.record).named("state")])
    problems += assignees.constants(site)
    for key in _project_keys(site, names):
        problems += permissions.problems(site, key, _made_in(site, names, key))
    account = site.lookups.account()
    name = str(account.get("displayName") or account.get("name") or account.get("accountId") or "unknown")
    return Account(name, tuple(dict.fromkeys(problems)))


def _project_keys(site: Site, names: Names) -> tuple[str, ...]:
    kept = (site.project_of(record) for record in KEPT if record in site.keeps)
    return tuple(dict.fromkeys([key for key in (site.project, *names.projects, *site.projects, *kept) if key]))


def _made_in(site: Site, names: Names, project: str) -> tuple[Record, ...]:
    """Return the records of which issues are created in a project."""
    made = _CREATED if project in {site.project, *names.projects} else ()
    return (*made, *(record for record in KEPT if record in site.keeps and site.project_of(record) == project))


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
    for record in site.concerned:
        mapping = site.mappings[record]
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
    for record in site.concerned:
        for item in site.mapping(record).fields:
            if item.id in known:
                yield from fitting.misfits(item, known[item.id], cloud=site.connection.cloud)


def _places(site: Site, names: Names, projects: Iterable[Project]) -> Iterator[Place]:
    """Yield the types in which issues are created."""
    for project in projects:
        for record in _made_in(site, names, project.key):
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
    own, under = (mapping.setting("issue_type") or "Task", False), (mapping.setting("subtask_type") or "Sub-task", True)
    if record == "plan_task":
        return [under if mapping.named("plan") is not None else own]
    return [own, under] if record in ("recovery_task", "review") else [own]


def _types(site: Site, record: Record, project: Project) -> list[IssueType]:
    found = [project.issue_type(name, subtask=subtask) for name, subtask in _wanted(site, record)]
    return [issue_type for issue_type in found if issue_type is not None]


def _missing_types(site: Site, names: Names, project: Project) -> Iterator[Problem]:
    known = [issue_type.name for issue_type in project.issue_types]
    records = _made_in(site, names, project.key)
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


def _problem(site: Site, where: str, what: str, fix: str, level: str = "error") -> Problem:
    return Problem(f"connections.{site.name}.{where}", what, fix, level)
