"""One running Jira: its configuration, its issues, and what a request needs of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g, request

from sandbox.control import Controls
from sandbox.jira.admin import carried_over
from sandbox.jira.announce import Announcer, sender
from sandbox.jira.event import Actor
from sandbox.jira.options import Options
from sandbox.jira.refusal import Refused, unreadable
from sandbox.jira.seed import PLAIN, SITE
from sandbox.jira.site import Site, User
from sandbox.jira.store import Store
from sandbox.jira.tracker import Tracker
from sandbox.jira.view import View

Json = dict[str, Any]
EXTENSION = "sandbox.jira"


@dataclass(frozen=True)
class Desk:
    options: Options
    store: Store
    tracker: Tracker
    controls: Controls
    views: dict[tuple[str, str], View] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        return self.tracker.site

    def reconfigure(self, site: Site) -> None:
        """Put a changed configuration in force; called under the store's lock."""
        self.tracker.site = site
        self.views.clear()
        self.store.reconfigure(lambda issue: carried_over(issue, site))

    @property
    def cloud(self) -> bool:
        return self.options.cloud

    def view(self, base: str, version: str) -> View:
        """One view for each address and version: it keeps what never changes."""
        key = (base, version)
        if key not in self.views:
            self.views[key] = View(base, version, self.cloud, self.site, self.store)
        return self.views[key]


def open_desk(options: Options) -> Desk:
    controls = Controls(sender(options))
    store = Store(options.search_lag)
    announcer = Announcer(options, lambda: tracker.site, store, controls.webhooks)
    site = PLAIN if options.plain else SITE
    tracker = Tracker(site, store, controls.clock.now, lambda event: announcer.tell(event, base()), cloud=options.cloud)
    return Desk(options, store, tracker, controls)


def desk() -> Desk:
    """The Jira that answers this request."""
    found: Desk = current_app.extensions[EXTENSION]
    return found


def base() -> str:
    return request.host_url.rstrip("/")


def view() -> View:
    return desk().view(base(), g.version)


def actor() -> Actor:
    return Actor(g.user, g.version)


def user() -> User:
    found: User = g.user
    return found


def body() -> Json:
    """The request's JSON object; raises Refused for anything else."""
    raw = request.get_data()
    try:
        read = json.loads(raw) if raw else {}
    except ValueError as error:
        raise unreadable() from error
    if not isinstance(read, dict):
        raise unreadable()
    return read


def page(default: int, limit: int) -> tuple[int, int]:
    """StartAt and maxResults of the query; raises Refused 400 for what is no number or above the limit."""
    try:
        start = int(request.args.get("startAt", 0))
        size = int(request.args.get("maxResults", default))
    except ValueError as error:
        raise Refused(400, "startAt and maxResults must be numbers.") from error
    if size > limit:
        raise Refused(400, f"Parameter 'maxResults' must not exceed the limit '{limit}'")
    return max(0, start), max(0, size)
