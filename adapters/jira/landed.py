"""Earlier tries of a create that may have landed: looked for before anything is created again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.jira import marks, search
from adapters.jira.fault import NoEffect, Rejected
from adapters.jira.site import Site
from connector.ticketing import Write

_NOT_FOUND = 404


@dataclass(frozen=True)
class Found:
    """The issue that an earlier try made; `others` are the numbers of later ones with the same label."""

    id: str
    number: str
    others: tuple[str, ...] = ()

    def warnings(self) -> tuple[str, ...]:
        return tuple(
            f"{other} is a duplicate of {self.number}: close it, or take our labels off" for other in self.others
        )


def under(site: Site, parent: str, writes: Sequence[Write]) -> dict[str, Found]:
    """Return, by write key, what stands under `parent`. Raises the faults of a read.

    A parent's list of sub-tasks comes from the database, not from the index, so what is not in it was not created.
    """
    try:
        issue = site.connection.get(f"/issue/{parent}", {"fields": "subtasks"})
    except Rejected as error:
        if error.status != _NOT_FOUND:
            raise
        return {}
    wanted = {marks.unique(write.key) for write in writes}
    listed = [str(child["id"]) for child in (issue.get("fields") or {}).get("subtasks") or []]
    # Those that this process knows to be other tasks need not be read.
    children = [child for child in listed if site.originals.label_of(child) in wanted | {""}]
    found = search.by_id(site.connection, children, ("labels",)) if children else {}
    return _matched(site, writes, list(found.values()))


def wait_for_running(site: Site, write: Write) -> None:
    """Raise `NoEffect` while an earlier create may still be at work in Jira, with the seconds that are left."""
    until = _running_until(site, write)
    left = (until - site.now()).total_seconds() if until is not None else 0.0
    if left > 0:
        raise NoEffect("an earlier try may still be at work in Jira; looked for again when its time is up", left)


def _running_until(site: Site, write: Write) -> datetime | None:
    if write.unclear_since is None:
        return None
    patience = timedelta(seconds=site.connection.timeout)
    return site.originals.running_until(write.key, write.unclear_since, patience)


def anywhere(site: Site, write: Write) -> Found | None:
    """Return what a search finds by the write's label. Raises the faults of a read.

    Raises `NoEffect`, with the seconds that are left to wait, while the index may still be behind the last try.
    """
    found = search.find(site.connection, f"labels = {search.quoted(marks.unique(write.key))}", ("labels",))
    match = _matched(site, [write], found).get(write.key)
    if match is not None or write.unclear_since is None:
        return match
    # What is still at work may land until the end of its time, and the index follows that.
    landed_by = max(
        site.originals.tried(write.key, write.unclear_since), _running_until(site, write) or write.unclear_since
    )
    waited = (site.now() - landed_by).total_seconds()
    if waited < site.search_lag:
        told = f"an earlier try may have landed; Jira's search is given {site.search_lag:g} s to show it"
        raise NoEffect(told, site.search_lag - waited)
    return None


def _matched(site: Site, writes: Sequence[Write], issues: Sequence[Mapping[str, Any]]) -> dict[str, Found]:
    by_label: dict[str, list[Mapping[str, Any]]] = {}
    for issue in sorted(issues, key=lambda issue: int(issue["id"])):
        label = marks.unique_among((issue.get("fields") or {}).get("labels") or ())
        by_label.setdefault(label, []).append(issue)
    matched: dict[str, Found] = {}
    for write in writes:
        label = marks.unique(write.key)
        if label in by_label:
            first, *others = by_label[label]
            site.originals.see(label, str(first["id"]), str(first["key"]))
            matched[write.key] = Found(str(first["id"]), str(first["key"]), tuple(str(item["key"]) for item in others))
    return matched
