"""The link from an issue to our page, made or renewed by its global id."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from adapters.jira import outcome
from adapters.jira.site import Site
from connector.ticketing import Outcome, Write

_LONGEST = 255


def put(site: Site, write: Write) -> Outcome:
    """Make the link, or renew it. Raises the faults of a call.

    A second POST of one `globalId` updates the link, so it is safe to repeat; fields left out would become null, so
    all are sent each time.
    """
    values = write.values
    shown: dict[str, Any] = {
        "url": str(values.get("url", "")),
        "title": str(values.get("title", ""))[:_LONGEST],
        "summary": str(values.get("summary", "")),
        # Jira strikes a resolved link through.
        "status": {"resolved": bool(values.get("resolved"))},
    }
    body = {
        "globalId": _bounded(str(values.get("global_id") or write.key)),
        "application": {"type": "continuity-connector", "name": "Continuity"},
        "relationship": "continuity plan",
        "object": shown,
    }
    site.connection.post(f"/issue/{write.id}/remotelink", body, repeatable=True)
    return outcome.done(site, write, write.id, write.number)


def _bounded(global_id: str) -> str:
    """Return the id, or a digest of one that is longer than Jira takes."""
    return global_id if len(global_id) <= _LONGEST else "continuity:" + sha256(global_id.encode()).hexdigest()
