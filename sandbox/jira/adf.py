"""Atlassian Document Format: what version 3 takes and gives where version 2 and webhooks have wiki text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_BLOCKS = {
    "paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "panel", "rule", "table",
    "taskList", "decisionList", "mediaSingle", "mediaGroup", "expand", "nestedExpand", "blockCard",
}  # fmt: skip
_INLINE = {"text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard"}
_INNER: dict[str, set[str]] = {
    "doc": _BLOCKS,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "codeBlock": {"text"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle"},
    "blockquote": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "panel": {"paragraph", "heading", "bulletList", "orderedList", "rule", "taskList", "codeBlock"},
    "table": {"tableRow"},
    "tableRow": {"tableCell", "tableHeader"},
    "tableCell": _BLOCKS - {"table", "expand"},
    "tableHeader": _BLOCKS - {"table", "expand"},
    "taskList": {"taskItem", "taskList"},
    "taskItem": _INLINE,
    "decisionList": {"decisionItem"},
    "decisionItem": _INLINE,
    "mediaSingle": {"media"},
    "mediaGroup": {"media"},
    "expand": _BLOCKS - {"expand"},
    "nestedExpand": _BLOCKS - {"expand", "table"},
}
_MEMBERS = {"type", "content", "text", "marks", "attrs", "version"}
_MARKS = {"strong", "em", "code", "strike", "underline", "link", "textColor", "subsup", "backgroundColor"}
_LEAVES = {"inlineCard", "mention", "emoji", "status", "date"}
_AROUND = {
    "hardBreak": ("", "\n"),
    "heading": ("h{level}. ", "\n\n"),
    "codeBlock": ("{{code}}\n", "\n{code}\n\n"),
    "paragraph": ("", "\n\n"),
    "rule": ("----", "\n\n"),
}
_BULLETS = {"bulletList": "* ", "orderedList": "# "}


@dataclass(frozen=True)
class RichText:
    """`text` is the wiki text; `document` the ADF as it was sent, None where it came as wiki text."""

    text: str
    document: dict[str, Any] | None = None

    def as_document(self) -> dict[str, Any]:
        if self.document is not None:
            return self.document
        paragraphs = [_paragraph(block) for block in self.text.split("\n\n") if block.strip()]
        return {"type": "doc", "version": 1, "content": paragraphs}


def from_document(document: Any) -> RichText:
    """Validate and keep an ADF document; ValueError when it is none, as Jira refuses it whole."""
    if not isinstance(document, dict) or document.get("type") != "doc" or document.get("version") != 1:
        raise ValueError("not an ADF document")
    if not isinstance(document.get("content"), list):
        raise ValueError("an ADF document needs content")  # noqa: TRY004 - the caller answers 400 to each ValueError
    _check(document)
    return RichText(_wiki(document).strip(), document)


def _check(node: dict[str, Any]) -> None:
    kind = node["type"]
    if set(node) - _MEMBERS:
        raise ValueError(f"{kind}: unknown members {sorted(set(node) - _MEMBERS)}")
    if kind == "text" and not (isinstance(node.get("text"), str) and node["text"]):
        raise ValueError("a text node needs text that is not empty")
    if kind == "heading" and node.get("attrs", {}).get("level") not in range(1, 7):
        raise ValueError("a heading needs a level from 1 to 6")
    for mark in node.get("marks", []):
        if not isinstance(mark, dict) or mark.get("type") not in _MARKS:
            raise ValueError(f"unknown mark {mark!r}")
        if mark["type"] == "link" and not mark.get("attrs", {}).get("href"):
            raise ValueError("a link needs an href")
    children = node.get("content", [])
    if not isinstance(children, list) or (kind in {"bulletList", "orderedList", "listItem", "table"} and not children):
        raise ValueError(f"{kind}: needs content")
    for child in children:
        if not isinstance(child, dict) or child.get("type") not in _INNER.get(kind, set()):
            raise ValueError(f"{kind} cannot hold {child!r}")
        _check(child)


def _wiki(node: dict[str, Any], indent: str = "") -> str:
    kind, children = node["type"], node.get("content", [])
    if kind in _LEAVES:
        attrs = node.get("attrs", {})
        return str(attrs.get("url") or attrs.get("text") or attrs.get("timestamp") or "")
    if kind in _BULLETS:
        return "".join(indent + _BULLETS[kind] + _wiki(item, indent).strip() + "\n" for item in children) + "\n"
    inner = _marked(node) if kind == "text" else "".join(_wiki(child, indent) for child in children)
    before, after = _AROUND.get(kind, ("", ""))
    return f"{before.format(level=node.get('attrs', {}).get('level'))}{inner}{after}"


def _marked(node: dict[str, Any]) -> str:
    text = str(node["text"])
    for mark in node.get("marks", []):
        if mark["type"] == "strong":
            text = f"*{text}*"
        elif mark["type"] == "em":
            text = f"_{text}_"
        elif mark["type"] == "code":
            text = "{{" + text + "}}"
        elif mark["type"] == "link":
            text = f"[{text}|{mark['attrs']['href']}]"
    return text


def _paragraph(block: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for number, line in enumerate(block.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}
