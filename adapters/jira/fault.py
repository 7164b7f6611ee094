"""What can go wrong in one call to Jira, sorted by what may have happened there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests.exceptions import ConnectionError as DroppedConnection
from requests.exceptions import ConnectTimeout, ProxyError, SSLError
from urllib3.exceptions import NewConnectionError

_SHOWN = 500

ODD = (AttributeError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer raises when its JSON has a shape that nobody expected."""


class Rejected(Exception):
    """Jira answered, said no, and would say no again; `messages` belong to the whole, `fields` to one field each.

    `body` is the whole answer: a bulk call that failed for each of its elements says so in there.
    """

    def __init__(
        self, status: int, messages: tuple[str, ...], fields: Mapping[str, str] | None = None, body: Any = None
    ) -> None:
        self.status = status
        self.messages = messages
        self.fields = dict(fields or {})
        self.body = body
        told = [*messages, *(f"{name}: {text}" for name, text in self.fields.items())]
        super().__init__(f"Jira answered {status}: {'; '.join(told) or 'no reason given'}")


class NoEffect(Exception):
    """The call certainly changed nothing; it can be made again after `retry_after` seconds (None: when we like)."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class Unclear(Exception):
    """No usable answer came, so the call may or may not have had its effect; `running`: it may have it yet."""

    def __init__(self, reason: str, *, running: bool = False) -> None:
        self.running = running
        super().__init__(reason)


def reasons(body: Any) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return all that an error answer says: its messages, and its words on single fields.

    Reads `{"errorMessages": [], "errors": {}}` with either or both filled, problem+json (`title`, `detail`) and
    gateways' `{"message"}`. The client's own `JIRAError.text` leaves the messages out once `errors` holds something.
    """
    if not isinstance(body, Mapping):
        return (), {}
    messages = body.get("errorMessages") or []
    told = [messages] if isinstance(messages, str) else [str(text) for text in messages]
    told += [str(body[name]) for name in ("errorMessage", "message", "title", "detail") if body.get(name)]
    errors = body.get("errors")
    fields = {str(name): str(text) for name, text in errors.items()} if isinstance(errors, Mapping) else {}
    return tuple(dict.fromkeys(told)), fields


def answered(status: int, body: Any, text: str, retry_after: float | None) -> Exception:
    """Return the fault that an answer of 400 or above is; `text` is the plain body, shown where there is no JSON."""
    messages, fields = reasons(body)
    if not messages and not fields and text.strip() and "<html" not in text.lower():
        messages = (text.strip()[:_SHOWN],)
    told = "; ".join([*messages, *fields.values()])
    if status == 429:  # noqa: PLR2004 - an HTTP status is its own name
        return NoEffect("Jira answered 429: too many requests" + (f" ({told})" if told else ""), retry_after)
    if status >= 500:  # noqa: PLR2004
        return Unclear(f"Jira answered {status}" + (f": {told}" if told else ""))
    return Rejected(status, messages, fields, body)


def silent(error: OSError, timeout: float) -> NoEffect | Unclear:
    """Return the fault that a missing answer is: a connection never made is harmless, a lost one is not."""
    if isinstance(error, ConnectTimeout):
        return NoEffect(f"no connection to Jira within {timeout:g} s")
    if isinstance(error, (SSLError, ProxyError)):
        return NoEffect(f"no connection to Jira: {error}")
    if isinstance(error, DroppedConnection):
        inner = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(inner, NewConnectionError):
            return NoEffect("no connection to Jira: refused, or its name is not known")
        return Unclear("the connection to Jira was lost before its answer came")
    return Unclear(f"Jira did not answer within {timeout:g} s", running=True)
