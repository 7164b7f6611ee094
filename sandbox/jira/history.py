"""What changed between two states of an issue, as changelog items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.jira.adf import RichText
from sandbox.jira.issue import ChangeItem, Issue
from sandbox.jira.moment import written
from sandbox.jira.site import Named, Site, User
from sandbox.jira.store import Store

_Ends = tuple[str | None, str | None]
"""An id and a text."""


def _text(value: Any) -> _Ends:
    return None, value


def _named(value: Named | None) -> _Ends:
    return (None, None) if value is None else (value.id, value.name)


def _labels(issue: Issue) -> _Ends:
    return None, " ".join(issue.labels)


def _duedate(issue: Issue) -> _Ends:
    return (None, None) if issue.duedate is None else (issue.duedate, f"{issue.duedate} 00:00:00.0")


def _custom(value: Any) -> _Ends:
    if isinstance(value, datetime):
        return written(value), f"{value:%Y-%m-%dT%H:%M:%S+0000}"
    if isinstance(value, Named):
        return value.id, value.name
    if isinstance(value, tuple):
        return f"[{', '.join(item.id for item in value)}]", ",".join(item.name for item in value)
    if isinstance(value, RichText):
        return None, value.text
    if isinstance(value, float) and value.is_integer():
        return None, str(int(value))
    return None, None if value is None else str(value)


def items_between(old: Issue | None, new: Issue, site: Site, store: Store, *, cloud: bool) -> tuple[ChangeItem, ...]:
    """Items in the order in which Jira lists them (by name); `old` None means that the issue is new."""

    def person(value: User | None) -> _Ends:
        return (None, None) if value is None else (value.account_id if cloud else value.key, value.display_name)

    def parent(issue: Issue) -> _Ends:
        key = None if issue.parent is None else store.by_id(issue.parent).key
        return None if issue.parent is None else str(issue.parent), key

    # A new issue's status is called "Status": the names of `field` are written in more than one way.
    looks: list[tuple[str, str | None, Callable[[Issue], _Ends]]] = [
        ("assignee", "assignee", lambda i: person(i.assignee)),
        ("description", "description", lambda i: _text(i.description.text if i.description else None)),
        ("duedate", "duedate", _duedate),
        ("labels", "labels", _labels),
        ("IssueParentAssociation" if cloud else "Parent", None, parent),
        ("priority", "priority", lambda i: _named(i.priority)),
        ("reporter", "reporter", lambda i: person(i.reporter)),
        ("resolution", "resolution", lambda i: _named(i.resolution)),
        ("Status" if old is None else "status", "status", lambda i: (i.status.id, i.status.name)),
        ("summary", "summary", lambda i: _text(i.summary)),
    ]
    items = [
        ChangeItem(name, "jira", field_id, *before, *after)
        for name, field_id, look in looks
        if (before := (None, None) if old is None else look(old)) != (after := look(new))
        and (old is not None or after not in {(None, None), (None, "")})
    ]
    items += _component_items(old, new)
    for field in site.fields:
        if field.custom:
            before = (None, None) if old is None else _custom(old.custom.get(field.id))
            after = _custom(new.custom.get(field.id))
            if before != after:
                items.append(ChangeItem(field.name, "custom", field.id, *before, *after))
    return tuple(items)


def _component_items(old: Issue | None, new: Issue) -> list[ChangeItem]:
    before = () if old is None else old.components
    gone = [
        ChangeItem("Component", "jira", "components", c.id, c.name, None, None)
        for c in before
        if c not in new.components
    ]
    come = [
        ChangeItem("Component", "jira", "components", None, None, c.id, c.name)
        for c in new.components
        if c not in before
    ]
    return gone + come
