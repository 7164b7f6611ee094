"""The headers of a message: looked up in any case, and the delivery's id found among them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

DIGEST = "sha256:"
"""How the key of a delivery begins that came without an id of its own: such a key is known to repeat only shortly."""

_ID = re.compile(r"[\x21-\x7e]{1,200}")


def header(headers: Mapping[str, str], name: str) -> str:
    """Return the header's value without blanks around it, or ""; header names have no case."""
    wanted = name.lower()
    for given, value in headers.items():
        if given.lower() == wanted:
            return value.strip()
    return ""


def delivery_key(headers: Mapping[str, str], name: str, body: bytes) -> str:
    """Return the delivery id in header `name`; without a usable one (1..200 visible ASCII), a digest of the body."""
    given = header(headers, name)
    if _ID.fullmatch(given) and not given.startswith(DIGEST):
        return given
    return DIGEST + hashlib.sha256(body).hexdigest()
