"""The ticketing port over one Jira."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.jira import delivery, files, listing, preflight, readiness, remarks, search, ticket
from adapters.jira.connection import Connection, Credentials, Flavour
from adapters.jira.fault import ODD, NoEffect, Rejected, Unclear
from adapters.jira.homes import Homes
from adapters.jira.lookups import Lookups
from adapters.jira.originals import Originals
from adapters.jira.shelf import Shelf
from adapters.jira.site import Site
from connector.call import OnCall
from connector.problem import Problem
from connector.ticketing import (
    Account,
    Names,
    Outcome,
    Page,
    Record,
    Refused,
    Remark,
    Sink,
    Ticket,
    Traits,
    Unavailable,
    Watch,
    Write,
)
from mappings.library import Mappings


def _utc() -> datetime:
    return datetime.now(UTC)


class Jira:
    """One connection to Jira Cloud or Data Center; implements `connector.ticketing.Ticketing`.

    `auth` is (address or user name, API token or password), or a bearer token as one text. `project` takes what names
    no project. `projects` are those whose open incidents a poll reads (empty: all that the account sees).
    `fallback_team` gets tasks whose team Jira does not know. `timeout` is in seconds, per call. `search_lag` is how
    many seconds Jira's index may be behind: an activation's or review's create that may have landed is not made again
    before. `keeps` are the continuity records that are kept in step here: others' mappings are not checked. `page` is
    how many issues a page of a listing holds. `on_call` is told of each call.
    """

    def __init__(
        self,
        connection: str,
        url: str,
        auth: Credentials,
        mappings: Mappings,
        *,
        flavour: Flavour,
        project: str,
        projects: Sequence[str] = (),
        fallback_team: str = "",
        timeout: float = 10.0,
        search_lag: float = 15.0,
        keeps: frozenset[Record] = frozenset(),
        page: int = 100,
        on_call: OnCall | None = None,
        now: Callable[[], datetime] = _utc,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        shelf = Shelf()
        way = Connection(url, auth, flavour, timeout=timeout, on_call=on_call, sleep=sleep)
        self._site = Site(
            name=connection,
            connection=way,
            lookups=Lookups(way, shelf),
            shelf=shelf,
            mappings=mappings.on(connection),
            project=project,
            projects=tuple(projects),
            fallback_team=fallback_team,
            search_lag=search_lag,
            originals=Originals(),
            homes=Homes(),
            now=now,
            keeps=keeps,
            page=page,
        )

    @property
    def connection(self) -> str:
        return self._site.name

    @property
    def platform(self) -> str:
        return "jira"

    @property
    def traits(self) -> Traits:
        return Traits(
            tasks_close_with_incident=False, activation_is_ticket=True, remote_links=True, versions_are_instants=True
        )

    def parse(self, raw: Mapping[str, Any]) -> Ticket:
        return ticket.parse(self._site, raw)

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        """Read issues of any record: an id or a key says enough; `record` is what one is where nothing else tells."""
        with _told():
            return search.read(self._site, record, ids)

    def changed(self, watch: Watch) -> list[Ticket]:
        with _told():
            return search.changed(self._site, watch)

    def listing(self, record: Record, *, since: datetime | None = None, after: str = "") -> Page:
        """Read one page in one search (`adapters.jira.listing` says why none is skipped), to the minute of `since`."""
        with _told():
            return listing.listed(self._site, record, since, after)

    def remarks(self, record: Record, ids: Sequence[str], since: datetime | None = None) -> list[Remark]:
        del record
        with _told():
            return remarks.read(self._site, ids, since)

    def content(self, file: Remark, into: Sink) -> None:
        with _told():
            files.content(self._site, file, into)

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        return delivery.send(self._site, writes)

    def warm(self, names: Names) -> tuple[Problem, ...]:
        with _told():
            return readiness.warm(self._site, names)

    def check(self, names: Names) -> Account:
        with _told():
            return readiness.check(self._site, names)

    def preflight(self, writes: Sequence[Write]) -> tuple[Problem, ...]:
        with _told():
            return preflight.problems(self._site, writes)

    def field_labels(self, *, ask: bool = False) -> Mapping[str, str] | None:
        """Return the labels of the site's fields by id, None while they are not known and not to be asked for."""
        with _told():
            found = {item.id: item.name for item in self._site.lookups.fields()} if ask else None
        found = found or dict(self._site.lookups.field_names())
        # An issue's key stands beside its fields.
        return {"key": "Key", "id": "Id", **found} if found else None

    def fields_of(self, record: Record, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        del record
        return ticket.fields_of(raw)

    def close(self) -> None:
        self._site.connection.close()


@contextmanager
def _told() -> Iterator[None]:
    """Tell the faults of reading in the port's words."""
    try:
        yield
    except Rejected as error:
        raise Refused(str(error)) from error
    except NoEffect as error:
        raise Unavailable(str(error), error.retry_after) from error
    except Unclear as error:
        raise Unavailable(str(error)) from error
    except listing.Misplaced as error:
        raise Refused(str(error)) from error
    except ODD as error:
        raise Unavailable(f"Jira's answer could not be understood ({type(error).__name__}: {error})") from error
