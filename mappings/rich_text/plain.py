"""Plain text, in which blank lines part paragraphs and lines with a dash are a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mappings.rich_text.building import Builder
from mappings.rich_text.document import Block, Break, Code, Document, Heading, Inline, Listing, Paragraph, Quote
from mappings.rich_text.tidy import address

_BULLET = re.compile(r"\s*[-*•]\s+(?=\S)")


def read(text: str) -> Document:
    builder = Builder()
    for line in text.splitlines():
        found = _BULLET.match(line)
        if found:
            if not builder.within("bullets"):
                builder.open("bullets")
            builder.open("item")
            builder.text(line[found.end() :])
            builder.close("item")
        else:
            builder.close("bullets")
            if line.strip():
                builder.text(line)
                builder.line_break()
            else:
                builder.paragraph()
    return builder.finish()


def write(document: Document) -> str:
    """Write what is seen as text: links with their addresses, lists with dashes or numbers."""
    return "\n\n".join("\n".join(_block(block)) for block in document)


def line(inlines: Sequence[Inline]) -> str:
    """Return the text of inlines, with a line feed for each break."""
    return "".join("\n" if isinstance(item, Break) else _shown(item.text, item.href) for item in inlines)


def _shown(text: str, href: str) -> str:
    return f"{text} ({href})" if href not in ("", address(text), f"mailto:{text}") else text


def _block(block: Block) -> list[str]:
    if isinstance(block, (Paragraph, Heading)):
        return line(block.inlines).split("\n")
    if isinstance(block, Code):
        return block.text.split("\n")
    if isinstance(block, Listing):
        found: list[str] = []
        for number, item in enumerate(block.items, start=1):
            marker = f"{number}. " if block.ordered else "- "
            first, *rest = [text for inner in item for text in _block(inner)]
            found += [marker + first, *(" " * len(marker) + text for text in rest)]
        return found
    if isinstance(block, Quote):
        return [text for inner in block.blocks for text in _block(inner)]
    return []
