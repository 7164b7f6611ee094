"""Reads stored messages again without asking Jira anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapters.jira import ticket
from adapters.jira.connection import Connection, Flavour
from adapters.jira.fault import NoEffect
from adapters.jira.lookups import Lookups
from adapters.jira.ticketing import Jira
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
    site = Jira(connection, url, "", mappings, flavour=flavour, project="")._site  # noqa: SLF001 - its own adapter
    nobody = Nobody(url, "", flavour, timeout=1.0)
    offline = replace(site, connection=nobody, lookups=Lookups(nobody, site.shelf))
    return lambda raw: ticket.parse(offline, raw)
