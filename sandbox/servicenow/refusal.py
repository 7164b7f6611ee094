"""The ways in which the instance refuses a request, each with the status and words of the real one."""

from __future__ import annotations

import json
from typing import Any

from sandbox.gate import Answers


class Refused(Exception):
    """Ends a request with an error body; `detail` None stays null, as for an invalid table."""

    def __init__(self, status: int, message: str, detail: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail

    def body(self) -> dict[str, Any]:
        return error_body(self.message, self.detail)


def error_body(message: str, detail: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}


def unauthenticated() -> Refused:
    return Refused(401, "User Not Authenticated", "Required to provide Auth information")


def invalid_table(name: str) -> Refused:
    return Refused(400, f"Invalid table {name}", None)


def not_found() -> Refused:
    return Refused(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def forbidden(operation: str) -> Refused:
    return Refused(403, "Operation Failed", f"ACL Exception {operation} Failed due to security constraints")


def mandatory(labels: list[str]) -> Refused:
    detail = f"Data Policy Exception: The following fields are mandatory: {', '.join(labels)}"
    return Refused(403, "Operation Failed", detail)


def duplicate(sys_id: str, status: int) -> Refused:
    detail = f"Unique Key violation detected by database ((conn=1) Duplicate entry '{sys_id}' for key 'PRIMARY')"
    return Refused(status, "Operation Failed", detail)


def not_json() -> Refused:
    return Refused(400, "Exception while reading request", "The payload is not valid JSON.")


def too_many(limit: int) -> Refused:
    detail = f"Rate limit of {limit} requests per hour for Table API exceeded"
    return Refused(429, "Rate limit exceeded", detail)


def _partial(body: bytes) -> bytes:
    """A 200 whose time quota ran out: the first half of the rows, and the error beside them."""
    document = json.loads(body) if body else {}
    rows = document.get("result")
    if isinstance(rows, list):
        document["result"] = rows[: len(rows) // 2]
    document |= error_body("Transaction cancelled: maximum execution time exceeded", "Transaction cancelled")
    return json.dumps(document).encode()


_HIBERNATING = b"""<!DOCTYPE html>
<html><head><title>Instance Hibernating page</title></head>
<body><h1>Your instance is hibernating</h1><p>Sign in to the developer site to wake it up.</p></body></html>
"""

ANSWERS = Answers(
    rate_limited=json.dumps(too_many(100).body()).encode(),
    server_error=json.dumps(error_body("Internal Server Error", "The server met an unexpected condition")).encode(),
    unavailable=json.dumps(error_body("Service Unavailable", "The instance is not available")).encode(),
    page=_HIBERNATING,
    partial=_partial,
)
