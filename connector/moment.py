"""Instants and durations as people read them on a ticket."""

from __future__ import annotations

from datetime import datetime, timedelta


def instant(at: datetime) -> str:
    """Return an instant as people read it on a ticket: `2026-03-02 13:00Z`."""
    return f"{at:%Y-%m-%d %H:%M}Z"


def span(duration: timedelta) -> str:
    """Return a duration as people say it: `3 h 30 min`."""
    minutes = round(duration.total_seconds() / 60)
    days, rest = divmod(max(minutes, 0), 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{left} min" if left else ""]
    return " ".join(part for part in parts if part) or "0 min"
