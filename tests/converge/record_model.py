"""What a continuity record must say on all its sides once all is quiet: the three-way merge, told again for an auditor.

Written from docs/sync.md, without a look at the code that it judges. A field has a value in the files and one on each
platform. At each rest the model takes what the sides agree on as the base, so that each judgement is about what was
edited since:

- Nobody edited it: it is as it was. One side alone edited it: its last value stands everywhere.
- Several did. An edit that was made when the other's value was already known there overrules that one. Of what is left,
  the mapping's `wins` decides between the files and a platform; between two platforms either may stand.
- `manual`: the platform keeps its value and ours stands elsewhere, until a person settles it.
- A field that is ours alone stands as in the files; one that is the platform's alone as on that platform.
- Neither platform offers a conditional write: what the connector wrote over before it could know of it may be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

FILES = "files"


@dataclass(frozen=True)
class Crossing:
    """How a field crosses on one side: `both`, `ours` alone or `theirs` alone, and what `wins`."""

    owner: str
    wins: str
    keeps: Callable[[Any], Any]


@dataclass
class Edit:
    """A value that a side was given; `over` are the sides whose last value was known there, and so overruled."""

    side: str
    value: Any
    over: frozenset[str]
    blind: frozenset[str] = frozenset()
    """The sides whose last value was certainly not known there."""


@dataclass
class FieldModel:
    """One field of one record: its `base`, and the edits since the last rest."""

    name: str
    base: Any
    sides: dict[str, Crossing]
    edits: list[Edit] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def edited(self, side: str, value: Any, over: frozenset[str], blind: frozenset[str] = frozenset()) -> None:
        earlier = [edit for edit in self.edits if edit.side == side]
        if earlier:  # what its last edit had seen, this one has
            since = self.edits[self.edits.index(earlier[-1]) :]
            over |= earlier[-1].over - {edit.side for edit in since}
        self.edits.append(Edit(side, value, over, blind - over))
        self.values.append(value)

    def left(self, side: str) -> None:
        """Take in that the record stands there no more."""
        self.sides.pop(side)
        self.edits = [edit for edit in self.edits if edit.side != side]

    def last(self) -> dict[str, Edit]:
        """Return each side's last edit that counts: none of a field that is the other's alone."""
        owner = next((side for side, how in self.sides.items() if how.owner == "theirs"), "")
        found = {edit.side: edit for edit in self.edits}
        if owner:
            return {side: edit for side, edit in found.items() if side == owner}
        return {side: edit for side, edit in found.items() if side == FILES or self.sides[side].owner == "both"}

    def allowed(self, *, lost: bool) -> list[Any]:
        """Return the values that ours may have; `lost` where the connector wrote over what it could not know of."""
        last = self.last()
        if lost:
            return [self.base, *self.values]
        if not last:
            return [self.base]
        order = {id(edit): place for place, edit in enumerate(self.edits)}
        left = {
            side: edit
            for side, edit in last.items()
            if not any(side in other.over and order[id(other)] > order[id(edit)] for other in last.values())
        }
        platforms = [side for side in left if side != FILES]
        if FILES in left and len(platforms) == 1 and len(last) == 2:
            wins = self.sides[platforms[0]].wins
            winner = {"continuity": FILES, "manual": FILES, "platform": platforms[0]}.get(wins)
            first, second = sorted(left.values(), key=lambda edit: order[id(edit)])
            # Whether the first was known when the second was made may be open: then the second may overrule it.
            if winner is not None and (second.side == winner or first.side in second.blind):
                return [left[winner].value]
        found = [edit.value for edit in left.values()]
        return (
            found
            if any(self.sides[side].wins != "manual" for side in platforms) or FILES in left
            else [
                *found,
                self.base,
            ]
        )

    def may_conflict(self, side: str) -> bool:
        """Whether a person may have to decide: both sides were edited, and the mapping leaves it to people."""
        last = self.last()
        return self.sides[side].wins == "manual" and side in last and len(last) > 1

    def must_conflict(self, side: str) -> bool:
        """Whether a person has to decide: the files and a platform were edited, and neither knew of the other."""
        last = self.last()
        if self.sides[side].wins != "manual" or last.keys() != {FILES, side}:
            return False
        first, second = sorted(last.values(), key=self.edits.index)
        return first.side in second.blind and self.sides[side].keeps(last[FILES].value) != last[side].value

    def judge(self, ours: Any, theirs: Mapping[str, Any], conflicts: frozenset[str], *, lost: bool) -> list[str]:
        """Compare the sides with what the rules allow; `conflicts` are the sides where a person is asked to decide."""
        wrong = []
        allowed = self.allowed(lost=lost)
        if ours not in allowed:
            wrong.append(f"{self.name} is {ours!r} with us; it may be {allowed!r}")
        for side, value in theirs.items():
            how = self.sides[side]
            if side in conflicts:
                last = self.last().get(side)
                if not self.may_conflict(side):
                    wrong.append(f"{self.name}: a person is asked to decide on {side}, though nothing is in doubt")
                elif last is not None and value != how.keeps(last.value) and not lost:
                    wrong.append(f"{self.name} on {side} is {value!r}: what was in conflict, {last.value!r}, was lost")
            elif not lost and self.must_conflict(side):
                wrong.append(f"{self.name}: nobody is asked to decide on {side}: {ours!r} with us, {value!r} there")
            elif value != how.keeps(ours):
                wrong.append(f"{self.name} is {ours!r} with us, {value!r} on {side}")
        return wrong

    def rest(self, ours: Any) -> None:
        """Take what all agree on as the base of what follows."""
        self.base = ours
        self.edits.clear()
        self.values.clear()
