"""One mapping file from its text to its compiled form, with everything that is wrong with it."""

from __future__ import annotations

import re

from connector.problem import Problem
from mappings.check import problems_of
from mappings.compile import compiled
from mappings.form import formed
from mappings.mapping import Mapping
from mappings.source import Source

_LINE = re.compile(r"^(.*?):(\d+)(?::|$)")


def examine(source: Source, *, meaning: bool = True) -> tuple[Mapping | None, list[Problem]]:
    """Compile a file; the mapping is None where its fields cannot be read at all.

    The problems are those of its form, of its meaning (not asked for a text that was in force already), and of its
    expressions: what is wrong in one field hides nothing that is wrong in another. They come in the order of the lines.
    """
    form = formed(source)
    problems = list(form.problems)
    if "" in form.broken:
        return None, problems
    if meaning:
        problems += problems_of(source, form.content, form.broken)
    mapping, found = compiled(source, form.content)
    problems += found
    return mapping, sorted(problems, key=_place)


def _place(problem: Problem) -> tuple[str, int]:
    found = _LINE.match(problem.where)
    return (found[1], int(found[2])) if found else (problem.where.partition(":")[0], 0)
