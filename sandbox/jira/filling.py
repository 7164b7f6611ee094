"""Many issues at once, as an import makes them: no webhook tells of one, and each may have been made long ago."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.jira.event import Actor
from sandbox.jira.tracker import Tracker

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.jira.desk import Desk

_MOST = 100_000


@dataclass(frozen=True)
class Fill:
    """`count` issues of `fields` (as REST version 2 takes them) and `properties`, `{n}` in a text being the number.

    They are made `apart` seconds after each other, the last of them now, by `user` (a user name).
    """

    count: int
    fields: dict  # type: ignore[type-arg]  # read as it came
    properties: dict = field(default_factory=dict)  # type: ignore[type-arg]
    apart: float = 0.0
    user: str = "dana.desk"


def fill(desk: Desk, wish: Fill) -> list[str]:
    """Make them and return their ids, oldest first; called under the store's lock. Raises Refused, ValueError."""
    user = desk.site.user(user_name=wish.user)
    if user is None or not 0 <= wish.count <= _MOST:
        raise ValueError(f"user: no {wish.user!r}" if user is None else f"count: at most {_MOST}, found {wish.count}")
    now = desk.controls.clock.now()
    made: list[str] = []

    def then() -> datetime:
        return now - timedelta(seconds=wish.apart * (wish.count - 1 - len(made)))

    quiet = Tracker(desk.site, desk.store, then, lambda _: None, cloud=desk.cloud)
    for number in range(1, wish.count + 1):
        properties = _numbered(wish.properties, number)
        made.append(str(quiet.create(Actor(user, "2"), _numbered(wish.fields, number), properties).id))
    return made


def _numbered(told: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(told).replace("{n}", str(number)))
    return found
