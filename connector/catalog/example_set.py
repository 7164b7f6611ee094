"""The example set of records, settings and mappings that `continuity init` writes."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from connector.problem import Invalid, Problem


def write_example(directory: Path, *, force: bool = False) -> list[Path]:
    """Write the example set into `directory` and return the files written.

    Raises Invalid, before anything is written, when a file is already there and `force` is not given.
    """
    sources = _files(resources.files("connector.catalog") / "example", Path())
    present = [path for path in sources if (directory / path).exists()]
    if present and not force:
        fix = "choose an empty folder, or use --force to overwrite"
        raise Invalid(Problem(str(directory / path), "the file is already there", fix) for path in present)
    for path, source in sources.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(source.read_bytes())
    return [directory / path for path in sources]


def _files(folder: Traversable, below: Path) -> dict[Path, Traversable]:
    found: dict[Path, Traversable] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found |= _files(entry, below / entry.name)
        else:
            found[below / entry.name] = entry
    return found
