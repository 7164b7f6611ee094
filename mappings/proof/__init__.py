"""The proof of a mapping: which values survive the way there and back, found by really reading and writing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from connector.problem import Problem
from mappings.mapping import Field, Mapping
from mappings.proof import samples
from mappings.proof.losses import shown, told
from mappings.rich_text import MARKUPS
from mappings.transforms import NOTHING, Unmapped

_MOST = 3
"""Losses of one field that are told; the first ones say what is the matter."""
_MOST_ALIKE = 10
"""Values of ours that are one of theirs, by name."""

Verdict = Literal["lossless", "lossy", "read only", "written only"]
Way = Literal["ours", "theirs"]


@dataclass(frozen=True)
class Row:
    """What becomes of one value of a field, or of all that its type can hold where `value` is "".

    `way` says where the value starts: ours -> theirs -> ours, or the other way round. `words` tell what happens to it,
    `where` the file and line. `accepted` is True for a loss that the file agrees to: by `lossy: accepted`, or by naming
    several of theirs (or an else) for one of ours.
    """

    record: str
    field: str
    place: str
    value: str
    way: Way
    verdict: Verdict
    words: str
    where: str
    accepted: bool = False


def prove(mapping: Mapping) -> tuple[Row, ...]:
    """Send representative values of every field, and every choice, through the compiled readers and writers."""
    return tuple(row for item in mapping.fields for row in _rows(mapping, item))


def refused(rows: Iterable[Row]) -> list[Problem]:
    """Return a problem for each loss in both directions that the file does not agree to; one for those told alike."""
    lost = {(row.where, row.words): row for row in rows if row.verdict == "lossy" and not row.accepted}
    # What is lost of ours explains what is lost of theirs.
    ours = {row.where for row in lost.values() if row.way == "ours"}
    fix = "add lossy: accepted, or say direction: read or write"
    return [
        Problem(row.where, f"not every value comes back: {row.words}", fix)
        for row in lost.values()
        if row.way == "ours" or row.where not in ours
    ]


def _rows(mapping: Mapping, item: Field) -> Iterator[Row]:
    def row(value: str, way: Way, verdict: Verdict, words: str, *, accepted: bool = False) -> Row:
        agreed = verdict == "lossy" and (accepted or item.lossy)
        return Row(mapping.record, item.name, item.field, value, way, verdict, words, item.where, agreed)

    if item.reads and item.writes and item.id:
        rows = _choices(mapping, item, row) if item.shape.ours else _typed(item, row)
        yield from rows
    elif item.reads:
        yield from _read(item, row)
    else:
        yield from _written(mapping, item, row)


_Make = Callable[..., Row]


def _read(item: Field, row: _Make) -> Iterator[Row]:
    if item.compute is not None:
        yield row("", "theirs", "read only", f"computed: {item.compute.source}")
    elif not item.id:
        yield row("", "theirs", "read only", f"always {shown(item.default)}")
    elif not item.values:
        yield row("", "theirs", "read only", f"read as {_kind(item)}")
    for said in dict.fromkeys(option for options in item.values.values() for option in options):
        yield row(said, "theirs", "read only", f"{shown(said)} -> {shown(_back(item, samples.one(item.shape, said)))}")
    yield from _else_read(item, row, "read only")


def _written(mapping: Mapping, item: Field, row: _Make) -> Iterator[Row]:
    if item.template is not None or item.compute is not None:
        by = "its template" if item.template is not None else f"computed: {item.compute.source}" if item.compute else ""
        yield row("", "ours", "written only", f"written by {by}" if item.template is not None else by)
    elif not item.values:
        yield row("", "ours", "written only", f"written as {_kind(item)}")
    for ours in samples.choices(mapping.record, item) if item.values and item.compute is None else ():
        there = _there(item, ours)
        yield row(shown(ours), "ours", "written only", f"{shown(ours)} -> {shown(there)}")


def _choices(mapping: Mapping, item: Field, row: _Make) -> Iterator[Row]:
    """Yield a row for each of ours, and one for each of theirs."""
    ways = {
        shown(ours): (ours, there := _there(item, ours), _back(item, there))
        for ours in samples.choices(mapping.record, item)
    }
    alike: dict[str, list[str]] = {}
    for name, (_, there, _) in ways.items():
        alike.setdefault(shown(there), []).append(name)
    for name, (ours, there, back) in ways.items():
        chain = f"{_listed(alike[shown(there)])} -> {shown(there)} -> {shown(back)}"
        yield row(name, "ours", "lossless" if back == ours else "lossy", chain)
    for said in dict.fromkeys(option for options in item.values.values() for option in options):
        ours = _back(item, samples.one(item.shape, said))
        again = _there(item, ours)
        kept = shown(again).casefold() == shown(said).casefold()
        # That several of theirs mean one of ours is what a list of them says.
        chain = f"{shown(said)} -> {shown(ours)} -> {shown(again)}"
        yield row(said, "theirs", "lossless" if kept else "lossy", chain, accepted=True)
    yield from _else_read(item, row, "lossy")


def _listed(names: Sequence[str]) -> str:
    """Return names with commas between; of very many, those with which they begin."""
    more = len(names) - _MOST_ALIKE
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_MOST_ALIKE])} and {more} more"


def _else_read(item: Field, row: _Make, verdict: Verdict) -> Iterator[Row]:
    if item.shape.else_read is not NOTHING:
        ours = shown(item.shape.else_read)
        chain = f"any other -> {ours}" + (f" -> {shown(_there(item, item.shape.else_read))}" if item.writes else "")
        yield row("any other", "theirs", verdict, chain, accepted=True)


def _typed(item: Field, row: _Make) -> Iterator[Row]:
    """Yield two rows: what is lost of ours, and what of theirs; the values are those that give a type trouble."""
    kind = _kind(item)
    lost = _once(_lost_of_ours(item))
    yield row("", "ours", "lossy" if lost else "lossless", "; ".join(lost) or f"{kind} comes back as it was")
    lost = _once(_lost_of_theirs(item))
    yield row("", "theirs", "lossy" if lost else "lossless", "; ".join(lost) or f"{kind} is written as it was read")


def _once(lost: Iterator[str]) -> list[str]:
    """Return each loss once, by its first value: that 14:30 is lost says that 23:59 is."""
    kinds = {
        words.partition(" is lost")[2] or words.partition(": ")[2] or words: words for words in reversed(list(lost))
    }
    return list(kinds.values())[::-1][:_MOST]


def _lost_of_ours(item: Field) -> Iterator[str]:
    for shaped in _shaped(item):
        seen: dict[str, Any] = {}
        for ours in samples.ours(shaped):
            there = _there(shaped, ours)
            other = seen.setdefault(shown(there), ours)
            for back in _backs(shaped, there):
                if not samples.same(shaped.shape, ours, back):
                    yield told(shaped.shape, ours, there, back, other if other is not ours else None)
                    break


def _lost_of_theirs(item: Field) -> Iterator[str]:
    for shaped in _shaped(item):
        for there in samples.theirs(shaped, lambda ours, of=shaped: _there(of, ours)):  # type: ignore[misc]
            ours = _back(shaped, there)
            again = _back(shaped, _there(shaped, ours))
            if not samples.same(shaped.shape, ours, again):
                yield f"{shown(there)} -> {shown(ours)} -> {shown(_there(shaped, ours))}"


def _shaped(item: Field) -> Sequence[Field]:
    """Return the field in each form that it can have: formatted text without a format has its site's."""
    if item.shape.type != "rich_text" or item.shape.format:
        return (item,)
    return [replace(item, shape=replace(item.shape, format=markup)) for markup in MARKUPS if markup != "markdown"]


def _kind(item: Field) -> str:
    what = item.shape.lookup.kind if item.shape.lookup else item.shape.type.replace("_", " ")
    return f"a list ({what})" if item.shape.many and what != "list" else f"a {what}"


def _there(item: Field, ours: Any) -> Any:
    """Write a value to a platform on which everybody exists; what cannot be written gives `samples.NONE`."""
    try:
        return item.write(ours, samples.directory(item.shape)) if ours is not samples.NONE else samples.NONE
    except Unmapped:
        return samples.NONE


def _back(item: Field, there: Any) -> Any:
    return next(iter(_backs(item, there)))


def _backs(item: Field, there: Any) -> Iterator[Any]:
    """Read what the platform sends for what was written, in each form in which platforms send it."""
    if there is samples.NONE:
        yield samples.NONE
        return
    for sent in samples.echoes(item.shape, there):
        try:
            yield item.read(sent, samples.names(item.shape))
        except Unmapped:
            yield samples.NONE
