"""Reads Jira's wiki markup. Of what is not known the text is read: unknown macros stay as they are written.

Panels are read as what stands in them, their title as a strong line; mentions as `@name`, images and attachments as
their file's name, cells of a table with ` | ` between them, a row as a line; colours, underlines and the like go.

Source: https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mappings.rich_text.building import Builder, Kind
from mappings.rich_text.document import Code, Document, Mark
from mappings.rich_text.tidy import URL, address

_MACRO = re.compile(
    r"\\.|\{(?P<name>code|noformat|quote|panel|info|tip|note|warning|expand)(?::(?P<given>[^{}\n]*))?\}", re.DOTALL
)
_CLOSING = {"code": re.compile(r"\{code\}"), "noformat": re.compile(r"\{noformat\}")}
_CODE = re.compile("\x00(\\d+)\x00")
_QUOTE = "\x01"
_LANGUAGE = re.compile(r"(?:^|\|)(?:language=)?([^=|]+)(?=\||$)")
_TITLE = re.compile(r"(?:^|\|)title=([^|]+)")
_HEADING = re.compile(r"\s*h([1-6])\.\s+(.*)")
_QUOTED = re.compile(r"\s*bq\.\s+(.*)")
_RULE = re.compile(r"\s*-{4,}\s*")
_ITEM = re.compile(r"\s*([*#]+|-)\s+(.*)", re.DOTALL)
_ROW = re.compile(r"\s*\|")
_CELL = re.compile(r"\\.|\[[^\[\]\n]*\]|(\|{1,2})")
_INLINE = re.compile(
    r"""
    (?P<break>\\\\)
  | \\(?P<escaped>[^\w\s]|_)
  | &\#(?P<number>\d{1,7}); | &(?P<name>amp|lt|gt|quot|nbsp);
  | \{\{(?P<code>(?:\\.|[^{}\\]|\{(?!\{)|\}(?!\}))+)\}\}
  | \[(?P<link>(?:\\.|[^\[\]\\])+)\]
  | (?<![^\W_])!(?P<image>[^\s!|][^!|]*\.[^!|]*)(?:\|[^!]*)?!
  | (?P<address>(?<![^\W_])https?://)
  | \{(?P<braced>[*_+^~-]|\?\?)\}
  | (?P<gone>\{(?:color|anchor)(?::[^{}]*)?\})
  | (?P<dashes>-{2,})
  | (?P<sign>[*_+^~-]|\?\?)
    """,
    re.VERBOSE,
)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": " "}
_MARKS: dict[str, Mark] = {"*": "strong", "_": "emphasis", "-": "strike"}
_KINDS: dict[str, Kind] = {"*": "bullets", "-": "bullets", "#": "numbers"}
_LAST_SIGN = 0x10FFFF


def read(raw: str) -> Document:
    """Read wiki text, or any text as such. Never raises."""
    return _Reader().read(raw.replace("\r\n", "\n").replace("\r", "\n"))


class _Reader:
    def __init__(self) -> None:
        self._builder = Builder()
        self._codes: list[Code] = []
        self._lists = ""
        self._quoted = False

    def read(self, raw: str) -> Document:
        for line in "".join(self._without_macros(raw.replace("\x00", "").replace(_QUOTE, ""))).split("\n"):
            self._line(line)
        return self._builder.finish()

    def _without_macros(self, raw: str) -> Iterator[str]:
        """Yield the text with a number in the place of each code block, and a line of its own for a quote's edge."""
        end = 0
        unclosed: set[str] = set()
        while match := _MACRO.search(raw, end):
            yield raw[end : match.start()]
            end = match.end()
            name, given = match["name"], match["given"] or ""
            if name is None or name in unclosed:
                yield match.group()
            elif name in _CLOSING:
                closing = _CLOSING[name].search(raw, end)
                if closing is None:
                    unclosed.add(name)
                    yield match.group()
                    continue
                language = _LANGUAGE.search(given) if name == "code" else None
                yield f"\x00{len(self._codes)}\x00"
                self._codes.append(Code(raw[end : closing.start()], language[1] if language else ""))
                end = closing.end()
            elif name == "quote":
                yield f"\n{_QUOTE}\n"
            else:
                title = _TITLE.search(given)
                yield f"\n\n*{title[1].strip()}*\n\n" if title else "\n\n"
        yield raw[end:]

    def _line(self, line: str) -> None:
        builder = self._builder
        if line == _QUOTE:
            self._end_lists()
            self._quoted = not self._quoted
            builder.open("quote") if self._quoted else builder.close("quote")
        elif not line.strip(" \t"):
            self._end_lists()
            builder.paragraph()
        elif _RULE.fullmatch(line):
            self._end_lists()
            builder.rule()
        elif found := _ITEM.fullmatch(line):
            self._item(found[1], found[2])
        elif found := _HEADING.fullmatch(line):
            self._end_lists()
            builder.paragraph(int(found[1]))
            self._text(found[2])
            builder.paragraph()
        elif found := _QUOTED.fullmatch(line):
            self._end_lists()
            builder.open("quote")
            self._text(found[1])
            builder.close("quote")
        else:
            self._text(_cells(line) if _ROW.match(line) else line)
            builder.line_break()

    def _item(self, prefix: str, text: str) -> None:
        common = 0
        while common < min(len(prefix), len(self._lists)) and _KINDS[prefix[common]] == _KINDS[self._lists[common]]:
            common += 1
        for sign in reversed(self._lists[common:]):
            self._builder.close("item")
            self._builder.close(_KINDS[sign])
        if common == len(prefix):
            self._builder.close("item")
            self._builder.open("item")
        for sign in prefix[common:]:
            self._builder.open(_KINDS[sign])
            self._builder.open("item")
        self._lists = prefix
        self._text(text)
        self._builder.line_break()

    def _end_lists(self) -> None:
        for sign in reversed(self._lists):
            self._builder.close("item")
            self._builder.close(_KINDS[sign])
        self._lists = ""

    def _text(self, line: str) -> None:
        end = 0
        for match in _CODE.finditer(line):
            _inline(self._builder, line[end : match.start()])
            code = self._codes[int(match[1])]
            self._builder.code(code.text, code.language)
            end = match.end()
        _inline(self._builder, line[end:])


def _cells(line: str) -> str:
    inner = line.strip().strip("|")
    return _CELL.sub(lambda found: " \\| " if found[1] else found.group(), inner)


Piece = tuple[str, str, str]
"""A kind, its text, where it links to. A sign that may mean something `opens`, `closes`, is `either` or `turns`."""


def _pieces(line: str) -> Iterator[Piece]:
    end = 0
    while match := _INLINE.search(line, end):
        if match.start() > end:
            yield "text", line[end : match.start()], ""
        end = match.end()
        kind = match.lastgroup or ""
        if kind == "address":
            found = URL.match(line, match.start())
            end = found.end() if found else end
            yield "text", line[match.start() : end], ""
        elif kind == "link":
            yield from _link(match["link"])
        elif kind == "break":
            yield "break", "", ""
        elif kind == "braced":
            yield "turns", match["braced"], ""
        elif kind == "sign":
            yield _role(line, match), match.group(), ""
        elif kind == "code":
            yield "code", _unescaped(match["code"]), ""
        elif kind != "gone":
            yield "text", _literal(match), ""
    yield "text", line[end:], ""


def _literal(match: re.Match[str]) -> str:
    """Return what an escape, an entity, an image or a row of dashes stands for."""
    if match["number"]:
        number = int(match["number"])
        return chr(number) if number <= _LAST_SIGN else match.group()
    if match["name"]:
        return _NAMED[match["name"]]
    return match["escaped"] or match["image"] or match.group()


def _unescaped(text: str) -> str:
    return "".join(_plain(text))


def _plain(line: str) -> Iterator[str]:
    """Yield a text in which only escapes and entities mean something."""
    end = 0
    for match in _INLINE.finditer(line):
        if match.lastgroup in ("escaped", "number", "name"):
            yield line[end : match.start()]
            yield _literal(match)
            end = match.end()
    yield line[end:]


def _link(inner: str) -> Iterator[Piece]:
    parts = [part.strip() for part in re.split(r"(?<!\\)\|", inner)]
    label, target = parts[0], parts[1] if len(parts) > 1 else parts[0]
    if len(parts) == 1 and label.startswith("~"):
        yield "text", "@" + _unescaped(label[1:]), ""
        return
    if len(parts) == 1 and not address(target):
        yield "text", _unescaped(label[1:] if label[:1] in ("^", "#") else f"[{label}]"), ""
        return
    href = address(target)
    code = re.fullmatch(r"\{\{(.+)\}\}", label)
    yield ("code", _unescaped(code[1]), href) if code else ("text", _unescaped(label) or target, href)


def _role(line: str, match: re.Match[str]) -> str:
    before, ahead = line[match.start() - 1 : match.start()], line[match.end() : match.end() + 1]
    opens = not before.isalnum() and bool(ahead) and not ahead.isspace()
    closes = bool(before) and not before.isspace() and not ahead.isalnum()
    if opens:
        return "either" if closes else "opens"
    return "closes" if closes else "text"


def _inline(builder: Builder, line: str) -> None:
    """Read a line's text: a sign means something where another one closes what it opens."""
    pieces = list(_pieces(line))
    paired = _paired(pieces)
    borne: set[Mark] = set()
    for number, (kind, text, href) in enumerate(pieces):
        if kind == "break":
            builder.line_break()
        elif number in paired:
            mark = _MARKS.get(text)
            if mark:
                borne ^= {mark}
        elif kind == "turns":
            builder.text(f"{{{text}}}", frozenset(borne))
        else:
            builder.text(text, frozenset(borne | {"code"} if kind == "code" else borne), href)


def _paired(pieces: list[Piece]) -> set[int]:
    """Return the places of the signs that open and close something."""
    found: set[int] = set()
    pending: dict[str, int] = {}
    for number, (kind, text, _) in enumerate(pieces):
        if kind == "break":
            pending.clear()
        elif text in pending and kind in ("turns", "closes", "either"):
            found |= {pending.pop(text), number}
        elif kind in ("turns", "opens", "either"):
            pending[text] = number
    return found
