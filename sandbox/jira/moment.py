"""How Jira writes and reads points in time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}[+-]\d{4}")


def written(at: datetime) -> str:
    """`2026-03-02T09:00:00.000+0000`: milliseconds, and no colon in the offset."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def read_time(text: str) -> datetime:
    """The one form that a date-time field takes; ValueError with Jira's words for any other."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"Error parsing time: {text}")
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    except ValueError as error:
        raise ValueError(f"Error parsing time: {text}") from error


def read_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == len("2026-03-02") else _refuse_date(text)
    except ValueError as error:
        raise ValueError(f"Error parsing date string: {text}") from error


def _refuse_date(text: str) -> str:
    raise ValueError(text)


def whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
