"""Three-way merge of one field: the value last known equal on both sides, ours, and the platform's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import eq
from typing import Any, Literal

Policy = Literal["continuity", "platform", "newest", "manual"]
"""Whose value stands when both sides changed; `manual` leaves both as they are until a person makes them equal."""


@dataclass(frozen=True)
class Field:
    """A field on its three sides: `base` is what both last agreed on; `ours_at` and `theirs_at` when each changed."""

    base: Any
    ours: Any
    theirs: Any
    ours_at: datetime | None = None
    theirs_at: datetime | None = None


@dataclass(frozen=True)
class Merged:
    """What shall stand: `value`, on which side it is missing, and whether a person has to decide (`conflict`)."""

    value: Any
    write: bool = False
    take: bool = False
    conflict: bool = False


def merge(field: Field, policy: Policy, same: Callable[[Any, Any], bool] = eq) -> Merged:
    """Merge one field; `same` tells whether two values are one (a platform may keep an instant to the minute only).

    What only one side changed stands. An echo, which equals the base or ours, changes nothing.
    """
    if same(field.theirs, field.ours):
        return Merged(field.ours)
    if same(field.theirs, field.base):
        return Merged(field.ours, write=True)
    if same(field.ours, field.base):
        return Merged(field.theirs, take=True)
    if policy == "manual":
        return Merged(field.ours, conflict=True)
    if policy == "newest":
        policy = "continuity" if _later(field.ours_at, field.theirs_at) else "platform"
    if policy == "continuity":
        return Merged(field.ours, write=True)
    return Merged(field.theirs, take=True)


def _later(ours: datetime | None, theirs: datetime | None) -> bool:
    """Tell whether ours is the later change; where one side's time is not known, the platform's, a person's, counts."""
    return ours is not None and theirs is not None and ours > theirs
