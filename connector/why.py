"""Why a field of a ticket is as it is: from what is stored and the rules of the mapping to a verdict in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from connector.condition import Undecidable
from connector.evidence import Evidence, Message, Sent, Version
from connector.problem import Problem
from connector.value import same
from mappings.mapping import Field, as_named, no_names
from mappings.transforms import NOTHING, Unmapped, scalar

Verdict = Literal["read", "written", "unchanged", "waiting", "parked", "skipped"]
VERDICTS: tuple[Verdict, ...] = ("read", "written", "unchanged", "waiting", "parked", "skipped")
"""`read`, `written`: the value crossed. `unchanged`: it stands as an earlier write left it. Else it did not cross."""
NO_FIELD = "the platform has no such field"
_NAME = re.compile(r"'[^']*'|\"[^\"]*\"|\b([A-Za-z_]\w*)")
_LONGEST = 60


@dataclass(frozen=True)
class FieldWhy:
    """One field's story.

    `name` is ours, `field` what the mapping calls the platform's, `id` and `label` what the platform does ("" for not
    known). `ours` is what we last wanted, wrote or took over, `theirs` what the platform was last seen to hold, `live`
    what it holds now (absent: None with `live_known` False). `rule` is file and line, `version` the mapping's; `held`
    says whether the condition `when` was true (None: there is none, or it could not be asked).
    """

    name: str
    field: str
    id: str
    label: str
    direction: str
    rule: str
    version: int
    verdict: Verdict
    reason: str
    ours: Any = None
    theirs: Any = None
    when: str = ""
    held: bool | None = None
    message_id: int | None = None
    message: Message | None = None
    write: Sent | None = None
    live: Any = None
    live_known: bool = False


@dataclass(frozen=True)
class _Said:
    """A verdict on one side, with what it rests on."""

    verdict: Verdict
    reason: str
    ours: Any = None
    theirs: Any = None
    held: bool | None = None
    by_message: bool = False
    write: Sent | None = None
    version: Version | None = None


def explain(evidence: Evidence) -> tuple[FieldWhy, ...]:
    """Return the story of each field that the mapping knows, in the mapping's order."""
    return tuple(_explain(evidence, item) for item in evidence.version.rules.fields)


def _explain(evidence: Evidence, item: Field) -> FieldWhy:
    said = _write_side(evidence, item) if item.writes and (item.id or not item.reads) else None
    if item.reads and (said is None or (said.write is None and said.verdict == "skipped")):
        read = _read_side(evidence, item)
        # Of a field that both sides may set, and that we never wrote, what was read is the story.
        said = read if said is None or read.verdict == "read" else said
    if said is None:
        said = _Said("skipped", "the mapping neither reads nor writes it")
    version = said.version or evidence.version
    heard = evidence.heard
    known, live = _live(evidence, item)
    place = locate(item.field, evidence.labels)
    return FieldWhy(
        name=item.name,
        field=item.field,
        id=place or "",
        label=(evidence.labels or {}).get(place or "", ""),
        direction=direction(item),
        rule=version.where(item.name),
        version=version.id,
        verdict=said.verdict,
        reason=said.reason,
        ours=said.ours,
        theirs=said.theirs,
        when=item.when.source if item.when is not None else "",
        held=said.held,
        message_id=heard.message_id if said.by_message and heard else None,
        message=heard.message if said.by_message and heard else None,
        write=said.write,
        live=live,
        live_known=known,
    )


def direction(item: Field) -> str:
    """Return a field's direction as its file says it."""
    return "both" if item.reads and item.writes else "read" if item.reads else "write"


def locate(name: str, labels: Mapping[str, str] | None) -> str | None:
    """Return the id of the field that a mapping names by id or label; "" where that is not known, None for no field."""
    if not name or labels is None:
        return ""
    if not labels or name in labels:
        return name
    return next((place for place, label in labels.items() if label.casefold() == name.casefold()), None)


def shown(value: Any) -> str:
    """Return a value as it is quoted in a sentence: on one line, and not long."""
    if value in (None, "", []):
        return "nothing"
    text = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)
    text = " ".join(text.split())
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[: _LONGEST - 3]}...'"


# Reading ----------------------------------------------------------------------------------------------------------


def _read_side(evidence: Evidence, item: Field) -> _Said:
    heard = evidence.heard
    if heard is None:
        return _Said("skipped", "nothing was read from this ticket yet")
    value = heard.values.get(item.source)
    theirs = _theirs(evidence, item)
    held, faults = _condition(evidence.version, item, heard.values, {})
    problem = _problem(heard.problems, item)
    if problem or faults:
        return _Said("skipped", problem or faults, theirs=theirs, held=held, by_message=True)
    if held is False:
        return _Said("skipped", _untrue(item, heard.values), theirs=theirs, held=False, by_message=True)
    absent = _absent(evidence, item)
    if item.source not in heard.values:
        reason = NO_FIELD if absent else f"{NO_FIELD}, or it was not told: what was read did not hold it"
        return _Said("skipped", reason, held=held, by_message=True)
    if item.compute is not None:
        return _Said("read", f"computed: `{item.compute.source}`", value, theirs, held, by_message=True)
    if item.default is not NOTHING and (absent or not item.field):
        lead = f"{NO_FIELD}: " if item.field else ""
        return _Said("read", f"{lead}its default {shown(item.default)} counts", value, None, held, by_message=True)
    reason = "it is empty on the platform" if value in (None, "", []) else "read from the platform"
    return _Said("read", reason, value, theirs, held, by_message=True)


def _theirs(evidence: Evidence, item: Field) -> Any:
    """Return what the platform was last seen to hold: in its own shape where that is kept, else in ours."""
    heard = evidence.heard
    if heard is None:
        return None
    place = locate(item.field, evidence.labels) or item.field
    known = heard.values.get(item.source) if item.reads else None
    if heard.held is not None and place in heard.held:
        raw = heard.held[place]
        read = _as_read(item, raw)
        # Where the message was read again before it was decided, what counts is what was read.
        if not item.reads or (read is not NOTHING and _alike(item, read, known)):
            return _plain(item, raw) if item.reads or read is NOTHING else read
    return known


def _plain(item: Field, raw: Any) -> Any:
    """Return what tells a platform's value, of an object the part that the mapping reads."""
    if isinstance(raw, list):
        return [_plain(item, one) for one in raw]
    return scalar(raw, item.shape.part) if isinstance(raw, Mapping) else raw


def _as_read(item: Field, raw: Any) -> Any:
    try:
        return _stored(item.read(raw, no_names))
    except Unmapped:
        return NOTHING


def _stored(value: Any) -> Any:
    """Return a value as it is stored: instants as ISO 8601 text."""
    if isinstance(value, list):
        return [_stored(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _alike(item: Field, one: Any, other: Any) -> bool:
    """Tell whether two neutral values are one; instants and numbers may be written in more than one way."""
    if isinstance(one, list) != isinstance(other, list):
        one, other = _listed(one), _listed(other)
    if same(item.source, one, other):
        return True
    if item.shape.type in ("datetime", "date") and one and other:
        return same("due_at", str(one), str(other))
    return str(one if one is not None else "") == str(other if other is not None else "")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _absent(evidence: Evidence, item: Field) -> bool:
    """Tell whether the platform is known to lack the field."""
    if not item.field:
        return False
    place = locate(item.field, evidence.labels)
    if place is None:
        return True
    held = evidence.heard.held if evidence.heard else None
    return held is not None and bool(place) and place not in held


def _live(evidence: Evidence, item: Field) -> tuple[bool, Any]:
    if evidence.live is None or item.name not in evidence.live:
        return False, None
    return True, evidence.live[item.name]


# Writing ----------------------------------------------------------------------------------------------------------


def _write_side(evidence: Evidence, item: Field) -> _Said:
    last = next((sent for sent in reversed(evidence.writes) if _concerns(item, sent)), None)
    if last is None:
        return _never_sent(evidence, item)
    version = evidence.made.get(last.version, evidence.version)
    mine = version.rules.named(item.name)
    value = last.values.get(item.source, item.default if item.default is not NOTHING else None)
    facts = _Said("written", "", value, _theirs(evidence, item), write=last, version=version)
    if mine is None or not mine.writes:
        return _but(facts, "skipped", f"version {version.id} of the mapping, with which W{last.id} was made, lacks it")
    held, faults = _condition(version, mine, last.values, last.about)
    facts = _but(facts, "written", "", held=held)
    if faults:
        return _but(facts, "skipped", faults)
    if held is False:
        return _but(facts, "skipped", _untrue(mine, {**last.about, **last.values}))
    if mine.values and value in ("", None):
        return _but(facts, "skipped", "there is no value to choose: a choice is made or left alone, never emptied")
    written = version.rules.write(last.values, as_named, whole=last.action == "create", about=last.about)
    refused = [problem for problem in written.problems if _about(str(problem), mine)]
    if refused:
        return _but(facts, "skipped", _sentence(refused[0]))
    if last.state == "pending":
        return _but(facts, "waiting", _pending(evidence, last))
    if last.state == "parked":
        return _but(facts, "parked", f"parked: {last.reason}; mend that, then `continuity replay W{last.id}`")
    return _landed(evidence, mine, last, facts)


def _concerns(item: Field, sent: Sent) -> bool:
    """Tell whether a write had to do with a field: it carried its value, or could have made one."""
    if sent.action not in {"create", "update"} or sent.state == "superseded":
        return False
    made = item.default is not NOTHING or item.compute is not None
    return item.source in sent.values or (sent.action == "create" and made)


def _never_sent(evidence: Evidence, item: Field) -> _Said:
    wanted = evidence.wanted.get(item.source)
    theirs = _theirs(evidence, item)
    if evidence.silent:
        return _Said("skipped", evidence.silent, theirs=theirs)
    if locate(item.field, evidence.labels) is None:
        return _Said("skipped", NO_FIELD, wanted)
    if wanted in (None, ""):
        return _Said("skipped", "there was no value to write", theirs=theirs)
    held, faults = _condition(evidence.version, item, evidence.wanted, {})
    if faults or held is False:
        return _Said("skipped", faults or _untrue(item, evidence.wanted), wanted, theirs, held)
    return _Said("waiting", _blocked(evidence), wanted, theirs, held)


def _landed(evidence: Evidence, item: Field, last: Sent, facts: _Said) -> _Said:
    """Judge a write that the platform took: did this field stick, does it still stand, and is it still wanted?"""
    if facts.ours in (None, "", []) and last.action == "create":
        return _but(facts, "skipped", "there was no value to write")
    told = next((text for text in last.warnings if _tells_of(text, item, evidence, facts.ours)), "")
    if told and "given to" not in told:
        return _but(facts, "skipped", told)
    if _absent(evidence, item):
        return _but(facts, "skipped", NO_FIELD)
    theirs = _told_since(evidence, item, last, facts)
    if theirs is not NOTHING:
        # A message that came after the write tells whether it stands.
        facts = _but(facts, "written", "", message=True)
        if not _alike(item, theirs, facts.ours):
            return _moved(evidence, item, theirs, facts)
    wanted = evidence.wanted.get(item.source, facts.ours)
    if not _alike(item, wanted, facts.ours) and wanted not in (None, ""):
        return _but(facts, "waiting", f"{shown(wanted)} is wanted: {_blocked(evidence)}", ours=wanted)
    if told:
        return _but(facts, "written", told)
    newest = max((sent.id for sent in evidence.writes if sent.state == "done" and sent.action != "link"), default=0)
    if last.id != newest:
        return _but(facts, "unchanged", f"it stands as W{last.id} wrote it: nothing has changed since")
    doubt = "" if evidence.labels is not None else _doubt(evidence, item)
    return _but(facts, "written", f"W{last.id} wrote it{doubt}")


def _doubt(evidence: Evidence, item: Field) -> str:
    """Say where it is not known whether the platform has a field at all."""
    heard = evidence.heard
    if heard is not None and ((heard.held or {}).get(item.field) is not None or heard.values.get(item.source)):
        return ""
    return f", if {evidence.connection} has a field '{item.field}' (--live asks)" if item.optional else ""


def _told_since(evidence: Evidence, item: Field, last: Sent, facts: _Said) -> Any:
    """Return the value that a message told after the write; NOTHING if none did that can be compared with ours."""
    heard = evidence.heard
    if heard is None or heard.at is None or last.done_at is None or heard.at <= last.done_at:
        return NOTHING
    if item.reads:
        return heard.values.get(item.source, NOTHING)
    place = locate(item.field, evidence.labels) or item.field
    # Texts of several lines, and what a template or a look-up makes, look otherwise there than as we hold them.
    made = item.template is not None or item.compute is not None or item.shape.lookup is not None
    if made or item.shape.type == "rich_text" or "\n" in str(facts.ours) or place not in (heard.held or {}):
        return NOTHING
    return _as_read(item, (heard.held or {})[place])


def _moved(evidence: Evidence, item: Field, theirs: Any, facts: _Said) -> _Said:
    """Judge another value than the one we wrote: taken over by us, or someone else's beside ours."""
    if item.reads and _alike(item, theirs, evidence.wanted.get(item.source)):
        return _but(facts, "read", "the platform's newer value was taken over", ours=theirs)
    return _but(facts, "skipped", _someone(evidence, item, theirs, facts.ours))


def _someone(evidence: Evidence, item: Field, theirs: Any, ours: Any) -> str:
    """Say whose value stands, by which rule."""
    told = f"the ticket holds {shown(theirs)}, we wrote {shown(ours)}"
    if not item.reads:
        return f"someone else's value stands until ours changes: {told}"
    policy = evidence.policies.get(item.source, "platform")
    if policy == "manual":
        return f"held until both are the same (wins: manual): {told}; set the ticket to what shall stand"
    return f"someone else's value stands (wins: {policy}): {told}"


def _pending(evidence: Evidence, sent: Sent) -> str:
    if sent.attempts:
        tries = f"{sent.attempts} {'try' if sent.attempts == 1 else 'tries'}"
        return f"no success in {tries}: {sent.reason or 'no answer yet'}; tried again by itself"
    before = [item for item in evidence.writes if item.open and item.id < sent.id]
    if before or evidence.waiting is not None:
        return _blocked(evidence, before)
    if sent.next_at > sent.created_at:
        return f"goes out at {sent.next_at:%H:%M:%S}Z, with what else changes until then"
    return "about to be sent (is `continuity serve` running?)"


def _blocked(evidence: Evidence, before: Sequence[Sent] | None = None) -> str:
    """Say what a write has to wait for."""
    ahead = next((item for item in (evidence.writes if before is None else before) if item.open), None)
    if ahead is not None:
        why = f", which is parked: {ahead.reason}" if ahead.state == "parked" else ""
        return f"waits behind write W{ahead.id}{why}"
    if evidence.waiting is not None:
        return f"waits until message D{evidence.waiting} about this ticket is decided"
    return "not planned yet: it is when the ticket or its activation is next looked at (is `continuity serve` running?)"


# What both sides need ---------------------------------------------------------------------------------------------


def _condition(
    version: Version, item: Field, values: Mapping[str, Any], about: Mapping[str, Any]
) -> tuple[bool | None, str]:
    """Return whether a field's condition held (None: it has none), or why it could not be decided."""
    if item.when is None:
        return None, ""
    try:
        return item.when.holds(version.rules.facts(values, about)), ""
    except Undecidable as error:
        return None, error.what


def _untrue(item: Field, facts: Mapping[str, Any]) -> str:
    """Say that a condition was not true, and of what."""
    if item.when is None:
        raise ValueError(f"{item.name} has no condition")
    named = dict.fromkeys(name for name in _NAME.findall(item.when.source) if name in facts)
    told = ", ".join(f"{name} was {shown(facts[name])}" for name in named)
    return f"the condition `{item.when.source}` was not true" + (f" ({told})" if told else "")


def _problem(problems: Sequence[str], item: Field) -> str:
    """Return what stored problems tell of a field, without the place."""
    found = next((text for text in problems if _about(text, item)), "")
    return found.partition(": ")[2].partition(": ")[2] if found else ""


def _about(text: str, item: Field) -> bool:
    """Tell whether a problem's text is about a field: its place ends with the field's path, or goes on below it."""
    return re.search(rf": fields\.{re.escape(item.name)}(\.\w+)*: ", text) is not None


def _sentence(problem: Problem) -> str:
    return f"{problem.what}; {problem.fix}" if problem.fix else problem.what


def _tells_of(text: str, item: Field, evidence: Evidence, value: Any) -> bool:
    """Tell whether what an adapter told after a write is about a field: by our line, by the platform's, or the name."""
    if _about(text, item):
        return True
    place = locate(item.field, evidence.labels) or ""
    names = {item.field, item.id, place, (evidence.labels or {}).get(place, "")} - {""}
    if any(re.search(rf"(^|\.){re.escape(name)}(:| did not stick)", text) for name in names):
        return True
    return item.shape.lookup is not None and bool(value) and "given to" in text and f"'{value}'" in text


def _but(
    said: _Said, verdict: Verdict, reason: str, *, ours: Any = NOTHING, held: bool | None = None, message: bool = False
) -> _Said:
    return _Said(
        verdict,
        reason,
        said.ours if ours is NOTHING else ours,
        said.theirs,
        said.held if held is None else held,
        message or said.by_message,
        said.write,
        said.version,
    )
