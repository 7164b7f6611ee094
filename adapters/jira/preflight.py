"""Creates composed as a send would, against the projects, types and create screens as they are now; nothing is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.jira import draft, echo, offers, required
from adapters.jira.draft import Draft
from adapters.jira.fault import Rejected
from adapters.jira.lookups import IssueType, Project
from adapters.jira.site import Site
from connector.problem import Problem, nearest
from connector.ticketing import Write


def problems(site: Site, writes: Sequence[Write]) -> tuple[Problem, ...]:
    """Return what would keep each create from being made whole. Raises the faults of a read."""
    return tuple(problem for write in writes for problem in _of(site, write))


def _of(site: Site, write: Write) -> Iterator[Problem]:
    parent = draft.parent_of(write)
    key = site.project_of(write.record, str(write.values.get("project") or ""))
    try:
        project = site.lookups.project(key)
    except Rejected as error:
        yield Problem(
            f"{write.key}: project", f"project {key} cannot be read ({error})", "create it, or correct its key"
        )
        return
    issue_type = _type(site, write, project, subtask=bool(parent))
    if issue_type is None:
        yield _no_type(site, write, project, subtask=bool(parent))
        return
    # Known from here on, so that what stands on no screen is left out as it will be when it is sent.
    screen = site.lookups.screen(project.key, issue_type.id)
    composed = draft.compose(site, write, parent)
    composed = draft.second(site, composed, _not_offered(composed, screen))
    for warning in composed.warnings:
        yield Problem(f"{write.key}: {warning.where}", warning.what, warning.fix, "warning")
    mapping = site.mapping(write.record)
    for name, meta in required.lacking(screen, composed.fields):
        shown = required.called(name, meta)
        what = f"'{shown}' is required for {issue_type.name} in {project.key}, and nothing supplies it"
        told = required.problem(mapping, name, meta, what)
        yield Problem(f"{write.key}: {shown}", what, f"{told.fix} ({told.where})")


def _type(site: Site, write: Write, project: Project, *, subtask: bool) -> IssueType | None:
    return project.issue_type(_type_name(site, write, subtask=subtask), subtask=subtask)


def _type_name(site: Site, write: Write, *, subtask: bool) -> str:
    named = site.mapping(write.record).setting("subtask_type" if subtask else "issue_type")
    return named or ("Sub-task" if subtask else "Task")


def _no_type(site: Site, write: Write, project: Project, *, subtask: bool) -> Problem:
    names = [item.name for item in project.issue_types]
    wanted = _type_name(site, write, subtask=subtask)
    setting = "subtask_type" if subtask else "issue_type"
    fix = nearest(wanted, names) or f"add the type, or set {setting}: in {site.mapping(write.record).file}"
    return Problem(f"{write.key}: {setting}", f"project {project.key} has no issue type '{wanted}'", fix)


def _not_offered(composed: Draft, screen: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the fields whose value is not among those that the create screen offers, as a refusal would name them."""
    refused: dict[str, str] = {}
    for name, value in composed.fields.items():
        offered = offers.offered(screen.get(name, {}))
        if name in ("project", "issuetype") or not offered:
            continue
        known = {word.casefold() for row in offered for word in row}
        chosen = value if isinstance(value, list) else [value]
        lost = [shown for item in chosen if (shown := echo.shown(item)) and shown.casefold() not in known]
        if lost:
            refused[name] = f"there is no '{lost[0]}', but {offers.listed(row[0] for row in offered)}"
    return refused
