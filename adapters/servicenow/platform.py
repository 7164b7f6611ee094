"""ServiceNow as a ticketing platform: the port's methods over one connection."""

from __future__ import annotations

from collections.abc import Mapping as Facts
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from adapters.servicenow import inspection, polling, preflight, query, records
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.credentials import BasicAuth, Credentials, sign_in
from adapters.servicenow.lookups import Lookups, Name
from adapters.servicenow.polling import Listing
from adapters.servicenow.rest import Failed, OnCall, Rest, failure
from adapters.servicenow.sending import Sender
from adapters.servicenow.writes import Composer
from connector.problem import Problem
from connector.ticketing import Account, Names, Outcome, Record, Refused, Ticket, Traits, Unavailable, Watch, Write
from mappings.library import Mappings
from mappings.transforms import scalar

_MAJOR = "major_state"


class ServiceNow:
    """One connection to one instance; implements `connector.ticketing.Ticketing`.

    `timeout` is in seconds and holds for each call. `major_incident_management` says whether the instance uses the
    plugin (`auto`: found out by looking at an incident; False: its state reads as "" even where it stands).
    `major_query` replaces the condition by which the poll finds incidents that may be major (an encoded query; by
    default priority 1 and 2, and what is proposed or accepted).
    """

    def __init__(
        self,
        connection: str,
        url: str,
        auth: Credentials,
        mappings: Mappings,
        *,
        timeout: float = 10.0,
        page_size: int = 200,
        fallback_team: str = "",
        major_incident_management: Literal["auto"] | bool = "auto",
        major_query: str = "",
        on_call: OnCall | None = None,
    ) -> None:
        self._connection = connection
        self._url = url.rstrip("/")
        self._auth = auth
        self._mappings = mappings = mappings.on(connection)
        self._page = page_size
        self._fallback = fallback_team
        self._major_query = major_query
        self._plugin: bool | None = None if major_incident_management == "auto" else major_incident_management
        self._ignore_major_state = major_incident_management is False
        self._lookups = Lookups()
        self._rest = Rest(self._url, sign_in(self._url, auth, timeout), timeout, on_call)
        self._composer = Composer(mappings, self._lookups, fallback_team)
        self._sender = Sender(self._url, self._rest, mappings, self._lookups, fallback_team)

    @property
    def connection(self) -> str:
        return self._connection

    @property
    def platform(self) -> str:
        return "servicenow"

    @property
    def traits(self) -> Traits:
        return Traits(tasks_close_with_incident=True)

    def parse(self, raw: Facts[str, Any]) -> Ticket:
        """Turn a record (plain, with display values, or with links) into a ticket; its class names its table."""
        ticket = records.parse(self._connection, self._url, self._mappings, raw, self._lookups.name_of)
        if self._ignore_major_state and ticket.values.get(_MAJOR):
            return replace(ticket, values={**ticket.values, _MAJOR: ""})
        return ticket

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        """Read tickets by sys_id or number, in one call; those that are gone or hidden are left out."""
        mapping = self._mappings[record]
        wanted = [given for given in dict.fromkeys(ids) if given]
        if not wanted:
            return []
        try:
            asked = list(polling.of_ids(mapping, wanted))
        except query.Unsafe as error:
            raise Refused(str(error)) from error
        found: dict[str, Ticket] = {}
        for ticket in self._tickets(asked):
            found[ticket.id] = found[ticket.number] = ticket
        return list({found[given].id: found[given] for given in wanted if given in found}.values())

    def changed(self, watch: Watch) -> list[Ticket]:
        """Read what changed in one call, with further ones only where a page was full."""
        if watch.majors and self._plugin is None:
            self._plugin = self._look_for_plugin()
        try:
            asked = list(polling.listings(self._mappings, watch, major_query=self._major_condition()))
        except query.Unsafe as error:
            raise Refused(str(error)) from error
        # Names that grow old are asked for in the same call, so that an activation finds them known.
        aging = self._lookups.aging() if asked else []
        return self._tickets(asked, aging)

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Make the changes in one Batch call (and one before it where names or an earlier try must be looked up)."""
        return self._sender.send(writes)

    def warm(self, names: Names) -> tuple[Problem, ...]:
        """Look all names up in one call; problems name those that do not exist, or bear a name twice."""
        self._look_up(_wanted(names, self._fallback))
        return tuple(self._unknown(names))

    def check(self, names: Names) -> Account:
        """Sign in and compare what the mappings need with what the account sees; changes nothing."""
        user = self._auth.user if isinstance(self._auth, BasicAuth) else ""
        # What the account may not read is a finding, no failure; that it may sign in is asked for.
        account, *rest = inspection.questions(self._mappings, user)
        answers = self._asked([account], rest)
        answers |= self._asked([], inspection.follow_up(answers))
        found = inspection.findings(self._connection, self._mappings, user, answers)
        return Account(found.name, (*found.problems, *self.warm(names)))

    def preflight(self, writes: Sequence[Write]) -> tuple[Problem, ...]:
        """Compose each create as a send would; names that are not known are asked for in one call."""
        self._look_up(preflight.names(self._mappings, writes, self._fallback))
        return tuple(preflight.problems(self._composer, writes))

    def close(self) -> None:
        """Give back connections; a later call opens new ones."""
        self._rest.close()

    def _look_up(self, wanted: Sequence[Name]) -> None:
        """Learn the names that are not known. Raises Unavailable, Refused."""
        missing = self._lookups.missing(wanted)
        if missing:
            refused = self._lookups.learn(missing, self._asked(self._lookups.requests(missing)))
            if refused:
                raise Refused(f"names cannot be looked up: {'; '.join(refused)}")

    def _tickets(self, asked: Sequence[Listing], aging: Sequence[Name] = ()) -> list[Ticket]:
        rows: list[dict[str, Any]] = []
        pages = {str(number): (listing, 0) for number, listing in enumerate(asked)}
        beside = self._lookups.requests(aging)
        while pages:
            asking = [listing.page(name, self._page, start) for name, (listing, start) in pages.items()]
            answers = self._asked(asking, beside)
            self._lookups.learn(aging, answers)
            aging, beside = (), []
            rows += [dict(row) for name in pages for row in answers[name].rows]
            pages = {
                name: (listing, start + self._page)
                for name, (listing, start) in pages.items()
                if polling.more(answers[name], self._page, start)
            }
        return [self.parse(row) for row in polling.newest(rows)]

    def _asked(self, inners: Sequence[Inner], beside: Sequence[Inner] = ()) -> dict[str, Answer]:
        """Make one call of reads; all but those `beside` must be answered well. Raises Unavailable, Refused."""
        if not inners and not beside:
            return {}
        try:
            answers = self._rest.batch([*inners, *beside], safe=True)
            late = [inner for inner in inners if inner.id not in answers]
            if late:
                # What the batch had no time for gets a batch of its own, once.
                answers |= self._rest.batch(late, safe=True)
            for inner in inners:
                _insist(inner, answers.get(inner.id))
        except Failed as error:
            if error.effect == "refused":
                raise Refused(f"{self._connection}: {error.reason}") from error
            raise Unavailable(f"{self._connection}: {error.reason}", error.retry_after) from error
        return answers

    def _look_for_plugin(self) -> bool | None:
        """Tell whether incidents have the plugin's column; None where there is no incident to look at."""
        item = self._mappings["incident"].named(_MAJOR)
        if item is None or not item.id:
            return False
        table = self._mappings["incident"].setting("table")
        url = query.listing(table, "", ("sys_id", item.id), display="false", limit=1)
        rows = self._asked([Inner("plugin", "GET", url)])["plugin"].rows
        return item.id in rows[0] if rows else None

    def _major_condition(self) -> str:
        if self._major_query:
            return self._major_query
        incident = self._mappings["incident"]
        priority, major = incident.named("priority"), incident.named(_MAJOR)
        conditions = [query.within(priority.id, ("1", "2"))] if priority is not None else []
        if self._plugin and major is not None:
            # Where the column is missing its condition would be ignored, and every incident match.
            theirs = [major.shape.ours[name] for name in ("proposed", "accepted") if name in major.shape.ours]
            conditions.append(query.within(major.id, theirs))
        return query.either(*conditions)

    def _unknown(self, names: Names) -> list[Problem]:
        problems: list[Problem] = []
        for kind, name in _wanted(names, self._fallback):
            if self._lookups.resolve(kind, name) is None:
                word = {"team": "active group", "user": "active user", "ci": "configuration item"}[kind]
                what = f"no {word} '{name}' (or several of that name) on the instance"
                fallback = f", or its tasks go to '{self._fallback}'" if name != self._fallback else ""
                hint = (
                    f"create it, or correct the name{fallback}" if kind == "team" else "create it, or correct the name"
                )
                level = "error" if kind == "team" and name == self._fallback else "warning"
                problems.append(Problem(f"connection {self._connection}", what, hint, level))
        return problems


def _wanted(names: Names, fallback: str) -> list[Name]:
    wanted: list[Name] = [("team", name) for name in (*names.teams, fallback) if name]
    wanted += [("user", name) for name in names.people if name]
    wanted += [("ci", name) for name in names.cis if name]
    return list(dict.fromkeys(wanted))


def _insist(inner: Inner, answer: Answer | None) -> None:
    """Raise Failed unless a read was answered whole."""
    if answer is None:
        raise Failed("unclear", "the batch ran out of time")
    if answer.good:
        return
    path = inner.url.partition("?")[0]
    if answer.status < 300:  # noqa: PLR2004 - a success with an error beside it: some rows are missing
        raise Failed("unclear", f"{path} was answered in part: {scalar(answer.reason, '')}")
    told = failure(answer.status, answer.reason.partition(": ")[2], answer.headers)
    raise Failed(told.effect, f"{path}: {told.reason}", told.retry_after)
