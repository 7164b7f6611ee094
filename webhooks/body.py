"""The JSON object in a message's body, in a form that every database can keep."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from webhooks.envelope import Malformed

MAX_DEPTH = 100
"""Levels of nesting that are read; Jira's rich text, the deepest that is known, stays below 40."""

_LARGEST = 2**53 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN = 60


def document(body: bytes) -> dict[str, Any]:
    """Return the body's JSON object.

    NUL and halves of surrogate pairs, which PostgreSQL refuses and which truncation on a platform does produce, become
    U+FFFD. Raises Malformed for anything that is not one JSON object in UTF-8, for NaN and infinities, and for more
    than MAX_DEPTH levels.
    """
    if not body.strip():
        raise Malformed("the body is empty; send the record as JSON")
    try:
        parsed = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError as fault:
        raise Malformed("the body is not UTF-8; send JSON in UTF-8") from fault
    except json.JSONDecodeError as fault:
        raise Malformed(f"the body is not JSON (line {fault.lineno}, column {fault.colno}: {fault.msg})") from fault
    except (ValueError, RecursionError) as fault:
        raise Malformed("the body is not usable JSON: a number too long, or nested too deeply") from fault
    if not isinstance(parsed, dict):
        raise Malformed(f"the body is a JSON {_kind(parsed)}; send an object")
    cleaned: dict[str, Any] = _storable(parsed, 0)
    return cleaned


def count(value: object) -> int | None:
    """Return a whole number from 0 to 2^53 - 1 given as a number or as its digits, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST)):
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None


def shown(value: object) -> str:
    """Return the value for a message to a person: quoted, one line, at most 60 characters."""
    text = ascii(value) if isinstance(value, str) else _kind(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _kind(value: object) -> str:
    kinds = {dict: "object", list: "list", str: "text", bool: "true/false", type(None): "null"}
    return kinds.get(type(value), "number")


def _refuse(constant: str) -> None:
    raise Malformed(f"the body holds {constant}, which is not JSON")


def _storable(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed(f"the body is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, str):
        return value if value.isascii() and "\x00" not in value else _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(key, depth): _storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed("the body holds a number that is too large")
    return value
