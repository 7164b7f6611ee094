"""Plain text out of the two markups of Jira: the document format (ADF) of Cloud's v3 and the older wiki text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings import rich_text


def plain(value: Any) -> str:
    """Return the plain text of a document, or of wiki text; "" of anything else."""
    return rich_text.read_plain(value, "wiki") if isinstance(value, (str, Mapping)) else ""


def is_document(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("type") == "doc"
