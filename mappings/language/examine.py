"""One mapping file from its text to its compiled form, with everything that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace

from connector.problem import Problem
from mappings.language import conditions, trial
from mappings.language.compile import compiled
from mappings.language.form import formed
from mappings.language.meaning import problems_of
from mappings.mapping import Mapping
from mappings.proof import prove, refused
from mappings.source import Source

_LINE = re.compile(r"^(.*?):(\d+)(?::|$)")


def examine(source: Source, *, meaning: bool = True) -> tuple[Mapping | None, list[Problem]]:
    """Compile a file; the mapping is None where its fields cannot be read at all.

    The problems are those of its form, of its meaning (not asked for a text that was in force already), and of its
    expressions: what is wrong in one field hides nothing that is wrong in another. They come in the order of the lines;
    those that are warnings keep no mapping from being used.
    """
    form = formed(source)
    problems = list(form.problems)
    if "" in form.broken:
        return None, problems
    if meaning:
        problems += problems_of(source, form.content, form.broken)
    mapping, found = compiled(source, form.content)
    problems += found
    if meaning:
        # What is at fault already is not also tried out: it would be told twice.
        sound = replace(mapping, fields=tuple(item for item in mapping.fields if item.name not in _named(problems)))
        problems += conditions.problems_of(sound)
        problems += trial.problems_of(sound)
        problems += refused(prove(sound))
    return mapping, sorted(problems, key=_place)


def _named(problems: list[Problem]) -> set[str]:
    """Return the fields that the problems are about."""
    crumbs = (problem.where.rpartition(": ")[2].split(".") for problem in problems)
    return {crumb[1] for crumb in crumbs if crumb[0] == "fields" and len(crumb) > 1}


def _place(problem: Problem) -> tuple[str, int]:
    found = _LINE.match(problem.where)
    return (found[1], int(found[2])) if found else (problem.where.partition(":")[0], 0)
