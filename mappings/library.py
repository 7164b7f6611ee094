"""The mappings of one platform: shipped files, each with an admin's differences from DIR/mappings/<platform>/."""

from __future__ import annotations

from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from connector.problem import Invalid, Problem, nearest
from connector.ticketing import Record
from mappings.check import problems_of
from mappings.compile import compiled
from mappings.mapping import Mapping
from mappings.schema import validated
from mappings.source import Layer, Source, merge, parse, plain
from mappings.vocabulary import RECORDS


@dataclass(frozen=True)
class Mappings:
    """A platform's mappings, one for each record."""

    platform: str
    records: Facts[Record, Mapping]

    def on(self, connection: str) -> Mappings:
        """Return these mappings for one connection, whose name their conditions see."""
        return replace(
            self, records={record: replace(item, connection=connection) for record, item in self.records.items()}
        )

    def __getitem__(self, record: Record) -> Mapping:
        return self.records[record]


def load(platform: str, directory: Path | None = None) -> Mappings:
    """Load and compile a platform's mappings; raises Invalid with every problem of every file.

    `directory` is the folder of `continuity.yaml`; a file in it holds only what differs from the shipped one.
    """
    problems: list[Problem] = []
    folder = directory / "mappings" / platform if directory else None
    if folder is not None and folder.is_dir():
        problems += _strangers(platform, folder)
    records: dict[Record, Mapping] = {}
    for record in RECORDS:
        try:
            source = sourced(platform, record, folder)
        except Invalid as error:
            problems.extend(error.problems)
            continue
        content, found = validated(source)
        problems += found
        if not found:
            problems += problems_of(source, content["fields_"])
            # What a check of the meaning finds does not keep the expressions from being checked too.
            records[record], found = compiled(source, content)
            problems += found
    if problems:
        raise Invalid(problems)
    return Mappings(platform, records)


def sourced(platform: str, record: Record, folder: Path | None) -> Source:
    """Read one record's shipped file and, if `folder` has one, the admin's over it; raises Invalid."""
    layers: tuple[Layer, ...] = (_shipped(platform, record),)
    file = f"mappings/{platform}/{record}.yaml"
    content = plain(layers[0].content)
    own = folder / f"{record}.yaml" if folder else None
    if own is not None and own.is_file():
        layer = parse(own.read_text("utf-8"), file)
        layers = (*layers, layer)
        content = merge(content, plain(layer.content))
    return Source(platform, record, file, content, layers)


@cache
def _shipped(platform: str, record: Record) -> Layer:
    """Read a shipped file, once: it does not change while we run."""
    shipped = resources.files("mappings") / "defaults" / platform / f"{record}.yaml"
    return parse(shipped.read_text("utf-8"), f"mappings/defaults/{platform}/{record}.yaml (shipped)")


def _strangers(platform: str, folder: Path) -> list[Problem]:
    return [
        Problem(
            f"mappings/{platform}/{path.name}",
            "no record is mapped by a file of this name, so it would have no effect",
            nearest(path.stem, RECORDS) or f"name it after one of: {', '.join(RECORDS)}",
        )
        for path in sorted(folder.iterdir())
        if path.suffix in (".yaml", ".yml") and (path.stem not in RECORDS or path.suffix == ".yml")
    ]
