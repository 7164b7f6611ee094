"""Links between issues, seen from both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.jira.issue import ChangeItem, Issue, Link
from sandbox.jira.refusal import Refused
from sandbox.jira.site import LinkType, Site
from sandbox.jira.store import Store
from sandbox.jira.values import Invalid

Touch = Callable[[Issue, ChangeItem], None]
"""Writes an item into an issue's history and tells of it."""


def link_ends(site: Site, store: Store, raw: Any, issue: Issue | None = None) -> tuple[LinkType, int, int]:
    """Link type, source and destination ids from `{"type": {...}, "inwardIssue"/"outwardIssue": {...}}`.

    Jira's inwardIssue is the one that does the verb ("blocks") to the outwardIssue; a side left out is `issue`.
    """
    if not isinstance(raw, dict):
        raise Invalid("data was not an object", "issuelinks")
    kind = raw.get("type") or {}
    wanted = str(kind.get("id") or kind.get("name") or "")
    link_type = next((t for t in site.link_types if wanted in {t.id, t.name}), None)
    if link_type is None:
        raise Refused(404, f"No issue link type with name '{wanted}' found.")
    source, destination = (_end(store, raw.get(side), issue) for side in ("inwardIssue", "outwardIssue"))
    return link_type, source.id, destination.id


def _end(store: Store, raw: Any, issue: Issue | None) -> Issue:
    if raw is None and issue is not None:
        return issue
    return store.get(str(raw.get("key") or raw.get("id") or "") if isinstance(raw, dict) else "")


def link(store: Store, touch: Touch, link_type: LinkType, source: int, destination: int) -> Link:
    """The same link twice stays one, as in Jira; each end's history shows it."""
    for present in store.links(store.by_id(source)):
        if (present.type, present.source, present.destination) == (link_type, source, destination):
            return present
    made = Link(str(store.serial("link")), link_type, source, destination)
    store.link(made)
    for end, other, verb in ((source, destination, link_type.outward), (destination, source, link_type.inward)):
        issue, key = store.by_id(end), store.by_id(other).key
        item = ChangeItem("Link", "jira", None, None, None, key, f"This issue {verb} {key}")
        touch(issue, item)
    return made
