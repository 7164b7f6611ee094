"""The runs of a line as marks that open and close within each other, which is how most markups write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mappings.rich_text.document import MARKS, Break, Inline, Mark, Run

_NOTHING = Run("")


@dataclass(frozen=True, slots=True)
class Step:
    """`open` and `close` have a mark, `run` a run (with no white space at its edges); `space` is one between two."""

    kind: Literal["open", "close", "run", "space"]
    mark: Mark = "strong"
    run: Run = _NOTHING


def lines(inlines: Sequence[Inline]) -> Iterator[list[Run]]:
    """Yield the runs of each line."""
    found: list[Run] = []
    for item in inlines:
        if isinstance(item, Break):
            yield found
            found = []
        else:
            found.append(item)
    yield found


def steps(runs: Sequence[Run]) -> list[Step]:
    """Return how a line is written. White space stands outside of the marks, as most markups want it."""
    found: list[Step] = []
    stack: list[Mark] = []
    space = False
    for run in runs:
        words = run.text.strip(" ")
        if not words:
            space = True
            continue
        space = space or run.text[0] == " "
        wanted = [mark for mark in MARKS if mark in run.marks]
        kept = 0
        while kept < min(len(stack), len(wanted)) and stack[kept] == wanted[kept]:
            kept += 1
        found += [Step("close", mark) for mark in reversed(stack[kept:])]
        if space:
            found.append(Step("space"))
        found += [Step("open", mark) for mark in wanted[kept:]]
        stack = wanted
        found.append(Step("run", run=Run(words, run.marks, run.href)))
        space = run.text[-1] == " "
    found += [Step("close", mark) for mark in reversed(stack)]
    return found
