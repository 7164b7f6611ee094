"""Why a field of the platform's is as it is where we write it: sent, waiting, parked, or overtaken by somebody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from connector.evidence import Evidence, Sent, Version
from connector.problem import Problem
from connector.why.holding import absent, alike, as_read, locate, theirs_of
from connector.why.verdict import NO_FIELD, Said, about, but, condition, shown, untrue
from mappings.mapping import Field, as_named
from mappings.transforms import NOTHING


def write_side(evidence: Evidence, item: Field) -> Said:
    """Return what became of a field that we write: by the last write that concerned it, else why there was none."""
    last = next((sent for sent in reversed(evidence.writes) if _concerns(item, sent)), None)
    if last is None:
        return _never_sent(evidence, item)
    version = evidence.made.get(last.version, evidence.version)
    mine = version.rules.named(item.name)
    value = last.values.get(item.source, item.default if item.default is not NOTHING else None)
    if mine is None or not mine.writes or mine.field.casefold() != item.field.casefold():
        told = _mapped_since(version, mine, last)
        return Said("skipped", told, value, theirs_of(evidence, item), write=last, since=True)
    facts = Said("written", "", value, theirs_of(evidence, item), write=last, version=version)
    held, faults = condition(version, mine, last.values, last.about)
    facts = but(facts, "written", "", held=held)
    if faults:
        return but(facts, "skipped", faults)
    if held is False:
        return but(facts, "skipped", untrue(mine, {**last.about, **last.values}))
    if mine.values and value in ("", None):
        return but(facts, "skipped", "there is no value to choose: a choice is made or left alone, never emptied")
    written = version.rules.write(last.values, as_named, whole=last.action == "create", about=last.about)
    refused = [problem for problem in written.problems if about(str(problem), mine)]
    if refused:
        return but(facts, "skipped", _sentence(refused[0]))
    if last.state == "pending":
        return but(facts, "waiting", _pending(evidence, last))
    if last.state == "parked":
        return but(facts, "parked", f"parked: {last.reason}; mend that, then `continuity replay W{last.id}`")
    return _landed(evidence, mine, last, facts)


def _concerns(item: Field, sent: Sent) -> bool:
    """Tell whether a write had to do with a field: it carried its value, or could have made one."""
    if sent.action not in {"create", "update"} or sent.state == "superseded":
        return False
    made = item.default is not NOTHING or item.compute is not None
    return item.source in sent.values or (sent.action == "create" and made)


def _mapped_since(version: Version, then: Field | None, last: Sent) -> str:
    """Say that a field is newer than its last write, which is not made again for it."""
    does = f"writes it to '{then.field}'" if then is not None and then.writes and then.field else "does not write it"
    return (
        f"not written since it was mapped: W{last.id} was made by version {version.id} of the mapping, which {does}; "
        "a ticket that stands gets it when our value changes, or by hand"
    )


def _never_sent(evidence: Evidence, item: Field) -> Said:
    wanted = evidence.wanted.get(item.source)
    theirs = theirs_of(evidence, item)
    if evidence.silent:
        return Said("skipped", evidence.silent, theirs=theirs)
    if locate(item.field, evidence.labels) is None:
        return Said("skipped", NO_FIELD, wanted)
    if wanted in (None, ""):
        return Said("skipped", "there was no value to write", theirs=theirs)
    held, faults = condition(evidence.version, item, evidence.wanted, {})
    if faults or held is False:
        return Said("skipped", faults or untrue(item, evidence.wanted), wanted, theirs, held)
    return Said("waiting", _blocked(evidence), wanted, theirs, held)


def _landed(evidence: Evidence, item: Field, last: Sent, facts: Said) -> Said:
    """Judge a write that the platform took: did this field stick, does it still stand, and is it still wanted?"""
    if facts.ours in (None, "", []) and last.action == "create":
        return but(facts, "skipped", "there was no value to write")
    told = next((text for text in last.warnings if _tells_of(text, item, evidence, facts.ours)), "")
    if told and "given to" not in told:
        return but(facts, "skipped", told)
    if absent(evidence, item):
        return but(facts, "skipped", NO_FIELD)
    theirs = _told_since(evidence, item, last, facts)
    if theirs is not NOTHING:
        # A message that came after the write tells whether it stands.
        facts = but(facts, "written", "", message=True)
        if not alike(item, theirs, facts.ours):
            return _moved(evidence, item, theirs, facts)
    wanted = evidence.wanted.get(item.source, facts.ours)
    if not alike(item, wanted, facts.ours) and wanted not in (None, ""):
        return but(facts, "waiting", f"{shown(wanted)} is wanted: {_blocked(evidence)}", ours=wanted)
    if told:
        return but(facts, "written", told)
    newest = max((sent.id for sent in evidence.writes if sent.state == "done" and sent.action != "link"), default=0)
    if last.id != newest:
        return but(facts, "unchanged", f"it stands as W{last.id} wrote it: nothing has changed since")
    doubt = "" if evidence.labels is not None else _doubt(evidence, item)
    return but(facts, "written", f"W{last.id} wrote it{doubt}")


def _doubt(evidence: Evidence, item: Field) -> str:
    """Say where it is not known whether the platform has a field at all."""
    heard = evidence.heard
    if heard is not None and ((heard.held or {}).get(item.field) is not None or heard.values.get(item.source)):
        return ""
    return f", if {evidence.connection} has a field '{item.field}' (--live asks)" if item.optional else ""


def _told_since(evidence: Evidence, item: Field, last: Sent, facts: Said) -> Any:
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
    return as_read(item, (heard.held or {})[place])


def _moved(evidence: Evidence, item: Field, theirs: Any, facts: Said) -> Said:
    """Judge another value than the one we wrote: taken over by us, or someone else's beside ours."""
    if item.reads and alike(item, theirs, evidence.wanted.get(item.source)):
        return but(facts, "read", "the platform's newer value was taken over", ours=theirs)
    return but(facts, "skipped", _someone(evidence, item, theirs, facts.ours))


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


def _sentence(problem: Problem) -> str:
    return f"{problem.what}; {problem.fix}" if problem.fix else problem.what


def _tells_of(text: str, item: Field, evidence: Evidence, value: Any) -> bool:
    """Tell whether what an adapter told after a write is about a field: by our line, by the platform's, or the name."""
    if about(text, item):
        return True
    place = locate(item.field, evidence.labels) or ""
    names = {item.field, item.id, place, (evidence.labels or {}).get(place, "")} - {""}
    if any(re.search(rf"(^|\.){re.escape(name)}(:| did not stick)", text) for name in names):
        return True
    return item.shape.lookup is not None and bool(value) and "given to" in text and f"'{value}'" in text
