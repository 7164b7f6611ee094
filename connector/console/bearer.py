"""Who may use the read API: whoever sends one of the tokens in the settings."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

_SCHEME = "bearer"


def admitted(authorization: str, tokens: Sequence[str]) -> bool:
    """Tell whether an Authorization header carries one of `tokens`; takes as long whichever it is, or none."""
    scheme, _, given = authorization.partition(" ")
    found = False
    for expected in _digests(tokens):
        found |= hmac.compare_digest(expected, _digest(given.strip()))
    return found and scheme.casefold() == _SCHEME and bool(given.strip())


def _digests(tokens: Iterable[str]) -> list[bytes]:
    return [_digest(token) for token in tokens if token]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
