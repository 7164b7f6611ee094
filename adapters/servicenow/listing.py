"""Pages of all records of a kind in the order of their sys_ids, which never change: none is skipped, and it ends.

Paging by offset loses rows that move between two pages, and so does paging by `sys_updated_on`, whose whole seconds
many rows share and which every change moves. A row keeps its sys_id: what stood when the listing began is met once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.servicenow import polling, query, records
from adapters.servicenow.batch import Answer
from adapters.servicenow.polling import Listing
from mappings.mapping import Mapping
from mappings.transforms import scalar

_PLACE = re.compile(r"([0-9a-f]{32})?(?:\+([0-9]{1,9}))?")


class Unpaged(Exception):
    """The platform did not page by sys_id: going on would never end."""


@dataclass(frozen=True)
class Place:
    """Where the next page begins: after a sys_id ("": at the first), `skip` rows on.

    Rows that access rules hide are cut from a page after it was made. Where they were all of it, no row tells how far
    the page reached, and the next one is counted off.
    """

    after: str = ""
    skip: int = 0

    def __str__(self) -> str:
        return f"{self.after}+{self.skip}" if self.skip else self.after


def place(text: str) -> Place:
    """Read a place as `following` writes it; raises ValueError for another text."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no place in a listing of ServiceNow")
    return Place(found[1] or "", int(found[2] or 0))


def question(mapping: Mapping, since: datetime | None, here: Place) -> Listing:
    """Return what asks for the page at a place: of the record's classes, changed at or after `since`.

    Its caller's `since` overlaps, as `sys_updated_on` has whole seconds and rows commit late. Classes are asked for
    only where the mapping names some: a table that nothing extends has no column for them. Raises query.Unsafe.
    """
    conditions = []
    if mapping.settings.get("classes"):
        conditions.append(query.within("sys_class_name", records.classes(mapping)))
    if since is not None:
        conditions.append(f"sys_updated_on>={since.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
    if here.after:
        conditions.append(query.where("sys_id", ">", here.after))
    return Listing(mapping.setting("table"), query.every(*conditions), records.columns(mapping))


def following(here: Place, answer: Answer, limit: int) -> str:
    """Return the place after a page, "" at the end. Raises Unpaged."""
    if not polling.more(answer, limit, here.skip):
        return ""
    if not answer.rows:
        return str(Place(here.after, here.skip + limit))
    last = scalar(answer.rows[-1].get("sys_id"), "")
    if last <= here.after:
        raise Unpaged(f"a page after {here.after} ends with {last or 'a record without sys_id'}")
    return str(Place(last))
