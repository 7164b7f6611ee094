"""The mappings of one platform: shipped files, each with an admin's differences from DIR/mappings/<platform>/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

from connector.problem import Invalid, Problem, nearest
from connector.ticketing import Record
from mappings.language.examine import examine
from mappings.mapping import Mapping
from mappings.source import Layer, Source, merge, parse, plain
from mappings.vocabulary import RECORDS

Texts = Facts[str, Sequence[str]]
"""The texts of one platform's files, by record: the shipped one first, then the admin's where there is one."""


@dataclass(frozen=True)
class Mappings:
    """A platform's mappings, one for each record; `warnings` are what its files say that may not be meant."""

    platform: str
    records: Facts[Record, Mapping]
    warnings: tuple[Problem, ...] = ()

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
    problems = strangers(platform, directory)
    try:
        found = build(platform, gather(platform, directory))
    except Invalid as error:
        problems.extend(error.problems)
    if problems:
        raise Invalid(problems)
    return found


def gather(platform: str, directory: Path | None = None) -> dict[str, list[str]]:
    """Return the texts of a platform's files as they stand; raises Invalid for those that cannot be read."""
    texts: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for record in RECORDS:
        texts[record] = [_shipped(platform, record)]
        path = directory / "mappings" / platform / f"{record}.yaml" if directory else None
        if path is None or not path.is_file():
            continue
        file = own_file(platform, record)
        try:
            own = path.read_text("utf-8")
            texts[record] = [shipped_text(platform, record, own), own]
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            problems.append(Problem(f"{file}:{line}", "not UTF-8 text", "save the file as UTF-8"))
        except OSError as error:
            problems.append(Problem(file, f"cannot be read: {error.strerror}", "mend the file's permissions"))
    if problems:
        raise Invalid(problems)
    return texts


def build(platform: str, texts: Texts, *, checked: bool = True) -> Mappings:
    """Compile a platform's mappings from the texts of its files; raises Invalid with every problem of every file.

    A record that `texts` lacks is mapped as shipped. `checked` is False for texts that were checked when they were put
    in force: a later release that finds more at fault must still be able to go on with them.
    """
    problems: list[Problem] = []
    records: dict[Record, Mapping] = {}
    for record in RECORDS:
        try:
            mapping, found = _examined(
                platform, record, tuple(texts.get(record) or (_shipped(platform, record),)), checked
            )
        except Invalid as error:
            problems.extend(error.problems)
            continue
        problems += found
        problems += _unlike(platform, record, (texts.get(record) or ())[1:]) if checked else ()
        if mapping is not None:
            records[record] = mapping
    if any(problem.level == "error" for problem in problems):
        raise Invalid(problems)
    return Mappings(platform, records, tuple(problems))


@lru_cache(maxsize=64)
def _examined(
    platform: str,
    record: Record,
    texts: tuple[str, ...],
    checked: bool,  # noqa: FBT001 - a key has no names
) -> tuple[Mapping | None, tuple[Problem, ...]]:
    """Compile texts once: a start reads the draft and the version in force, which mostly are the same."""
    mapping, found = examine(sourced(platform, record, texts), meaning=checked)
    return mapping, tuple(found)


def sourced(platform: str, record: Record, texts: Sequence[str] = ()) -> Source:
    """Merge one record's texts, the shipped one first (by default what we ship now); raises Invalid."""
    file = own_file(platform, record)
    names = (shipped_file(platform, _base(platform, record, *texts[1:])), file)
    layers = tuple(
        _parsed(text, name) for text, name in zip(texts or (_shipped(platform, record),), names, strict=False)
    )
    content = plain(layers[0].content)
    for layer in layers[1:]:
        content = merge(content, plain(layer.content))
    return Source(platform, record, file, content, layers)


def own_file(platform: str, record: str) -> str:
    """Return the name of the file in which an admin makes changes."""
    return f"mappings/{platform}/{record}.yaml"


def shipped_file(platform: str, record: str) -> str:
    """Return the name by which a shipped file is shown."""
    return f"mappings/defaults/{platform}/{record}.yaml (shipped)"


def shipped_text(platform: str, record: str, *own: str) -> str:
    """Return what we ship now for an admin's file, or for none: the alternative that it names where it does."""
    return _shipped(platform, _base(platform, record, *own))


@cache
def alternatives(platform: str, record: str) -> tuple[str, ...]:
    """Return the names of what we ship for a record besides its own file."""
    files = (file.name for file in (resources.files("mappings") / "defaults" / platform).iterdir())
    return tuple(sorted(name.split(".")[1] for name in files if name.startswith(f"{record}.") and name.count(".") > 1))


def _base(platform: str, record: str, *own: str) -> str:
    """Return which shipped file an admin's file differs from; the record's own where it names none that there is."""
    like = _like(platform, record, *own)
    return f"{record}.{like}" if like in alternatives(platform, record) else record


def _like(platform: str, record: str, *own: str) -> str:
    """Return the alternative that an admin's file names, "" for none, or where the file cannot be read."""
    try:
        return next((str(_parsed(text, own_file(platform, record)).content.get("like") or "") for text in own), "")
    except Invalid:
        return ""  # told when the file is compiled


def _unlike(platform: str, record: str, own: Sequence[str]) -> list[Problem]:
    like, known = _like(platform, record, *own), alternatives(platform, record)
    if not like or like in known:
        return []
    fix = nearest(like, known) or (f"there are: {', '.join(known)}" if known else "take it out: there is none")
    return [Problem(f"{own_file(platform, record)}: like", f"no other mapping of a {record} is called '{like}'", fix)]


@lru_cache(maxsize=256)
def _parsed(text: str, name: str) -> Layer:
    return parse(text, name)


@cache
def _shipped(platform: str, record: str) -> str:
    """Read a shipped file, once: it does not change while we run."""
    return (resources.files("mappings") / "defaults" / platform / f"{record}.yaml").read_text("utf-8")


def strangers(platform: str, directory: Path | None) -> list[Problem]:
    """Return a problem for each file in an admin's folder that would have no effect."""
    folder = directory / "mappings" / platform if directory else None
    if folder is None or not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir()):
        name = f"mappings/{platform}/{path.name}"
        if path.suffix == ".yml" and path.stem in RECORDS:
            found.append(Problem(name, "only files that end in .yaml are read", f"name it {path.stem}.yaml"))
        elif path.suffix in (".yaml", ".yml") and path.stem not in RECORDS:
            what = "no record is mapped by a file of this name, so it would have no effect"
            fix = nearest(path.stem, RECORDS) or f"name it after one of: {', '.join(RECORDS)}"
            found.append(Problem(name, what, fix))
    return found


def misplaced(directory: Path, platforms: Iterable[str]) -> list[Problem]:
    """Return a problem for what stands in the folder of mappings and belongs to no platform."""
    known = tuple(platforms)
    folder = directory / "mappings"
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir()):
        name = f"mappings/{path.name}"
        if path.is_dir() and path.name not in known and any(path.glob("*.y*ml")):
            fix = nearest(path.name, known) or f"name it after one of: {', '.join(known)}"
            found.append(Problem(name, "no platform has this name, so its files would have no effect", fix))
        elif path.suffix in (".yaml", ".yml"):
            fix = f"put it into mappings/{known[0]}/ or the folder of its platform"
            found.append(
                Problem(name, "a mapping stands outside its platform's folder, so it would have no effect", fix)
            )
    return found
