"""What Jira's answers say of how many calls it takes: Cloud's bursts and refusals, Data Center's token bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from adapters.retry_after import LONGEST, seconds_to_wait
from connector.call import Allowance

PER_ISSUE = "jira-per-issue-on-write"
"""The reason of a refusal that concerns one issue only; its write waits, other calls go on."""


def allowance(headers: Mapping[str, str], *, cloud: bool) -> Allowance | None:
    """Return how many calls are left, None where the answer does not say; `headers` by case-insensitive name.

    Data Center has a bucket for each user: `X-RateLimit-Limit`, `-Remaining`, `-FillRate` (what each interval adds) and
    `-Interval-Seconds`. Cloud tells `-Limit` and `-Remaining` of the calls in one second to one endpoint; that it is
    one endpoint's is left out here, as the second is over before it matters. What Cloud allows in an hour, it tells in
    a refusal only (`leave_alone`). Sources: "Rate limiting" in the documentation of each.
    """
    if headers.get("RateLimit-Reason") == PER_ISSUE:
        return None
    try:
        limit, remaining = int(headers["X-RateLimit-Limit"]), int(headers["X-RateLimit-Remaining"])
        if limit < 1:
            return None
        if cloud:
            return Allowance("burst", limit, remaining, fill=limit, every=timedelta(seconds=1))
        fill = float(headers["X-RateLimit-FillRate"])
        every = timedelta(seconds=float(headers["X-RateLimit-Interval-Seconds"]))
    except (KeyError, ValueError, OverflowError):
        return None
    if not fill > 0 or not every:
        return None
    return Allowance("bucket", limit, remaining, fill=fill, every=every)


def leave_alone(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how many seconds a refused account (429) shall call nothing; None where it is not said.

    `Retry-After`, or else `X-RateLimit-Reset` (to the minute, as `2026-03-02T10:15Z`); of a refusal that meant one
    issue, none.
    """
    if headers.get("RateLimit-Reason") == PER_ISSUE:
        return None
    seconds = seconds_to_wait(headers.get("Retry-After"), now)
    if seconds is not None:
        return seconds
    try:
        reset = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return None
    reset = reset if reset.tzinfo else reset.replace(tzinfo=UTC)
    return min(max((reset - now).total_seconds(), 0.0), LONGEST)
