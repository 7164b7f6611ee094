"""Texts that an admin writes, as minijinja templates with known names, bounded work and bounded output."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping
from typing import Any

import minijinja

from connector.problem import Invalid, Problem, nearest

LONGEST_SOURCE = 20_000
LONGEST_TEXT = 100_000
# Fuel bounds the steps, but one step may emit a whole literal: the two bounds together keep what is emitted in hand.
_STEPS = 50_000
_MOST_LITERALS = 20_000_000


class _TooLong(Exception):
    """A text grew beyond the bound while it was being rendered."""


class Template:
    """A checked template; `render` may be called from several threads.

    `where` is the breadcrumb for messages. `names`, if given, are the only names that the source may use. Raises
    Invalid for a source that does not parse or that uses another name.
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
        self._environment = minijinja.Environment(
            undefined_behavior="strict",
            fuel=min(_STEPS, _MOST_LITERALS // max(1, len(source))),
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
        unknown = sorted(used - set(names) - set(self._environment.globals)) if names is not None else []
        if unknown:
            raise Invalid(self._unknown(name, names or ()) for name in unknown)

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text for `values`: plain strings, numbers, booleans, None, lists and dicts of them.

        Raises Invalid, with one problem, for a value that is missing, a text too long or work without end; TypeError
        for a value that is not plain.
        """
        plain = {name: _plain(value, name) for name, value in values.items()}
        self._emitted.count = 0
        try:
            text = self._environment.render_template("text", **plain)
        except minijinja.TemplateError as error:
            raise Invalid([self._problem(error)]) from None
        except _TooLong:
            text = None
        if text is None or len(text) > self._longest:
            fix = "shorten it, or bound what it repeats with a slice such as [:10]"
            raise Invalid([Problem(self.where, f"the text grows beyond {self._longest} characters", fix)])
        return str(text)

    def _bounded(self, value: Any) -> Any:
        if value is None:
            return ""
        self._emitted.count += len(value) if isinstance(value, str) else len(str(value))
        if self._emitted.count > self._longest:
            raise _TooLong
        return value

    def _problem(self, error: minijinja.TemplateError) -> Problem:
        detail = error.detail or error.message
        what = {"OutOfFuel": "the template takes too many steps"}.get(error.kind, detail)
        fix = {
            "OutOfFuel": "loop over less",
            "UndefinedError": "check the name, or give it a default: {{ name | default('') }}",
            "UnknownFilter": "see the list of filters in the documentation of templates",
        }.get(error.kind, "mend the template")
        return Problem(self.where, f"line {error.line}: {what}", fix + self._caret(error.range))

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


def _plain(value: Any, path: str) -> Any:
    """Return `value` rebuilt from plain types: a template must not reach an object's methods."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
    raise TypeError(f"{path} is a {type(value).__name__}: give templates text, numbers, lists and dicts only")
