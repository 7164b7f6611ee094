"""Writes put in an order that needs few calls: parents, tasks in bulk, reviews, updates, links, services and plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from adapters.jira import change, creation, files, outcome, remote_link, search, transition
from adapters.jira.fault import ODD, NoEffect, Rejected, Unclear
from adapters.jira.site import Site
from connector.ticketing import KEPT, Outcome, Write

Outcomes = dict[str, Outcome]


def send(site: Site, writes: Sequence[Write]) -> list[Outcome]:
    """Make the changes; one outcome per write, in the order given.

    Jira has no call that changes several issues to different values: of updates, each is a call of its own.
    """
    outcomes: Outcomes = {}
    for write in _of(writes, "create", "activation"):
        outcomes[write.key] = _tried(write, partial(creation.create_one, site, write))
    outcomes |= creation.create_many(site, _of(writes, "create", "recovery_task"))
    for write in _of(writes, "create", "review") + _of(writes, "create", "incident"):
        outcomes[write.key] = _tried(write, partial(creation.create_one, site, write))
    updates = [write for write in writes if write.action == "update"]
    present = _present(site, [write for write in updates if change.has_state(site, write)])
    for write in updates:
        issue = present.pop(write.id, None)
        outcomes[write.key] = _tried(write, partial(change.update, site, write, issue))
    for write in writes:
        if write.action == "link":
            outcomes[write.key] = _tried(write, partial(remote_link.put, site, write))
    for write in writes:
        if write.action == "attach":
            outcomes[write.key] = _tried(write, partial(files.attach, site, write))
    outcomes |= creation.create_many(site, [write for kept in KEPT for write in _of(writes, "create", kept)])
    return [outcomes[write.key] for write in writes]


def _of(writes: Sequence[Write], action: str, record: str) -> list[Write]:
    return [write for write in writes if write.action == action and write.record == record]


def _tried(write: Write, attempt: Callable[[], Outcome]) -> Outcome:
    try:
        return attempt()
    except (NoEffect, Rejected, Unclear) as error:
        return outcome.failed(write, error)
    except ODD as error:
        return outcome.odd(write, error)


def _present(site: Site, writes: Sequence[Write]) -> dict[str, Mapping[str, Any]]:
    """Read where several issues stand in one call, where there is such a call; else each is read in its turn."""
    if len(writes) < 2 or not site.connection.cloud:  # noqa: PLR2004 - one is read by itself
        return {}
    try:
        return search.by_id(site.connection, [write.id for write in writes], (*transition.READ, "labels"))
    except (NoEffect, Rejected, Unclear):
        return {}
