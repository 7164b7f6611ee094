"""Tells the story on the terminal: who did what, what a ticket shows, which tasks stand where."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from connector.demo.evidence import TaskTicket

PAUSE = 0.5
"""Seconds after a line, so that people can follow; none where no person looks on."""
CONNECTOR = "connector"
WHO = 13
MARGIN = 10 + WHO + 1
BAR = 20


class Narrator:
    """Writes to a console, with short pauses when that is a terminal."""

    def __init__(self, console: Console, *, pause: float | None = None) -> None:
        self._console = console
        self._pause = pause if pause is not None else PAUSE if console.is_terminal else 0.0

    def scene(self, title: str) -> None:
        self._console.print()
        self._console.rule(Text(title, "bold"), align="left", style="cyan")

    def says(self, who: str, text: str, address: str = "") -> None:
        """One line of what happened, with the time, who did it, and where to look."""
        style = "bold cyan" if who == CONNECTOR else "bold"
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_column(width=9, no_wrap=True, style="dim")
        line.add_column(width=WHO, no_wrap=True, style=style)
        line.add_column(overflow="fold")
        line.add_row(f"{datetime.now(UTC):%H:%M:%S}Z", who, Text(text))
        self._console.print(line)
        if address:
            self._console.print(Text(f"{' ' * MARGIN}{address}", "blue"), soft_wrap=True)
        time.sleep(self._pause)

    def quote(self, text: str) -> None:
        """What stands on a ticket, word for word; long addresses are cut at the signature."""
        for line in text.splitlines():
            self._console.print(Padding(Text(f"| {line.partition('?e=')[0]}", "italic"), (0, 0, 0, MARGIN)))
        time.sleep(self._pause)

    def shows(self, number: str, phase: str, percent: int, status: str) -> None:
        """The recovery fields of an incident, as read from its platform."""
        filled = round(BAR * percent / 100)
        bar = "#" * filled + "." * (BAR - filled)
        self.says(number, f"[{bar}] {percent} %  {phase}. {status}")

    def clock(self, number: str, began: datetime, due: datetime) -> None:
        """The RTO clock, from an incident's own fields."""
        now = datetime.now(UTC)
        used = 100 * (now - began) / (due - began)
        line = (
            f"RTO clock: {hours(now - began)} of {hours(due - began)} used ({used:.0f} %), "
            f"due {due:%H:%M}Z; it has run since {began:%H:%M}Z"
        )
        self.says(number, line)

    def tasks(self, tickets: Sequence[TaskTicket]) -> None:
        table = Table(box=None, padding=(0, 1), header_style="bold dim", pad_edge=False)
        for column in ("Ticket", "Recovery task", "Team", "State"):
            table.add_column(column, no_wrap=column in {"Ticket", "State"}, overflow="fold")
        for task in sorted(tickets, key=_place):
            style = "" if task.state == "open" else "dim"
            table.add_row(task.number, _short(task.title), task.team, task.state, style=style)
        self._console.print(Padding(table, (0, 0, 0, 2)))
        time.sleep(self._pause)

    def failed(self, text: str) -> None:
        self._console.print(Text(f"FAILED: {text}", "bold red"))

    def verdict(self, findings: Iterable[tuple[bool, str]]) -> None:
        for well, text in findings:
            mark = Text("ok    ", "green") if well else Text("WRONG ", "bold red")
            line = Table.grid()
            line.add_column(width=6, no_wrap=True)
            line.add_column(overflow="fold")
            line.add_row(mark, Text(text))
            self._console.print(Padding(line, (0, 0, 0, 2)))

    def figures(self, rows: Iterable[tuple[str, str]]) -> None:
        table = Table.grid(padding=(0, 2))
        table.add_column(overflow="fold")
        table.add_column(justify="right", no_wrap=True, style="bold")
        for text, figure in rows:
            table.add_row(text, figure)
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def plain(self, text: str = "") -> None:
        self._console.print(Text(text), soft_wrap=True)


def _place(task: TaskTicket) -> int:
    """Return where in its plan a task stands, from a title such as `[PAY-DR 3/11] Stop writes`; a question is first."""
    place = task.title.partition("/")[0].rpartition(" ")[2]
    return int(place) if place.isdigit() else 0


def _short(title: str) -> str:
    """Return a task's title without its plan's key: `3/11 Stop writes`."""
    label, _, name = title.partition("] ")
    return f"{label.partition(' ')[2]} {name}".strip()


def hours(span: timedelta) -> str:
    """Return a span as `0:42`, in hours and minutes."""
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
