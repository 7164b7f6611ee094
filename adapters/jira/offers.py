"""What lists offer to choose from, held against the values that mappings write and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.jira import fitting
from adapters.jira.places import PLACE, Found, Place, create_screen, merged
from adapters.jira.site import Site
from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.mapping import Field as Item
from mappings.transforms import NOTHING

_SHOWN = 8


def values(site: Site, places: Iterable[Place]) -> Iterator[Problem]:
    """Yield the values that the mappings write and a list does not hold, and those it offers that nothing reads."""
    unread: dict[tuple[Record, str], tuple[Item, dict[str, None]]] = {}
    lacking: list[Found] = []
    for place in places:
        screen = create_screen(site, place)
        for item in site.mapping(place.record).fields:
            rows = offered(screen.get(item.id, {}))
            if not rows or item.id in fitting.HANDLED:
                continue
            if item.writes:
                lacking += ((place, problem) for problem in _not_offered(item, rows))
            if item.reads and item.values and item.shape.else_read is NOTHING:
                known = {option.casefold() for options in item.values.values() for option in options}
                names = [row[0] for row in rows if not known & {name.casefold() for name in row}]
                kept = unread.setdefault((place.record, item.name), (item, {}))
                kept[1].update(dict.fromkeys(names))
    yield from merged(lacking)
    for item, missed in unread.values():
        if missed:
            told = listed(repr(name) for name in missed)
            what = f"'{item.field}' offers {told} in {site.name}, which is not mapped"
            fix = f"add each to one of: {', '.join(map(str, item.values))}"
            yield item.problem(what, fix, setting="values")


def offered(meta: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return what people and the interface call each allowed value, the name by which people know it first."""
    return [row for raw in meta.get("allowedValues") or () if (row := _names(raw))]


def listed(names: Iterable[str]) -> str:
    """Return names with commas between, of very many the first."""
    known = list(names)
    return ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")


def _names(allowed: Any) -> tuple[str, ...]:
    """Return the names of an allowed value: an object's, or a plain text (Atlassian's example of an edit screen)."""
    words = ("value", "name", "id", "key")
    texts = [allowed.get(word) for word in words] if isinstance(allowed, Mapping) else [allowed]
    return tuple(str(text) for text in texts if text not in (None, ""))


def _not_offered(item: Item, offered: list[tuple[str, ...]]) -> Iterator[Problem]:
    names = [row[0] for row in offered]
    for value in fitting.constants(item):
        for written in value if isinstance(value, list) else [value]:
            text = str(next(iter(written.values()), "")) if isinstance(written, dict) else str(written)
            if text and not any(text in row for row in offered):
                fix = nearest(text, names) or f"write one of: {listed(names)}"
                what = f"'{item.field}' of {PLACE} does not offer '{text}'"
                setting = "values" if item.values else "default"
                yield item.problem(what, fix, setting=setting, level="error")
