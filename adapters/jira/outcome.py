"""What became of a write, told in the port's words."""

from __future__ import annotations

from adapters.jira.fault import NoEffect, Rejected
from adapters.jira.site import Site
from connector.ticketing import Outcome, Write


def done(
    site: Site, write: Write, identity: str, number: str, *, version: int | None = None, warnings: tuple[str, ...] = ()
) -> Outcome:
    return Outcome(write.key, "done", identity, number, site.url(number), version, warnings)


def failed(write: Write, error: Exception) -> Outcome:
    """Return the outcome of a write whose own call ended in `error`."""
    if isinstance(error, (NoEffect, Rejected)):
        return unread(write, error)
    return Outcome(write.key, "unclear", write.id, write.number, reason=str(error))


def unread(write: Write, error: Exception) -> Outcome:
    """Return the outcome of a write before which something had to be read, and could not be: this try did nothing."""
    if isinstance(error, Rejected):
        return Outcome(write.key, "refused", write.id, write.number, reason=str(error))
    wait = error.retry_after if isinstance(error, NoEffect) else None
    return Outcome(write.key, "retry", write.id, write.number, reason=str(error), retry_after=wait)


def odd(write: Write, error: Exception) -> Outcome:
    """Return the outcome of a write whose answer had an unexpected shape: nothing can be said of it."""
    reason = f"Jira's answer could not be understood ({type(error).__name__}: {error})"
    return Outcome(write.key, "unclear", write.id, write.number, reason=reason)
