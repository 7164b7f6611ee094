"""What records can hold, as far as expressions ask: values on which conditions and computed values are tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Facts
from itertools import product
from math import prod
from random import Random
from typing import Any

from connector.condition import Kind
from mappings.mapping import Mapping
from mappings.vocabulary import CHOICES

PART = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\b(?P<number>\d+)\b|\b(?P<name>[A-Za-z_]\w*)")
"""The texts, numbers and names of an expression."""
MOST = 5000
"""Combinations of values that are all tried; of more, as many that chance picks (always the same ones)."""
_TEXT = r"(?:'([^']*)'|\"([^\"]*)\")"


def names(mapping: Mapping, sources: Sequence[str]) -> dict[str, Kind]:
    """Return what the expressions ask, each with its kind."""
    found = {part["name"] for source in sources for part in PART.finditer(source)}
    return {name: kind for name, kind in sorted(mapping.kinds.items()) if name in found}


def tried(mapping: Mapping, sources: Sequence[str], beside: Sequence[str] = ()) -> Iterator[Facts[str, Any]]:
    """Yield every combination of the values that the expressions name and some others, `beside` among the texts."""
    asked = names(mapping, sources)
    parts = [found for source in sources for found in PART.finditer(source)]
    texts = sorted(
        {
            found["single"] or found["double"] or ""
            for found in parts
            if found["name"] is None and found["number"] is None
        }
    )
    numbers = sorted({int(found["number"]) for found in parts if found["number"] is not None})
    pools = [
        _pool(mapping, name, kind, [*(sorted(_beside(name, sources)) or texts), *beside], numbers)
        for name, kind in asked.items()
    ]
    for values in product(*pools) if prod(map(len, pools)) <= MOST else _picked(pools):
        yield dict(zip(asked, values, strict=True))


def _picked(pools: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    chance = Random(0)  # noqa: S311 - nothing secret
    for _ in range(MOST):
        yield tuple(chance.choice(pool) for pool in pools)


def _beside(name: str, sources: Sequence[str]) -> set[str]:
    """Return the texts that a name is compared with, () if it is compared in some other way."""
    found: set[str] = set()
    for source in sources:
        for pattern in (
            rf"\b{name}\s*(?:[!=]=)\s*{_TEXT}",
            rf"{_TEXT}\s*(?:[!=]=|\bin\b)\s*{name}\b",
            rf"\b{name}\.\w+\(\s*{_TEXT}",
        ):
            found |= {one or other for one, other in re.findall(pattern, source)}
        for listed in re.findall(rf"\b{name}\s+in\s*\[([^\]]*)\]", source):
            found |= {one or other for one, other in re.findall(_TEXT, listed)}
    return found


def _pool(mapping: Mapping, name: str, kind: Kind, texts: list[str], numbers: list[int]) -> list[Any]:
    closed = CHOICES.get((mapping.record, name))
    if closed is not None:
        return list(closed)
    if kind == "bool":
        return [True, False]
    if kind == "int":
        return sorted({0, *numbers, *(number + 1 for number in numbers)})
    if kind == "list":
        return [[], *([text] for text in texts), texts, ["another"]]
    return [*texts, "another", "yet another", *([] if "" in texts else [""])]
