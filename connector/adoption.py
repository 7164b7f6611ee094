"""Which of a platform's records are ours already: matched by key, by what a person says, and by name (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

NEAR = 0.85
"""From which likeness (0..1) two names are shown as perhaps the same."""
_MOST_NEAR = 3


@dataclass(frozen=True)
class Candidate:
    """A record on a platform; `key` is our own key where we made it."""

    id: str
    number: str
    name: str
    key: str = ""


@dataclass(frozen=True)
class Match:
    """What was found for a record of ours: one `candidate` for the reason `by`, or the `doubtful` ones and `why`."""

    key: str
    name: str
    candidate: Candidate | None = None
    by: str = ""
    doubtful: tuple[Candidate, ...] = ()
    why: str = ""


def matches(
    ours: Mapping[str, str], there: Sequence[Candidate], given: Mapping[str, str], own_prefix: Mapping[str, str]
) -> list[Match]:
    """Match our records (key -> name) with those of a platform, in our order.

    `given` says by our key which number or id a person means; `own_prefix` with what the keys of our own creations of
    each record begin. A name counts where only one record on each side bears it, whatever the case.
    """
    free = {item.id: item for item in there}
    found: dict[str, Match] = {}
    for key, name in ours.items():
        if key in given:
            found[key] = _given(key, name, given[key], there)
        else:
            mine = [item for item in there if item.key and item.key.startswith(own_prefix[key])]
            if len(mine) == 1:
                found[key] = Match(key, name, mine[0], "our key")
    twice = _taken_twice(found.values())
    found = {
        key: Match(match.key, match.name, doubtful=(match.candidate,), why="two of our records are linked with it")
        if match.candidate is not None and match.candidate.id in twice
        else match
        for key, match in found.items()
    }
    for match in found.values():
        if match.candidate is not None:
            free.pop(match.candidate.id, None)
    left = {key: name for key, name in ours.items() if key not in found}
    found |= _by_name(left, list(free.values()))
    return [found[key] for key in ours]


def _given(key: str, name: str, wanted: str, there: Iterable[Candidate]) -> Match:
    chosen = [item for item in there if wanted in (item.id, item.number)]
    if len(chosen) == 1:
        return Match(key, name, chosen[0], "given")
    why = f"there is no '{wanted}'" if not chosen else f"'{wanted}' is the number of {len(chosen)}"
    return Match(key, name, doubtful=tuple(chosen), why=why)


def _taken_twice(found: Iterable[Match]) -> set[str]:
    seen: dict[str, int] = defaultdict(int)
    for match in found:
        if match.candidate is not None:
            seen[match.candidate.id] += 1
    return {item for item, count in seen.items() if count > 1}


def _by_name(ours: Mapping[str, str], there: Sequence[Candidate]) -> dict[str, Match]:
    by_name: dict[str, list[Candidate]] = defaultdict(list)
    for item in there:
        by_name[_folded(item.name)].append(item)
    same_name: dict[str, list[str]] = defaultdict(list)
    for key, name in ours.items():
        same_name[_folded(name)].append(key)
    return {key: _named(key, name, by_name, len(same_name[_folded(name)])) for key, name in ours.items()}


def _named(key: str, name: str, by_name: Mapping[str, Sequence[Candidate]], bearers: int) -> Match:
    here = tuple(by_name.get(_folded(name), ()))
    if len(here) == 1 and bearers == 1:
        return Match(key, name, here[0], "name")
    if here:
        why = f"{len(here)} records there have this name" if len(here) > 1 else f"{bearers} of ours have this name"
        return Match(key, name, doubtful=here, why=why)
    wanted = _folded(name)
    likeness = {other: _likeness(wanted, other) for other in by_name}
    near = sorted((other for other in by_name if likeness[other] >= NEAR), key=lambda other: -likeness[other])
    doubtful = tuple(item for other in near[:_MOST_NEAR] for item in by_name[other])
    return Match(key, name, doubtful=doubtful, why="a name there is nearly the same" if doubtful else "")


def _likeness(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other)
    return matcher.ratio() if matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR else 0.0


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
