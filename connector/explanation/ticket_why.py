"""The answer to why a ticket is as it is: its story, and each field of its mapping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.evidence import Message, Sent
from connector.why.verdict import FieldWhy


@dataclass(frozen=True)
class TicketWhy:
    """The answer. `known` is false for a ticket that nothing was ever heard of; `story` and `advice` are sentences.

    `record` is "" for what is none of ours (another type of ticket), or unknown; `key` is that of a continuity record.
    `activation` is None without one.
    """

    connection: str
    platform: str
    number: str
    id: str
    url: str
    record: str
    known: bool
    covered: bool
    baseline: bool
    deleted: bool
    plan: str
    activation: int | None
    role: str
    why: str
    why_at: datetime | None
    heard_at: datetime | None
    mapping_version: int
    story: tuple[str, ...]
    advice: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    fields: tuple[FieldWhy, ...] = ()
    messages: tuple[Message, ...] = ()
    writes: tuple[Sent, ...] = ()
    key: str = ""
