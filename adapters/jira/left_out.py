"""A field that an issue has to do without: what is told of it, and what a person can do."""

from __future__ import annotations

from typing import Any

from adapters.jira import echo
from adapters.jira.site import Site
from connector.problem import Problem
from connector.ticketing import Record


def problem(site: Site, record: Record, name: str, value: Any, reason: str) -> Problem:
    """Return the warning for field `name`, whose `value` is not written for `reason`, by Jira's words or ours."""
    line = next((f" ({item.where})" for item in site.mapping(record).fields if item.writes and item.id == name), "")
    fix = f"write a value that it takes, by the plan or the mapping{line}"
    if "screen" in reason.casefold():
        fix = f"put it on that screen, or take it out of the mapping{line}"
    return Problem(site.field_name(name), f"'{echo.shown(value)}' was left out ({reason})", fix, "warning")
