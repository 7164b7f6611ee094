"""What is lost of a value on its way there and back, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from mappings.proof.samples import NONE
from mappings.transforms import Shape

_LONGEST = 40


def shown(value: Any) -> str:
    """Return a value as a person would write it."""
    if isinstance(value, Mapping):
        return shown(next(iter(value.values()), ""))
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value) or "an empty list"
    if value is NONE:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        offset = "" if value.tzinfo is None else f"{value:%z}" if value.utcoffset() else " UTC"
        return (f"{value:%Y-%m-%d %H:%M:%S}" if value.second else f"{value:%Y-%m-%d %H:%M}") + offset
    if isinstance(value, date):
        return value.isoformat()
    text = "nothing" if value is None else str(value).replace("\n", "\\n")
    if not text:
        return "an empty text"
    text = f"'{text}'" if text != text.strip() else text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}... ({len(text)} characters)"


def told(shape: Shape, ours: Any, there: Any, back: Any, other: Any) -> str:
    """Say what is lost where `ours` is written as `there` and comes back as `back`.

    `other` is another value of ours that is written alike, None if there is none.
    """
    chain = f"{shown(ours)} -> {shown(there)} -> {shown(back)}"
    if isinstance(ours, datetime) and isinstance(back, date):
        return _of_an_instant(shape, ours, there, back, other) or chain
    if shape.type == "labels" and back is not NONE:
        return f"{chain}: a label has no blanks"
    if shape.lookup is not None and shape.lookup.by not in ("", shape.part):
        return f"a name is looked up by {shape.lookup.by} and comes back as {shape.part or 'another'}"
    if shape.lookup is not None and not shape.part:
        return "a name is written as its id and comes back as that: part: does not say which property bears the name"
    if shape.type == "duration" and back is not NONE:
        return f"{ours} s -> {shown(there)} -> {shown(back)} s: {shape.format or 'seconds'} cannot say each second"
    if shape.wrap and back in ("", NONE) and isinstance(there, Mapping):
        return f"it is written within {shape.wrap} and not read from there: say part: {shape.wrap}"
    if shape.type == "rich_text":
        return f"as {shape.format}, {chain}"
    return chain


def _of_an_instant(shape: Shape, ours: datetime, there: Any, back: date, other: Any) -> str:
    if not isinstance(back, datetime):
        return f"{ours:%H:%M} is lost, a date has no time of day"
    if back == ours.replace(second=0):
        return f"the seconds are lost, {shape.format} has none"
    if isinstance(other, datetime) and back == other:
        return f"{shown(other)} and {shown(ours)} are both {shown(there)}: clocks in {shape.zone} show that hour twice"
    if back == ours.replace(hour=0, minute=0, second=0):
        return f"{ours:%H:%M} is lost, {shape.format} has no time of day"
    return ""
