"""Why a field of ours is as it is where it is read from the platform."""

from __future__ import annotations

from collections.abc import Sequence

from connector.evidence import Evidence
from connector.why.holding import absent, theirs_of, unread
from connector.why.verdict import NO_FIELD, Said, about, condition, shown, untrue
from mappings.mapping import Field
from mappings.transforms import NOTHING


def read_side(evidence: Evidence, item: Field) -> Said:
    """Return what became of a field that we read, by what the ticket was last seen to hold."""
    heard = evidence.heard
    if heard is None:
        return Said("skipped", "nothing was read from this ticket yet")
    value = heard.values.get(item.source)
    theirs = theirs_of(evidence, item)
    held, faults = condition(evidence.version, item, heard.values, {})
    problem = _problem(heard.problems, item)
    if problem or faults:
        return Said("skipped", problem or faults, theirs=theirs, held=held, by_message=True)
    if held is False:
        return Said("skipped", untrue(item, heard.values), theirs=theirs, held=False, by_message=True)
    lacking = absent(evidence, item)
    if unread(evidence, item):
        reason = "not read since it was mapped: it is when a message about the ticket next comes"
        return Said("skipped", reason, theirs=theirs, held=held, by_message=True)
    if item.source not in heard.values:
        reason = NO_FIELD if lacking else f"{NO_FIELD}, or it was not told: what was read did not hold it"
        return Said("skipped", reason, held=held, by_message=True)
    if item.compute is not None:
        return Said("read", f"computed: `{item.compute.source}`", value, theirs, held, by_message=True)
    if item.default is not NOTHING and (lacking or not item.field):
        lead = f"{NO_FIELD}: " if item.field else ""
        return Said("read", f"{lead}its default {shown(item.default)} counts", value, None, held, by_message=True)
    reason = "it is empty on the platform" if value in (None, "", []) else "read from the platform"
    return Said("read", reason, value, theirs, held, by_message=True)


def _problem(problems: Sequence[str], item: Field) -> str:
    """Return what stored problems tell of a field, without the place."""
    found = next((text for text in problems if about(text, item)), "")
    return found.partition(": ")[2].partition(": ")[2] if found else ""
