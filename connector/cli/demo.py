"""`continuity demo`: the main job on both simulated platforms, told on the terminal and judged at its end."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from connector.cli import output
from connector.demo import Outcome, run

WIDEST = 110


@click.command()
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Keep everything running at the end until Ctrl-C. By default only on a terminal.",
)
@click.option("--fast", is_flag=True, help="No pauses between the lines.")
@output.as_json_option
def demo(*, stay: bool | None, fast: bool, as_json: bool) -> None:
    """Show the main job against a simulated ServiceNow and Jira; exits 0 when they hold what they should, else 1."""
    console = Console(highlight=False, quiet=as_json)
    console.width = min(console.width, WIDEST)
    keep = console.is_terminal and not as_json if stay is None else stay
    outcome = run(console, stay=keep, pause=0.0 if fast or as_json else None)
    if as_json:
        output.document(_plain(outcome))
    sys.exit(0 if outcome.well else 1)


def _plain(outcome: Outcome) -> dict[str, object]:
    return {
        "well": outcome.well,
        "failure": outcome.failure,
        "findings": [{"right": right, "text": text} for right, text in outcome.findings],
        "figures": [{"text": text, "figure": figure} for text, figure in outcome.figures],
    }
