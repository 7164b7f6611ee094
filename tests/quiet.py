"""Waiting until nothing goes on any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def still_busy(busy: Callable[[], Any], *, seconds: float, quiet: float, pause: float = 0.03) -> Any:
    """Wait until `busy` has told nothing for `quiet` seconds; return what it told last if `seconds` did not do.

    Both ends of the quiet time are looked at: a thread that was held up in between has seen nothing of it.
    """
    end = time.monotonic() + seconds
    since: float | None = None
    while True:
        told = busy()
        now = time.monotonic()
        if told:
            since = None
        elif since is None:
            since = now
        elif now - since >= quiet:
            return None
        if now >= end:
            return told or "quiet, but not for long enough"
        time.sleep(pause)


def until_quiet(busy: Callable[[], Any], *, seconds: float, quiet: float) -> None:
    """Wait until `busy` has told nothing for `quiet` seconds; fails after `seconds` with what it told last."""
    told = still_busy(busy, seconds=seconds, quiet=quiet)
    assert told is None, f"not settled within {seconds} s: {told}"
