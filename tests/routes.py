"""Applications that are made again and again share what Werkzeug compiles for their routes.

For each route of each application Werkzeug (3.1) writes and compiles two functions, a millisecond for both; a test that
starts two platforms and the console would spend 0.1 s on that. The functions get their rule as an argument and depend
on nothing but its text, so one serves all equal routes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compile_once() -> None:
    """Compile each distinct route once in this process; routes with defaults, whose values count too, as ever."""
    compile_anew = Rule._compile_builder
    made: dict[tuple[Any, ...], Builder] = {}

    @wraps(compile_anew)
    def shared(rule: Rule, append_unknown: bool = True) -> Builder:  # noqa: FBT001, FBT002 - Werkzeug's form
        if rule.defaults:
            return compile_anew(rule, append_unknown)
        key = (rule.rule, *rule._trace, append_unknown)
        if key not in made:
            made[key] = compile_anew(rule, append_unknown)
        return made[key]

    Rule._compile_builder = shared  # type: ignore[method-assign]
