"""Reads stored messages again without asking Jira anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.jira import ticket
from adapters.jira.connection import Connection, Flavour
from adapters.jira.fault import NoEffect
from adapters.jira.homes import Homes
from adapters.jira.lookups import Lookups
from adapters.jira.originals import Originals
from adapters.jira.shelf import Shelf
from adapters.jira.site import Site
from connector.ticketing import Ticket
from mappings.library import Mappings


class Nobody(Connection):
    """A connection on which every call fails before it is made."""

    def _repeated(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Any, *, repeatable: bool
    ) -> Any:
        del method, path, params, body, repeatable
        raise NoEffect("nobody is asked while messages are replayed")


def reader(connection: str, url: str, mappings: Mappings, flavour: Flavour) -> Callable[[Mapping[str, Any]], Ticket]:
    """Return what turns a stored message into a ticket by these mappings.

    Which field bears a label is known to Jira alone, so that fields named by their label are left out.
    """
    shelf = Shelf()
    nobody = Nobody(url, "", flavour, timeout=1.0)
    site = Site(
        name=connection,
        connection=nobody,
        lookups=Lookups(nobody, shelf),
        shelf=shelf,
        mappings=mappings.on(connection),
        project="",
        projects=(),
        fallback_team="",
        search_lag=0.0,
        originals=Originals(),
        homes=Homes(),
        now=lambda: datetime.now(UTC),
    )
    return lambda raw: ticket.parse(site, raw)
