"""Creates composed as a send would, so that what they would lose or be refused for is known before the bad hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.servicenow import writes
from adapters.servicenow.lookups import Name
from adapters.servicenow.writes import Composer, Unsendable
from connector.problem import Problem
from connector.ticketing import Write
from mappings.library import Mappings
from mappings.transforms import Lookup


def names(mappings: Mappings, given: Sequence[Write], fallback_team: str) -> list[Name]:
    """Return the names that must be known before the creates can be composed."""
    wanted = [name for write in given for name in writes.names(mappings, write)]
    if fallback_team:
        wanted.append((Lookup("team"), fallback_team))
    return list(dict.fromkeys(wanted))


def problems(composer: Composer, given: Sequence[Write]) -> Iterator[Problem]:
    """Yield what would keep each create from being made whole; asks nothing."""
    for write in given:
        try:
            composed = composer.compose(write)
        except Unsendable as error:
            yield Problem(write.key, str(error), "take it out of the plan, or map it")
            continue
        for warning in composed.warnings if composed is not None else ():
            yield Problem(write.key, warning, level="warning")
