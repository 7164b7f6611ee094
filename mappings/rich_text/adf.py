"""The Atlassian Document Format, version 1: the JSON in which Jira Cloud (REST v3) takes and gives formatted text.

Not lossless: the form of `tidy`. Of what is not known the text is read: mentions, emoji, cards, statuses and dates as
they are shown, media as their alternative text, panels and layouts as what stands in them, cells of a table with ` | `
between them and a row as a line, tasks with a box. A text in the place of a document is wiki text, which is what Jira's
webhooks send.

Source of the format: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mappings.rich_text.building import Builder, Kind
from mappings.rich_text.document import Block, Break, Code, Document, Heading, Inline, Listing, Mark, Paragraph, Quote

_KINDS: dict[str, Kind] = {
    "bulletList": "bullets",
    "orderedList": "numbers",
    "taskList": "bullets",
    "decisionList": "bullets",
    "listItem": "item",
    "taskItem": "item",
    "decisionItem": "item",
    "blockquote": "quote",
}
_INLINE = frozenset(
    {"mention", "emoji", "status", "inlineCard", "blockCard", "embedCard", "media", "mediaInline", "date"}
)
_CELLS = frozenset({"tableCell", "tableHeader"})
_THROUGH = frozenset({"doc", "text"})
_MARKS: dict[str, Mark] = {"strong": "strong", "em": "emphasis", "strike": "strike", "code": "code"}
_NAMES: dict[Mark, str] = {mark: name for name, mark in _MARKS.items()}
_ATTRIBUTES = ("text", "shortName", "url", "alt", "title")

Node = Mapping[str, Any]


def read(raw: Any) -> Document:
    """Read a document, or any JSON that stands in its place. Never raises."""
    reader = _Reader()
    # What is left to do, the next at the end: a tree of any depth is walked without recursion.
    left: list[Any] = [raw]
    while left:
        node = left.pop()
        if callable(node):
            node()
        elif isinstance(node, Mapping):
            left += reversed(reader.enter(node))
        elif isinstance(node, list):
            left += reversed(node)
    return reader.builder.finish()


def write(document: Document) -> dict[str, Any]:
    """Write a document; one without a block has an empty paragraph, as Jira wants one."""
    content = [_block(block) for block in document]
    return {"type": "doc", "version": 1, "content": content or [_with("paragraph", [])]}


class _Reader:
    def __init__(self) -> None:
        self.builder = Builder()
        self._cells = 0

    def enter(self, node: Node) -> list[Any]:
        """Take a node, and return what comes next: what stands in it, and what ends it."""
        kind = str(node.get("type"))
        attributes = node.get("attrs")
        given: Node = attributes if isinstance(attributes, Mapping) else {}
        content = node.get("content")
        children = list(content) if isinstance(content, list) else []
        builder = self.builder
        if kind in _KINDS:
            held = _KINDS[kind]
            builder.open(held)
            if kind == "taskItem":
                builder.text("[x] " if given.get("state") == "DONE" else "[ ] ")
            return [*children, lambda: builder.close(held)]
        if kind == "hardBreak":
            builder.line_break()
        elif kind == "rule":
            builder.rule()
        elif kind == "codeBlock":
            builder.code(_text(node), _string(given.get("language")))
            return []
        elif kind in _INLINE:
            builder.text(_shown(kind, given), *_marks(node))
        elif isinstance(node.get("text"), str):
            builder.text(node["text"], *_marks(node))
        elif kind in _CELLS:
            builder.text(" | " if self._cells else " ")
            self._cells += 1
            # What would be paragraphs anywhere else is one line in a cell.
            return [{"type": "text", "text": f" {_text(node)} "}]
        elif kind == "tableRow":
            builder.line_break()
            self._cells = 0
        elif kind not in _THROUGH:
            builder.paragraph(_level(given) if kind == "heading" else 0)
            title = _string(given.get("title"))
            lead = [{"type": "text", "text": title, "marks": [{"type": "strong"}]}, builder.paragraph] if title else []
            return [*lead, *children, builder.paragraph]
        return children


def _text(node: Node) -> str:
    """Return all text in a node."""
    found: list[str] = []
    left: list[Any] = [node]
    while left:
        inner = left.pop()
        if isinstance(inner, str):
            found.append(inner)
        if not isinstance(inner, Mapping):
            continue
        kind, given = str(inner.get("type")), inner.get("attrs")
        if kind in _INLINE:
            found.append(_shown(kind, given if isinstance(given, Mapping) else {}))
        elif kind == "hardBreak":
            found.append("\n")
        elif isinstance(inner.get("text"), str):
            found.append(inner["text"])
        content = inner.get("content")
        if isinstance(content, list):
            left += reversed(content)
            if kind != "codeBlock" and inner is not node:
                found.append(" ")
    return "".join(found)


def _shown(kind: str, given: Node) -> str:
    if kind == "date":
        try:
            return datetime.fromtimestamp(int(_string(given.get("timestamp"))) / 1000, UTC).date().isoformat()
        except (ValueError, OverflowError, OSError):
            return _string(given.get("timestamp"))
    return next((_string(given[name]) for name in _ATTRIBUTES if given.get(name)), "")


def _string(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


def _level(given: Node) -> int:
    level = given.get("level")
    return level if isinstance(level, int) else 1


def _marks(node: Node) -> tuple[frozenset[Mark], str]:
    listed = node.get("marks")
    borne: set[Mark] = set()
    href = ""
    for mark in listed if isinstance(listed, list) else ():
        if not isinstance(mark, Mapping):
            continue
        kind, attributes = str(mark.get("type")), mark.get("attrs")
        if kind in _MARKS:
            borne.add(_MARKS[kind])
        elif kind == "link" and isinstance(attributes, Mapping):
            href = _string(attributes.get("href"))
    return frozenset(borne), href


def _with(kind: str, content: Sequence[Any], **attributes: Any) -> dict[str, Any]:
    return {"type": kind} | ({"attrs": attributes} if attributes else {}) | {"content": list(content)}


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return _with("paragraph", [_inline(item) for item in block.inlines])
    if isinstance(block, Heading):
        return _with("heading", [_inline(item) for item in block.inlines], level=block.level)
    if isinstance(block, Code):
        language = {"language": block.language} if block.language else {}
        return _with("codeBlock", [{"type": "text", "text": block.text}], **language)
    if isinstance(block, Listing):
        items = [_with("listItem", [_block(inner) for inner in item]) for item in block.items]
        return _with("orderedList" if block.ordered else "bulletList", items)
    if isinstance(block, Quote):
        return _with("blockquote", [_block(inner) for inner in block.blocks])
    return {"type": "rule"}


def _inline(item: Inline) -> dict[str, Any]:
    if isinstance(item, Break):
        return {"type": "hardBreak"}
    marks: list[dict[str, Any]] = [{"type": _NAMES[mark]} for mark in sorted(item.marks)]
    if item.href:
        marks.append({"type": "link", "attrs": {"href": item.href}})
    return {"type": "text", "text": item.text} | ({"marks": marks} if marks else {})
