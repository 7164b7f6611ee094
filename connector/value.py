"""Neutral values as they are stored: instants as ISO 8601 text, and whether two values are one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

SAME_TIME = timedelta(minutes=1)
"""Due times closer than this are the same on a platform."""
_NOTHING = (None, "")
_DAY = len("2026-03-02")


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def same(name: str, one: Any, other: Any) -> bool:
    """Tell whether two values of the neutral field `name` are one: empty is as good as none, and due times may be near.

    Due times are ISO 8601 text; where either is a day, as a platform's field may hold a date only, days are compared.
    """
    if name in {"due_at", "rto_due"} and one and other:
        if len(one) == _DAY or len(other) == _DAY:
            return bool(one[:_DAY] == other[:_DAY])
        return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) < SAME_TIME
    return bool(one == other) or (one in _NOTHING and other in _NOTHING)
