"""What each write sends to ServiceNow, and what its echo says about what stuck."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from collections.abc import Mapping as Facts
from dataclasses import dataclass
from typing import Any

from adapters.servicenow import query, records
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.binding import Binding
from adapters.servicenow.lookups import Lookups, Name
from adapters.servicenow.rest import failure
from connector.ticketing import KEPT, Outcome, Write
from mappings.library import Mappings
from mappings.mapping import Mapping
from mappings.transforms import Lookup, scalar

_JOURNALS = ("work_notes", "comments")
_MARKED = re.compile(r"\[continuity:[0-9a-f]{10}\]\s*\Z")
HEAD = re.compile(r"(?P<at>\S.{7,39}?) - (?P<author>.+) \((?P<label>[^()]+)\)")
"""The line above each entry of a journal as displayed: when, who, and the journal's label."""
_CODE = re.compile(r"\[\s*(/?)\s*code\s*\]", re.IGNORECASE)
ECHOED = ("sys_id", "number", "sys_mod_count", "sys_class_name", "correlation_id")
ELSEWHERE = "stands elsewhere"
"""True in a record that was found on another table than the one that its write names."""


class Unsendable(Exception):
    """A write that cannot be expressed: it will be refused with this reason."""


@dataclass(frozen=True)
class Composed:
    """A write as it is sent: `fields` are those to compare with the echo, `table` is where it goes."""

    write: Write
    table: str
    sys_id: str
    inner: Inner
    fields: Facts[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Nothing:
    """What is left of a write whose values cannot be written, or that has none: the reasons."""

    warnings: tuple[str, ...] = ()


def marker(key: str) -> str:
    """Return the mark in a note by which it is found again."""
    return f"[continuity:{hashlib.sha256(key.encode()).hexdigest()[:10]}]"


def ours(text: str) -> bool:
    """Tell whether a note is one of ours, by the mark at its end."""
    return _MARKED.search(text) is not None


def noted(write: Write) -> str:
    """Return the note as it is sent, with its mark on the last line."""
    lines = unmarked(write.note).rstrip().split("\n")
    # What others wrote may look like the head of an entry, and would part the note from its mark.
    safe = "\n".join(f" {line}" if HEAD.fullmatch(line.strip()) else line for line in lines)
    return f"{safe}\n\n{marker(write.key)}"


def unmarked(text: str) -> str:
    """Return a text for a journal with the tags in round brackets that would have ServiceNow show it as HTML.

    What stands between `[code]` and `[/code]` in a journal is shown as HTML, and notes hold what others wrote.
    """
    return _CODE.sub(r"(\1code)", text)


def names(mappings: Mappings, write: Write) -> Iterator[Name]:
    """Return the names that must be known before `write` can be composed."""
    yield from mappings[write.record].lookups(write.values, whole=write.action == "create", about=write.about)


class Composer:
    """Composes writes for one connection; `fallback_team` takes what names an unknown group."""

    def __init__(self, binding: Binding, lookups: Lookups, fallback_team: str) -> None:
        self._binding = binding
        self._lookups = lookups
        self._fallback = fallback_team

    def compose(self, write: Write) -> Composed | Nothing:
        """Return what to send. Raises Unsendable."""
        if write.action == "link":
            raise Unsendable("ServiceNow's tickets have no remote links; map continuity_link to a column instead")
        mapping = self._binding.mappings[write.record]
        creating = write.action == "create"
        fields, warnings = self._fields(write, mapping, creating=creating)
        body = dict(fields)
        if write.note and records.notes(mapping):
            body[records.journal(mapping)] = noted(write)
        elif write.note:
            lost = f"{mapping.setting('table')} keeps no notes (name its journal with note:): '{write.note}'"
            if not body:
                raise Unsendable(lost)
            warnings.append(lost)
        if not creating and not body:
            return Nothing(tuple(warnings))
        table = _table(write, mapping)
        sys_id = records.sys_id_of(write.key) if creating else write.id
        if creating:
            body |= {"sys_id": sys_id, "correlation_id": write.key, "correlation_display": records.OURS}
            # A longer key would be cut, and the record not be recognised as ours: the echo tells.
            fields |= {"correlation_id": write.key}
        path = query.echoing(query.record_path(table, "" if creating else sys_id), (*ECHOED, *fields))
        inner = Inner(write.key, "POST" if creating else "PATCH", path, body)
        return Composed(write, table, sys_id, inner, fields, tuple(warnings))

    def _fields(self, write: Write, mapping: Mapping, *, creating: bool) -> tuple[dict[str, Any], list[str]]:
        warnings: list[str] = []

        def resolve(lookup: Lookup, name: str) -> str | None:
            found = self._lookups.resolve(lookup, name)
            if found is not None or lookup.kind != "team":
                return found
            fallback = self._lookups.resolve(Lookup("team"), self._fallback)
            if fallback is not None:
                given = f"given to '{self._fallback}'; create the group, or correct the plan"
                warnings.append(f"no group '{name}' on ServiceNow: {given}")
            return fallback

        written = mapping.write(write.values, resolve, whole=creating, about=write.about)
        warnings += [str(problem) for problem in written.problems]
        warnings += [str(problem) for problem in self._binding.unwritten(write.record, write.values, whole=creating)]
        fields = {name: _sent(value) for name, value in written.fields.items()}
        journals = (*_JOURNALS, records.journal(mapping))
        fields |= {name: unmarked(fields[name]) for name in journals if isinstance(fields.get(name), str)}
        if write.values.get("lasting"):
            other = records.renamed(mapping)
            fields = {other.get(name, name): value for name, value in fields.items()}
        return fields, warnings


def _sent(value: Any) -> Any:
    """Return a value as the Table API takes it: "" empties a column, and a list is a text with commas between."""
    if isinstance(value, list):
        return ",".join(plain(item) for item in value)
    return "" if value is None else value


def look_table(mappings: Mappings, write: Write) -> str:
    """Return the table on which a write's record would be found."""
    return _table(write, mappings[write.record])


def looked_at(mappings: Mappings, write: Write) -> tuple[str, ...]:
    """Return the columns that tell whether a write landed, and whether its fields exist at all."""
    mapping = mappings[write.record]
    written = [item.id for item in mapping.fields if item.writes and item.id]
    return (*ECHOED, *written, *records.renamed(mapping).values(), *_journals(mapping))


def bears(mapping: Mapping, row: Facts[str, Any], key: str) -> bool:
    """Tell whether a record shows the note of the write `key`, also where a mapping of before had it put."""
    return any(marker(key) in scalar(row.get(name), "display_value") for name in _journals(mapping))


def _journals(mapping: Mapping) -> tuple[str, ...]:
    return tuple(dict.fromkeys((records.journal(mapping), *_JOURNALS)))


def _table(write: Write, mapping: Mapping) -> str:
    """A change goes to the lasting table, which holds both kinds of task: the others extend it."""
    table, lasting = mapping.setting("table"), mapping.setting("lasting_table")
    if lasting and (write.action != "create" or write.values.get("lasting")):
        return lasting
    return table


def done(url: str, composed: Composed, row: Facts[str, Any], *, touched: bool = False) -> Outcome:
    """Return the outcome of a write whose record is `row`; `touched` says that others may have changed it since."""
    warnings = (*composed.warnings, *_unstuck(composed, row, touched=touched))
    table = scalar(row.get("sys_class_name"), "") or composed.table
    sys_id = scalar(row.get("sys_id"), "") or composed.sys_id
    return Outcome(
        key=composed.write.key,
        status="done",
        id=sys_id,
        number=scalar(row.get("number"), "") or composed.write.number or _named(composed.write),
        url=records.address(url, table, sys_id),
        version=records.version(row),
        warnings=warnings,
    )


def _named(write: Write) -> str:
    """Return what people call a continuity record whose table has no numbers."""
    return str(write.values.get("name") or write.values.get("title") or "") if write.record in KEPT else ""


def _unstuck(composed: Composed, row: Facts[str, Any], *, touched: bool) -> Iterator[str]:
    """Compare an echo with what was sent: ServiceNow drops columns and values with success (recorded)."""
    if row.get(ELSEWHERE):
        place = scalar(row.get("sys_class_name"), "") or "another table"
        yield f"it stands on {place}, where it was made before mappings were activated that say {composed.table}"
        return
    for name, sent in composed.fields.items():
        if name not in row and name == "correlation_id" and composed.write.record in KEPT:
            continue  # not all their tables have it, and the sys_id tells whose the record is
        if name not in row:
            yield (
                f"{composed.table}.{name} did not stick: there is no such column, or the account may not read it; "
                f"add the column or take it out of mappings/servicenow/{composed.write.record}.yaml"
            )
        elif not touched and plain(sent) != plain(scalar(row[name], "")):
            got = scalar(row[name], "")
            yield f"{composed.table}.{name} did not stick: sent {_shown(sent)}, got {_shown(got)}"


def plain(value: Any) -> str:
    """Return a value as the text by which ServiceNow keeps it."""
    if isinstance(value, list):
        return ",".join(plain(item) for item in value)
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text.replace("\r\n", "\n").strip()


def _shown(value: Any) -> str:
    text = plain(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...' ({len(text)} characters)"  # noqa: PLR2004


def failed(write: Write, answer: Answer) -> Outcome:
    """Return the outcome of a write that the platform answered with an error."""
    if answer.status < 300:  # noqa: PLR2004 - a success whose body is an error or unreadable
        return Outcome(write.key, "unclear", id=write.id, reason=answer.reason)
    told = failure(answer.status, answer.reason.partition(": ")[2], answer.headers)
    return Outcome(write.key, told.effect, id=write.id, reason=told.reason, retry_after=told.retry_after)
