"""Values with the time since when they stand, as columns of JSON hold them: field -> [value, since]."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def stamped(value: Any, since: datetime | str | None) -> list[Any]:
    """Return what a column holds of a value."""
    return [value, since.isoformat() if isinstance(since, datetime) else since]


def values(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a column holds, without the times."""
    return {field: value for field, (value, _) in column.items()}


def times(column: Mapping[str, Any]) -> dict[str, datetime | None]:
    """Return since when each value of a column stands; None where that is not known."""
    return {field: datetime.fromisoformat(since) if since else None for field, (_, since) in column.items()}
