"""What Jira says it stored, compared with what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jira import instants, text
from adapters.jira.site import Site

_IDENTITY = ("accountId", "id", "key", "name", "value")


def unstuck(site: Site, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a warning for each field that does not hold what was sent."""
    return tuple(
        f"{site.field_name(name)}: sent '{shown(value)}', but it stands at '{shown(stored.get(name))}'"
        for name, value in sent.items()
        if name in stored and not _same(value, stored[name])
    )


def _same(sent: Any, stored: Any) -> bool:
    if text.is_document(sent) or text.is_document(stored):
        return " ".join(text.plain(sent).split()) == " ".join(text.plain(stored).split())
    if isinstance(sent, Mapping) and isinstance(stored, Mapping):
        return all(str(stored.get(key)) == str(sent[key]) for key in _IDENTITY if key in sent)
    if isinstance(sent, list) and isinstance(stored, list):
        return len(sent) == len(stored) and all(any(_same(item, other) for other in stored) for item in sent)
    moment = instants.read(sent)
    if moment is not None:
        return moment == instants.read(stored)
    if isinstance(sent, (int, float)) and isinstance(stored, (int, float)):
        return float(sent) == float(stored)
    return (sent or None) == (stored or None)


def shown(value: Any) -> str:
    """Return a field's value as a person would name it, cut to a line."""
    if text.is_document(value):
        return text.plain(value)[:80]
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, Mapping):
        return str(next((value[key] for key in ("name", "value", *_IDENTITY) if key in value), ""))
    return "" if value is None else str(value)[:80]
