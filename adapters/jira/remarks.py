"""What people wrote on issues and the files they added, with author and time; our own notes left out by their marks.

Comments come with the issue, from the database: up to 100 issues in a call on Cloud, one each on Data Center. Where an
answer holds only a part of an issue's comments (its `total` says so) the rest is read page by page. What only the desk
sees and what customers see are told alike, as who reads them elsewhere works at the desk too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.jira import instants, marks, search, text
from adapters.jira.fault import Rejected
from adapters.jira.site import Site
from connector.ticketing import Remark
from mappings import rich_text

_PAGE = 100
_MOST_PAGES = 50
_NOT_FOUND = 404


def read(site: Site, ids: Sequence[str], since: datetime | None) -> list[Remark]:
    """Return the remarks of each issue in the order in which they were made. Raises the faults of a read."""
    found = search.by_id(site.connection, ids, ("comment", "attachment"))
    told: list[Remark] = []
    for issue in found.values():
        made = sorted((*_comments(site, issue), *_files(site, issue)), key=lambda pair: pair[0])
        told += (remark for _, remark in made if since is None or (remark.written_at or since) >= since)
    return told


def _comments(site: Site, issue: Mapping[str, Any]) -> Iterator[tuple[int, Remark]]:
    identity, number = str(issue["id"]), str(issue.get("key", ""))
    for item in _whole(site, identity, (issue.get("fields") or {}).get("comment") or {}):
        body = item.get("body")
        if marks.is_ours(text.plain(body)):
            continue
        own = str(item.get("id", ""))
        shown = rich_text.read(body, site.format)
        url = f"{site.url(number)}?focusedCommentId={own}"
        yield _made(item, identity, "comment", shown, url)


def _whole(site: Site, identity: str, shown: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = list(shown.get("comments") or [])
    if int(shown.get("total") or 0) <= len(listed):
        return listed
    every: dict[str, Mapping[str, Any]] = {}
    for _ in range(_MOST_PAGES):
        asked = {"orderBy": "created", "startAt": str(len(every)), "maxResults": str(_PAGE)}
        try:
            page = site.connection.get(f"/issue/{identity}/comment", asked)
        except Rejected as error:
            if error.status != _NOT_FOUND:
                raise
            break  # deleted since
        before = len(every)
        every |= {str(item.get("id")): item for item in page.get("comments") or []}
        if len(every) == before or len(every) >= int(page.get("total") or 0):
            break
    return list(every.values())


def _files(site: Site, issue: Mapping[str, Any]) -> Iterator[tuple[int, Remark]]:
    for item in (issue.get("fields") or {}).get("attachment") or []:
        name, url, size = str(item.get("filename", "")), str(item.get("content", "")), item.get("size")
        at, remark = _made(item, str(issue["id"]), "attachment", name, url)
        kind = str(item.get("mimeType") or "")
        told = size if isinstance(size, int) else None
        yield at, replace(remark, size=told, content_type=kind, own=_is_ours(site, item.get("author") or {}))


def _is_ours(site: Site, author: Mapping[str, Any]) -> bool:
    """Tell whether our own account added a file: people are known by an id on Cloud, by a name on Data Center."""
    account = site.lookups.account()
    name = "accountId" if site.connection.cloud else "name"
    return bool(author.get(name)) and author.get(name) == account.get(name)


def _made(item: Mapping[str, Any], ticket: str, kind: Any, shown: str, url: str) -> tuple[int, Remark]:
    """Return a remark with its instant; ids of comments and of files overlap, so that the kind is a part of ours."""
    author = item.get("author") or {}
    name = str(author.get("displayName") or author.get("name") or "")
    at = item.get("created")
    remark = Remark(ticket, f"{kind}:{item.get('id', '')}", kind, name, instants.read(at), shown, url)
    return instants.milliseconds(at), remark
