"""The Batch API's envelope: many requests in one call, each with its own answer."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PATH = "/v1/batch"
MOST = 100
"""Requests put in one batch: the platform gives a batch 30 seconds, and returns the rest unserviced."""


@dataclass(frozen=True)
class Inner:
    """One request of a batch."""

    id: str
    method: str
    url: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What one request of a batch was answered; `body` is None where it was no JSON object."""

    status: int
    body: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """A success without an error beside its result (the platform answers 200 with both when time ran out)."""
        return 200 <= self.status < 300 and self.body is not None and "error" not in self.body  # noqa: PLR2004

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The records of a good answer."""
        result = self.body.get("result") if self.body else None
        found = result if isinstance(result, list) else [result]
        return [row for row in found if isinstance(row, Mapping)]

    @property
    def reason(self) -> str:
        """What the platform said, with the status."""
        return f"HTTP {self.status}: {message(self.body)}"


def message(body: Any) -> str:
    """Return the message and detail of an error body, as one line."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        parts = [str(error[name]) for name in ("message", "detail") if error.get(name)]
        return " ".join(": ".join(parts).split()) or "no message"
    return str(error) if error else "no message"


def pack(batch_id: str, inners: Iterable[Inner]) -> dict[str, Any]:
    """Return the body of a batch call."""
    return {"batch_request_id": batch_id, "rest_requests": [_request(inner) for inner in inners]}


def _request(inner: Inner) -> dict[str, Any]:
    request: dict[str, Any] = {
        "id": inner.id,
        "method": inner.method,
        "url": inner.url,
        "headers": [
            {"name": "Content-Type", "value": "application/json"},
            {"name": "Accept", "value": "application/json"},
        ],
        # Paging and Retry-After stand in the headers.
        "exclude_response_headers": False,
    }
    if inner.body is not None:
        request["body"] = base64.b64encode(json.dumps(inner.body, ensure_ascii=False).encode()).decode()
    return request


def unpack(document: Mapping[str, Any]) -> dict[str, Answer]:
    """Return the answers by request id, without those left unserviced; raises ValueError for another shape."""
    serviced = document.get("serviced_requests")
    if not isinstance(serviced, list):
        raise ValueError(message(document))  # noqa: TRY004 - the document's shape is its value here
    answers: dict[str, Answer] = {}
    for item in serviced:
        if not isinstance(item, Mapping):
            raise ValueError("an answer in the batch is no object")  # noqa: TRY004 - as above
        headers = {str(header["name"]).lower(): str(header["value"]) for header in item.get("headers") or ()}
        answers[str(item["id"])] = Answer(int(item["status_code"]), _body(item.get("body")), headers)
    return answers


def _body(text: object) -> Mapping[str, Any] | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        # Recorded answers wrap the base64 text over lines, which decoding without validation skips.
        body = json.loads(base64.b64decode(text))
    except (binascii.Error, ValueError, RecursionError):  # RecursionError: nested without end
        return None
    return body if isinstance(body, dict) else None
