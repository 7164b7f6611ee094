"""The three-way merge of one continuity record: ours against every platform on which it stands (pure).

Values are compared as a platform can carry them: what ours reads back as once it was written there. So a value that a
mapping rounds (minutes, days) is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connector.merge import Field, Policy, merge

Values = Mapping[str, Any]
Accept = Callable[[Values, str, Any], str]
"""Tells why our record cannot have this value in that field, "" where it can."""


NOT_KEPT = "the platform did not keep this value when it was written"
"""Why a field is held whose value, as we wrote it, the platform would not have."""


@dataclass(frozen=True)
class Rule:
    """How a field crosses on one connection: whether it is read, whether it is written, and whose change stands."""

    reads: bool = True
    writes: bool = True
    policy: Policy = "continuity"


@dataclass(frozen=True)
class Carried:
    """What our values read back as once written; `lost` tells of those that cannot be written."""

    values: Values
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """A record on one platform: `base` is what both last agreed on, `theirs` what stands there as last read.

    A field that is absent from `theirs` was not read. `declined` holds values of ours that the platform did not keep
    when they were written: they are not written again until ours changes. `named` holds what a value of ours is called
    on this side alone, such as the id of another record of ours that it names.
    """

    rules: Mapping[str, Rule]
    carry: Callable[[Values], Carried]
    base: Values
    theirs: Values
    theirs_at: Mapping[str, datetime | None] = field(default_factory=dict)
    declined: Values = field(default_factory=dict)
    named: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a merge found on one side: the new base, what to write (our values), what a person has to decide.

    `held` fields stay as they are on both sides for the reason given, until one of them changes.
    """

    base: Values
    write: Values
    conflicts: frozenset[str]
    held: Mapping[str, str]


@dataclass(frozen=True)
class Taken:
    """A value that is ours from now on: where from, and when it was changed there."""

    value: Any
    side: str
    at: datetime | None


@dataclass(frozen=True)
class Merged:
    """Our values as they stand after the merge, what was taken to get there, and what each side needs."""

    ours: Values
    taken: Mapping[str, Taken]
    found: Mapping[str, Found]


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are one: empty ones are, and texts but for line ends and space around them."""
    if empty(one) or empty(other):
        return empty(one) and empty(other)
    if isinstance(one, str) and isinstance(other, str):
        return _text(one) == _text(other)
    return bool(one == other)


def empty(value: Any) -> bool:
    return value in (None, [], ()) or (isinstance(value, str) and not value.strip())


def merge_record(
    ours: Values, ours_at: Mapping[str, datetime | None], sides: Mapping[str, Side], accept: Accept
) -> Merged:
    """Merge a record on all its sides: first what is taken, until nothing more is, and then what has to be written."""
    work = _Work(dict(ours), dict(ours_at), {name: sides[name] for name in sorted(sides)}, accept)
    work.take()
    return Merged(work.ours, work.taken, {name: work.found(name) for name in work.sides})


@dataclass
class _Work:
    ours: dict[str, Any]
    ours_at: dict[str, datetime | None]
    sides: dict[str, Side]
    accept: Accept
    taken: dict[str, Taken] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    carried: dict[str, Carried] = field(default_factory=dict)

    def take(self) -> None:
        """Take what only the platforms changed, or what theirs wins; a side takes part with each of its values once."""
        again = True
        while again:
            again = False
            self.refused = {}
            for name in self.sides:
                for field_name in self._fields(name):
                    again = self._take(name, field_name) or again

    def found(self, name: str) -> Found:
        side = self.sides[name]
        there = self._there(name)
        base, write, conflicts = dict(side.base), {}, set()
        held = {of: reason for (at, of), reason in self.refused.items() if at == name}
        for field_name in self._fields(name):
            if field_name in there.lost and side.rules[field_name].writes:
                held[field_name] = there.lost[field_name]
                continue
            verdict = self._verdict(name, field_name, there)
            ours = side.named.get(field_name, self.ours[field_name])
            if verdict == "agreed":
                base[field_name] = side.theirs.get(field_name, ours)
            elif verdict == "conflict":
                conflicts.add(field_name)
            elif verdict == "write":
                if field_name in side.declined and same(side.declined[field_name], ours):
                    held[field_name] = NOT_KEPT
                else:
                    write[field_name] = ours
            elif verdict == "other owner":
                held[field_name] = f"the field is {self._owner(field_name)}'s alone: let only one mapping read it"
        return Found(base, write, frozenset(conflicts), held)

    def _there(self, name: str) -> Carried:
        if name not in self.carried:
            side = self.sides[name]
            self.carried[name] = side.carry({**self.ours, **side.named})
        return self.carried[name]

    def _fields(self, name: str) -> Iterator[str]:
        return (field_name for field_name in self.sides[name].rules if field_name in self.ours)

    def _alone(self, name: str, field_name: str) -> bool:
        rule = self.sides[name].rules[field_name]
        return rule.reads and not rule.writes

    def _owner(self, field_name: str) -> str:
        """Return the side whose word alone counts for a field; the first by name, where mappings name several."""
        return next(
            (name for name in self.sides if field_name in self.sides[name].rules and self._alone(name, field_name)), ""
        )

    def _decided_elsewhere(self, field_name: str) -> bool:
        """Tell whether a field is one platform's alone, which says something that ours can be."""
        owner = self._owner(field_name)
        if not owner or field_name not in self.sides[owner].theirs:
            return False
        value = self.sides[owner].theirs[field_name]
        return same(value, self.ours[field_name]) or not self.accept(self.ours, field_name, value)

    def _take(self, name: str, field_name: str) -> bool:
        side = self.sides[name]
        if self._verdict(name, field_name, self._there(name)) != "take":
            return False
        value = side.theirs[field_name]
        reason = self.accept(self.ours, field_name, value)
        if reason:
            self.refused[name, field_name] = reason
            return False
        at = side.theirs_at.get(field_name)
        self.ours[field_name], self.ours_at[field_name] = value, at
        self.taken[field_name] = Taken(value, name, at)
        self.carried.clear()
        self.sides[name] = replace(side, base={**side.base, field_name: value})
        return True

    def _verdict(self, name: str, field_name: str, there: Carried) -> str:
        """Return `agreed`, `take`, `write`, `conflict`, `other owner`, or "" where nothing can be said or done."""
        side = self.sides[name]
        rule = side.rules[field_name]
        if not rule.writes:
            return self._told_by_platform(name, field_name) if rule.reads else ""
        if field_name not in side.theirs:
            if rule.reads or field_name in there.lost:
                return ""  # it was not read, or is not there at all
            ours = side.named.get(field_name, self.ours[field_name])
            # Nothing of ours needs no write where nothing of ours was written before.
            known = same(side.base.get(field_name), ours)
            return "agreed" if known else "write"
        if field_name not in there.values:
            return ""
        ours, theirs = there.values[field_name], side.theirs[field_name]
        if same(ours, theirs):
            return "agreed"
        if not rule.reads or self._decided_elsewhere(field_name):
            return "write"
        if field_name not in side.base:
            if empty(theirs) or empty(ours):
                return "write" if empty(theirs) else "take"
            # Never known equal: as if both had changed.
            sides = Field(object(), ours, theirs, self.ours_at.get(field_name), side.theirs_at.get(field_name))
        else:
            base = side.base[field_name]
            sides = Field(base, ours, theirs, self.ours_at.get(field_name), side.theirs_at.get(field_name))
        merged = merge(sides, rule.policy, same)
        return "conflict" if merged.conflict else "take" if merged.take else "write" if merged.write else "agreed"

    def _told_by_platform(self, name: str, field_name: str) -> str:
        side = self.sides[name]
        if field_name not in side.theirs:
            return ""
        if same(side.theirs[field_name], self.ours[field_name]):
            return "agreed"
        return "take" if self._owner(field_name) == name else "other owner"


def _text(value: str) -> str:
    return "\n".join(line.rstrip() for line in value.strip().splitlines())
