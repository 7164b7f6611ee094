"""Who writes, and what is told of a write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox.jira.issue import Change, Comment, Issue
from sandbox.jira.site import User


@dataclass(frozen=True)
class Event:
    """What happened, for the webhooks: `kind` is created, updated, deleted or commented; `name` Jira's event type."""

    kind: str
    name: str
    issue: Issue
    author: User
    at: datetime
    change: Change | None = None
    comment: Comment | None = None


@dataclass(frozen=True)
class Actor:
    """Who writes, by which REST version."""

    user: User
    version: str
