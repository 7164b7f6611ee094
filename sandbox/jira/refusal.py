"""The errors that Jira answers with, in its shapes."""

from __future__ import annotations

from typing import Any

UNSEEN = "Issue does not exist or you do not have permission to see it."


class Refused(Exception):
    """An answer other than the good one: status and `{"errorMessages": [...], "errors": {field: message}}`.

    `bare` leaves `errors` out, as Jira does where a body could not be read at all.
    """

    def __init__(self, status: int, *messages: str, errors: dict[str, str] | None = None, bare: bool = False) -> None:
        super().__init__(status, messages, errors)
        self.status = status
        self.messages = list(messages)
        self.errors = dict(errors or {})
        self.bare = bare

    @property
    def body(self) -> dict[str, Any]:
        if self.bare:
            return {"errorMessages": self.messages}
        return {"errorMessages": self.messages, "errors": self.errors}


def unseen_issue() -> Refused:
    return Refused(404, UNSEEN)


def unreadable() -> Refused:
    """The body is no JSON: answered without `errors`."""
    return Refused(400, "There was an error parsing JSON. Check that your request body is valid.", bare=True)


def unknown_payload() -> Refused:
    """Cloud's newer endpoints refuse a body with members that they do not know."""
    return Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.", bare=True)
