"""What the platform holds of a field, as far as it is known, and whether that is what we mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.evidence import Evidence, Heard
from connector.value import same
from mappings.mapping import Field, no_names
from mappings.transforms import NOTHING, Unmapped, scalar


def locate(name: str, labels: Mapping[str, str] | None) -> str | None:
    """Return the id of the field that a mapping names by id or label; "" where that is not known, None for no field."""
    if not name or labels is None:
        return ""
    if not labels or name in labels:
        return name
    return next((place for place, label in labels.items() if label.casefold() == name.casefold()), None)


def theirs_of(evidence: Evidence, item: Field) -> Any:
    """Return what the platform was last seen to hold: in its own shape where that is kept, else in ours."""
    return _shown(evidence.heard, evidence, item) if evidence.heard is not None else None


def _shown(heard: Heard, evidence: Evidence, item: Field) -> Any:
    raw = _raw(heard, evidence, item)
    if not item.reads:
        return None if raw is NOTHING else _plain(item, raw)
    known = _stored(heard.values.get(item.source, NOTHING))
    if raw is not NOTHING:
        read = as_read(item, raw)
        # Where the message was read again before it was decided, what counts is what was read.
        if known is NOTHING or (read is not NOTHING and alike(item, read, known)):
            return _plain(item, raw)
    return None if known is NOTHING else known


def _raw(heard: Heard, evidence: Evidence, item: Field) -> Any:
    """Return the platform's own value; NOTHING where it is not kept."""
    place = locate(item.field, evidence.labels) or item.field
    return heard.held[place] if place and heard.held is not None and place in heard.held else NOTHING


def live_of(evidence: Evidence, item: Field, ours: Any) -> tuple[bool, Any, bool]:
    """Return whether it is known what the platform holds now, that, and whether it means another value than before."""
    live = evidence.live
    if live is None or ((now := _meaning(live, evidence, item)) is NOTHING):
        return False, None, False
    before = _meaning(evidence.heard, evidence, item) if evidence.heard is not None else NOTHING
    return True, _shown(live, evidence, item), not alike(item, now, ours if before is NOTHING else before)


def _meaning(heard: Heard, evidence: Evidence, item: Field) -> Any:
    """Return a value in our words, one that the mapping does not know as it stands; NOTHING for none."""
    if item.reads and item.source in heard.values:
        return _stored(heard.values[item.source])
    raw = _raw(heard, evidence, item)
    if raw is NOTHING:
        return NOTHING
    read = as_read(item, raw)
    return _plain(item, raw) if read is NOTHING else read


def unread(evidence: Evidence, item: Field) -> bool:
    """Tell whether the last message held the field, and the mapping of that time did not read it."""
    heard = evidence.heard
    if heard is None or item.source in heard.values:
        return False
    raw = _raw(heard, evidence, item)
    return raw is not NOTHING and as_read(item, raw) is not NOTHING


def _plain(item: Field, raw: Any) -> Any:
    """Return what tells a platform's value, of an object the part that the mapping reads."""
    if isinstance(raw, list):
        return [_plain(item, one) for one in raw]
    return scalar(raw, item.shape.part) if isinstance(raw, Mapping) else raw


def as_read(item: Field, raw: Any) -> Any:
    """Return what a platform's value reads as, as it is stored; NOTHING where the mapping knows no such value."""
    try:
        return _stored(item.read(raw, no_names))
    except Unmapped:
        return NOTHING


def _stored(value: Any) -> Any:
    """Return a value as it is stored: instants as ISO 8601 text."""
    if isinstance(value, list):
        return [_stored(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def alike(item: Field, one: Any, other: Any) -> bool:
    """Tell whether two neutral values are one; instants and numbers may be written in more than one way."""
    if isinstance(one, list) != isinstance(other, list):
        one, other = _listed(one), _listed(other)
    if same(item.source, one, other):
        return True
    if item.shape.type in ("datetime", "date") and one and other:
        return same("due_at", str(one), str(other))
    return str(one if one is not None else "") == str(other if other is not None else "")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def absent(evidence: Evidence, item: Field) -> bool:
    """Tell whether the platform is known to lack the field."""
    if not item.field:
        return False
    place = locate(item.field, evidence.labels)
    if place is None:
        return True
    held = evidence.heard.held if evidence.heard else None
    return held is not None and bool(place) and place not in held
