"""Jira's ways of writing an instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any


def read(text: Any) -> datetime | None:
    """Return the aware UTC instant of `2019-08-16T19:30:17.153+0530` (no colon in the offset), None if it is none."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def milliseconds(text: Any) -> int:
    """Return an instant as epoch milliseconds, 0 if there is none."""
    instant = read(text)
    return 0 if instant is None else round(instant.timestamp() * 1000)


def write(instant: datetime) -> str:
    """Write an instant as Jira's date-time fields take it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def minute(instant: datetime, zone: tzinfo, earlier: timedelta) -> str:
    """Write `instant` less `earlier` for JQL, which counts whole minutes in the account's own time zone."""
    return clear(instant - earlier, zone).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def clear(instant: datetime, zone: tzinfo) -> datetime:
    """Return the instant, or the next one before it whose time of day there comes once.

    Where clocks are set back an hour comes twice, and which of the two Jira takes a time for is not documented.
    """
    local = instant.astimezone(zone)
    while local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        instant -= timedelta(minutes=30)
        local = instant.astimezone(zone)
    return instant
