"""Puts a draft of the mappings in force, or an older version again."""

from __future__ import annotations

import getpass
from dataclasses import replace
from datetime import UTC, datetime

import click

from connector.bootstrap import PLATFORMS
from connector.cli import output
from connector.cli.check import Checked, examine, reach
from connector.cli.context import Context
from connector.cli.mappings.changes import changes, plain, print_changes
from connector.cli.mappings.proof import losses_of
from connector.cli.mappings.state import NONE_YET, State, opened_state
from connector.mapping_version import MappingVersion, stored
from connector.problem import Invalid, Problem
from connector.store import mapping_versions
from mappings.difference import Difference, differences

by_option = click.option("--by", default="", metavar="NAME", help="Who does it; by default the user of this machine.")

_LONGEST = 9
"""Digits that the number of a version can have."""


@click.command()
@by_option
@click.option(
    "--live/--no-live",
    default=True,
    help="Each platform is asked whether it has what the draft needs; --no-live passes over one that does not answer.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.as_json_option
@click.pass_obj
def activate(context: Context, *, by: str, live: bool, yes: bool, as_json: bool) -> None:
    """Put the draft in force, once it is checked, proven and fits the platforms; a running service takes it at once."""
    with opened_state(context) as state:
        if state.row is not None and state.draft.version is not None and state.draft.version.digest == state.row.digest:
            outcome = f"Nothing changes: the draft is what is in force (version {state.number})."
            _done(state.number, [], outcome, as_json=as_json)
            return
        draft = _cleared(context, state, live=live)
        found = changes(state) if state.row is not None else []
        if not as_json:
            print_changes(found)
            if not found and state.row is not None:
                output.say("Only remarks or the layout of the files differ.")
        if not yes:
            output.confirm(f"Put {len(found)} changes in force?")
        number = _store(state, draft, by or getpass.getuser())
    _done(number, found, f"Version {number} of the mappings is in force.", as_json=as_json)


@click.command()
@click.argument("version", default="")
@by_option
@output.as_json_option
@click.pass_obj
def rollback(context: Context, *, version: str, by: str, as_json: bool) -> None:
    """Put an older VERSION in force again, by default the one before; the files stay as they are."""
    if version and not (version.isascii() and version.isdigit() and len(version) <= _LONGEST):
        raise output.Declined(f"'{version}' is no version's number; `continuity mappings versions` lists them")
    with opened_state(context) as state:
        with state.database.begin() as tx:
            row = state.row
            if row is None:
                raise output.Declined(NONE_YET)
            before = mapping_versions.before(tx, row.id, row.digest)
            wanted = mapping_versions.get(tx, int(version)) if version else before
        if wanted is None:
            there_is = f"there is no version {version}" if version else "there is no other version to go back to"
            raise output.Declined(f"{there_is}; see `continuity mappings versions`")
        if wanted.digest == row.digest:
            _done(row.id, [], f"Nothing changes: that is what is in force (version {row.id}).", as_json=as_json)
            return
        stored(wanted.id, wanted.content, PLATFORMS)
        found = differences(row.content, wanted.content)
        with state.database.begin() as tx:
            mapping_versions.one_at_a_time(tx)
            _unchanged(mapping_versions.newest_id(tx), row.id)
            number = mapping_versions.restore(tx, wanted.id, by or getpass.getuser(), datetime.now(UTC))
    if not as_json:
        print_changes(found)
    outcome = (
        f"Version {wanted.id} of the mappings is in force again, as version {number}; the files are still the draft."
    )
    _done(number, found, outcome, as_json=as_json)


def _cleared(context: Context, state: State, *, live: bool) -> MappingVersion:
    """Return the draft, once nothing speaks against it. Raises Invalid with everything that does."""
    checked = examine(context)
    if checked.errors:
        raise Invalid(checked.problems)
    draft = state.draft.sound()
    problems = [*losses_of(draft), *_from_platforms(checked, context, live=live)]
    errors = [problem for problem in problems if problem.level == "error"]
    output.problems(output.in_order([*checked.warnings, *(item for item in problems if item not in errors)]))
    if errors:
        raise Invalid(errors)
    return draft


def _from_platforms(checked: Checked, context: Context, *, live: bool) -> list[Problem]:
    """Ask each platform for what the draft needs; one that does not answer is passed over without `live`."""
    found: list[Problem] = []
    for item in reach(checked, context.directory):
        if not item.down:
            found += item.problems
        elif live:
            fix = "or use --no-live to go on without its answer"
            found += [replace(problem, fix=f"{problem.fix}, {fix}") for problem in item.problems]
        else:
            output.aside(f"{item.name} does not answer: the draft is not compared with what it has", style="yellow")
    return found


def _store(state: State, draft: MappingVersion, by: str) -> int:
    with state.database.begin() as tx:
        mapping_versions.one_at_a_time(tx)
        _unchanged(mapping_versions.newest_id(tx), state.number)
        return mapping_versions.add(tx, draft.digest, draft.content, by, datetime.now(UTC))


def _unchanged(newest: int, shown: int) -> None:
    if newest != shown:
        raise output.Declined("somebody else put a version in force meanwhile; nothing was changed, run it again")


def _done(number: int, found: list[Difference], outcome: str, *, as_json: bool) -> None:
    if as_json:
        output.document({"version": number, "changes": [plain(item) for item in found], "outcome": outcome})
    else:
        output.say(outcome, style="green")
