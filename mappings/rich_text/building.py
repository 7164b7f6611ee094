"""Puts a document together from what a reader meets, one thing after the other, however deep or badly nested."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mappings.rich_text.document import (
    PLAIN,
    Block,
    Break,
    Code,
    Document,
    Heading,
    Inline,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Run,
)
from mappings.rich_text.tidy import tidy

Kind = Literal["document", "bullets", "numbers", "item", "quote"]
_DEEPEST = 24
"""How many containers stand in each other; what is deeper stands in the last of them (12 lists: nobody reads more)."""


@dataclass
class _Container:
    """`holds` is the kind by which it keeps its contents: of a too deep one, the kind of the last that is not."""

    kind: Kind
    blocks: list[Block] = field(default_factory=list)
    items: list[tuple[Block, ...]] = field(default_factory=list)
    holds: Kind = "document"
    too_deep: bool = False


class Builder:
    """Takes texts and the opening and closing of what holds them; to close what is not open does nothing."""

    def __init__(self) -> None:
        self._open: list[_Container] = [_Container("document", holds="document")]
        self._count: dict[Kind, int] = {}
        self._inlines: list[Inline] = []
        self._level = 0

    def text(self, text: str, marks: frozenset[Mark] = PLAIN, href: str = "") -> None:
        if text:
            self._inlines.append(Run(text, marks, href))

    def line_break(self) -> None:
        self._inlines.append(Break())

    def paragraph(self, level: int = 0) -> None:
        """End the paragraph or heading before, and begin one; `level` is a heading's."""
        inlines, was = tuple(self._inlines), self._level
        self._inlines, self._level = [], level
        if inlines:
            self._put(Heading(was, inlines) if was else Paragraph(inlines))

    def code(self, text: str, language: str = "") -> None:
        self.paragraph()
        self._put(Code(text, language))

    def rule(self) -> None:
        self.paragraph()
        self._put(Rule())

    def open(self, kind: Kind) -> None:
        self.paragraph()
        last = self._open[-1]
        if len(self._open) > _DEEPEST:
            self._open.append(_Container(kind, last.blocks, last.items, last.holds, too_deep=True))
        else:
            self._open.append(_Container(kind, holds=kind))
        self._count[kind] = self._count.get(kind, 0) + 1

    def close(self, kind: Kind) -> None:
        """Close the innermost container of a kind, and what stands open in it."""
        if not self._count.get(kind):
            return
        while self._close() != kind:
            pass

    def within(self, *kinds: Kind) -> bool:
        """Tell whether the innermost container is one of these kinds."""
        return self._open[-1].kind in kinds

    def finish(self) -> Document:
        self.paragraph()
        while len(self._open) > 1:
            self._close()
        return tidy(self._open[0].blocks)

    def _close(self) -> Kind:
        self.paragraph()
        closed = self._open.pop()
        self._count[closed.kind] -= 1
        holder = self._open[-1]
        if closed.too_deep:
            return closed.kind
        if closed.kind == "item":
            if holder.holds in ("bullets", "numbers"):
                holder.items.append(tuple(closed.blocks))
            else:
                self._put(Listing(ordered=False, items=(tuple(closed.blocks),)))
        elif closed.kind == "quote":
            self._put(Quote(tuple(closed.blocks)))
        else:
            self._put(Listing(closed.kind == "numbers", tuple(closed.items)))
        return closed.kind

    def _put(self, block: Block) -> None:
        holder = self._open[-1]
        if holder.holds in ("bullets", "numbers"):
            holder.items.append((block,))
        else:
            holder.blocks.append(block)
