"""What an adapter tells of each call it made: how it ended, and what the platform said of how many more it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Allowance:
    """How many calls a platform takes from us, by one of its rules.

    `name` tells its rules apart. `limit` is what a full allowance holds; `remaining` is what is left after this call,
    None where the platform does not say (then calls are counted). It is full again at `resets_at`, or `fill` calls
    come back `every` so often.
    """

    name: str
    limit: int
    remaining: int | None = None
    resets_at: datetime | None = None
    fill: float = 0.0
    every: timedelta = timedelta(seconds=1)


@dataclass(frozen=True)
class Call:
    """One call: `path` without ids, `status` 0 where no answer came, `seconds` it took.

    `allowance` is None where the answer named none. `leave_alone` are the seconds for which all calls of the connection
    have to stop, None where the platform asks for none.
    """

    method: str
    path: str
    status: int
    seconds: float
    allowance: Allowance | None = None
    leave_alone: float | None = None


OnCall = Callable[[Call], None]
