"""What the account is permitted to do in each project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.jira.fault import Rejected
from adapters.jira.site import Site
from connector.problem import Problem
from connector.ticketing import Record

_PERMISSIONS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES")
_OF_FIELDS: Mapping[str, str] = {"ASSIGN_ISSUES": "assignee", "SCHEDULE_ISSUES": "duedate"}
"""Permissions without which Jira refuses one field, and the rest of the write does without it."""
_FILES = "CREATE_ATTACHMENTS"


def problems(site: Site, project: str, created: Sequence[Record]) -> Iterator[Problem]:
    """Yield what the account may not do in a project in which records are `created`, or which is only followed."""
    wanted = [name for name in _PERMISSIONS if created or name != "CREATE_ISSUES"]
    of_fields = {
        name: field for name, field in _OF_FIELDS.items() if any(_writes(site, record, field) for record in created)
    }
    files = (_FILES,) if "recovery_task" in created else ()
    asked = {"projectKey": project, "permissions": ",".join((*wanted, *of_fields, *files))}
    try:
        answer = site.connection.get("/mypermissions", asked)
    except Rejected:
        # A project that cannot be read was reported already.
        return
    held = answer.get("permissions") or {}
    lacking = [name for name in (*wanted, *of_fields, *files) if not (held.get(name) or {}).get("havePermission")]
    fix = "grant them to the account in the project's permission scheme"
    needed = [name for name in lacking if name in wanted]
    if needed:
        yield Problem(f"connections.{site.name}.projects.{project}", f"the account lacks {', '.join(needed)}", fix)
    for name in (name for name in lacking if name in of_fields):
        what = f"the account lacks {name}, so that '{of_fields[name]}' is left out there"
        yield Problem(f"connections.{site.name}.projects.{project}", what, fix, "warning")
    if _FILES in lacking:
        what = f"the account lacks {_FILES}, so that of files that people add elsewhere only the address is told there"
        yield Problem(f"connections.{site.name}.projects.{project}", what, fix, "warning")


def _writes(site: Site, record: Record, field: str) -> bool:
    return any(item.writes and item.id == field for item in site.mapping(record).fields)
