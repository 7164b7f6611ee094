"""A comment as a client sends it: text and properties."""

from __future__ import annotations

from typing import Any

from sandbox.jira.adf import RichText
from sandbox.jira.values import Invalid, rich_text

Remark = tuple[RichText, dict[str, Any]]


def read_comment(raw: Any, version: str) -> Remark:
    """From `{"body": ..., "properties": [{"key", "value"}]}`; raises Invalid."""
    sent = raw if isinstance(raw, dict) else {}
    body = sent.get("body")
    if body is None or body == "":
        raise Invalid("Comment body can not be empty!")
    properties = {str(entry["key"]): entry.get("value") for entry in sent.get("properties") or []}
    return rich_text(body, version, "Comment body is not valid!"), properties
