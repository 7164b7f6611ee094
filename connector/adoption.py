"""Which of a platform's records are ours already: matched by what a person says, by key, and by name (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from connector.problem import Invalid, Problem, nearest

NEAR = 0.85
"""From which likeness (0..1) two names are shown as perhaps the same."""
_MOST_NEAR = 3


@dataclass(frozen=True)
class Candidate:
    """A record on a platform: `number` is what people call it there, which two may share; the id is its own.

    `key` is that of the record of ours that it was made for, `within` the id of the record that it belongs to there.
    """

    id: str
    number: str
    name: str
    url: str = ""
    key: str = ""
    within: str = ""


@dataclass(frozen=True)
class Said:
    """What a person says, and where: our record of this key is the one there `called` so, by number or id."""

    where: str
    key: str
    called: str


@dataclass(frozen=True)
class Match:
    """What was found for a record of ours: one `candidate` for the reason `by`, or the `doubtful` ones and `why`."""

    key: str
    name: str
    candidate: Candidate | None = None
    by: str = ""
    doubtful: tuple[Candidate, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Both:
    """The records of one kind on both sides: `names` are ours by key, `linked` the ids of those that are linked."""

    kind: str
    names: Mapping[str, str]
    linked: Mapping[str, str]
    there: Sequence[Candidate]
    _called: dict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list), init=False)

    def __post_init__(self) -> None:
        for item in self.there:
            for name in {item.id.casefold(), item.number.casefold()}:
                self._called[name].append(item)

    def called(self, name: str) -> list[Candidate]:
        """Return the platform's records with that id, else with that number."""
        found = self._called.get(name.casefold(), [])
        return [item for item in found if item.id == name] or found

    def numbers(self) -> Iterator[str]:
        return (item.number for item in self.there)


def choose(
    said: Sequence[Said], kinds: Sequence[Both], connection: str, unread: Sequence[Problem] = ()
) -> dict[tuple[str, str], Candidate]:
    """Return what a person chose, by kind and key; what is linked so already is left out.

    Raises Invalid with all that is wrong with it, and with what of it could not be read.
    """
    found: dict[tuple[str, str], tuple[Said, Candidate]] = {}
    problems = list(unread)
    first: dict[str, Said] = {}
    for item in said:
        before = first.setdefault(item.key, item)
        if before is not item:
            if before.called != item.called:
                what = f"'{item.key}' is said to be '{before.called}' already ({before.where})"
                problems.append(Problem(item.where, what, "keep one of both"))
            continue
        chosen = _chosen(item, kinds, connection)
        if isinstance(chosen, Problem):
            problems.append(chosen)
        else:
            found[chosen[0], item.key] = (item, chosen[1])
    problems += _linked_twice(found, kinds)
    if problems:
        raise Invalid(problems)
    linked = {(both.kind, key): id_ for both in kinds for key, id_ in both.linked.items()}
    return {place: candidate for place, (_, candidate) in found.items() if linked.get(place) != candidate.id}


def _chosen(item: Said, kinds: Sequence[Both], connection: str) -> tuple[str, Candidate] | Problem:
    sides = [both for both in kinds if item.key in both.names]
    if not sides:
        what = f"no {_either(kinds)} has the key '{item.key}'"
        return Problem(item.where, what, nearest(item.key, (key for both in kinds for key in both.names)))
    fits = [(both.kind, candidate) for both in sides for candidate in both.called(item.called)]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        what = f"{connection} has no {_either(sides)} with the number or id '{item.called}'"
        return Problem(item.where, what, nearest(item.called, (number for both in sides for number in both.numbers())))
    ids = " and ".join(candidate.id for _, candidate in fits)
    return Problem(item.where, f"{len(fits)} on {connection} are called '{item.called}'", f"give one by its id: {ids}")


def _linked_twice(found: Mapping[tuple[str, str], tuple[Said, Candidate]], kinds: Sequence[Both]) -> Iterator[Problem]:
    """Tell of records there that more than one of ours would be linked with."""
    holders = {(both.kind, id_): key for both in kinds for key, id_ in both.linked.items()}
    first: dict[tuple[str, str], Said] = {}
    for (kind, key), (item, candidate) in found.items():
        before = first.setdefault((kind, candidate.id), item)
        holder = holders.get((kind, candidate.id), key)
        if before is not item:
            yield Problem(item.where, f"'{item.called}' is said to be '{before.key}' already ({before.where})")
        elif holder != key and (kind, holder) not in found:
            what = f"'{item.called}' is linked with the {_words(kind)} {holder} already"
            yield Problem(item.where, what, f"say too which one {holder} is, or leave this out")


def matches(both: Both, chosen: Mapping[tuple[str, str], Candidate], within: Mapping[str, str]) -> list[Match]:
    """Match those of our records that are not linked, or that a person chose one for, in our order.

    `within` says by our key in which of the platform's records one has to be looked for (a task in its plan), ""
    where that does not stand there; one that is absent from `within` is looked for everywhere. A name counts where only
    one record on each side bears it, whatever the case.
    """
    found = {
        key: Match(key, name, chosen[both.kind, key], "given")
        for key, name in both.names.items()
        if (both.kind, key) in chosen
    }
    ours = {key: name for key, name in both.names.items() if key in found or key not in both.linked}
    used = {match.candidate.id for match in found.values() if match.candidate is not None}
    used |= {id_ for key, id_ in both.linked.items() if key not in found}
    free = [item for item in both.there if item.id not in used]
    made: dict[str, list[Candidate]] = defaultdict(list)
    for item in free:
        made[item.key].append(item)
    for key, name in ours.items():
        if key not in found and len(made.get(key, ())) == 1:
            found[key] = Match(key, name, made[key][0], "our key")
    used = {match.candidate.id for match in found.values() if match.candidate is not None}
    places: dict[str | None, dict[str, str]] = defaultdict(dict)
    for key, name in ours.items():
        if key not in found:
            places[within.get(key)][key] = name
    for place, names in places.items():
        there = [item for item in free if item.id not in used and (place is None or (place and item.within == place))]
        found |= _by_name(names, there)
    return [found[key] for key in ours]


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


def _either(kinds: Sequence[Both]) -> str:
    return " or ".join(_words(both.kind) for both in kinds)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
