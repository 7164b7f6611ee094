"""What a webhook message says before any mapping: which ticket, which version, and whether to act on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Envelope:
    """One message in.

    `key` is the delivery's id: the sender's own, or `sha256:<hex>` of the body where the sender gives none (see
    `webhooks.headers.delivery_key`). `event` is the platform's word for what happened. `ticket` is the platform's
    immutable id, `number` what people call it; both are "" in messages about something else. `version` grows with each
    change of the ticket (`Ticket.version` has the same scale), None where the message does not tell. `raw` is the
    ticket in the platform's REST shape. `partial` says that `raw` is incomplete: read the ticket again before deciding.
    `ignored` is the reason why the message is not acted on, or "".
    """

    key: str
    event: str
    ticket: str = ""
    number: str = ""
    version: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    partial: bool = False
    ignored: str = ""


EventReader = Callable[[Mapping[str, str], bytes], Envelope]
"""Reads one message from its headers (names in any case) and raw body; raises Malformed and nothing else."""


class Malformed(Exception):
    """The message cannot be used; `what` says what is wrong with it and what to send instead."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
