"""The dates of a JQL query: to the minute, in the account's time zone (UTC here), or relative to now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_RELATIVE = re.compile(r"[+-]?\d+[wdhm](?:\s+\d+[wdhm])*")
_PART = re.compile(r"(\d+)([wdhm])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
_FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")


def read_moment(text: str, now: datetime) -> datetime:
    """ValueError with Jira's words, the field's name left as `{field}`; seconds are not among the formats."""
    if _RELATIVE.fullmatch(text):
        span = timedelta()
        for count, unit in _PART.findall(text):
            span += timedelta(**{_UNITS[unit]: int(count)})
        return now - span if text.startswith("-") else now + span
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(
        f"Date value '{text}' for field '{{field}}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )
