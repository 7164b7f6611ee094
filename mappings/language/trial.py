"""Conditions and computed values that fail on what records can hold, found by trying them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Facts
from itertools import islice
from typing import Any

from connector.condition import Condition, Expression, Kind, Undecidable
from connector.problem import Problem
from mappings.language.instances import names, tried
from mappings.mapping import Field, Mapping, as_named, computed
from mappings.transforms import Unmapped

_MOST = 500
_BESIDE = ("7", "2026-03-02T14:30:00+00:00")
"""Texts that can be made a number or an instant of."""
_GUARDS: Facts[Kind, str] = {"string": "!= ''", "int": "!= 0", "list": "!= []"}


def problems_of(mapping: Mapping) -> Iterator[Problem]:
    """Yield a warning for each expression that fails on all that was tried, or where a field that it asks is empty."""
    for item in mapping.fields:
        for setting, expression in (("when", item.when), ("compute", item.compute)):
            if expression is not None:
                yield from _tried(mapping, item, setting, expression)


def _tried(mapping: Mapping, item: Field, setting: str, expression: Condition | Expression) -> Iterator[Problem]:
    asked = names(mapping, [expression.source])
    last, good = "", None
    for facts in islice(tried(mapping, [expression.source], _BESIDE), _MOST):
        last = _fault(mapping, item, expression, facts)
        if not last:
            good = facts
            break
    if good is None:
        what = f"`{expression.source}` fails on all that was tried: {last}"
        yield item.problem(what, "mend the expression", setting=setting)
        return
    for name, kind in asked.items():
        fault = _fault(mapping, item, expression, {key: value for key, value in good.items() if key != name})
        if fault:
            rest = "&& ..." if setting == "when" else "? ... : ..."
            fix = f"ask first, as in {name} {_GUARDS[kind]} {rest}" if kind in _GUARDS else "mend the expression"
            what = f"`{expression.source}` fails where {name} is empty: {fault}"
            yield item.problem(what, fix, setting=setting)


def _fault(mapping: Mapping, item: Field, expression: Condition | Expression, facts: Facts[str, Any]) -> str:
    """Return why an expression cannot be used on these facts, "" if it can."""
    try:
        if isinstance(expression, Condition):
            expression.holds(facts)
            return ""
        value = expression.value(facts)
        if item.reads:
            computed(mapping.record, item, value)
        elif item.id:
            item.write(value, as_named)
    except Undecidable as error:
        return error.what.removeprefix(f"`{expression.source}` cannot be evaluated: ")
    except Unmapped as error:
        return f"{error.what}; {error.fix}"
    return ""
