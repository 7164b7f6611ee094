"""`continuity demo`: the main job on both simulated platforms, told on the terminal and judged at its end."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from connector.demo import run

WIDEST = 110


@click.command()
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Keep everything running at the end until Ctrl-C. By default only on a terminal.",
)
@click.option("--fast", is_flag=True, help="No pauses between the lines.")
def demo(*, stay: bool | None, fast: bool) -> None:
    """Show the main job against a simulated ServiceNow and Jira; exits 0 when they hold what they should, else 1."""
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    keep = console.is_terminal if stay is None else stay
    sys.exit(run(console, stay=keep, pause=0.0 if fast else None))
