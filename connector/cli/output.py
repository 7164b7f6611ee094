"""How commands answer: tables for people, one JSON document for programs, problems on the side."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.duration import format_duration
from connector.problem import Problem

WIDE = 200
"""Columns of a table that goes to a file or a pipe, where nothing has to fit a screen."""

as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")


class Declined(click.ClickException):
    """What was asked for cannot be done, or the answer is no: one line on the side, exit code 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print the message as it stands; it says itself what to do."""
        click.echo(self.format_message(), file=file or sys.stderr)


def say(text: str, *, style: str = "") -> None:
    """Print one line; nothing in it is taken for markup."""
    console().print(Text(text, style=style), soft_wrap=True)


def aside(text: str, *, style: str = "") -> None:
    """Print one line where it does not mix with the answer (stderr)."""
    Console(stderr=True, highlight=False).print(Text(text, style=style), soft_wrap=True)


def console() -> Console:
    """Return a console on the present stdout."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=WIDE)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, nothing: str, title: str = "") -> None:
    """Print a table, or the line `nothing` where there are no rows."""
    cells = [[shown(value) for value in row] for row in rows]
    if not cells:
        say(nothing)
        return
    grid = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    console().print(grid)


def shown(value: Any) -> str:
    """Return a value as people read it: instants in UTC to the minute, durations as 1h30m, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def confirm(question: str) -> None:
    """Ask a person; where none can be asked, the answer is no. Raises Declined."""
    if not sys.stdin.isatty():
        raise Declined("nothing was changed: there is no terminal to ask on; use --yes")
    if not click.confirm(question, err=True):
        raise Declined("nothing was changed")


def document(data: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON document; instants are ISO 8601 in UTC, durations seconds."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    raise TypeError(f"no JSON form for {type(value).__name__}")


def problems(found: Iterable[Problem]) -> None:
    """Print problems on the side, each in its colour."""
    for problem in found:
        aside(f"{problem.level}: {problem}", style="red" if problem.level == "error" else "yellow")


def in_order(found: Iterable[Problem]) -> list[Problem]:
    """Return each problem once, by file, line and path."""

    def place(problem: Problem) -> tuple[str, int, Problem]:
        file, _, rest = problem.where.partition(":")
        line = rest.partition(":")[0]
        return file, int(line) if line.isdigit() else 0, problem

    return sorted(dict.fromkeys(found), key=place)
