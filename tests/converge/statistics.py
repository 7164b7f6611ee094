"""What the machines of a run did together, and how they tell that sides do not agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class Disagreement(AssertionError):
    """After the faults had stopped and one sweep, `wrong` does not stand as it should, or `doubled` stands twice."""

    def __init__(self, wrong: Sequence[str], doubled: Sequence[str]) -> None:
        super().__init__("\n".join((*wrong, *doubled)))
        self.wrong, self.doubled = tuple(wrong), tuple(doubled)


@dataclass
class Statistics:
    """Counts; `bound` is how many writes there might have been at most."""

    steps: int = 0
    activations: int = 0
    records: int = 0
    deaths: int = 0
    writes: int = 0
    bound: int = 0

    def ended(self, writes: int, bound: int, deaths: int) -> None:
        self.writes += writes
        self.bound += bound
        self.deaths += deaths


STATISTICS = Statistics()
