"""The whole truth of a simulated Jira, for tests and campaigns that judge by it."""

from __future__ import annotations

from typing import Any

from sandbox.jira.desk import Desk
from sandbox.jira.issue import Issue
from sandbox.jira.view import View

Json = dict[str, Any]


def state(desk: Desk, base: str) -> Json:
    """`{"issues": [...], "links": [...], "flavour", "searchable"}`; an issue is as REST version 2 shows it.

    Beside its fields: `comments` (with properties, `public`), `remotelinks`, `properties` ({key: value}) and `history`,
    oldest first.
    `searchable` lists the keys that a search sees at this moment.
    """
    view = desk.view(base, "2")
    with desk.store.lock:
        seen = desk.store.index.catch_up()
        links: dict[str, Json] = {}
        for issue in desk.store.all():
            for link in desk.store.links(issue):
                links[link.id] = {
                    "id": link.id,
                    "type": link.type.name,
                    "source": desk.store.by_id(link.source).key,
                    "destination": desk.store.by_id(link.destination).key,
                }
        return {
            "flavour": desk.options.flavour,
            "issues": [_whole(view, issue) for issue in desk.store.all()],
            "links": list(links.values()),
            "searchable": sorted(issue.key for issue in seen.values()),
        }


def _whole(view: View, issue: Issue) -> Json:
    fields = view.issue(issue, lambda name: name != "comment")
    del fields["expand"]
    comments = [
        view.comment(issue, comment, properties=True) | {"public": comment.public} for comment in issue.comments
    ]
    return fields | {
        "comments": comments,
        "remotelinks": [view.remote_link(issue, link) for link in issue.remote_links],
        "properties": dict(issue.properties),
        "history": view.changelog(issue),
    }
