"""How long a platform asks to be left alone: the Retry-After header, read the same for every platform."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""Seconds; who asks for more is asked again after an hour, since a gateway's odd value must not park our work."""


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After asks for (RFC 9110, 10.2.3: seconds, or a date), from 0 to `LONGEST`.

    None where it says neither. `now` is aware; a date without a zone is UTC.
    """
    text = (header or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST)
