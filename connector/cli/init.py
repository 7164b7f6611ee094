"""`continuity init`: write an example of an organisation's records."""

from __future__ import annotations

from pathlib import Path

import click

from connector import catalog as catalogs
from connector.cli import output


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@output.as_json_option
def init(directory: Path, *, force: bool, as_json: bool) -> None:
    """Write an example set of settings, services and plans into DIRECTORY."""
    written = catalogs.write_example(directory, force=force)
    if as_json:
        output.document({"written": [str(path) for path in written]})
        return
    for path in written:
        output.say(f"wrote {path}")
    output.say(f"Next: adapt them, then `continuity --config {directory} check`.")
