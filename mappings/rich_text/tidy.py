"""The one form of a document that all markups can hold, so that what is written reads back as it was.

What goes over into another form, in any markup (nothing that is seen as text is lost):

- white space outside of code blocks is one space, and none at the end of a line; control characters and the invisible
  word joiner go; empty paragraphs, items and quotes go;
- an address in the text is a link; a link to anything but http, https and mailto is its text, and signs that have no
  place in an address are written in percent; touching links to one address are one;
- code within a line bears no other mark; a heading is one line; one line break follows another only once;
- an item is text and code, then lists; text after an item's list is an item of its own, and an item that only holds
  lists gives way to their items; headings in items and quotes are strong lines, and rules there go;
- a quote in a quote or in an item is its blocks; lists of one kind, and quotes, that touch are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from urllib.parse import quote

from mappings.rich_text.document import (
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

URL = re.compile(r"(?<![^\W_])https?://[^\s<>\"\\|`{}^]+[^\s<>\"\\|`{}^.,;:!?)\]*_~'\[(]")
"""An address in the midst of text, without the sign that ends the sentence."""

JOINER = "\N{WORD JOINER}"
"""Stands between two signs that would mean something together; it is not seen, and goes when the text is read."""

_SAFE = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,30}")
_DROPPED = re.compile(f"[\x00-\x08\x0e-\x1b\x7f{JOINER}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CODE: frozenset[Mark] = frozenset({"code"})
_HEADINGS = 6


def tidy(blocks: Iterable[Block]) -> Document:
    """Return the document in the one form. To tidy twice changes nothing."""
    return tuple(_merged(tidied for block in blocks for tidied in _block(block)))


def address(text: str) -> str:
    """Return an address as links bear it, "" for one that a link must not lead to."""
    found = _clean(text).strip()
    if not _SAFE.match(found):
        return ""
    return quote(found, safe="%:/?#@$&'()*+,;=~-._")


def _clean(text: str) -> str:
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _DROPPED.sub("", text))


def _block(block: Block) -> Iterator[Block]:
    if isinstance(block, Paragraph):
        inlines = tuple(_inlines(block.inlines))
        if inlines:
            yield Paragraph(inlines)
    elif isinstance(block, Heading):
        inlines = tuple(_inlines(Run(" ") if isinstance(item, Break) else item for item in block.inlines))
        if inlines:
            yield Heading(min(max(block.level, 1), _HEADINGS), inlines)
    elif isinstance(block, Code):
        lines = _clean(block.text.replace("\r\n", "\n")).splitlines()
        text = "\n".join(line.rstrip() for line in lines).strip("\n")
        if text:
            yield Code(text, block.language if _LANGUAGE.fullmatch(block.language) else "")
    elif isinstance(block, Listing):
        items = tuple(made for item in block.items for made in _items(_within(tidy(item))))
        if items:
            yield Listing(block.ordered, items)
    elif isinstance(block, Quote):
        blocks = tuple(_merged(_within(tidy(block.blocks))))
        if blocks:
            yield Quote(blocks)
    else:
        yield block


def _within(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks in the forms that an item and a quote can hold: paragraphs, code and lists."""
    for block in blocks:
        if isinstance(block, Heading):
            yield Paragraph(tuple(_inlines(_strong(item) for item in block.inlines)))
        elif isinstance(block, Quote):
            yield from block.blocks
        elif not isinstance(block, Rule):
            yield block


def _strong(item: Inline) -> Inline:
    if isinstance(item, Break) or "code" in item.marks:
        return item
    return Run(item.text, item.marks | {"strong"}, item.href)


def _items(blocks: Iterable[Block]) -> Iterator[tuple[Block, ...]]:
    """Yield the items that the blocks of one make: its own text and code, then its lists."""
    own: list[Block] = []
    lists: list[Block] = []
    for block in blocks:
        if isinstance(block, Listing):
            if own:
                lists.append(block)
            else:
                yield from block.items
            continue
        if lists:
            yield (*_one_paragraph(own), *_merged(lists))
            own, lists = [], []
        own.append(block)
    if own:
        yield (*_one_paragraph(own), *_merged(lists))


def _one_paragraph(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join paragraphs that touch by line breaks."""
    for kind, group in groupby(blocks, type):
        if kind is Paragraph:
            yield Paragraph(tuple(_joined([item.inlines for item in group if isinstance(item, Paragraph)])))
        else:
            yield from group


def _joined(lines: list[tuple[Inline, ...]]) -> Iterator[Inline]:
    for number, line in enumerate(lines):
        if number:
            yield Break()
        yield from line


def _merged(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join lists of one kind that touch, and quotes that do."""
    for _, group in groupby(blocks, lambda block: (type(block), isinstance(block, Listing) and block.ordered)):
        found = list(group)
        first = found[0]
        if isinstance(first, Listing):
            items = (item for block in found if isinstance(block, Listing) for item in block.items)
            yield Listing(first.ordered, tuple(items))
        elif isinstance(first, Quote):
            yield Quote(tuple(_merged(inner for block in found if isinstance(block, Quote) for inner in block.blocks)))
        else:
            yield from found


def _inlines(inlines: Iterable[Inline]) -> Iterator[Inline]:
    """Yield inlines with breaks between lines only, and each line's runs joined where their marks are the same."""
    lines: list[list[Run]] = [[]]
    for item in inlines:
        if isinstance(item, Break):
            lines.append([])
        else:
            lines[-1].append(item)
    yield from _joined([line for line in (tuple(_line(runs)) for runs in lines) if line])


def _line(runs: Iterable[Run]) -> list[Run]:
    """Join runs whose marks are the same, and make links of the addresses that stand in them."""
    return _joined_runs([made for run in _joined_runs(runs) for made in _linked(run)])


def _joined_runs(runs: Iterable[Run]) -> list[Run]:
    """Join runs whose marks are the same; white space between two runs bears what both bear."""
    found: list[tuple[list[str], frozenset[Mark], str]] = []
    space = False
    for run in runs:
        text = _clean(run.text)
        words = text.split()
        if not words:
            space = space or bool(text)
            continue
        marks = _CODE if "code" in run.marks else run.marks
        href = address(run.href) if run.href else ""
        if found and (space or text[0].isspace()):
            _, before, led = found[-1]
            _add(found, " ", (before & marks) - _CODE, led if led == href else "")
        _add(found, " ".join(words), marks, href)
        space = text[-1].isspace()
    return [Run("".join(texts), marks, href) for texts, marks, href in found]


def _add(found: list[tuple[list[str], frozenset[Mark], str]], text: str, marks: frozenset[Mark], href: str) -> None:
    if found and found[-1][1:] == (marks, href):
        found[-1][0].append(text)
    else:
        found.append(([text], marks, href))


def _linked(run: Run) -> Iterator[Run]:
    """Make links of the addresses in a run."""
    text, end = run.text, 0
    if run.href or "code" in run.marks:
        yield run
        return
    for match in URL.finditer(text):
        yield Run(text[end : match.start()], run.marks)
        yield Run(match.group(), run.marks, address(match.group()))
        end = match.end()
    yield Run(text[end:], run.marks)
