"""Reads stored messages again without asking the instance anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapters.servicenow import records
from connector.ticketing import Ticket
from mappings.library import Mappings
from mappings.mapping import no_names


def reader(
    connection: str, url: str, mappings: Mappings, *, major_incident_management: bool = True
) -> Callable[[Mapping[str, Any]], Ticket]:
    """Return what turns a stored message into a ticket by these mappings.

    Which column bears a label, and which name an id, is known to the instance alone: such fields are left out, and an
    id stands for its name. Without `major_incident_management` the plugin's state reads as "".
    """
    own = mappings.on(connection)

    def read(raw: Mapping[str, Any]) -> Ticket:
        ticket = records.parse(connection, url.rstrip("/"), own, raw, no_names)
        if not major_incident_management and ticket.values.get("major_state"):
            return replace(ticket, values={**ticket.values, "major_state": ""})
        return ticket

    return read
