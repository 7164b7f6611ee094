"""When people are told of what lasts: once, again each day, and once more when it is mended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

DAILY = timedelta(hours=20)
"""What stands is told again after this: nights are not a day apart to the second."""
News = Literal["lasts", "mended"]


def news(told_at: datetime | None, now: datetime, *, lasts: bool, changed: bool = False) -> News | None:
    """Return what to tell now, None for nothing; `told_at` is when it was last told that it lasts.

    `changed` says that it lasts otherwise than it was told.
    """
    if not lasts:
        return "mended" if told_at is not None else None
    return "lasts" if told_at is None or changed or now - told_at >= DAILY else None
