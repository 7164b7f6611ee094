"""The labels and note markers by which we find again what we wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Literal

from connector.ticketing import KEPT, Record

OURS = "continuity-connector"
"""On every issue that we create, so that one clause of a search finds them all."""

PENDING = "continuity-pending"
"""On a task that waits for its turn: pending and open are one status in Jira's own workflows."""

VERDICTS: dict[str, str] = {"skipped": "continuity-skipped", "failed": "continuity-failed"}
"""On tasks that we closed as skipped or failed, because most workflows have one closed status for all of them."""

PROPERTY = "continuity"
"""The issue property that holds the write's whole key; only issues read over REST carry it."""

STATES: dict[str, str] = {"pending": PENDING, **VERDICTS}
"""The label that goes with a state, where a state needs one."""

_KINDS: dict[str, str] = {
    "activation": "continuity-activation",
    "recovery_task": "continuity-task",
    "review": "continuity-review",
    "service": "continuity-service",
    "plan": "continuity-plan",
    "plan_task": "continuity-plan-task",
}
_MADE: tuple[Record, ...] = ("activation", "recovery_task", "review", *KEPT)
_UNIQUE = re.compile(r"continuity-[0-9a-f]{16}")


def unique(key: str) -> str:
    """Return the label that only the issue of the write `key` bears (and its clones)."""
    return "continuity-" + sha256(key.encode()).hexdigest()[:16]


def labels(record: Record, key: str, state: str) -> list[str]:
    """Return all labels of an issue that we create in a state."""
    return [unique(key), OURS, *(table[name] for table, name in ((_KINDS, record), (STATES, state)) if name in table)]


def unique_among(found: Iterable[str]) -> str:
    """Return the unique label among an issue's labels, or an empty text."""
    return next((label for label in found if _UNIQUE.fullmatch(label)), "")


def is_our_label(label: str) -> bool:
    return label == OURS or label in _KINDS.values() or label in STATES.values() or bool(_UNIQUE.fullmatch(label))


def kind(record: Record) -> str:
    """Return the label of a record; on a service or plan it stands alone where the issue was there before us."""
    return _KINDS[record]


def record(found: Sequence[str], issue_type: str, incident_types: Iterable[str]) -> Record | Literal["other"]:
    """Say what an issue is to us: our labels decide, then the types that the mapping calls incidents."""
    if OURS in found:
        return next((kind for kind in _MADE if _KINDS[kind] in found), "recovery_task")
    kept = next((kind for kind in KEPT if _KINDS[kind] in found), None)
    if kept is not None:
        return kept
    folded = {name.casefold() for name in incident_types}
    return "incident" if issue_type.casefold() in folded else "other"


def note(key: str) -> str:
    """Return the marker that a note ends with."""
    return f"[{_digest(key)}]"


def stands_in(text: str, key: str) -> bool:
    """Tell whether `text` is the note of the write `key` (wiki text may have escaped the brackets)."""
    return _digest(key) in text


def is_ours(text: str) -> bool:
    """Tell whether a comment's text bears any of our markers."""
    return re.search(r"continuity:[0-9a-f]{10}\b", text) is not None


def _digest(key: str) -> str:
    return "continuity:" + sha256(key.encode()).hexdigest()[:10]
