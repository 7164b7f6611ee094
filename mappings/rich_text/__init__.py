"""Formatted text: ours is Markdown, a platform's is wiki markup, HTML or a document of Atlassian's format."""

from __future__ import annotations

from typing import Any

MARKUPS = ("markdown", "wiki", "html", "adf")


def read(raw: Any, markup: str) -> str:
    """Return a platform's formatted text as Markdown."""
    del markup
    return str(raw)


def write(text: str, markup: str) -> Any:
    """Return Markdown in the platform's markup."""
    del markup
    return text
