"""Waiting until nothing goes on any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until_quiet(busy: Callable[[], Any], *, seconds: float, quiet: float, pause: float = 0.03) -> None:
    """Return once `busy` has told nothing for `quiet` seconds; fails after `seconds` with what it told last.

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
            return
        assert now < end, f"not settled within {seconds} s: {told}"
        time.sleep(pause)
