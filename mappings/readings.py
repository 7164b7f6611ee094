"""Mappings that keep what they are given to read, so that a preview can show it field by field."""

from __future__ import annotations

from collections.abc import Mapping as Facts
from dataclasses import dataclass, fields
from dataclasses import field as made
from typing import Any

from mappings.library import Mappings
from mappings.mapping import Mapping, Read
from mappings.transforms import NameOf


@dataclass(frozen=True)
class Reading:
    """One record as it was read: with which mapping (its labels bound), what it held, and what became of it."""

    mapping: Mapping
    raw: Facts[str, Any]
    read: Read


@dataclass(frozen=True)
class Watched(Mapping):
    """A mapping that adds each reading to `readings`; its copies (bound, for a connection) add to the same."""

    readings: list[Reading] = made(default_factory=list)

    def read(self, raw: Facts[str, Any], name_of: NameOf | None = None, about: Facts[str, Any] | None = None) -> Read:
        found = super().read(raw, name_of, about)
        self.readings.append(Reading(self, dict(raw), found))
        return found


def watched(mappings: Mappings, readings: list[Reading]) -> Mappings:
    """Return the mappings of a platform so that all that they read is added to `readings`, the latest last."""
    return Mappings(
        mappings.platform,
        {
            record: Watched(**{item.name: getattr(mapping, item.name) for item in fields(Mapping)}, readings=readings)
            for record, mapping in mappings.records.items()
        },
    )
