"""Durations as people write them in files: 15m, 4h, 1h30m, 2d."""

from __future__ import annotations

import re
from datetime import timedelta

_FORM = re.compile(r"(?=\d)(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?")


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` states. Raises ValueError for any other form."""
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise ValueError(f"'{text}' is not a duration; write it as 15m, 4h, 1h30m or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return the duration as it would be written, without the seconds; 0m for none."""
    minutes = int(duration.total_seconds()) // 60
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0m"
