"""What can be looked up and checked before the bad hour: account, projects, types, screens, statuses, permissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.jira.fault import Rejected
from adapters.jira.lookups import IssueType, Project
from adapters.jira.site import Site
from connector.problem import Problem, nearest
from connector.ticketing import Account, Names, Record

_CREATED: tuple[Record, ...] = ("activation", "recovery_task", "review")
_PERMISSIONS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES")


def warm(site: Site, names: Names) -> tuple[Problem, ...]:
    """Look up all that a send needs, and keep it; problems name what does not exist. Raises the faults of a read.

    Everything is asked anew, so that an hour passes before a send has to ask.
    """
    site.shelf.age()
    site.lookups.account()
    problems = list(_fields(site))
    projects: list[Project] = []
    for key in _project_keys(site, names):
        try:
            projects.append(site.lookups.project(key))
        except Rejected as error:
            problems.append(
                _problem(site, f"projects.{key}", f"cannot be read ({error})", "create it, or correct its key")
            )
    for project in projects:
        problems += _screens(site, names, project)
    site.lookups.issue_types()
    problems += _teams(site, names, projects)
    problems += _people(site, names)
    return tuple(problems)


def check(site: Site, names: Names) -> Account:
    """Compare what the connection needs with what its account sees, everything anew. Raises the faults of a read."""
    site.shelf.forget()
    problems = list(_flavour(site))
    problems += warm(site, names)
    problems += _statuses(site)
    problems += _priorities(site, names)
    for key in _project_keys(site, names):
        problems += _permissions(site, key)
    account = site.lookups.account()
    name = str(account.get("displayName") or account.get("name") or account.get("accountId") or "unknown")
    return Account(name, tuple(problems))


def _project_keys(site: Site, names: Names) -> tuple[str, ...]:
    return tuple(dict.fromkeys([key for key in (site.project, *names.projects, *site.projects) if key]))


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
            fix = nearest(item.field, (field.name for field in known)) or "create the field, or map another one"
            yield Problem(
                f"{mapping.file}: fields.{item.name}", f"{site.name} has no field '{item.field}'", fix, "warning"
            )
        for item in mapping.fields:
            twins = [field.id for field in known if field.name.casefold() == item.field.casefold() and field.custom]
            if len(twins) > 1:
                fix = f"name the one you mean by its id: {', '.join(twins)}"
                what = f"{site.name} has {len(twins)} fields '{item.field}'"
                yield Problem(f"{mapping.file}: fields.{item.name}", what, fix, "warning")


def _screens(site: Site, names: Names, project: Project) -> Iterator[Problem]:
    """Keep the create screens of the types used, and say which types are missing and which fields are on no screen."""
    written = project.key in (site.project, *names.projects)
    records: tuple[Record, ...] = _CREATED if written else ()
    if project.key in site.projects:
        records = ("incident", *records)
    for record in records:
        mapping = site.mapping(record)
        for issue_type in _types(site, record, project):
            screen = site.lookups.screen(project.key, issue_type.id)
            for item in mapping.fields:
                if item.writes and item.id.startswith("customfield_") and item.id not in screen:
                    what = f"'{item.field}' is not on the create screen of {issue_type.name} in {project.key}"
                    fix = "Jira may refuse it there: put it on the type's screens, or take it out of the mapping"
                    yield Problem(f"{mapping.file}: fields.{item.name}", what, fix, "warning")
        yield from _missing_types(site, record, project)


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


def _missing_types(site: Site, record: Record, project: Project) -> Iterator[Problem]:
    names = [issue_type.name for issue_type in project.issue_types]
    if record == "incident" and _types(site, record, project):
        # Of the types that count as incidents one is enough.
        return
    for name, subtask in _wanted(site, record):
        if project.issue_type(name, subtask=subtask) is None:
            file = site.mappings[record].file
            setting = "subtask_type" if subtask else "issue_type"
            fix = nearest(name, names) or f"name one of: {', '.join(names)}"
            yield Problem(f"{file}: {setting}", f"project {project.key} has no issue type '{name}'", fix)


def _teams(site: Site, names: Names, projects: list[Project]) -> Iterator[Problem]:
    field = site.mapping("recovery_task").named("team")
    known = {component.casefold() for project in projects for component in project.components}
    if field is None or field.id != "components" or not projects:
        return
    for team in dict.fromkeys([*names.teams, *([site.fallback_team] if site.fallback_team else [])]):
        if team.casefold() not in known:
            where = ", ".join(project.key for project in projects)
            near = nearest(team, (component for project in projects for component in project.components))
            fix = near or f"create it; until then its tasks go to '{site.fallback_team or 'nobody'}'"
            yield _problem(site, "teams", f"no component '{team}' in {where}", fix, "warning")


def _people(site: Site, names: Names) -> Iterator[Problem]:
    for person in names.people:
        if site.lookups.person(person) is None:
            fix = "write the name or address as Jira has it; until then the tasks have no assignee"
            yield _problem(site, "people", f"'{person}' is nobody, or more than one person, there", fix, "warning")


def _statuses(site: Site) -> Iterator[Problem]:
    known = site.lookups.statuses()
    folded = {name.casefold() for name in known}
    for mapping in site.mappings.records.values():
        field = mapping.named("state")
        for state, options in (field.values if field else {}).items():
            if field and field.writes and not any(option.casefold() in folded for option in options):
                fix = nearest(options[0], known) or f"add one of: {', '.join(known)}"
                what = f"{site.name} has no status called {' or '.join(options)}"
                yield Problem(f"{mapping.file}: fields.state.values.{state}", what, fix, "warning")


def _priorities(site: Site, names: Names) -> Iterator[Problem]:
    """Say which priorities of incidents the mapping does not read (their create screens list those of each project)."""
    mapping = site.mapping("incident")
    field = mapping.named("priority")
    if field is None or not field.values:
        return
    read = {option.casefold() for options in field.values.values() for option in options}
    offered: dict[str, None] = {}
    for key in _project_keys(site, names):
        kept = site.shelf.peek(("project", key))
        for issue_type in _types(site, "incident", kept) if isinstance(kept, Project) else ():
            meta = site.lookups.screen(key, issue_type.id).get(field.id, {})
            offered |= dict.fromkeys(str(item.get("name")) for item in meta.get("allowedValues") or ())
    for name in offered:
        if name.casefold() not in read:
            what = f"{site.name} has a priority '{name}' that is not mapped"
            yield Problem(f"{mapping.file}: fields.priority.values", what, "add it to one of 1 to 5", "warning")


def _permissions(site: Site, project: str) -> Iterator[Problem]:
    asked = {"projectKey": project, "permissions": ",".join(_PERMISSIONS)}
    try:
        answer = site.connection.get("/mypermissions", asked)
    except Rejected:
        # A project that cannot be read was reported already.
        return
    held = answer.get("permissions") or {}
    lacking = [name for name in _PERMISSIONS if not (held.get(name) or {}).get("havePermission")]
    if lacking:
        fix = "grant them to the account in the project's permission scheme"
        yield _problem(site, f"projects.{project}", f"the account lacks {', '.join(lacking)}", fix)


def _problem(site: Site, where: str, what: str, fix: str, level: str = "error") -> Problem:
    return Problem(f"connections.{site.name}.{where}", what, fix, level)
