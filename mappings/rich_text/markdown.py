"""Markdown (CommonMark with ~~strike~~), read by markdown-it, in which a line's end is one and HTML is text.

Not lossless: the form of `tidy`, and the number with which a list begins. Images are read as their text, and so are
raw HTML and link definitions. What stands indented by four is a paragraph; code stands between fences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from mappings.rich_text import plain
from mappings.rich_text.building import Builder, Kind
from mappings.rich_text.document import (
    Block,
    Code,
    Document,
    Heading,
    Inline,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Run,
)
from mappings.rich_text.nesting import Step, lines, steps
from mappings.rich_text.tidy import JOINER, URL

_SIGNS: dict[Mark, str] = {"strike": "~~", "strong": "**", "emphasis": "*"}
_ONLY_MARKERS = re.compile(r"[\s>\-+*\d.)]*")
_SCHEME = re.compile(r"https?$")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_SPECIAL = re.compile(r"[\\`*~\[\]<]|(?<![^\W_])_|_(?![^\W_])|(?<=http):(?=//)|(?<=https):(?=//)")
_LINE_START = re.compile(r"[#>+\-=]")
_HASHES_LAST = re.compile(r"(?<= )#+$")
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")


def read(raw: str) -> Document:
    """Read Markdown; what is nested too deep for it to be understood is read as plain text. Never raises."""
    text = raw.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    tokens = _PARSER.parse(text)
    if not _covers(tokens, text):
        return plain.read(text)
    builder = Builder()
    for token in tokens:
        _BLOCKS.get(token.type, _ignore)(builder, token)
    return builder.finish()


def write(document: Document) -> str:
    """Write a document. Plain text in it never becomes formatting when it is read again."""
    return "\n\n".join("\n".join(_block(block)) for block in document)


def _address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the shape that the library calls
    """Keep the signs within a bare address from being taken for formatting."""
    if not state.src.startswith("://", state.pos) or silent:
        return False
    scheme = _SCHEME.search(state.pending[-5:])
    match = URL.match(state.src, state.pos - len(scheme.group())) if scheme else None
    if match is None:
        return False
    state.pending += state.src[state.pos : match.end()]
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"maxNesting": 60}).enable("strikethrough")
    made.disable(["code", "html_block", "html_inline", "reference"])
    made.inline.ruler.before("newline", "address", _address)
    # `tidy` decides what an address is, and how it is written.
    setattr(made, "validateLink", lambda _: True)  # noqa: B010
    setattr(made, "normalizeLink", lambda url: url)  # noqa: B010
    setattr(made, "normalizeLinkText", lambda url: url)  # noqa: B010
    return made


_PARSER = _parser()


def _covers(tokens: Sequence[Token], text: str) -> bool:
    """Tell whether all lines went into some block: the parser passes over what is nested too deep for it."""
    rows = text.split("\n")
    seen = bytearray(len(rows) + 1)
    for token in tokens:
        if token.map and token.type in ("inline", "fence", "hr", "heading_open"):
            first, last = token.map
            seen[first:last] = b"\x01" * (last - first)
    return all(seen[number] or _ONLY_MARKERS.fullmatch(row) for number, row in enumerate(rows))


def _ignore(builder: Builder, token: Token) -> None:
    del builder, token


def _opens(kind: Kind) -> Callable[[Builder, Token], None]:
    return lambda builder, _: builder.open(kind)


def _closes(kind: Kind) -> Callable[[Builder, Token], None]:
    return lambda builder, _: builder.close(kind)


def _inline(builder: Builder, token: Token) -> None:
    marks: dict[Mark, int] = {"strike": 0, "strong": 0, "emphasis": 0}
    links: list[str] = []
    for child in token.children or ():
        kind, _, end = child.type.rpartition("_")
        mark = _MARKS.get(kind)
        if mark is not None:
            marks[mark] += 1 if end == "open" else -1
        elif child.type == "link_open":
            links.append(str(child.attrs.get("href", "")))
        elif child.type == "link_close":
            links.pop()
        elif child.type in ("softbreak", "hardbreak"):
            builder.line_break()
        else:
            borne = {mark for mark, count in marks.items() if count > 0}
            if child.type == "code_inline":
                borne.add("code")
            builder.text(child.content, frozenset(borne), links[-1] if links else "")


_MARKS: dict[str, Mark] = {"s": "strike", "strong": "strong", "em": "emphasis"}
_BLOCKS: dict[str, Callable[[Builder, Token], None]] = {
    "paragraph_open": lambda builder, _: builder.paragraph(),
    "heading_open": lambda builder, token: builder.paragraph(int(token.tag[1:])),
    "inline": _inline,
    "paragraph_close": lambda builder, _: builder.paragraph(),
    "heading_close": lambda builder, _: builder.paragraph(),
    "bullet_list_open": _opens("bullets"),
    "bullet_list_close": _closes("bullets"),
    "ordered_list_open": _opens("numbers"),
    "ordered_list_close": _closes("numbers"),
    "list_item_open": _opens("item"),
    "list_item_close": _closes("item"),
    "blockquote_open": _opens("quote"),
    "blockquote_close": _closes("quote"),
    "hr": lambda builder, _: builder.rule(),
    "fence": lambda builder, token: builder.code(token.content, (token.info.split() or [""])[0]),
}


def _block(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return _text(block.inlines)
    if isinstance(block, Heading):
        return ["#" * block.level + " " + _HASHES_LAST.sub(r"\\\g<0>", _text(block.inlines)[0])]
    if isinstance(block, Code):
        longest = max((len(found) for found in re.findall(r"`+", block.text)), default=0)
        fence = "`" * max(3, longest + 1)
        return [fence + block.language, *block.text.split("\n"), fence]
    if isinstance(block, Listing):
        found: list[str] = []
        for number, item in enumerate(block.items, start=1):
            marker = f"{number}. " if block.ordered else "- "
            first, *rest = [line for inner in item for line in _block(inner)]
            found += [marker + first, *(" " * len(marker) + line if line else "" for line in rest)]
        return found
    if isinstance(block, Quote):
        parts = [*(line for inner in block.blocks for line in ("", *_block(inner)))][1:]
        return [f"> {line}" if line else ">" for line in parts]
    return ["---"]


def _text(inlines: Sequence[Inline]) -> list[str]:
    found = [_line(runs) for runs in lines(inlines)]
    return [line + "\\" for line in found[:-1]] + found[-1:]


def _line(runs: Sequence[Run]) -> str:
    path = _together(steps(runs))
    pieces: list[tuple[str, str]] = []
    for step in path:
        if step.kind == "run":
            pieces.append(("run", _run(step.run, first=not pieces)))
        else:
            pieces.append((step.kind, " " if step.kind == "space" else _SIGNS.get(step.mark, "***")))
    found: list[str] = []
    for (kind, sign), ahead in zip(pieces, reversed(_aheads(pieces)), strict=True):
        last = found[-1][-1] if found else " "
        if kind == "close" and not _is_word(last) and _is_word(ahead):
            found.append(JOINER)
        # Before a link it would make an image of it.
        found.append(sign[:-1] + "\\!" if sign[-1] == "!" and ahead == "[" else sign)
        if kind != "run" and (ahead == JOINER or (kind == "open" and _is_word(last) and not _is_word(ahead))):
            found.append(JOINER)
    return "".join(found)


def _aheads(pieces: Sequence[tuple[str, str]]) -> list[str]:
    """Return the sign that follows each piece, from the last to the first: a joiner where one has to stand."""
    found: list[str] = []
    behind = ("space", " ")
    for piece in reversed(pieces):
        joined = _apart(piece, behind) or (piece[0] == behind[0] == "close" and _is_word(found[-1]))
        found.append(JOINER if joined else behind[1][0])
        behind = piece
    return found


def _apart(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Tell whether two signs would be read as one, or as opening what they close."""
    return {one[0], other[0]} <= {"open", "close"} and (one[0] != other[0] or one[1][0] == other[1][0])


def _together(path: list[Step]) -> list[Step]:
    """Make one of strong and emphasis that open and close together: `***` is read well then, and only then."""
    found: list[Step] = []
    opened: list[int] = []
    one: Any = "both"
    for number, step in enumerate(path):
        found.append(step)
        if step.kind == "open":
            opened.append(len(found) - 1)
        elif step.kind == "close":
            start = opened.pop()
            inner = path[number - 1] if number else step
            if (
                step.mark == "strong"
                and inner.kind == "close"
                and inner.mark == "emphasis"
                and found[start + 1].kind == "open"
                and found[start + 1].mark == "emphasis"
                and not any(item.kind == "close" for item in found[start:-2])
            ):
                found[start : start + 2] = [Step("open", one)]
                found[-2:] = [Step("close", one)]
    return found


def _is_word(sign: str) -> bool:
    return not (sign.isspace() or isMdAsciiPunct(ord(sign)) or isPunctChar(sign))


def _run(run: Run, *, first: bool) -> str:
    if run.href and run.text == run.href:
        return f"<{run.href}>"
    text = _code(run.text) if "code" in run.marks else _escaped(run.text, first=first and not run.href)
    if not run.href:
        return text
    place = _ENTITY.sub("&amp;", run.href)
    return f"[{text}](<{place}>)" if "(" in place or ")" in place else f"[{text}]({place})"


def _code(text: str) -> str:
    held = set(re.findall(r"`+", text))
    fence = next("`" * count for count in range(1, len(held) + 2) if "`" * count not in held)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return fence + edge + text + edge + fence


def _escaped(text: str, *, first: bool) -> str:
    start = ""
    if first:
        number = _NUMBER.match(text)
        end = number.end() if number else 0
        if number or _LINE_START.match(text):
            start, text = text[:end] + "\\" + text[end], text[end + 1 :]
    return start + _ENTITY.sub(r"\\&", _SPECIAL.sub(r"\\\g<0>", text))
