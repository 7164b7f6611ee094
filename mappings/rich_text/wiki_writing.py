"""Writes Jira's wiki markup: Data Center (REST v2) and webhooks have it.

Not lossless: the form of `tidy`, and the language of code where Jira knows none of that name (it would tell an error).

Source: https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mappings.rich_text.document import Block, Code, Document, Heading, Inline, Listing, Mark, Paragraph, Quote, Run
from mappings.rich_text.nesting import Step, lines, steps
from mappings.rich_text.tidy import JOINER

LANGUAGES = frozenset(
    {
        *("actionscript", "ada", "applescript", "bash", "c", "c#", "c++", "css", "erlang", "go", "groovy", "haskell"),
        *("html", "java", "javascript", "js", "json", "lua", "nyan", "objc", "perl", "php", "python", "r", "ruby"),
        *("scala", "sql", "swift", "visualbasic", "xml", "yaml"),
    }
)
_ALSO = {"sh": "bash", "shell": "bash", "console": "bash", "py": "python", "yml": "yaml", "golang": "go", "rb": "ruby"}
_SIGNS: dict[Mark, str] = {"strike": "-", "strong": "*", "emphasis": "_"}
_MACRO = re.compile(r"\{(?=code|noformat|quote)")
_ESCAPED = re.compile(
    r"""
    (?P<number>
        \\(?=[^\w\s]|_|$)                      # two would be a line break, and one would take the next sign's meaning
      | &(?=\#?\w{1,32};)
      | (?<=http):(?=//) | (?<=https):(?=//)
      | [:;](?=[()]|[DP](?![^\W_]))            # the faces and lamps that Jira draws
      | \((?=(?:[yni/x!+?*-]|\*[rgby]|on|off|flag|flagoff)\))
    ) | (?P<sign>
        [{}\[\]|] | !(?=\S) | !$ | \?(?=\?) | (?<=\?)\?
      | ^[*_+^~-] | [*_+^~-]$ | -(?=-) | (?<=-)-
      | (?<![^\W_])[*_+^~-](?!\s) | (?<!\s)[*_+^~-](?![^\W_])
    )
    """,
    re.VERBOSE,
)
_LINE_START = re.compile(r"[hb](?=[1-6q]\.)|#")
_OPENS_AFTER = " ("
_CLOSES_BEFORE = " .,;:)"


def write(document: Document) -> str:
    """Write a document. Plain text in it starts no macro, link, mention, image or other formatting."""
    return "\n\n".join("\n".join(_block(block)) for block in document)


def _block(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return _text(block.inlines)
    if isinstance(block, Heading):
        return [f"h{block.level}. {_text(block.inlines)[0]}"]
    if isinstance(block, Code):
        return _code(block)
    if isinstance(block, Listing):
        return list(_listing(block, ""))
    if isinstance(block, Quote):
        return ["{quote}", *"\n\n".join("\n".join(_block(inner)) for inner in block.blocks).split("\n"), "{quote}"]
    return ["----"]


def _code(block: Code) -> list[str]:
    language = block.language.lower()
    name = _ALSO.get(language, language)
    # What stands in it cannot be escaped, so that the name of a macro is parted from its brace.
    text = _MACRO.sub("{" + JOINER, block.text)
    return [f"{{code:{name}}}" if name in LANGUAGES else "{code}", *text.split("\n"), "{code}"]


def _listing(block: Listing, marker: str) -> Iterator[str]:
    marker += "#" if block.ordered else "*"
    for item in block.items:
        # Code begins on the line of the text before it, and text goes on behind it, or the list would end there.
        own = [marker]
        for inner in item:
            if isinstance(inner, Listing):
                continue
            first, *rest = _block(inner)
            own[-1] += f" {first}"
            own += rest
        yield from own
        for inner in item:
            if isinstance(inner, Listing):
                yield from _listing(inner, marker)


def _text(inlines: Sequence[Inline]) -> list[str]:
    return [_line(runs) for runs in lines(inlines)]


def _line(runs: Sequence[Run]) -> str:
    path = steps(runs)
    pieces = [" " if step.kind == "space" else _run(step.run, first=not number) for number, step in enumerate(path)]
    # Signs stand in braces where a letter touches them from outside, and then in the whole line.
    form = "{}" if _stand_free(path) else "{{{}}}"
    for number, step in enumerate(path):
        if step.kind in ("open", "close"):
            pieces[number] = form.format(_SIGNS[step.mark])
    return "".join(pieces)


def _stand_free(path: Sequence[Step]) -> bool:
    """Tell whether all marks open after white space and close before it, around text that begins and ends in words."""
    for number, step in enumerate(path):
        if step.kind not in ("open", "close"):
            continue
        before = path[number - 1] if number else Step("space")
        behind = path[number + 1] if number + 1 < len(path) else Step("space")
        outer, inner = (before, behind) if step.kind == "open" else (behind, before)
        outside = _OPENS_AFTER if step.kind == "open" else _CLOSES_BEFORE
        if inner.kind != step.kind and not (inner.kind == "run" and _is_word(inner.run, last=step.kind == "close")):
            return False
        if outer.kind == "run":
            sign = outer.run.text[-1 if step.kind == "open" else 0]
            if outer.run.href or "code" in outer.run.marks or sign not in outside:
                return False
        elif outer.kind not in ("space", step.kind):
            return False
    return True


def _is_word(run: Run, *, last: bool) -> bool:
    return bool(run.href) or "code" in run.marks or run.text[-1 if last else 0].isalnum()


def _run(run: Run, *, first: bool) -> str:
    if run.href and run.text == run.href:
        return f"[{run.href}]"
    text = _ESCAPED.sub(_escape, run.text)
    if "code" in run.marks:
        text = "{{" + text + "}}"
    elif first and not run.href:
        text = _LINE_START.sub(_number, text, count=1) if _LINE_START.match(text) else text
    return f"[{text}|{run.href}]" if run.href else text


def _escape(found: re.Match[str]) -> str:
    return _number(found) if found["number"] else "\\" + found.group()


def _number(found: re.Match[str]) -> str:
    return f"&#{ord(found.group())};"
