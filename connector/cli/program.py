"""The program `continuity`: its commands, its global options, and what its exit codes mean."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from connector.cli import output
from connector.cli.context import Context
from connector.problem import Invalid, nearest

OK, NO, FAULT, INTERRUPTED = 0, 1, 3, 130
COMMANDS = {
    "init": ("init", "Write an example set of settings, services and plans."),
    "check": ("check", "Check settings, services, plans and mappings together."),
    "apply": ("apply", "Put services and plans in force, showing the changes first."),
    "mappings": ("mappings.group", "Show, check and try field mappings; put them in force; go back."),
    "serve": ("service", "Run the service until SIGTERM or ^C."),
    "demo": ("demo", "Show the main job against a simulated ServiceNow and Jira."),
    "sandbox": ("sandboxes", "Run a simulated platform, with faults on demand."),
    "preflight": ("preflight", "Ask each platform whether it would take what plans create."),
    "incidents": ("desk", "List known incidents, and why each was or was not acted on."),
    "activations": ("desk", "List activations, or show one."),
    "why": ("why", "Say why a ticket is as it is, field by field."),
    "history": ("history", "Tell what was written to tickets and what happened."),
    "retrace": ("retrace", "Decide an activation again, and tell what would differ."),
    "activate": ("response", "Activate a continuity plan for a ticket."),
    "exercise": ("response", "Exercise a plan: the real path, labelled EXERCISE."),
    "stand-down": ("response", "Stand an activation down: its open tasks are skipped."),
    "task": ("response", "Close a recovery task where its tickets cannot be used."),
    "deliveries": ("messages", "List messages in, and what was decided on each."),
    "parked": ("messages", "List what waits for a person: why, and what to do."),
    "replay": ("messages", "Try again what is parked."),
    "adopt": ("adopt", "Link services and plans with records that a platform has."),
    "reconcile": ("reconcile", "Repair what services and plans lost step with."),
    "records": ("records", "List services and plans kept in step, and how each stands."),
    "settle": ("settle", "Decide whose value stands where both sides changed a field."),
}
"""Each command, the module that holds it, and what it is for in a line of a terminal.

A module is loaded when its command is used: a sandbox needs no engine to start, and a list of commands none at all.
"""


class Program(click.Group):
    """Runs a command and turns what came of it into an exit code.

    0: done. 1: the user's mistake or a negative answer. 3: a fault of ours. 130: interrupted.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's form
        """Return the names in the order in which one comes to need them."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's form
        """List the commands by what the table says of them, for which none is loaded."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in COMMANDS.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command. Raises UsageError for a name that there is not."""
        if cmd_name not in COMMANDS:
            near = nearest(cmd_name, COMMANDS) or "`continuity --help` lists them"
            raise click.UsageError(f"there is no command '{cmd_name}'; {near}", ctx)
        found = getattr(import_module(f"connector.cli.{COMMANDS[cmd_name][0]}"), cmd_name.replace("-", "_"))
        return found if isinstance(found, click.Command) else None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002, FBT001, FBT002 - click's form
        **extra: Any,
    ) -> NoReturn:
        """Run, and end the process with the exit code."""
        arguments = list(sys.argv[1:] if args is None else args)
        name = prog_name or "continuity"
        sys.exit(self._run(arguments, name, complete_var, debug="--debug" in arguments, **extra))

    def _run(self, arguments: list[str], name: str, complete_var: str | None, *, debug: bool, **extra: Any) -> int:
        try:
            code = super().main(arguments, name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            return NO
        except Invalid as error:
            output.problems(output.in_order(error.problems))
            return NO
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the border of the program: told, logged, and an exit code
            return _fault(error, debug=debug)
        return code if isinstance(code, int) else OK


def _fault(error: BaseException, *, debug: bool) -> int:
    text = "".join(traceback.format_exception(error))
    if debug:
        sys.stderr.write(text)
        return FAULT
    with tempfile.NamedTemporaryFile("w", prefix="continuity-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(text)
    output.aside(f"a fault of continuity's own: {type(error).__name__}: {_first_line(error)}", style="red")
    output.aside(f"the log is {log.name}; --debug shows it here")
    return FAULT


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="continuity-connector", prog_name="continuity")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="the current folder",
    envvar="CONTINUITY_CONFIG",
    help="continuity.yaml, or the folder that holds it.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def main(context: click.Context, config: Path, *, debug: bool) -> None:
    """Keep IT service continuity records in step with ServiceNow and Jira.

    A major incident starts its continuity plan; recovery is written back to its tickets.
    """
    context.obj = Context(config, debug)
