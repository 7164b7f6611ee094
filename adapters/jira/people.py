"""People found by what a mapping names them by, on Cloud and on Data Center."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jira.connection import Connection
from adapters.jira.fault import Rejected

NAMED_BY: Mapping[bool, tuple[str, ...]] = {
    True: ("email", "displayName", "accountId"),
    False: ("email", "displayName", "name", "key"),
}
"""By what people can be named, on Cloud (True) and on Data Center, whose people have user names."""

_PROPERTIES = {"email": "emailAddress"}
_IDS = frozenset({"accountId", "name", "key"})
_NOT_FOUND = 404
_MOST = "50"

Person = Mapping[str, Any]


def find(connection: Connection, by: str, name: str) -> tuple[str, ...]:
    """Return the ids (Cloud: accountId, Data Center: user name) of the active people whom `name` means.

    `by` is one of `NAMED_BY`, or "" for any of them; one that the flavour does not have finds nobody. A search finds
    beginnings of names too, so that what it finds is compared whole. Raises the faults of a read.
    """
    place = "accountId" if connection.cloud else "name"
    if by and by not in NAMED_BY[connection.cloud]:
        return ()
    found = _one(connection, by, name) if by in _IDS else _searched(connection, name)
    people = [person for person in found if person.get("active", True) and person.get(place)]
    if by in _IDS:
        return tuple(str(person[place]) for person in people)
    exact = [person for person in people if _bears(person, by, name)]
    if not exact and (not by or by == "email"):
        # Cloud finds the owner of a hidden address by it, and does not show it; without `by` a beginning will do.
        exact = [person for person in people if not by or not person.get("emailAddress")]
    return tuple(dict.fromkeys(str(person[place]) for person in exact))


def _one(connection: Connection, by: str, value: str) -> list[Person]:
    """Return the person with that id. Cloud's `accountId` is a parameter of its own; `name` is called `username`."""
    try:
        person = connection.get("/user", {"username" if by == "name" else by: value})
    except Rejected as error:
        if error.status != _NOT_FOUND:
            raise
        return []
    return [person] if isinstance(person, Mapping) else []


def _searched(connection: Connection, name: str) -> list[Person]:
    term = "query" if connection.cloud else "username"
    found = connection.get("/user/search", {term: name, "maxResults": _MOST})
    return [person for person in found if isinstance(person, Mapping)] if isinstance(found, list) else []


def _bears(person: Person, by: str, name: str) -> bool:
    properties = (_PROPERTIES.get(by, by),) if by else ("displayName", "emailAddress", "name", "accountId", "key")
    return name.casefold() in {str(person.get(key, "")).casefold() for key in properties}
