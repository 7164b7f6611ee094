"""The newest issues of a type: what can be seen of screens and workflows without being an administrator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.jira import marks, search
from adapters.jira.fault import Rejected
from adapters.jira.site import Site

Issue = Mapping[str, Any]
_FIELDS = ("status", "labels")


def of(site: Site, project: str, issue_type: str) -> tuple[Issue, ...]:
    """Return up to 100 issues of a type (its id), the newest first, with status and labels.

    None of them where the search is refused: nothing can be seen then. Raises the other faults of a read.
    """
    query = f"project = {search.quoted(project)} AND issuetype = {issue_type} ORDER BY created DESC"

    def found() -> tuple[Issue, ...]:
        try:
            return tuple(search.page(site.connection, query, _FIELDS))
        except Rejected:
            return ()

    return site.shelf.get(("newest", project, issue_type), found)


def ours(site: Site, project: str, issue_type: str) -> str:
    """Return the id of the newest issue that we made, else of the newest, "" where there is none."""
    found = of(site, project, issue_type)
    made = [issue for issue in found if marks.OURS in ((issue.get("fields") or {}).get("labels") or ())]
    return next((str(issue.get("id", "")) for issue in (*made, *found)), "")


def by_status(site: Site, project: str, issue_type: str, statuses: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each status in which an issue stands, with the id of the newest one. Raises the faults of a read."""
    found: dict[str, str] = {}
    issues = of(site, project, issue_type)
    for issue in issues:
        status = str(((issue.get("fields") or {}).get("status") or {}).get("name", ""))
        found.setdefault(status, str(issue.get("id", "")))
    yield from found.items()
    if len(issues) < search.PAGE:
        return
    for name in statuses:
        if name not in found:
            where = f"project = {search.quoted(project)} AND issuetype = {issue_type}"
            query = f"{where} AND status = {search.quoted(name)} ORDER BY created DESC"
            try:
                more = search.page(site.connection, query, ("status",), most=1)
            except Rejected:
                continue  # a status that this query cannot name stays unseen, and is told as such
            yield from ((name, str(issue.get("id", ""))) for issue in more)
