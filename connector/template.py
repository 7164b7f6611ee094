"""Texts that an admin writes: names, a few filters and conditions, with bounded work and bounded output."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

import minijinja

from connector.problem import Invalid, Problem, nearest
from connector.template_language import first_foreign

LONGEST_SOURCE = 20_000
LONGEST_TEXT = 100_000


class _TooLong(Exception):
    """A text grew beyond the bound while it was being rendered."""


class _NoList(Exception):
    """What is to be joined is no list."""


class Template:
    """A checked template; `render` may be called from several threads.

    `where` is the breadcrumb for messages. `names`, if given, are the only names that the source may use. Raises
    Invalid for a source that does not parse, uses another name or more than the language of texts has: the engine
    itself bounds neither memory nor time (doubling a text forty times is forty steps).
    """

    def __init__(
        self, source: str, where: str, names: Collection[str] | None = None, longest: int = LONGEST_TEXT
    ) -> None:
        self.source = source
        self.where = where
        self._longest = longest
        self._emitted = threading.local()
        if len(source) > LONGEST_SOURCE:
            raise Invalid(
                [Problem(where, f"the text has {len(source)} characters", f"keep it to {LONGEST_SOURCE} or fewer")]
            )
        if not encodable(source):
            raise Invalid([Problem(where, "the text holds half a character", "write the character itself")])
        foreign = first_foreign(source)
        if foreign is not None:
            line = source.count("\n", 0, foreign.start) + 1
            start = len(source[: foreign.start].encode())
            raise Invalid([Problem(where, f"line {line}: {foreign.what}", foreign.fix + self._caret((start, start)))])
        self._environment = minijinja.Environment(
            undefined_behavior="strict",
            filters={"join": self._join, "replace": self._replace},
            finalizer=self._bounded,
            auto_escape_callback=lambda _name: False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        try:
            self._environment.add_template("text", source)
            used = self._environment.undeclared_variables_in_str(source)
        except minijinja.TemplateError as error:
            raise Invalid([self._problem(error)]) from None
        unknown = sorted(used - set(names)) if names is not None else []
        if unknown:
            raise Invalid(self._unknown(name, names or ()) for name in unknown)

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text for `values`: plain strings, numbers, booleans, None, lists and dicts of them.

        Raises Invalid, with one problem, for a value that is missing, or a text too long; TypeError for a value that is
        not plain.
        """
        plain = {name: _plain(value, name) for name, value in values.items()}
        self._emitted.count = 0
        try:
            text = self._environment.render_template("text", **plain)
        except minijinja.TemplateError as error:
            raise Invalid([self._problem(error)]) from None
        except _TooLong:
            text = None
        except _NoList:
            what, fix = "join is given what is no list", "write {{ name }} without it"
            raise Invalid([Problem(self.where, what, fix)]) from None
        if text is None or len(text) > self._longest:
            raise Invalid([Problem(self.where, f"the text grows beyond {self._longest} characters", "shorten it")])
        return str(text)

    def _bounded(self, value: Any) -> Any:
        if value is None:
            return ""
        self._emitted.count += len(value) if isinstance(value, str) else len(str(value))
        if self._emitted.count > self._longest:
            raise _TooLong
        return value

    def _join(self, value: Any, between: Any = "") -> str:
        """Join a list's items; only of lists, as joining a text's characters again and again grows without end."""
        if not isinstance(value, list):
            raise _NoList
        items, glue = [_shown(item) for item in value], _shown(between)
        return self._short(sum(map(len, items)) + len(glue) * len(items), lambda: glue.join(items))

    def _replace(self, value: Any, old: Any, new: Any) -> str:
        text, found, put = _shown(value), _shown(old), _shown(new)
        return self._short(len(text) + text.count(found) * len(put), lambda: text.replace(found, put))

    def _short(self, length: int, text: Callable[[], str]) -> str:
        """Make a text only if it stays within the bound."""
        if length > LONGEST_TEXT:
            raise _TooLong
        return text()

    def _problem(self, error: minijinja.TemplateError) -> Problem:
        detail = error.detail or error.message
        fix = {
            "UndefinedError": "check the name, or give it a default: {{ name | default('') }}",
        }.get(error.kind, "mend the template")
        return Problem(self.where, f"line {error.line}: {detail}", fix + self._caret(error.range))

    def _unknown(self, name: str, names: Collection[str]) -> Problem:
        found = re.search(rf"\b{re.escape(name)}\b", self.source)
        start = len(self.source[: found.start()].encode()) if found else 0
        line = self.source[: found.start()].count("\n") + 1 if found else 1
        fix = nearest(name, names) or f"known names: {', '.join(sorted(names))}"
        return Problem(self.where, f"line {line}: unknown name '{name}'", fix + self._caret((start, start)))

    def _caret(self, span: tuple[int, int] | None) -> str:
        """Return the source line that `span` (bytes, as the engine counts) starts on, with a caret below it."""
        if span is None:
            return ""
        before = self.source.encode()[: span[0]].decode(errors="ignore")
        column = len(before) - (before.rfind("\n") + 1)
        lines = self.source.split("\n")
        return f"\n    {lines[before.count(chr(10))]}\n    {' ' * column}^"


def encodable(text: str) -> bool:
    """Tell whether a text can be sent anywhere: half a character (a lone surrogate) cannot."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _plain(value: Any, path: str) -> Any:
    """Return `value` rebuilt from plain types: a template must not reach an object's methods."""
    if isinstance(value, str):
        return value if encodable(value) else value.encode(errors="replace").decode()
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
    raise TypeError(f"{path} is a {type(value).__name__}: give templates text, numbers, lists and dicts only")
