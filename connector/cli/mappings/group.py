"""The mappings of fields: what is in effect and where it comes from, its versions, and what a draft changes."""

from __future__ import annotations

from typing import Any, cast

import click

from connector.bootstrap import PLATFORMS
from connector.cli import output
from connector.cli.check import check
from connector.cli.context import Context
from connector.cli.mappings.changes import changes, plain, print_changes
from connector.cli.mappings.in_force import activate, rollback
from connector.cli.mappings.plan import plan
from connector.cli.mappings.preview import preview
from connector.cli.mappings.proof import prove_mappings
from connector.cli.mappings.state import State, known, opened_state
from connector.cli.shipped import print_shipped
from connector.mapping_version import Content
from connector.mappings_in_force import standing
from connector.problem import Invalid
from connector.store import mapping_versions
from connector.ticketing import Record
from mappings import library
from mappings.difference import shipped_changes
from mappings.effective import Line, beside, lines_of
from mappings.language.json_schema import json_schema
from mappings.vocabulary import RECORDS

limit_option = click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)


@click.group()
def mappings() -> None:
    """Field mappings: show, check, prove and try a draft; put it in force; go back."""


@mappings.command()
@click.argument("platform", required=False, default="")
@click.argument("record", required=False, default="")
@click.option("--active", is_flag=True, help="Show the version in force instead of the draft.")
@output.as_json_option
@click.pass_obj
def show(context: Context, *, platform: str, record: str, active: bool, as_json: bool) -> None:
    """Print what is in effect as YAML, each line with the file and line that it comes from."""
    platforms = [known("platform", platform, PLATFORMS)] if platform else list(PLATFORMS)
    records = [cast("Record", known("record", record, RECORDS))] if record else list(RECORDS)
    if active:
        with opened_state(context) as state:
            content, number = state.content, state.number
    else:
        content, number = {name: library.gather(name, context.directory) for name in platforms}, 0
    found: dict[tuple[str, Record], list[Line]] = {}
    faults: list[Any] = []
    for name in platforms:
        for item in records:
            try:
                source = library.sourced(name, item, content.get(name, {}).get(item, ()))
            except Invalid as error:
                faults += error.problems
                continue
            found[name, item] = lines_of(source)
    if faults:
        raise Invalid(faults)
    if as_json:
        output.document(
            [
                {
                    "platform": name,
                    "record": item,
                    "version": number or None,
                    "yaml": "\n".join(line.text for line in lines),
                    "lines": [
                        {"path": ".".join(line.path), "text": line.text, "where": line.where, "own": line.own}
                        for line in lines
                    ],
                }
                for (name, item), lines in found.items()
            ]
        )
        return
    for index, ((name, item), lines) in enumerate(found.items()):
        if len(found) > 1:
            click.echo(("\n" if index else "") + f"# {name} {item}")
        click.echo(beside(lines))


@mappings.command()
@output.as_json_option
@click.pass_obj
def diff(context: Context, *, as_json: bool) -> None:
    """Show what the draft changes of the version in force, field by field."""
    with opened_state(context) as state:
        found = changes(state)
    if as_json:
        output.document({"version": state.number, "differences": [plain(item) for item in found]})
        return
    print_changes(found)
    if not found:
        output.say(f"The draft is what is in force (version {state.number}).", style="green")


@mappings.command()
@limit_option
@output.as_json_option
@click.pass_obj
def versions(context: Context, *, limit: int, as_json: bool) -> None:
    """List the versions, the newest first; the newest is in force."""
    with opened_state(context) as state, state.database.begin() as tx:
        rows = mapping_versions.listed(tx, limit=limit)
    shipped = shipped_changes(cast("Content", state.row.content)) if state.row is not None else []
    stand = _standing(state)
    if as_json:
        output.document(
            {
                "in_force": state.number or None,
                "draft": stand,
                "draft_problems": [str(problem) for problem in state.draft.problems],
                "shipped_changes": shipped,
                "versions": [
                    {
                        "version": row.id,
                        "activated_at": row.activated_at,
                        "activated_by": row.activated_by,
                        "restores": row.restores,
                        "digest": row.digest,
                    }
                    for row in rows
                ],
            }
        )
        return
    output.table(
        ("Version", "In force", "Activated", "By", "What it is"),
        [
            (
                row.id,
                row.id == state.number,
                row.activated_at,
                row.activated_by,
                f"version {row.restores} again" if row.restores else "",
            )
            for row in rows
        ],
        nothing="No version is in force yet.",
    )
    output.say(f"The draft {stand}.", style="yellow" if state.draft.version is None else "")
    print_shipped(shipped, state.number)


@mappings.command()
@click.argument("platform", required=False, default="")
@click.argument("record", required=False, default="")
@output.as_json_option
def schema(*, platform: str, record: str, as_json: bool) -> None:
    """Print the JSON Schema of mapping files, so that editors complete them; for one PLATFORM and RECORD, if given."""
    del as_json  # there is no other form
    if platform:
        known("platform", platform, PLATFORMS)
    chosen = cast("Record", known("record", record, RECORDS)) if record else None
    output.document(json_schema(chosen, platform))


def _standing(state: State) -> str:
    if state.row is None:
        return standing(state.draft, None)
    try:
        return standing(state.draft, state.in_force())
    except Invalid as error:
        output.problems(error.problems)
        return standing(state.draft, None)


mappings.add_command(check)
mappings.add_command(prove_mappings)
mappings.add_command(preview)
mappings.add_command(plan)
mappings.add_command(activate)
mappings.add_command(rollback)
