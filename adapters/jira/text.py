"""Plain text to and from the two markups of Jira: the document format (ADF) of Cloud's v3 and the older wiki text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_BULLET = re.compile(r"\s*[-*•]\s+")
_WIKI = re.compile(r"[{}\[\]]|!(?=\S)|\\(?=[\\{}\[\]!])")
_BACKSLASH = "&#92;"
_WIKI_LINK = re.compile(r"(?<!\\)\[([^\]|]+)\|([^\]]+)\]")
_WIKI_MACRO = re.compile(r"(?<!\\)\{(?:color|code|noformat|quote|panel)[^}]*\}")
_ATOMS = frozenset({"mention", "emoji", "status", "inlineCard", "blockCard"})
_BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "blockquote", "rule", "tableRow", "mediaSingle", "panel"})


def to_adf(text: str) -> dict[str, Any]:
    """Write plain text as a document: blank lines part paragraphs, lines with `-` are a list, addresses are links."""
    content: list[dict[str, Any]] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        plain: list[str] = []
        bullets: list[str] = []
        for line in block.split("\n"):
            found = _BULLET.match(line)
            if found:
                content += _paragraph(plain)
                plain = []
                bullets.append(line[found.end() :])
            else:
                content += _list(bullets)
                bullets = []
                plain.append(line)
        content += _paragraph(plain) + _list(bullets)
    return {"type": "doc", "version": 1, "content": content or [{"type": "paragraph", "content": []}]}


def _paragraph(lines: list[str]) -> list[dict[str, Any]]:
    if not any(line.strip() for line in lines):
        return []
    inline: list[dict[str, Any]] = []
    for line in lines:
        if inline:
            inline.append({"type": "hardBreak"})
        inline += _inline(line)
    return [{"type": "paragraph", "content": inline}]


def _list(lines: list[str]) -> list[dict[str, Any]]:
    items = [{"type": "listItem", "content": _paragraph([line])} for line in lines if line.strip()]
    return [{"type": "bulletList", "content": items}] if items else []


def _inline(line: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    end = 0
    for match in _URL.finditer(line):
        if match.start() > end:
            found.append({"type": "text", "text": line[end : match.start()]})
        link = {"type": "link", "attrs": {"href": match.group()}}
        found.append({"type": "text", "text": match.group(), "marks": [link]})
        end = match.end()
    if line[end:]:
        found.append({"type": "text", "text": line[end:]})
    return found


def to_wiki(text: str) -> str:
    """Write plain text as wiki text: what would start macros, links, mentions and images is escaped.

    A backslash before such a sign is written as its number, as two of them are a line break and escape nothing.
    Addresses stay links: in them a `!` is written as its code.
    """
    parts: list[str] = []
    end = 0
    for match in _URL.finditer(text):
        parts += _WIKI.sub(_escaped, text[end : match.start()] + "h")[:-1], _WIKI.sub(_in_address, match.group())
        end = match.end()
    return "".join([*parts, _WIKI.sub(_escaped, text[end:])])


def _escaped(sign: re.Match[str]) -> str:
    return _BACKSLASH if sign.group() == "\\" else "\\" + sign.group()


def _in_address(sign: re.Match[str]) -> str:
    return "%21" if sign.group() == "!" else _escaped(sign)


def plain(value: Any) -> str:
    """Return the plain text of a document, or of wiki text."""
    if isinstance(value, Mapping):
        return re.sub(r"\n{3,}", "\n\n", _from_adf(value)).strip()
    if not isinstance(value, str):
        return ""
    text = _WIKI_LINK.sub(r"\1 (\2)", _WIKI_MACRO.sub("", value))
    return re.sub(r"\\([{}\[\]!])", r"\1", text).replace(_BACKSLASH, "\\").replace("\r\n", "\n").strip()


def is_document(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("type") == "doc"


def _from_adf(node: Mapping[str, Any]) -> str:
    kind = node.get("type")
    if kind == "text":
        return str(node.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    if kind in _ATOMS:
        attributes = node.get("attrs") or {}
        return str(next((attributes[name] for name in ("text", "shortName", "url") if attributes.get(name)), ""))
    inner = "".join(_from_adf(child) for child in node.get("content") or [] if isinstance(child, Mapping))
    if kind == "listItem":
        return f"- {inner.strip()}\n"
    if kind in ("bulletList", "orderedList"):
        return f"{inner}\n"
    return f"{inner}\n\n" if kind in _BLOCKS else inner
