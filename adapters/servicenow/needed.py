"""The names that plans and mappings need on the instance, and what is said of those that nobody bears."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.servicenow import demands
from adapters.servicenow.lookups import Lookups, Name
from connector.problem import Problem
from connector.ticketing import Names
from mappings.library import Mappings
from mappings.mapping import Field
from mappings.transforms import Lookup

_WORDS = {"team": "active group", "user": "active user", "ci": "configuration item", "service": "service"}


@dataclass(frozen=True)
class Needed:
    """The names that plans need on one connection, as its mappings look them up; `fallback` is the fallback team."""

    connection: str
    mappings: Mappings
    fallback: str
    names: Names

    def wanted(self) -> list[Name]:
        """Return the names with how each is looked up, the fallback team's among them."""
        kinds = (("team", self.names.teams), ("user", self.names.people), ("ci", self.names.cis))
        found = [(lookup, name) for kind, given in kinds for name in given if name for lookup in self._lookups_of(kind)]
        return list(dict.fromkeys((*found, *([(Lookup("team"), self.fallback)] if self.fallback else ()))))

    def unknown(self, lookups: Lookups) -> list[Problem]:
        """Return a problem for each name that nobody bears: a warning, where work goes on without it."""
        problems: list[Problem] = []
        for lookup, name in self.wanted():
            if lookups.resolve(lookup, name) is None:
                last = lookup.kind == "team" and name == self.fallback
                fallback = "" if last or lookup.kind != "team" else f", or its tasks go to '{self.fallback}'"
                hint = f"create it, or correct the name{fallback}"
                where = f"connection {self.connection}"
                problems.append(Problem(where, _nobody(lookup, name), hint, "error" if last else "warning"))
        return problems

    def _lookups_of(self, kind: str) -> tuple[Lookup, ...]:
        """Return how the mappings look a kind up in what we make; else as people usually name it."""
        found = dict.fromkeys(
            item.shape.lookup
            for record in demands.MADE
            for item in self.mappings[record].fields
            if item.writes and item.shape.lookup is not None and item.shape.lookup.kind == kind
        )
        return tuple(lookup for lookup in found if lookup is not None) or (Lookup(kind),)


def unfound(item: Field, setting: str, name: Name) -> Problem:
    """Return the problem of a name that stands in a mapping itself and that nobody bears."""
    return item.problem(_nobody(*name), "create it, or correct the name", setting=setting)


def _nobody(lookup: Lookup, name: str) -> str:
    """Say what was looked for, by what, and why a name that several bear is nobody's."""
    by = f" by {lookup.by}" if lookup.by else ""
    several = " (or several of that name)" if lookup.several == "refuse" else ""
    return f"no {_WORDS.get(lookup.kind, lookup.kind)} '{name}'{by}{several} on the instance"
