"""A ticket's own story in sentences: what it is to us, what was decided on it, and what a person can check (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from connector.activation import number
from connector.evidence import Heard, Message, Sent
from connector.moment import instant
from connector.store.ticket_evidence import KnownTicket, Traffic
from connector.ticketing import Ticket

_RECORDS = {"recovery_task": "recovery task", "activation": "the ticket of the activation", "review": "the review"}
MOST_IGNORED = 3
NO_MESSAGE = "No message about it is kept."


def of_ticket(
    place: KnownTicket,
    activation: sa.Row[Any] | None,
    messages: Sequence[Message],
    writes: Sequence[Sent],
    heard: Heard | None,
) -> tuple[str, ...]:
    """Tell a known ticket's story."""
    return (*_what(place, activation), *_heard_of(place, messages, heard), *of_traffic(messages, writes))


def of_traffic(messages: Sequence[Message], writes: Sequence[Sent]) -> Iterator[str]:
    """Tell of messages that were ignored, and of what waits or is parked."""
    ignored = [item for item in messages if item.state == "ignored"]
    for item in ignored[:MOST_IGNORED]:
        yield f"D{item.id} ({item.source}, {instant(item.received_at)}) was ignored: {item.reason}."
    if len(ignored) > MOST_IGNORED:
        yield f"{len(ignored) - MOST_IGNORED} more messages of those kept were ignored."
    yield from (f"D{item.id} is parked: {item.reason.rstrip('.')}." for item in messages if item.state == "parked")
    for item in messages:
        if item.state == "open":
            yield f"D{item.id} waits to be decided since {instant(item.received_at)}."
    for sent in writes:
        if sent.state == "parked":
            yield f"W{sent.id} ({sent.action}) is parked: {sent.reason.rstrip('.')}."
        elif sent.state == "pending":
            tried = f", {_tries(sent.attempts)}: {sent.reason or 'no answer yet'}" if sent.attempts else ""
            yield f"W{sent.id} ({sent.action}) waits to be sent{tried}."


def _tries(count: int) -> str:
    return "tried once" if count == 1 else f"tried {count} times"


def _what(place: KnownTicket, activation: sa.Row[Any] | None) -> list[str]:
    act = f"{number(activation.id)} ({activation.plan_key}, {activation.state})" if activation is not None else ""
    if place.placement is not None:
        what = _RECORDS.get(place.placement.record, place.placement.record)
        key = f" {place.placement.key}" if place.placement.record == "recovery_task" else ""
        gone = f"It does not count any more: {place.placement.gone}." if place.placement.gone else ""
        return [f"It is {what}{key} of {act}."] + ([gone] if gone else [])
    if place.question is not None:
        return [f"It is a question of ours to the desk: {place.question.cause}."]
    mine = place.ticket
    if mine is None:
        return ["It is no incident and no ticket of ours: nothing of it is read or written."]
    lines = []
    if mine.deleted:
        lines.append("It was deleted on its platform.")
    if activation is not None:
        lines.append(f"It takes part ({mine.role}) in {act}.")
    elif mine.plan_key:
        lines.append(f"It is covered: plan {mine.plan_key} is linked on it.")
    else:
        lines.append("It is not covered by a plan.")
    if mine.baseline:
        lines.append("It belongs to the baseline: what was there first, or had ended, is seen and not acted on.")
    if mine.version is None:
        lines.append("Only its id is known, as another ticket's parent.")
    if mine.why:
        at = f" ({instant(mine.why_at)})" if mine.why_at else ""
        lines.append(f"Decided{at}: {mine.why}.")
    return lines


def _heard_of(place: KnownTicket, messages: Sequence[Message], heard: Heard | None) -> list[str]:
    lines: list[str] = []
    if messages:
        lines.append(last_message(messages[0]))
    elif heard is None:
        return [NO_MESSAGE]
    if heard is not None and heard.at is not None and heard.message is None:
        at = instant(heard.at)
        if heard.message_id is not None:
            lines.append(f"Its values are of {at}, by D{heard.message_id}: the message is no longer kept.")
        else:
            lines.append(f"Its values are of {at}, read when the connection was first listed.")
    if heard is None and place.placement is not None:
        lines.append("It was not read since it was made.")
    return lines


def last_message(last: Message) -> str:
    return f"Last heard of {instant(last.received_at)}: D{last.id}, {last.event} by {last.source}, {last.state}."


def to_do(messages: Sequence[Message], writes: Sequence[Sent]) -> tuple[str, ...]:
    """Say how to go on with what is parked."""
    parked = [f"D{item.id}" for item in messages if item.state == "parked"]
    parked += [f"W{item.id}" for item in writes if item.state == "parked"]
    return tuple(f"Mend the cause, then `continuity replay {item}`." for item in parked)


def never_heard_of(
    name: str, connection: str, traffic: Traffic, *, polled: bool, others: Sequence[str], near: str
) -> tuple[str, ...]:
    """Tell what is known where nothing is known of the ticket itself."""
    lines = [f"Nothing was ever heard of '{name}' on {connection}, as far as messages are kept."]
    if near:
        lines.append(f"Among the tickets known there: {near}")
    lines += [f"A ticket of that name is known on {other}." for other in dict.fromkeys(others)]
    if traffic.last_at is None:
        lines.append(f"No webhook has come from {connection}, as far as messages are kept.")
    else:
        came = "1 webhook" if traffic.count == 1 else f"{traffic.count} webhooks"
        lines.append(f"{came} came from {connection} in the last 24 hours, the last at {instant(traffic.last_at)}.")
    if not polled:
        lines.append(f"{connection} is not polled (poll: false in the settings).")
    elif traffic.polled_until is None:
        lines.append(f"No poll of {connection} has come to an end yet.")
    else:
        lines.append(f"The last poll of {connection} that went well was at {instant(traffic.polled_until)}.")
    return tuple(lines)


def to_check(connection: str, platform: str, traffic: Traffic, *, polled: bool) -> tuple[str, ...]:
    """Say what a person can check where nothing was heard of a ticket."""
    lines = ["Check the number; `continuity why TICKET --live` asks the platform whether there is such a ticket."]
    if traffic.count == 0:
        lines.append(
            f"Check that {platform} sends its webhooks to /webhooks/{connection}: webhooks/{platform}/README.md."
        )
    else:
        lines.append(f"Webhooks do come: check that what {platform} sends them for includes this ticket.")
    if not polled or traffic.polled_until is None:
        lines.append(
            "Check that `continuity serve` runs, and `poll` in the settings: polls make good what webhooks miss."
        )
    else:
        lines.append("A poll only finds open major incidents and what belongs to a running activation.")
    return tuple(lines)


def live_of_unknown(ticket: Ticket | None, fault: str, connection: str) -> tuple[str, ...]:
    """Say what the platform itself answered of a ticket that nothing was heard of."""
    if fault:
        return (f"{connection} could not be asked: {fault}.",)
    if ticket is None:
        return (f"{connection} has no such ticket, or our account may not see it.",)
    kind = (
        "an incident"
        if ticket.record == "incident"
        else f"no incident ({ticket.values.get('issue_type') or ticket.record})"
    )
    return (f"{connection} has it now: {kind}; no message told us of it.",)


def live_of_known(ticket: Ticket | None, fault: str, connection: str) -> tuple[str, ...]:
    """Say whether a known ticket could be read just now."""
    if fault:
        return (f"{connection} could not be asked: {fault}.",)
    if ticket is None:
        return (f"{connection} has no such ticket any more, or our account may not see it.",)
    return (f"Read just now on {connection}: where a field holds something else now, that is shown.",)
