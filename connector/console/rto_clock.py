"""The RTO clock of an activation as it stands when somebody reads it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Reading = Literal["running", "overdue", "met", "missed", "stopped"]


@dataclass(frozen=True)
class RtoClock:
    """`reading` is `running` or `overdue` until the service is restored, then `met` or `missed`.

    An activation that was stood down without a restoration has its clock `stopped`. `remaining` is negative once the
    RTO has passed; `used_percent` goes beyond 100 then. `expected_at` is None when nothing is expected any more.
    """

    start: datetime
    due: datetime
    rto: timedelta
    reading: Reading
    elapsed: timedelta
    remaining: timedelta
    used_percent: int
    restored_at: datetime | None = None
    expected_at: datetime | None = None

    @property
    def actual_recovery(self) -> timedelta | None:
        """How long the services were away, from the begin of the disruption; None while they are."""
        return None if self.restored_at is None else self.restored_at - self.start

    @property
    def met(self) -> bool | None:
        """Whether the RTO was met; None while that is open, or when nothing had to be restored any more."""
        return {"running": None, "overdue": False, "met": True, "missed": False, "stopped": None}[self.reading]


def rto_clock(
    *,
    start: datetime,
    due: datetime,
    now: datetime,
    restored_at: datetime | None = None,
    ended_at: datetime | None = None,
    expected_at: datetime | None = None,
) -> RtoClock:
    """Return the clock as read at `now`; `ended_at` is when the activation ended, restored or not."""
    stopped_at = restored_at or ended_at
    until = stopped_at or now
    if restored_at is not None:
        reading: Reading = "met" if restored_at <= due else "missed"
    elif ended_at is not None:
        reading = "stopped"
    else:
        reading = "running" if now <= due else "overdue"
    rto, elapsed = due - start, until - start
    return RtoClock(
        start=start,
        due=due,
        rto=rto,
        reading=reading,
        elapsed=elapsed,
        remaining=due - until,
        used_percent=round(100 * elapsed / rto) if rto else 100,
        restored_at=restored_at,
        expected_at=None if stopped_at else expected_at,
    )
