"""A mapping file's YAML: its content with line numbers, and what YAML would take otherwise than it was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from connector.problem import Invalid, Problem

_ALIAS = "an alias (*) is not supported"
_NO_NAME = "a name is no plain text"
_TAG = "a tag (!) is not supported"
_PLAIN = ("str", "int", "float", "bool", "null", "timestamp", "merge")
_QUOTES = "put the text in quotes"
_SAID = (
    ("found character '\\t'", "a tab stands where blanks belong", "indent with blanks"),
    (
        "mapping values are not allowed here",
        "a ':' stands where none can be",
        "indent the line as the ones beside it, or put a text that holds a ':' in quotes",
    ),
    (
        "expected <block end>, but found '<scalar>'",
        "a text goes on after its closing quote",
        "within '...' write each quote twice, or use \"...\"",
    ),
    (
        "expected <block end>",
        "the line is not indented as the lines beside it",
        "indent those that belong together alike",
    ),
    ("could not find expected ':'", "a name without a ':'", "write name: value"),
    ("found unexpected end of stream", "a quote is not closed", "close it"),
    ("expected ',' or '}'", "a { is not closed", "close it with }, and put a comma between settings"),
    ("expected ',' or ']'", "a [ is not closed", "close it with ], and put a comma between values"),
    ("found undefined alias", "a text cannot start with *", _QUOTES),
)
_HALF = re.compile("[\\0\ud800-\udfff]")
_BAD_START = re.compile(r"found character '(.+)' that cannot start any token")
_ODD_NUMBER = re.compile(r"[-+]?(?:0[0-9_]+|0[xob]\w+|\d[\d_]*_[\d_]*|[\d.]+[eE][-+]?\d+)")


def read(text: str, name: str) -> tuple[CommentedMap, tuple[Problem, ...]]:
    """Return a file's content, and a problem for each part that YAML takes otherwise than it was meant.

    Raises Invalid for a text that is no YAML, or that holds no names with values.
    """
    yaml = YAML(typ="rt")
    yaml.allow_duplicate_keys = True
    try:
        root = yaml.compose(text)
        problems = tuple(_odd(root, name)) if root is not None else ()
        if any(problem.what in (_ALIAS, _NO_NAME, _TAG) for problem in problems):
            # What refers to itself has no end, what has no name no place, and what YAML makes of a tag no meaning.
            raise Invalid(problems)
        content = yaml.load(text)
    except MarkedYAMLError as error:
        raise Invalid([_unreadable(error, name)]) from None
    except (YAMLError, ValueError) as error:  # a control character, or 2026-13-45
        reason = " ".join(str(error).split())
        raise Invalid([*_odd(root, name)] if isinstance(error, ValueError) else [_no_yaml(name, reason)]) from None
    except RecursionError:
        raise Invalid([Problem(f"{name}:1", "not YAML: it is nested too deeply", "write it flatter")]) from None
    if content is None:
        content = CommentedMap()
    if not isinstance(content, CommentedMap):
        raise Invalid([Problem(f"{name}:1", "a mapping file holds names with values", "start with `fields:`")])
    return content, problems


def _no_yaml(name: str, reason: str) -> Problem:
    return Problem(f"{name}:1", f"not YAML: {reason}", "take the character out that cannot be seen")


def _unreadable(error: MarkedYAMLError, name: str) -> Problem:
    reason = " ".join(str(error.problem or "it cannot be read").split())
    said = next(((what, fix) for start, what, fix in _SAID if reason.startswith(start)), None)
    bad = _BAD_START.match(reason)
    if said is None and bad is not None:
        said = (f"a text cannot start with {bad[1]}", _QUOTES)
    what, fix = said or (reason, "mind the indentation and quotes")
    # What was not closed is noticed only further down: its beginning is what a person looks for.
    opened = "not closed" in what and error.context_mark is not None
    mark = error.context_mark if opened else error.problem_mark
    return Problem(f"{name}:{mark.line + 1 if mark else 1}", f"not YAML: {what}", fix)


def _odd(root: Node, name: str) -> Iterator[Problem]:
    """Walk the nodes; each path is told once, in the order of the file."""
    waiting: list[tuple[str, int, Node]] = [("", 1, root)]
    seen: set[int] = set()
    while waiting:
        crumb, line, node = waiting.pop()
        where = f"{name}:{line}" + (f": {crumb}" if crumb else "")
        if id(node) in seen:
            yield Problem(where, _ALIAS, "write the value out")
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            yield from _misread(node, where)
        elif not str(node.tag).endswith((":map", ":seq")):
            yield Problem(where, _TAG, f"take {node.tag} out")
        elif isinstance(node, SequenceNode):
            items = enumerate(node.value)
            waiting += [
                (f"{crumb}.{index}".lstrip("."), max(line, item.start_mark.line + 1), item) for index, item in items
            ][::-1]
        elif isinstance(node, MappingNode):
            below: list[tuple[str, int, Node]] = []
            first: dict[str, Any] = {}
            for key, value in node.value:
                path = f"{crumb}.{getattr(key, 'value', '')}".lstrip(".")
                here = f"{name}:{key.start_mark.line + 1}: "
                if not isinstance(key, ScalarNode):
                    yield Problem(here + (crumb or "fields"), _NO_NAME, 'put {{ ... }} in quotes: "{{ ... }}"')
                    continue
                earlier = first.setdefault(key.value, key)
                if earlier is not key:
                    what = f"'{key.value}' stands twice, first on line {earlier.start_mark.line + 1}"
                    yield Problem(here + path, what, "keep one of them")
                    continue
                below.append((path, key.start_mark.line + 1, value))
            waiting += below[::-1]


def _misread(node: ScalarNode, where: str) -> Iterator[Problem]:
    half = _HALF.search(str(node.value))
    if half:
        yield Problem(where, f"\\u{ord(half[0]):04x} is no character", "write the character itself")
    tag, text = str(node.tag or ""), str(node.value)
    if tag.startswith("tag:yaml.org") and not tag.endswith(_PLAIN):
        yield Problem(where, _TAG, f"take {tag} out")
    if node.style is not None:
        return
    if tag.endswith(":timestamp"):
        yield Problem(where, f"{text} is taken for a date", f'put it in quotes: "{text}"')
    elif tag.endswith((":int", ":float")) and _ODD_NUMBER.fullmatch(text):
        yield Problem(where, f"{text} is taken for a number that is written otherwise", f'put it in quotes: "{text}"')
    elif tag.startswith("!") or (tag and not tag.startswith("tag:yaml.org")):
        yield Problem(where, f"'{tag} {text}' is no plain text", "put it in quotes")
