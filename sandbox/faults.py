"""Faults on demand: which of the next calls go wrong, in which way, and how often."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sandbox import order

Kind = Literal[
    "drop_before",
    "drop_after",
    "delay",
    "429",
    "500",
    "503",
    "500_after",
    "503_after",
    "html_200",
    "error_200",
    "unserviced",
]


@dataclass(frozen=True)
class Fault:
    """One order: calls that match `method` and `path` (a regular expression searched in path?query) go wrong.

    `times` None means for ever; the first `skip` matching calls pass; `inner` also tries requests inside a batch;
    `count` is how many requests at the end of a batch an "unserviced" fault leaves undone.
    """

    kind: Kind
    method: str | None = None
    path: str = ""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    retry_after: float | str | None = None
    seconds: float = 0.5
    inner: bool = False
    count: int = 1


@dataclass
class _Order:
    fault: Fault
    pattern: re.Pattern[str]
    seen: int = 0
    fired: int = 0
    row: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The standing orders, drawn from one seeded source of chance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._chance = random.Random(0)

    def order(self, rows: list[dict[str, Any]], seed: int | None) -> None:
        """Add faults as posted to the control API; raises ValueError, naming the row, and adds none if one is wrong."""
        orders = [_read(index, row) for index, row in enumerate(rows)]
        with self._lock:
            self._orders.extend(orders)
            if seed is not None:
                self._chance = random.Random(seed)

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()
            self._chance = random.Random(0)

    def report(self) -> list[dict[str, Any]]:
        """The orders as they were posted, each with `fired` and `seen`."""
        with self._lock:
            return [{**order.row, "fired": order.fired, "seen": order.seen} for order in self._orders]

    def draw(self, method: str, target: str, *, inner: bool = False, unserviced: bool = False) -> Fault | None:
        """The first fault that strikes this call, counted as fired; `target` is path?query.

        A batch asks with `unserviced` for the faults that concern only it; all others never see those.
        """
        if not self._orders:
            return None
        with self._lock:
            for order in self._orders:
                if self._strikes(order, method, target, inner=inner, unserviced=unserviced):
                    return order.fault
        return None

    def _strikes(self, order: _Order, method: str, target: str, *, inner: bool, unserviced: bool) -> bool:
        fault = order.fault
        if (fault.kind == "unserviced") is not unserviced or (inner and not fault.inner):
            return False
        if fault.method not in (None, method) or not order.pattern.search(target):
            return False
        if fault.times is not None and order.fired >= fault.times:
            return False
        order.seen += 1
        if order.seen <= fault.skip or self._chance.random() >= fault.probability:
            return False
        order.fired += 1
        return True


def _read(index: int, row: dict[str, Any]) -> _Order:
    where = f"faults[{index}]"
    fault = order.read(Fault, where, row)
    try:
        pattern = re.compile(fault.path)
    except re.error as error:
        raise ValueError(f"{where}.path: not a regular expression: {error}") from error
    if fault.method is not None:
        fault = replace(fault, method=fault.method.upper())
    return _Order(fault, pattern, row=row)
