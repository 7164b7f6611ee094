"""The pages for a person who looks on: a list of issues, and each issue with all that hangs on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sandbox.jira.desk import Desk
from sandbox.jira.issue import Issue


def blueprint(desk: Desk) -> Blueprint:
    """`/` and Jira's own address of an issue, `/browse/KEY`."""
    pages = Blueprint("jira_pages", __name__, template_folder="templates")
    store = desk.store

    @pages.get("/")
    def home() -> str:
        with store.lock:
            newest = sorted(store.all(), key=lambda issue: -issue.id)
        groups = [(project, [i for i in newest if i.project == project]) for project in desk.site.projects]
        return render_template("jira/list.html", groups=[group for group in groups if group[1]])

    @pages.get("/browse/<key>")
    def issue(key: str) -> str:
        with store.lock:
            found = store.find(key)
            if found is None:
                abort(404)
            return render_template(
                "jira/issue.html",
                issue=found,
                parent=None if found.parent is None else store.by_id(found.parent),
                children=store.children(found),
                cells=_cells(desk, found),
                linked=_linked(desk, found),
            )

    @pages.get("/issues/<key>")
    def moved(key: str) -> Response:
        return redirect(url_for(".issue", key=key))

    return pages


def _cells(desk: Desk, issue: Issue) -> list[tuple[str, str]]:
    plain: list[tuple[str, Any]] = [
        ("Status", issue.status.name),
        ("Resolution", issue.resolution.name if issue.resolution else None),
        ("Type", issue.type.name),
        ("Priority", issue.priority.name),
        ("Assignee", issue.assignee.display_name if issue.assignee else None),
        ("Reporter", issue.reporter.display_name),
        ("Components", ", ".join(component.name for component in issue.components)),
        ("Labels", " ".join(issue.labels)),
        ("Due date", issue.duedate),
        ("Created", issue.created),
        ("Updated", issue.updated),
        *((field.name, issue.custom.get(field.id)) for field in desk.site.fields if field.custom),
    ]
    return [(label, _text(value)) for label, value in plain if value not in (None, "")]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _linked(desk: Desk, issue: Issue) -> list[tuple[str, Issue]]:
    found = []
    for link in desk.store.links(issue):
        outward = link.source == issue.id
        other = desk.store.by_id(link.destination if outward else link.source)
        found.append((link.type.outward if outward else link.type.inward, other))
    return found
