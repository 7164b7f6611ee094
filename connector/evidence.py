"""What is stored of one ticket, as far as it bears on why its fields are as they are; and who can tell more of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from connector.merge import Policy
from connector.ticketing import Record
from mappings.mapping import Mapping as Rules
from mappings.source import Source


@runtime_checkable
class Revealing(Protocol):
    """An adapter that can tell which of the platform's fields are which, and what a record of the platform holds."""

    def field_labels(self, *, ask: bool = False) -> Mapping[str, str] | None:
        """Return labels by field id; {} where fields go by their ids alone, None where that is not known without `ask`.

        With `ask` the platform may be called. Raises Unavailable, Refused.
        """
        ...

    def fields_of(self, record: Record, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a record, as read or as sent in a webhook, holds by field id."""
        ...


@dataclass(frozen=True)
class Message:
    """A message in: `state` is open, done, ignored or parked; `source` webhook, poll or command."""

    id: int
    source: str
    event: str
    state: str
    reason: str
    received_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Sent:
    """A change out: `state` is pending, done, parked or superseded; `version` that of the mapping (0: not recorded)."""

    id: int
    action: str
    state: str
    values: Mapping[str, Any]
    about: Mapping[str, Any]
    version: int
    attempts: int
    reason: str
    warnings: tuple[str, ...]
    note: str
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None = None
    done_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in {"pending", "parked"}


@dataclass(frozen=True)
class Version:
    """One record's mapping as of a version (0: the shipped files), and where each of its lines stands."""

    id: int
    rules: Rules
    source: Source

    def where(self, name: str) -> str:
        """Return the file and line that decide how a field of ours crosses."""
        return self.source.where(("fields", name))


@dataclass(frozen=True)
class Heard:
    """What a ticket was last seen to hold.

    `values` are neutral, `held` the platform's own by field id (None where the message is not kept, or told only a
    part), `message` what brought them; `message_id` is known even where the message is not kept.
    """

    values: Mapping[str, Any]
    at: datetime | None
    problems: tuple[str, ...] = ()
    held: Mapping[str, Any] | None = None
    message_id: int | None = None
    message: Message | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything stored of one ticket that bears on its fields.

    `writes` come oldest first. `made` are the versions with which they were made. `wanted` is what should stand by now,
    as far as it changes over time. `waiting` is a message about the ticket that is not decided yet. `silent` says why
    nothing is written to the ticket at all. `labels` are as in `Revealing`. `live` is what it holds now, if it was
    read.
    """

    connection: str
    record: Record
    version: Version
    heard: Heard | None = None
    writes: tuple[Sent, ...] = ()
    made: Mapping[int, Version] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    waiting: int | None = None
    silent: str = ""
    labels: Mapping[str, str] | None = None
    policies: Mapping[str, Policy] = field(default_factory=dict)
    live: Heard | None = None
