"""Files on issues: what is in them, and files that are added.

By Atlassian's description of the REST interface: `POST /issue/{id}/attachments` takes a form with parts called `file`,
413 for one beyond `uploadLimit`, which `GET /attachment/meta` tells with whether files are taken at all. On Cloud
`GET /attachment/content/{id}` gives the content, or sends to it at another service by an address that is good without
signing in, unless asked not to; nobody but Jira gets our credentials, and only https is followed. Data Center has no
such call: there the content is at `/secure/attachment/{id}/{name}`, which sends to its login page what it does not let
in (with a personal access token, some releases do so always, as users report).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from uuid import uuid4

import requests

from adapters.body import Body
from adapters.jira import outcome
from adapters.jira.fault import NoEffect, Rejected, Unclear, answered, silent
from adapters.jira.site import Site
from connector.file_name import sized
from connector.ticketing import Outcome, Remark, Sink, Write

_PIECE = 65_536
_KIND = "attachment:"


def content(site: Site, file: Remark, into: Sink) -> None:
    """Read a file in pieces. Raises the faults of a read, and what `into` raises."""
    number = file.id.removeprefix(_KIND)
    if not number.isdigit():
        raise Rejected(404, ("there is no such file",))
    with _opened(site, number, file.text) as response:
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and not file.content_type.startswith("text/html"):
            raise Unclear("Jira answered with a page instead of the file")
        for piece in response.iter_content(_PIECE):
            into.write(piece)


@contextmanager
def _opened(site: Site, number: str, name: str) -> Iterator[requests.Response]:
    way = site.connection
    if not way.cloud:
        address = f"{way.url}/secure/attachment/{number}/{quote(name, safe='')}"
        with way.download(address, "/secure/attachment") as response:
            if response.is_redirect:
                told = "it sends to its login page: this server does not let the account have files"
                raise Rejected(response.status_code, (told,))
            yield response
        return
    address = f"{way.url}/rest/api/3/attachment/content/{number}"
    with way.download(address, "/attachment/content/{id}", {"redirect": "false"}) as response:
        if not response.is_redirect:
            yield response
            return
        target = urljoin(address, response.headers["Location"])
    with _elsewhere(site, target) as response:
        yield response


@contextmanager
def _elsewhere(site: Site, target: str) -> Iterator[requests.Response]:
    """Ask for a file where Jira says that it is, as nobody, and go no further."""
    there, here = urlsplit(target), urlsplit(site.connection.url)
    if there.scheme != "https" and (there.scheme, there.netloc) != (here.scheme, here.netloc):
        raise Rejected(303, (f"it sends to {there.scheme}://{there.hostname}, which is not followed: it is not https",))
    try:
        with requests.get(
            target,
            auth=_nobody,
            headers={"Accept-Encoding": "identity"},
            timeout=site.connection.timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            if not response.ok or response.is_redirect:
                told = f"the file could not be had from {there.hostname}"
                raise answered(max(response.status_code, 400), {"message": told}, "", None)
            yield response
    except requests.RequestException as error:
        raise silent(error, site.connection.timeout) from None


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign nothing; without it `requests` would look for a password in the machine's own files."""
    return request


def attach(site: Site, write: Write) -> Outcome:
    """Add a file to an issue. Raises the faults of a call."""
    size = int(write.values["size"])
    try:
        limits = site.shelf.get("files", lambda: site.connection.get("/attachment/meta"))
    except (NoEffect, Rejected, Unclear) as error:
        return outcome.unread(write, error)
    reason = _hindrance(limits if isinstance(limits, Mapping) else {}, size)
    if reason or write.content is None:
        return Outcome(write.key, "refused", write.id, write.number, reason=reason or "there is no content")
    edge = uuid4().hex
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{write.values["file"]}"\r\n'
        f"Content-Type: {write.values['type']}\r\n\r\n"
    )
    body = Body(write.content, size, head.encode(), f"\r\n--{edge}--\r\n".encode())
    answer = site.connection.upload(f"/issue/{write.id}/attachments", body, f"multipart/form-data; boundary={edge}")
    return Outcome(write.key, "done", f"{_KIND}{answer[0]['id']}", write.number)


def _hindrance(limits: Mapping[str, Any], size: int) -> str:
    if limits.get("enabled") is False:
        return "files on issues are switched off in Jira"
    most = limits.get("uploadLimit")
    return f"Jira takes files up to {sized(most)}" if isinstance(most, int) and size > most else ""
