"""Why something is written, in words that an auditor can follow to the message or the person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from connector.flows.cause import cause_of

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def told(source: str, event: str = "", order: object = None, *, state: str = "open", reason: str = "") -> str:
    body = order if isinstance(order, bytes) else json.dumps(order).encode()
    row = SimpleNamespace(id=12, source=source, event=event, state=state, reason=reason, received_at=NINE, body=body)
    return cause_of(row)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "order", "ordered"),
    [
        ("activate", {"connection": "snow", "number": "INC7", "plan": "PAY-DR"}, "activate INC7 PAY-DR"),
        ("exercise", {"plan": "PAY-DR"}, "exercise PAY-DR"),
        ("stand-down", {"activation": 3}, "stand-down ACT-3"),
        ("task", {"activation": 3, "task": "assess", "state": "done"}, "task done ACT-3 assess"),
    ],
)
def test_a_command_tells_who_ordered_what_on_what_when_and_why(event: str, order: dict[str, Any], ordered: str) -> None:
    cause = told("command", event, {"by": "Carla Mendes", "reason": "false alarm", **order})

    assert cause == f"person: Carla Mendes ordered `{ordered}` at 2026-03-02 09:00Z (D12): false alarm"


def test_records_that_were_applied_tell_by_whom() -> None:
    assert told("command", "look", {"by": "Ola"}) == "person: Ola applied services and plans at 2026-03-02 09:00Z (D12)"


def test_a_message_and_a_poll_name_the_message() -> None:
    assert told("webhook") == "message D12"
    assert told("poll") == "reconciled by poll (message D12)"


def test_a_message_that_was_put_back_in_line_tells_by_whom() -> None:
    again = "replayed by ola at 2026-03-03 10:00Z"

    assert told("webhook", reason=again) == f"message D12, {again}"
    assert told("webhook", state="done", reason="linked") == "message D12"


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"", b'{"by": null}'])
def test_a_command_that_cannot_be_read_is_somebody_unknown(body: bytes) -> None:
    assert told("command", "task", body) == "person: unknown ordered `task` at 2026-03-02 09:00Z (D12)"
