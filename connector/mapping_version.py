"""A version of the mappings: the texts of all files, and what they compile to; the draft is what the files say now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.problem import Invalid, Problem
from mappings import library
from mappings.library import Mappings, Texts

Content = Mapping[str, Texts]
"""Platform -> record -> the texts of its files, the shipped one first."""


@dataclass(frozen=True)
class MappingVersion:
    """Mappings by platform, with the texts that they were made of; `id` is 0 for a draft."""

    id: int
    content: Content
    mappings: Mapping[str, Mappings]

    @property
    def digest(self) -> str:
        return digest(self.content)


@dataclass(frozen=True)
class Draft:
    """What the files say: `version` is absent where `problems` keep it from being made."""

    version: MappingVersion | None
    problems: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What may not be meant in a draft that can be used."""
        made = self.version.mappings.values() if self.version is not None else ()
        return tuple(problem for item in made for problem in item.warnings)

    def sound(self) -> MappingVersion:
        """Return the draft's version. Raises Invalid for one with problems."""
        if self.version is None:
            raise Invalid(self.problems)
        return self.version


def draft(platforms: Iterable[str], directory: Path) -> Draft:
    """Read and compile the files of `directory` over the shipped ones, with everything that is wrong with them."""
    content: dict[str, Mapping[str, Sequence[str]]] = {}
    mappings: dict[str, Mappings] = {}
    problems = library.misplaced(directory, platforms)
    for platform in platforms:
        problems += library.strangers(platform, directory)
        try:
            content[platform] = library.gather(platform, directory)
            mappings[platform] = library.build(platform, content[platform])
        except Invalid as error:
            problems += error.problems
    return Draft(None if problems else MappingVersion(0, content, mappings), tuple(problems))


def stored(version: int, content: Content, platforms: Iterable[str]) -> MappingVersion:
    """Compile a stored version; a platform or record that it lacks is mapped as shipped. Raises Invalid.

    Its checks were passed when it was put in force and are not made again, so that a stricter release goes on with it.
    """
    mappings: dict[str, Mappings] = {}
    problems: list[Problem] = []
    for platform in platforms:
        try:
            mappings[platform] = library.build(platform, content.get(platform, {}), checked=False)
        except Invalid as error:
            problems += error.problems
    if problems:
        what = f"version {version} of the mappings, which is in force, cannot be used by this release"
        fix = "mend the files and run `continuity mappings activate`, or go back to the release before"
        raise Invalid([Problem(f"mappings version {version}", what, fix), *problems])
    return MappingVersion(version, content, mappings)


def digest(content: Content) -> str:
    """Return what tells one content from another: 16 hexadecimal digits."""
    plain = {platform: {record: list(texts) for record, texts in files.items()} for platform, files in content.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
