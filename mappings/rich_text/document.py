"""What formatted text is to us, whatever markup it came in: blocks, and in them runs of text that bear marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Mark = Literal["strike", "strong", "emphasis", "code"]
MARKS: tuple[Mark, ...] = ("strike", "strong", "emphasis")
"""The marks that can stand together, from the outermost to the innermost when they are written."""

PLAIN: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one line that bears the same marks throughout; `href` is where it links to, "" for nowhere."""

    text: str
    marks: frozenset[Mark] = PLAIN
    href: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line within a paragraph."""


Inline: TypeAlias = Run | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 1 (the largest) to 6."""

    level: int
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """`text` may hold line feeds; `language` is "" where none is told."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A bullet list, or a numbered one; each item holds blocks."""

    ordered: bool
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


Block: TypeAlias = Paragraph | Heading | Code | Listing | Quote | Rule
Document: TypeAlias = tuple[Block, ...]
