"""What a person does about something parked, read from the reason that the platform gave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMED = {
    "project": "project",
    "component": "team",
    "group": "team",
    "assignee": "assignee",
    "issue type": "issue_type",
}
"""Words by which a reason points at a value of the write, and the neutral field that holds it."""


@dataclass(frozen=True)
class Parked:
    """What waits: `values` are those of a write (none of a message); `project` is where it would have been made."""

    reason: str
    connection: str
    record: str = ""
    action: str = ""
    activation: str = ""
    values: Mapping[str, Any] | None = None
    project: str = ""


def named(item: Parked) -> str:
    """Return the reason with the value that it is about, such as `... (project WH)`, where it lacks it."""
    values = {**({"project": item.project} if item.project else {}), **(item.values or {})}
    lower = item.reason.casefold()
    for word, field in _NAMED.items():
        value = values.get(field)
        if word in lower and isinstance(value, str) and value and value.casefold() not in lower:
            return f"{item.reason} ({word} {value})"
    return item.reason


def remedy(item: Parked) -> str:
    """Return what to do, ending with what makes it go on."""
    told = _write(item) if item.values is not None else _message(item)
    if item.record == "activation" and item.action == "create":
        below = f"its tasks{f' in {item.project}' if item.project else ''} wait for it"
        return f"{told} ({below}); or stand {item.activation or 'the activation'} down and activate again"
    return told


def _message(item: Parked) -> str:
    if _says(item, "mapping", "not mapped", "no state"):
        return "add the value to the mapping, `continuity mappings activate`, replay"
    return _anywhere(item) or "mend what the reason names, then replay"


def _write(item: Parked) -> str:
    # ServiceNow answers 403 to what a data policy misses, as to what the account may not.
    found = _lacking(item) if _says(item, "mandatory") else _anywhere(item)
    if found:
        return found
    place = f"project {item.project}" if item.project else "it"
    if _says(item, "project"):
        return f"create {place} on {item.connection}, or let the account see it, then replay"
    if _says(item, "workflow", "transition", "mappings/"):
        return "mend the workflow, or the mapping as told and `continuity mappings activate`, replay"
    if _says(item, "required"):
        return _lacking(item)
    if _status(item) == "404":
        return "see that the ticket is there and the account may see it, then replay"
    return "mend what the reason names, then replay"


def _lacking(item: Parked) -> str:
    if item.action == "create":
        return "map the field with a default, `continuity mappings activate`, replay; or have it made optional, replay"
    return f"fill the field in on the ticket, or have it made optional on {item.connection}, then replay"


def _anywhere(item: Parked) -> str:
    if _says(item, "not set up"):
        return f"put the connection {item.connection} back into the settings, restart, replay"
    if _status(item) == "401":
        return f"give {item.connection} a good password or token, restart, replay"
    if _status(item) == "403" or _says(item, "permission", "not authorized", "acl"):
        record = item.record.replace("_", " ") or "ticket"
        return f"give the account of {item.connection} the right to the {record}, then replay"
    if item.reason.startswith("given up after"):
        return f"see that {item.connection} answers, then replay"
    return ""


def _says(item: Parked, *words: str) -> bool:
    return any(re.search(rf"\b{re.escape(word)}", item.reason, re.IGNORECASE) for word in words)


def _status(item: Parked) -> str:
    found = re.search(r"\b(?:answered|HTTP) (\d{3})\b", item.reason)
    return found[1] if found else ""
