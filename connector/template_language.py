"""The small part of the template language that texts may use, so that no text can cost more than its own length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

FILTERS: Final = ("upper", "lower", "title", "trim", "default", "replace", "join", "length")
STATEMENTS: Final = ("if", "elif", "else", "endif")

# Bounds on depth keep the engine's own recursion off the end of the stack, which would end the process.
_MOST_PARTS_IN_A_TAG = 100
_MOST_PARTS = 1_000
_DEEPEST = 20
_MOST_BRANCHES = 50

_TAG = re.compile(r"\{\{|\{%|\{#")
_PART = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<end>[-+]?(?:\}\}|%\}))"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<number>\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|<|>|\||\(|\)|,|\.)",
    re.DOTALL,
)
_WORDS: Final = frozenset({"and", "or", "not", "in", "is"})
_TESTS: Final = frozenset({"not", "defined", "none"})
_LONGEST_NUMBER = 12
_BEFORE_A_GROUP: Final = frozenset({"==", "!=", "<=", ">=", "<", ">", "(", ","}) | _WORDS
_INSTEAD: Final = {
    "for": "write a list with {{ name | join(', ') }}",
    "set": "write the value where it is used",
    "~": "write the parts one after the other: {{ a }}{{ b }}",
    "+": "texts do not calculate: write the parts one after the other",
    "[": "compare with == and or: {% if a == 'x' or a == 'y' %}",
    "'": "close the text in quotes",
    '"': "close the text in quotes",
}
_ALLOWED: Final = (
    "a text may hold {{ name }}, the filters " + ", ".join(FILTERS) + ", and {% if %}, {% elif %}, {% else %}, "
    "{% endif %} with comparisons, in, and, or, not"
)


@dataclass(frozen=True)
class Foreign:
    """A construct that texts may not use: what it is, what to write instead, and where it starts in the source."""

    what: str
    fix: str
    start: int


@dataclass(frozen=True)
class _Part:
    kind: str
    text: str
    start: int


def first_foreign(source: str) -> Foreign | None:
    """Return the first construct that texts may not use, None if there is none.

    A source whose tags are not closed may pass: the engine refuses to compile it.
    """
    branches, parts_so_far, open_ifs = 0, 0, 0
    at = 0
    while found := _TAG.search(source, at):
        if found[0] == "{#":
            end = source.find("#}", found.end())
            if end < 0:
                return None
            at = end + 2
            continue
        parts = list(_parts(source, found.end()))
        at = parts[-1].start + len(parts[-1].text) if parts else len(source)
        inside = [part for part in parts if part.kind != "end"]
        parts_so_far += len(inside)
        if len(inside) > _MOST_PARTS_IN_A_TAG or parts_so_far > _MOST_PARTS:
            return Foreign("more is computed here than a text needs", "shorten the text", found.start())
        if found[0] == "{%":
            word, inside = (inside[0].text if inside else ""), inside[1:]
            if word not in STATEMENTS:
                return Foreign(f"{{% {word} %}} cannot stand in a text", _INSTEAD.get(word, _ALLOWED), found.start())
            branches += word in ("if", "elif")
            open_ifs += {"if": 1, "endif": -1}.get(word, 0)
            if open_ifs > _DEEPEST or branches > _MOST_BRANCHES:
                return Foreign("there are too many {% if %}", f"keep to {_MOST_BRANCHES} in a text", found.start())
        foreign = _in_expression(inside)
        if foreign is not None:
            return foreign
        if not parts or parts[-1].kind != "end":
            return None
    return None


def _parts(source: str, start: int) -> Iterator[_Part]:
    """Yield what stands in a tag, up to and with its end; what is no part of the language is one, of kind `odd`."""
    # A sign after the opening only trims blanks.
    at = start + (source[start : start + 1] in ("-", "+") and source[start : start + 1] != "")
    while at < len(source):
        found = _PART.match(source, at)
        if found is None:
            yield _Part("odd", source[at], at)
            return
        if found.lastgroup != "blank":
            yield _Part(str(found.lastgroup), found[0], at)
        if found.lastgroup == "end":
            return
        at = found.end()


def _in_expression(parts: list[_Part]) -> Foreign | None:
    """Return the first part that cannot stand where it does; `groups` holds whether each open one has arguments."""
    groups: list[bool] = []
    before, earlier = "", ""
    for part in parts:
        foreign = _out_of_place(part, before, earlier, groups)
        if foreign is not None:
            return foreign
        if part.text == "(" and part.kind == "sign":
            groups.append(earlier == "|")
        elif part.text == ")" and part.kind == "sign" and groups:
            groups.pop()
        before, earlier = (part.text if part.kind in ("sign", "name") else part.kind), before
    return None


def _out_of_place(part: _Part, before: str, earlier: str, groups: list[bool]) -> Foreign | None:
    what, fix = "", _ALLOWED
    if part.kind == "odd":
        what, fix = f"'{part.text}' cannot stand in a tag", _INSTEAD.get(part.text, _ALLOWED)
    elif part.kind == "number" and len(part.text) > _LONGEST_NUMBER:
        what = "a number this long cannot stand in a text"
    elif before == "|" and part.text not in FILTERS:
        what, fix = f"there is no filter '{part.text}' for texts", f"use one of {', '.join(FILTERS)}"
    elif before == "is" and part.text not in _TESTS:
        what, fix = f"'is {part.text}' cannot stand in a text", "use is defined, is none, or a comparison"
    elif part.kind == "name" and part.text in ("if", "else") and before != ".":
        what, fix = f"'{part.text}' cannot stand in an expression", "write {% if a %}b{% else %}c{% endif %}"
    elif part.text == "not" and before == "not":
        what = "'not not' cannot stand in a text"
    elif part.text == "(" and part.kind == "sign":
        if earlier != "|" and before not in _BEFORE_A_GROUP and before:
            what = f"'{before}(...)' cannot be called in a text"
        elif len(groups) >= _DEEPEST:
            what, fix = "there are too many open brackets", "write fewer"
    elif part.text == "," and part.kind == "sign" and not (groups and groups[-1]):
        what = "',' cannot stand here"
    return Foreign(what, fix, part.start) if what else None
