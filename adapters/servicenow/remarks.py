"""What people wrote in a record's journals and the files they added, with author and time; our own notes left out.

`sys_journal_field` has an access rule of its own, which answers an ordinary account with nothing (recorded from a live
instance), so that the entries are taken from the journal as displayed: newest first, each headed `<when> - <who>
(<label>)`. The head's instant is in the account's own time zone and format; what these are is seen from the record's
`sys_updated_on`, which is given both ways. So an account in UTC is exact; in a zone with summer time an entry from the
other half of the year is an hour off. A file changes no record: it is asked for by the instant of its own creation.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Facts
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from adapters.servicenow import polling, query, records, writes
from adapters.servicenow.polling import Listing
from connector.ticketing import KEPT, Remark
from mappings.mapping import Mapping
from mappings.transforms import scalar

ATTACHMENTS = "/api/now/attachment"
_FILE = (
    *("sys_id", "file_name", "table_name", "table_sys_id", "sys_created_on", "sys_created_by", "download_link"),
    *("size_bytes", "content_type"),
)
_OF_FIELDS = "ZZ_YY"
"""How the tables begin on which pictures hang that are a field's value and no file that people see."""
_SIZE = re.compile(r"[0-9]{1,15}")
_STAMP = "%Y-%m-%d %H:%M:%S"
# The formats that a user can choose for dates and for times of day.
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y")
_TIMES = ("%H:%M:%S", "%I:%M:%S %p", "%H.%M.%S")
_FARTHEST = timedelta(hours=14)

Clocks = tuple[tuple[str, timedelta], ...]
"""How instants may be displayed: a format, and how far the display is ahead of UTC."""


def listings(mapping: Mapping, ids: Sequence[str], since: datetime | None) -> Iterator[Listing]:
    """Yield what asks for the journals and the files of records. Raises query.Unsafe."""
    stamp = f"{since.astimezone(UTC):{_STAMP}}" if since is not None else ""
    # A change goes to the lasting table, which the other one extends: it shows the records of both.
    table = mapping.setting("lasting_table") or mapping.setting("table")
    journals = _journals(mapping)
    for part in polling.parts(ids):
        if journals:
            recent = f"sys_updated_on>={stamp}" if stamp else ""
            condition = query.every(query.within("sys_id", part), recent)
            yield Listing(table, condition, ("sys_id", "sys_updated_on", *journals))
        recent = f"sys_created_on>={stamp}" if stamp else ""
        condition = query.every(query.within("table_sys_id", part), recent)
        yield Listing("sys_attachment", condition, _FILE, ATTACHMENTS)


def _journals(mapping: Mapping) -> tuple[str, ...]:
    if mapping.record in KEPT:
        return (mapping.setting("note"),) if mapping.setting("note") else ()
    return tuple(dict.fromkeys((records.journal(mapping), "work_notes", "comments")))


def read(
    mapping: Mapping,
    rows: Iterable[tuple[Listing, Facts[str, Any]]],
    since: datetime | None,
    own: Callable[[], str] = lambda: "",
) -> list[Remark]:
    """Return the remarks in what was answered, by ticket and in the order in which they were made.

    `own` gives the user name of our account, and is asked only where there are files.
    """
    found: dict[str, list[Remark]] = {}
    for listing, row in rows:
        made = _files(row, own) if listing.path else _entries(row, _journals(mapping))
        for remark in made:
            found.setdefault(remark.ticket, []).append(remark)
    floor = since.replace(microsecond=0) if since is not None else None
    return [
        remark
        for ticket in found.values()
        for remark in _in_order(ticket)
        if floor is None or remark.written_at is None or remark.written_at >= floor
    ]


def _in_order(given: Sequence[Remark]) -> list[Remark]:
    """Sort by time; what has none stays behind the one before it."""
    keyed: list[tuple[datetime, int, Remark]] = []
    last = datetime.min.replace(tzinfo=UTC)
    for place, remark in enumerate(given):
        last = remark.written_at or last
        keyed.append((last, place, remark))
    return [remark for _, _, remark in sorted(keyed, key=lambda each: each[:2])]


def _files(row: Facts[str, Any], own: Callable[[], str]) -> Iterator[Remark]:
    if scalar(row.get("table_name"), "").startswith(_OF_FIELDS):
        return
    author, size = scalar(row.get("sys_created_by"), ""), scalar(row.get("size_bytes"), "").replace(",", "")
    yield Remark(
        ticket=scalar(row.get("table_sys_id"), ""),
        id=scalar(row.get("sys_id"), ""),
        kind="attachment",
        author=author,
        written_at=_instant(scalar(row.get("sys_created_on"), "")),
        text=scalar(row.get("file_name"), ""),
        url=scalar(row.get("download_link"), ""),
        size=int(size) if _SIZE.fullmatch(size) else None,
        content_type=scalar(row.get("content_type"), ""),
        own=bool(author) and author.casefold() == own().casefold(),
    )


def _entries(row: Facts[str, Any], journals: Iterable[str]) -> Iterator[Remark]:
    ticket = scalar(row.get("sys_id"), "")
    clocks = _clocks(row.get("sys_updated_on"))
    for column in journals:
        met: Counter[str] = Counter()
        for at, author, text in _split(scalar(row.get(column), "display_value")):
            if writes.ours(text):
                continue
            # Entries bear no id: what was written tells them apart, and of the same its place among them.
            met[text] += 1
            sign = hashlib.sha256(f"{ticket}:{column}:{met[text]}:{text}".encode()).hexdigest()[:32]
            yield Remark(ticket, sign, "comment", author, _shown_at(at, clocks), text)


def _split(text: str) -> list[tuple[str, str, str]]:
    """Return a displayed journal's entries (when, who, what), the oldest first.

    A line that looks like a head is one only where an entry can begin, and with the label of the first. A person who
    imitates one is told as two; our own notes never hold one.
    """
    entries: list[tuple[str, str, list[str]]] = []
    label, blank = "", True
    for line in text.replace("\r\n", "\n").split("\n"):
        head = writes.HEAD.fullmatch(line) if blank else None
        if head is not None and sum(sign.isdigit() for sign in head["at"]) >= 6 and label in ("", head["label"]):  # noqa: PLR2004 - digits of a date
            label = head["label"]
            entries.append((head["at"], head["author"], []))
        elif entries:
            entries[-1][2].append(line)
        blank = not line.strip()
    return [(at, author, "\n".join(lines).strip()) for at, author, lines in reversed(entries)]


def _clocks(stamp: Any) -> Clocks:
    """Return how this account is shown instants, by one that is given as stored too; several where it may be either."""
    stored, shown = _instant(scalar(stamp, "")), scalar(stamp, "display_value")
    if stored is None:
        return ()
    found: list[tuple[str, timedelta]] = []
    for day, time in product(_DAYS, _TIMES):
        local = _parsed(shown, f"{day} {time}")
        if local is not None and abs(local - stored) <= _FARTHEST:
            found.append((f"{day} {time}", local - stored))
    return tuple(found)


def _shown_at(at: str, clocks: Clocks) -> datetime | None:
    """Return a displayed instant, None where it could be several or none."""
    possible = {local - ahead for form, ahead in clocks if (local := _parsed(at, form)) is not None}
    return possible.pop() if len(possible) == 1 else None


def _instant(text: str) -> datetime | None:
    return _parsed(text, _STAMP)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
