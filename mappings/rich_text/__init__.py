"""Formatted text: ours is Markdown, a platform's is wiki markup, HTML or a document of Atlassian's format.

What each markup can hold, and what goes over into another form, is said in `tidy` and in the module of the markup.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable, Mapping
from typing import Any

from mappings.rich_text import adf, html, markdown, plain, wiki_reading, wiki_writing
from mappings.rich_text.document import Block, Document, Paragraph, Run
from mappings.rich_text.tidy import tidy

MARKUPS = ("markdown", "wiki", "html", "adf")
LONGEST = 70_000
"""Longer texts (characters) are read as plain text: Jira's longest, with each sign escaped, is less."""

_READERS: Mapping[str, Callable[[str], Document]] = {
    "markdown": markdown.read,
    "wiki": wiki_reading.read,
    "adf": wiki_reading.read,
    "html": html.read,
}
_WRITERS: Mapping[str, Callable[[Document], Any]] = {
    "markdown": markdown.write,
    "wiki": wiki_writing.write,
    "html": html.write,
    "adf": adf.write,
}
_TAG = re.compile(r"<[^<>]*>")


def read(raw: Any, markup: str) -> str:
    """Return a platform's formatted text as Markdown; what is not known is read as its text. Never raises.

    JSON in the place of a text is a document of Atlassian's, whatever the markup. Without a markup it is as it stands.
    """
    return markdown.write(parsed(raw, markup)) if markup or not isinstance(raw, str) else raw


def write(text: str, markup: str) -> Any:
    """Return Markdown in the platform's markup: a text, or for adf a document. Without a markup it is as it stands."""
    return _WRITERS[markup](parsed(text, "markdown")) if markup else text


def write_plain(text: str, markup: str) -> Any:
    """Return plain text in the platform's markup, in which no sign of it means anything; addresses are links."""
    return _WRITERS[markup](plain.read(text))


def read_plain(raw: Any, markup: str) -> str:
    """Return the plain text of a platform's formatted text."""
    return plain.write(parsed(raw, markup))


def shortened(raw: Any, markup: str, longest: int) -> Any:
    """Return a platform's formatted text cut to `longest` characters of markup (of adf: of what is seen and its signs).

    Whole blocks are kept, then a part of the next as plain text, then three dots.
    """
    document = parsed(raw, markup)
    if _size(document, markup) <= longest:
        return raw
    kept: list[Block] = []
    left = longest - len("\n\n...")
    for block in document:
        size = _size((block,), markup) + 2
        if size > left:
            # Each sign may be escaped by what is up to six characters long.
            text = plain.write((block,))[: max(left // 6, 0)]
            kept += plain.read(text)
            break
        kept.append(block)
        left -= size
    return _WRITERS[markup](tidy([*kept, Paragraph((Run("..."),))]))


def parsed(raw: Any, markup: str) -> Document:
    """Return what a text in a markup says, as a document."""
    if isinstance(raw, (Mapping, list)):
        return adf.read(raw)
    text = "" if raw is None else str(raw)
    if len(text) <= LONGEST:
        return _READERS.get(markup, plain.read)(text)
    return plain.read(entities.unescape(_TAG.sub(" ", text)) if markup == "html" else text)


def _size(document: Document, markup: str) -> int:
    return len(_WRITERS["wiki" if markup == "adf" else markup](document))
