"""Why a field of a ticket is as it is: from what is stored and the rules of the mapping to a verdict in plain words."""

from __future__ import annotations

from connector.evidence import Evidence
from connector.why.holding import live_of, locate
from connector.why.reading import read_side
from connector.why.verdict import FieldWhy, Said
from connector.why.writing import write_side
from mappings.mapping import Field


def explain(evidence: Evidence) -> tuple[FieldWhy, ...]:
    """Return the story of each field that the mapping knows, in the mapping's order."""
    return tuple(_explain(evidence, item) for item in evidence.version.rules.fields)


def _explain(evidence: Evidence, item: Field) -> FieldWhy:
    said = write_side(evidence, item) if item.writes and (item.id or not item.reads) else None
    unwritten = said is None or (said.verdict == "skipped" and (said.write is None or said.since))
    if item.reads and unwritten:
        read = read_side(evidence, item)
        # Of a field that both sides may set, and that we never wrote, what was read is the story.
        said = read if said is None or read.verdict == "read" else said
    if said is None:
        said = Said("skipped", "the mapping neither reads nor writes it")
    version = said.version or evidence.version
    heard = evidence.heard
    known, live, differs = live_of(evidence, item, said.ours)
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
        differs=differs,
    )


def direction(item: Field) -> str:
    """Return a field's direction as its file says it."""
    return "both" if item.reads and item.writes else "read" if item.reads else "write"
