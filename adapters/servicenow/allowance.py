"""What ServiceNow's answers say of how many calls they allow: hourly rules for each user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connector.call import Allowance


def allowance(headers: Mapping[str, str], *, refused: bool) -> Allowance | None:
    """Return the rule that a call fell under, None where it fell under none; `headers` by case-insensitive name.

    `X-RateLimit-Limit` (calls an hour), `-Reset` (epoch seconds) and `-Rule` (its sys_id) come only with a call that a
    rule of sys_rate_limit_rules matches. What is left is never said: a refusal, 429, says that nothing is.
    Source: "Inbound REST API rate limiting" in ServiceNow's documentation.
    """
    try:
        limit = int(headers["X-RateLimit-Limit"])
        resets_at = datetime.fromtimestamp(int(headers["X-RateLimit-Reset"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    if limit < 1:
        return None
    return Allowance(headers.get("X-RateLimit-Rule", ""), limit, 0 if refused else None, resets_at)
