"""Issues read from Jira: by id from its database, by query from its index, which lags behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from adapters.jira import instants, marks
from adapters.jira.connection import Connection
from adapters.jira.fault import Rejected, Unclear
from adapters.jira.homes import project_of
from adapters.jira.site import Site
from adapters.jira.ticket import parse
from connector.ticketing import KEPT, Record, Ticket, Watch

Issue = Mapping[str, Any]

WHOLE = ("*all", "-worklog", "-attachment")
_POLLED = (*WHOLE, "-comment")
PAGE = 100
_MOST_PAGES = 200
_NOT_FOUND = 404
_IDS = 200
_ID = re.compile(r"[0-9]{1,18}")


def quoted(value: str) -> str:
    """Return `value` as a JQL string, in which it cannot end the string."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def find(connection: Connection, jql: str, fields: Sequence[str] = WHOLE) -> list[Issue]:
    """Return all issues that `jql`, which has to be bounded, finds. Raises the faults of a read.

    What was written in the last seconds may not be found yet.
    """
    found: list[Issue] = []
    seen: set[str] = set()
    body: dict[str, Any] = {"jql": jql, "maxResults": PAGE, "fields": list(fields)}
    for _ in range(_MOST_PAGES):
        page = connection.ask("/search/jql" if connection.cloud else "/search", _asked(connection, body))
        issues = page.get("issues") or []
        found += issues
        token = str(page.get("nextPageToken") or "")
        if connection.cloud and token and token not in seen and not page.get("isLast"):
            seen.add(token)
            body["nextPageToken"] = token
        elif not connection.cloud and issues and len(found) < int(page.get("total") or 0):
            body["startAt"] = len(found)
        else:
            return found
    raise Unclear(f"Jira's search did not end within {_MOST_PAGES} pages of {PAGE}: name fewer projects to poll")


def page(connection: Connection, jql: str, fields: Sequence[str], most: int = PAGE) -> list[Issue]:
    """Return the first issues that a bounded `jql` finds, in its order. Raises the faults of a read."""
    body = {"jql": jql, "maxResults": most, "fields": list(fields)}
    answer = connection.ask("/search/jql" if connection.cloud else "/search", body)
    return list(answer.get("issues") or [])


def by_id(connection: Connection, ids: Sequence[str], fields: Sequence[str] = WHOLE) -> dict[str, Issue]:
    """Return the issues that exist and can be seen, from the database. Raises the faults of a read.

    One call for up to 100 on Cloud (`issue/bulkfetch`); Data Center has no such call, so each is read by itself.
    """
    found: dict[str, Issue] = {}
    wanted = list(dict.fromkeys(ids))
    if connection.cloud and len(wanted) > 1:
        for start in range(0, len(wanted), PAGE):
            body = {"issueIdsOrKeys": wanted[start : start + PAGE], "fields": list(fields)}
            answer = connection.ask("/issue/bulkfetch", _asked(connection, body))
            found |= {str(issue["id"]): _bare(issue) for issue in answer.get("issues") or []}
        return found
    for identity in wanted:
        try:
            issue = connection.get(f"/issue/{identity}", {"fields": ",".join(fields), "properties": marks.PROPERTY})
        except Rejected as error:
            if error.status != _NOT_FOUND:
                raise
            continue
        found[str(issue["id"])] = _bare(issue)
    return found


def read(site: Site, record: Record, ids: Sequence[str]) -> list[Ticket]:
    """Return the tickets of these ids or keys, in that order; one gone, archived or hidden is left out."""
    found = by_id(site.connection, ids)
    named = {str(issue.get("key")): issue for issue in found.values()} | found
    tickets = [seen(site, named[given], record) for given in dict.fromkeys(ids) if given in named]
    return list({ticket.id: ticket for ticket in tickets if not ticket.deleted}.values())


def changed(site: Site, watch: Watch) -> list[Ticket]:
    """Return what a poll asks for, from one search (a second call only if a followed issue is gone)."""
    try:
        queries = [_query(site, watch, ids) for ids in _parts(watch.incidents)]
        found = [issue for query in queries if query for issue in find(site.connection, query, _POLLED)]
    except Rejected:
        # One id that is deleted, or hidden from us by now, makes Jira refuse the whole query.
        if not watch.incidents:
            raise
        query = _query(site, watch, ())
        found = find(site.connection, query, _POLLED) if query else []
        found += by_id(site.connection, watch.incidents).values()
    unique = {str(issue.get("id")): issue for issue in sorted(found, key=_age)}
    # The oldest first, so that of two issues with one label the later one is named the duplicate.
    return [seen(site, issue) for issue in unique.values()]


def seen(site: Site, issue: Issue, record: Record | None = None) -> Ticket:
    """Return the ticket of an issue that was read just now, as a `record` where it bears no other's marks."""
    ticket = parse(site, issue, record)
    site.homes.see(ticket.id, project_of(ticket.number), site.now())
    return ticket


def _query(site: Site, watch: Watch, ids: Sequence[str]) -> str:
    clauses: list[str] = []
    named = _incident_types(site) if watch.majors else ()
    if named:
        types = f"issuetype in ({_listed(named)})"
        where = f"project in ({_listed(site.projects)}) AND " if site.projects else ""
        clauses.append(f"({where}{types} AND statusCategory != Done)")
    if ids:
        clauses.append(f"id in ({', '.join(identity for identity in ids if _ID.fullmatch(identity))})")
    if watch.activations:
        kept = _listed(marks.kind(record) for record in KEPT)
        clauses.append(f"(labels = {quoted(marks.OURS)} AND labels not in ({kept}))")
    if not clauses:
        return ""
    query = " OR ".join(clauses)
    if watch.since is None:
        return f"{query} ORDER BY created ASC"
    earlier = timedelta(seconds=site.search_lag + 60)
    since = instants.minute(watch.since, site.lookups.zone(), earlier)
    return f"({query}) AND updated >= {quoted(since)} ORDER BY created ASC"


def _incident_types(site: Site) -> tuple[str, ...]:
    known = {name.casefold() for name in site.lookups.issue_types()}
    return tuple(name for name in site.incident_types if name.casefold() in known)


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return [ids[start : start + _IDS] for start in range(0, len(ids), _IDS)] or [()]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _bare(issue: Issue) -> Issue:
    """Return an issue without what differs from call to call: what else could be asked for, properties it lacks."""
    return {name: value for name, value in issue.items() if name != "expand" and (name != "properties" or value)}


def _asked(connection: Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    # Data Center's search knows no issue properties.
    return {**body, "properties": [marks.PROPERTY]} if connection.cloud else dict(body)


def _age(issue: Issue) -> int:
    identity = str(issue.get("id", ""))
    return int(identity) if _ID.fullmatch(identity) else 0
