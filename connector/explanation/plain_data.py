"""An explanation as plain data, in the shape of `console.explanation_shapes`, for the read API and for `--json`."""

from __future__ import annotations

from typing import Any

from connector.activation import number
from connector.evidence import Message, Sent
from connector.explanation.ticket_why import TicketWhy
from connector.why.verdict import FieldWhy

MOST_WRITES = 20


def as_json(found: TicketWhy) -> dict[str, Any]:
    """Return an explanation as the API and `--json` give it; instants stay instants."""
    return {
        "connection": found.connection,
        "platform": found.platform,
        "number": found.number,
        "id": found.id,
        "url": found.url,
        "record": found.record,
        "key": found.key,
        "known": found.known,
        "covered": found.covered,
        "baseline": found.baseline,
        "deleted": found.deleted,
        "plan": found.plan,
        "activation": number(found.activation) if found.activation is not None else None,
        "role": found.role,
        "why": found.why,
        "why_at": found.why_at,
        "heard_at": found.heard_at,
        "mapping_version": found.mapping_version or None,
        "story": list(found.story),
        "to_do": list(found.advice),
        "problems": list(found.problems),
        "fields": [_field(item) for item in found.fields],
        "deliveries": [_delivery(item) for item in found.messages],
        "writes": [_write(item) for item in found.writes[:MOST_WRITES]],
    }


def _field(item: FieldWhy) -> dict[str, Any]:
    brought = item.message_id is not None
    return {
        "name": item.name,
        "field": item.field,
        "id": item.id,
        "label": item.label,
        "direction": item.direction,
        "rule": item.rule,
        "mapping_version": item.version or None,
        "when": item.when,
        "when_held": item.held,
        "verdict": item.verdict,
        "reason": item.reason,
        "ours": item.ours,
        "theirs": item.theirs,
        "agreed": item.agreed,
        "counts": item.counts,
        **({"now": item.live} if item.live_known else {}),
        "delivery_kept": item.message is not None if brought else None,
        "delivery_id": f"D{item.message_id}" if brought else None,
        "delivery": _delivery(item.message) if item.message is not None else None,
        "write": _write(item.write) if item.write is not None else None,
    }


def _delivery(item: Message) -> dict[str, Any]:
    return {
        "id": f"D{item.id}",
        "source": item.source,
        "event": item.event,
        "state": item.state,
        "reason": item.reason,
        "received_at": item.received_at,
        "decided_at": item.decided_at,
    }


def _write(item: Sent) -> dict[str, Any]:
    return {
        "id": f"W{item.id}",
        "action": item.action,
        "state": item.state,
        "attempts": item.attempts,
        "reason": item.reason,
        "warnings": list(item.warnings),
        "mapping_version": item.version or None,
        "created_at": item.created_at,
        "sent_at": item.sent_at,
        "done_at": item.done_at,
    }
