"""Pages of all services or plans, in the order in which their issues were made, which no change alters.

What makes a listing complete: `created` never changes, so that an issue keeps its place, whatever else happens to it.
A page begins at the minute (JQL knows no less) of the last issue shown, and drops those shown before. Where one minute
is crowded, as after an import, Cloud goes on by its token, which holds the place by what is sorted by (seen in tokens,
not documented). Data Center counts: an offset is taken back a little, and trusted only where the page begins at or
before the last issue shown; where issues were deleted meanwhile it does not, and the minute is read from its start. An
issue that is changed while a listing goes on stands in it, or in the next one `since`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.jira import instants, marks, search
from adapters.jira.connection import Connection
from adapters.jira.fault import Rejected
from adapters.jira.site import Site
from connector.ticketing import Page, Record

Issue = Mapping[str, Any]
Order = tuple[int, str, int]
"""When an issue was made (epoch milliseconds), its project's key and its number there: the order of a listing."""

_FIRST: Order = (-1, "", 0)
_BACK = 5
"""How many issues an offset is taken back, so that as many can be deleted without another question."""

_NEEDED = ("summary", "status", "issuetype", "project", "labels", "resolution", "created", "updated")
"""What is read of each issue beside the fields that the mapping reads: whose it is, and which version."""


class Misplaced(Exception):
    """A text that is no place in a listing."""


@dataclass(frozen=True)
class Place:
    """Where a page begins: issues made from `floor` (epoch milliseconds of a minute, -1: all) on, after `last`.

    `start` is an offset among them (Data Center), `token` Jira's own (Cloud).
    """

    floor: int = -1
    last: Order = _FIRST
    start: int = 0
    token: str = ""

    def __str__(self) -> str:
        made, project, number = self.last
        return f"{self.floor}|{made}|{project}|{number}|{self.start}|{self.token}"


@dataclass(frozen=True)
class _Answer:
    """Issues from `start` on, whether there are more behind them, and the token to go on with."""

    issues: Sequence[Issue]
    more: bool
    start: int = 0
    token: str = ""


def place(text: str) -> Place:
    """Read a place as `str` writes it. Raises Misplaced for another text."""
    if not text:
        return Place()
    try:
        floor, made, project, number, start, token = text.split("|", 5)
        return Place(int(floor), (int(made), project, int(number)), int(start), token)
    except ValueError:
        raise Misplaced(f"'{text}' is no place in a listing of Jira") from None


def listed(site: Site, record: Record, since: datetime | None, after: str) -> Page:
    """Return the page at a place, in one search. Raises the faults of a read, and Misplaced for a strange place.

    Its caller's `since` overlaps, and is taken back by the lag of Jira's index besides.
    """
    here = place(after)
    answer = _asked(site, _query(site, record, since, here), _fields(site, record), here)
    found = [(_order(issue), issue) for issue in answer.issues]
    fresh = [issue for order, issue in found if order > here.last]
    tickets = (search.seen(site, issue, record) for issue in fresh)
    return Page(
        tuple(ticket for ticket in tickets if ticket.record == record),
        str(_following(site, here, answer, [order for order, _ in found])) if answer.more else "",
    )


def _query(site: Site, record: Record, since: datetime | None, here: Place) -> str:
    clause = f"labels = {search.quoted(marks.kind(record))}"
    own = site.own_type(record)
    if own is not None and own[1].casefold() in {name.casefold() for name in site.lookups.issue_types()}:
        project, kind = map(search.quoted, own)
        clause = f"({clause} OR (project = {project} AND issuetype = {kind}))"
    if since is not None:
        changed = instants.minute(since, site.lookups.zone(), timedelta(seconds=site.search_lag + 60))
        clause += f" AND updated >= {search.quoted(changed)}"
    if here.floor >= 0:
        made = instants.minute(datetime.fromtimestamp(here.floor / 1000, UTC), site.lookups.zone(), timedelta())
        clause += f" AND created >= {search.quoted(made)}"
    return f"{clause} ORDER BY created ASC, key ASC"


def _fields(site: Site, record: Record) -> tuple[str, ...]:
    read = (item.id for item in site.mapping(record).fields if item.reads and item.id not in ("", "key", "id"))
    return tuple(dict.fromkeys((*_NEEDED, *read)))


def _asked(site: Site, query: str, fields: Sequence[str], here: Place) -> _Answer:
    body = {"jql": query, "maxResults": site.page, "fields": list(fields)}
    if site.connection.cloud:
        return _by_token(site.connection, body, here.token)
    answer = _by_offset(site.connection, body, here.start)
    if here.start and (not answer.issues or _order(answer.issues[0]) > here.last):
        return _by_offset(site.connection, body, 0)
    return answer


def _by_token(connection: Connection, body: Mapping[str, Any], token: str) -> _Answer:
    asked = {**body, "properties": [marks.PROPERTY]}
    try:
        answer = connection.ask("/search/jql", {**asked, "nextPageToken": token} if token else asked)
    except Rejected:
        if not token:
            raise
        # Tokens grow old; the minute is read again from its start.
        answer = connection.ask("/search/jql", asked)
    following = str(answer.get("nextPageToken") or "")
    more = bool(following) and not answer.get("isLast")
    return _Answer(answer.get("issues") or [], more, token=following)


def _by_offset(connection: Connection, body: Mapping[str, Any], start: int) -> _Answer:
    answer = connection.ask("/search", {**body, "startAt": start})
    issues = answer.get("issues") or []
    return _Answer(issues, bool(issues) and start + len(issues) < int(answer.get("total") or 0), start)


def _following(site: Site, here: Place, answer: _Answer, orders: Sequence[Order]) -> Place:
    """Return the place after a page: from the minute of its last issue, where that minute began on the page."""
    last = max((here.last, *orders))
    back = min(_BACK, len(orders) // 2)
    if orders and answer.issues:
        made = datetime.fromtimestamp(orders[-1][0] / 1000, UTC)
        begin = instants.clear(made.replace(second=0, microsecond=0), site.lookups.zone())
        floor = round(begin.timestamp() * 1000)
        shown = sum(order[0] >= floor for order in orders)
        if orders[0][0] < floor and (not site.connection.cloud or shown <= site.page // 2):
            return Place(floor, last, 0 if site.connection.cloud else max(0, shown - back))
    if site.connection.cloud:
        return Place(here.floor, last, token=answer.token)
    return Place(here.floor, last, answer.start + len(orders) - back)


def _order(issue: Issue) -> Order:
    project, _, number = str(issue.get("key", "")).rpartition("-")
    made = instants.milliseconds((issue.get("fields") or {}).get("created"))
    return made, project, int(number) if number.isdecimal() else 0
