"""What is said of a field: how it crossed or why not, and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connector.condition import Undecidable
from connector.evidence import Message, Sent, Version
from mappings.mapping import Field
from mappings.transforms import NOTHING

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
    what it holds now (None with `live_known` False where that is not known); `differs` says whether that means another
    value. `rule` is file and line, `version` the mapping's; `held` says whether the condition `when` was true (None:
    there is none, or it could not be asked). Of a service, plan or task that is kept in step, `agreed` is what both
    sides last agreed on, and `counts` says whose value does ("" for other tickets); `unread` is what stands there where
    it is not compared.
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
    differs: bool = False
    unread: bool = False
    agreed: Any = None
    counts: str = ""


@dataclass(frozen=True)
class Said:
    """A verdict on one side, with what it rests on; `since`: the field was mapped after its last write."""

    verdict: Verdict
    reason: str
    ours: Any = None
    theirs: Any = None
    held: bool | None = None
    by_message: bool = False
    write: Sent | None = None
    version: Version | None = None
    since: bool = False


def but(
    said: Said, verdict: Verdict, reason: str, *, ours: Any = NOTHING, held: bool | None = None, message: bool = False
) -> Said:
    return Said(
        verdict,
        reason,
        said.ours if ours is NOTHING else ours,
        said.theirs,
        said.held if held is None else held,
        message or said.by_message,
        said.write,
        said.version,
    )


def shown(value: Any) -> str:
    """Return a value as it is quoted in a sentence: on one line, and not long."""
    if value in (None, "", []):
        return "nothing"
    text = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)
    text = " ".join(text.split())
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[: _LONGEST - 3]}...'"


def condition(
    version: Version, item: Field, values: Mapping[str, Any], about: Mapping[str, Any]
) -> tuple[bool | None, str]:
    """Return whether a field's condition held (None: it has none), or why it could not be decided."""
    if item.when is None:
        return None, ""
    try:
        return item.when.holds(version.rules.facts(values, about)), ""
    except Undecidable as error:
        return None, error.what


def untrue(item: Field, facts: Mapping[str, Any]) -> str:
    """Say that a condition was not true, and of what."""
    if item.when is None:
        raise ValueError(f"{item.name} has no condition")
    named = dict.fromkeys(name for name in _NAME.findall(item.when.source) if name in facts)
    told = ", ".join(f"{name} was {shown(facts[name])}" for name in named)
    return f"the condition `{item.when.source}` was not true" + (f" ({told})" if told else "")


def about(text: str, item: Field) -> bool:
    """Tell whether a problem's text is about a field: its place ends with the field's path, or goes on below it."""
    return re.search(rf": fields\.{re.escape(item.name)}(\.\w+)*: ", text) is not None
