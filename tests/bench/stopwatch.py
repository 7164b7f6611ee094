"""Figures as they are printed: a line each, with the number of calls and the floor beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured thing; `goal` and `floor` as text, "" where there is none."""

    name: str
    value: str
    goal: str = ""
    calls: str = ""
    floor: str = ""
    met: bool = True

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.value}"]
        parts += [f"{word} {text}" for word, text in (("calls", self.calls), ("floor", self.floor)) if text]
        if self.goal:
            parts.append(f"goal {self.goal}: {'met' if self.met else 'MISSED'}")
        return " | ".join(parts)


def say(figures: Iterable[Figure]) -> bool:
    """Print figures; returns whether every goal is met."""
    good = True
    for figure in figures:
        sys.stdout.write(f"{figure}\n")
        sys.stdout.flush()
        good = good and figure.met
    return good


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not below a share of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ended(row: Mapping[str, Any]) -> datetime:
    """Return when a call, or a webhook, was answered (the sandboxes' own clock is this machine's)."""
    return datetime.fromisoformat(str(row["at"]))


def began(row: Mapping[str, Any]) -> datetime:
    return ended(row) - timedelta(milliseconds=float(row["ms"]))


def makes_tasks(call: Mapping[str, Any]) -> bool:
    """Tell whether a call created recovery tasks."""
    inner = call.get("inner") or []
    batch = any(item["method"] == "POST" and item["path"].endswith("/incident_task") for item in inner)
    return batch or str(call["path"]).endswith("/issue/bulk")
