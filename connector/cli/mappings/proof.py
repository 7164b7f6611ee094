"""Whether each value of a mapping survives the way to a platform and back, as the commands tell it."""

from __future__ import annotations

import sys
from collections import Counter

import click

from connector.bootstrap import PLATFORMS
from connector.cli import output
from connector.cli.context import Context
from connector.cli.mappings.state import known, opened_state
from connector.mapping_version import MappingVersion, draft
from connector.problem import Problem
from mappings.proof import Row, prove, refused
from mappings.vocabulary import RECORDS


@click.command("prove")
@click.argument("platform", required=False, default="")
@click.argument("record", required=False, default="")
@click.option("--losses", is_flag=True, help="Only values that do not come back.")
@click.option("--active", is_flag=True, help="Prove the version in force instead of the draft.")
@output.as_json_option
@click.pass_obj
def prove_mappings(context: Context, *, platform: str, record: str, losses: bool, active: bool, as_json: bool) -> None:
    """Show for every field and choice whether its value survives there and back; a loss that is not accepted fails."""
    platforms = [known("platform", platform, PLATFORMS)] if platform else list(PLATFORMS)
    if record:
        known("record", record, RECORDS)
    if active:
        with opened_state(context) as state:
            version = state.in_force()
    else:
        version = draft(PLATFORMS, context.directory).sound()
    rows = [
        (name, row)
        for name in platforms
        for item, mapping in version.mappings[name].records.items()
        if record in {"", item}
        for row in prove(mapping)
    ]
    faults = refused(row for _, row in rows)
    chosen = [(name, row) for name, row in rows if row.verdict == "lossy" or not losses]
    if as_json:
        output.document(
            {
                "ok": not faults,
                "refused": [{"where": item.where, "what": item.what, "fix": item.fix} for item in faults],
                "rows": [
                    {
                        "platform": name,
                        "record": row.record,
                        "field": row.field,
                        "platform_field": row.place,
                        "value": row.value,
                        "way": row.way,
                        "verdict": row.verdict,
                        "accepted": row.accepted,
                        "text": row.words,
                        "where": row.where,
                    }
                    for name, row in chosen
                ],
            }
        )
    else:
        _tables(chosen)
        output.problems(faults)
        output.say(_summary([row for _, row in rows]), style="red" if faults else "green")
    if faults:
        sys.exit(1)


def losses_of(version: MappingVersion) -> list[Problem]:
    """Return a problem for each loss, in any mapping of a version, that its file does not accept."""
    return [
        problem
        for mappings in version.mappings.values()
        for mapping in mappings.records.values()
        for problem in refused(prove(mapping))
    ]


def _tables(rows: list[tuple[str, Row]]) -> None:
    # A table for each record leaves its columns room on a narrow terminal.
    by_record: dict[str, list[Row]] = {}
    for platform, row in rows:
        by_record.setdefault(f"{platform} {row.record}", []).append(row)
    if not by_record:
        output.say("Every value comes back.")
    for title, found in by_record.items():
        output.table(
            ("Field", "Value", "Of", "Verdict", "What becomes of it"),
            [(row.field, row.value, row.way, _verdict(row), row.words) for row in found],
            nothing="",
            title=title,
        )


def _verdict(row: Row) -> str:
    return f"{row.verdict} (accepted)" if row.accepted else row.verdict


def _summary(rows: list[Row]) -> str:
    counts = Counter(_verdict(row) for row in rows)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + "."
