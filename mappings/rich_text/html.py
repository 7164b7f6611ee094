"""HTML: written as a safe subset, in which all text is escaped; read with whatever stands in it.

Not lossless: the form of `tidy`. Of what is not known the text is read: cells of a table have ` | ` between them and a
row is a line, an image is its alternative text. Scripts, styles and the head are not seen, and so not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from html.parser import HTMLParser

from mappings.rich_text.building import Builder, Kind
from mappings.rich_text.document import Block, Code, Document, Heading, Inline, Listing, Mark, Paragraph, Quote, Run
from mappings.rich_text.nesting import lines, steps

_TAGS: dict[Mark, str] = {"strike": "del", "strong": "strong", "emphasis": "em"}
_MARKS: dict[str, Mark] = {
    **dict.fromkeys(("s", "del", "strike"), "strike"),
    **dict.fromkeys(("b", "strong"), "strong"),
    **dict.fromkeys(("i", "em"), "emphasis"),
    **dict.fromkeys(("code", "tt", "kbd", "samp"), "code"),
}
_KINDS: dict[str, Kind] = {"ul": "bullets", "ol": "numbers", "li": "item", "blockquote": "quote", "menu": "bullets"}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN = frozenset({"script", "style", "title", "template"})
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "nav",
        "address",
        "form",
        "fieldset",
        "figure",
        "figcaption",
        "table",
        "caption",
        "dl",
        "dt",
        "dd",
        "details",
        "summary",
        "center",
    ]
)
_CELLS = frozenset({"td", "th"})
_NO_TAG = re.compile(r"<(?=[^<>]*(?:<|\Z))")


def read(raw: str) -> Document:
    """Read HTML, or any text as such. Never raises."""
    reader = _Reader()
    # A bracket that closes nothing would be looked for to the end of the text, each time.
    reader.feed(_NO_TAG.sub("&lt;", "".join(_without_comments(raw))))
    reader.close()
    return reader.finish()


def write(document: Document) -> str:
    return "\n".join(_block(block) for block in document)


def _without_comments(raw: str) -> Iterator[str]:
    end = 0
    while (start := raw.find("<!--", end)) >= 0 and (close := raw.find("-->", start)) >= 0:
        yield raw[end:start]
        end = close + 3
    yield raw[end:]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._builder = Builder()
        self._marks: dict[Mark, int] = {}
        self._links: list[str] = []
        self._unseen = 0
        self._cells = 0
        self._code: list[str] | None = None
        self._language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _UNSEEN:
            self._unseen += 1
        elif self._code is not None:
            self._in_code(tag, given)
        elif tag == "pre":
            self._code = []
            self._language = _language(given)
        elif tag in _KINDS:
            if tag == "li" and self._builder.within("item"):
                self._builder.close("item")
            self._builder.open(_KINDS[tag])
        elif tag in _HEADINGS:
            self._builder.paragraph(int(tag[1]))
        else:
            self._inline(tag, given)

    def _inline(self, tag: str, given: dict[str, str]) -> None:
        if tag in _MARKS:
            self._marks[_MARKS[tag]] = self._marks.get(_MARKS[tag], 0) + 1
        elif tag == "a":
            self._links.append(given.get("href", ""))
        elif tag == "br":
            self._builder.line_break()
        elif tag == "hr":
            self._builder.rule()
        elif tag == "img":
            self._text(given.get("alt", ""))
        elif tag == "tr":
            self._builder.line_break()
            self._cells = 0
        elif tag in _CELLS:
            self._text(" | " if self._cells else " ")
            self._cells += 1
        elif tag in _BLOCKS:
            self._builder.paragraph()

    def _in_code(self, tag: str, given: dict[str, str]) -> None:
        if tag == "code":
            self._language = self._language or _language(given)
        elif tag == "br" and self._code is not None:
            self._code.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif self._code is not None:
            if tag == "pre":
                self._end_code()
        elif tag in _KINDS:
            self._builder.close(_KINDS[tag])
        elif tag in _MARKS:
            self._marks[_MARKS[tag]] = max(self._marks.get(_MARKS[tag], 0) - 1, 0)
        elif tag == "a":
            del self._links[-1:]
        elif tag in _HEADINGS or tag in _BLOCKS:
            self._builder.paragraph()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._code is not None:
            self._code.append(data)
        else:
            self._text(data)

    def _text(self, text: str) -> None:
        marks = frozenset(mark for mark, count in self._marks.items() if count)
        self._builder.text(text, marks, self._links[-1] if self._links else "")

    def _end_code(self) -> None:
        if self._code is not None:
            self._builder.code("".join(self._code), self._language)
        self._code = None

    def finish(self) -> Document:
        self._end_code()
        return self._builder.finish()


def _language(given: dict[str, str]) -> str:
    names = given.get("class", "").split()
    return next((name.removeprefix("language-") for name in names if name.startswith("language-")), "")


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_text(block.inlines)}</p>"
    if isinstance(block, Heading):
        return f"<h{block.level}>{_text(block.inlines)}</h{block.level}>"
    if isinstance(block, Code):
        language = f' class="language-{escape(block.language)}"' if block.language else ""
        return f"<pre><code{language}>{escape(block.text)}</code></pre>"
    if isinstance(block, Listing):
        tag = "ol" if block.ordered else "ul"
        items = "".join(f"<li>{''.join(_block(inner) for inner in item)}</li>" for item in block.items)
        return f"<{tag}>{items}</{tag}>"
    if isinstance(block, Quote):
        return f"<blockquote>{''.join(_block(inner) for inner in block.blocks)}</blockquote>"
    return "<hr>"


def _text(inlines: Sequence[Inline]) -> str:
    return "<br>".join(_line(runs) for runs in lines(inlines))


def _line(runs: Sequence[Run]) -> str:
    forms: dict[str, Callable[[Mark], str]] = {
        "open": lambda mark: f"<{_TAGS[mark]}>",
        "close": lambda mark: f"</{_TAGS[mark]}>",
        "space": lambda _: " ",
    }
    return "".join(_run(step.run) if step.kind == "run" else forms[step.kind](step.mark) for step in steps(runs))


def _run(run: Run) -> str:
    text = f"<code>{escape(run.text)}</code>" if "code" in run.marks else escape(run.text)
    return f'<a href="{escape(run.href)}">{text}</a>' if run.href else text
