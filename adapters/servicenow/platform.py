"""ServiceNow as a ticketing platform: the port's methods over one connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Facts
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from adapters.servicenow import inspection, listing, polling, preference, preflight, query, records, remarks
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.binding import Binding
from adapters.servicenow.credentials import BasicAuth, Credentials, sign_in
from adapters.servicenow.files import Files
from adapters.servicenow.lookups import Lookups, Name
from adapters.servicenow.needed import Needed, unfound
from adapters.servicenow.polling import Listing
from adapters.servicenow.rest import ODD, Failed, Rest, failure
from adapters.servicenow.sending import Sender, cautious
from adapters.servicenow.writes import Composer
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
from mappings.transforms import scalar

_MAJOR = "major_state"


class ServiceNow:
    """One connection to one instance; implements `connector.ticketing.Ticketing`.

    `timeout` is in seconds and holds for each call. `page_size` and `listing_size` are rows of a page, of a poll and of
    a listing: the platform gives at most 10,000 at once. `major_incident_management` says whether the instance uses the
    plugin (`auto`: found out by looking at an incident; False: its state reads as "" even where it stands).
    `major_query` replaces the condition by which the poll finds incidents that may be major (an encoded query; by
    default priority 1 and 2, and what is proposed or accepted). `keeps` are the continuity records that are kept in
    step here: checks look at their mappings only then.
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
        listing_size: int = 2500,
        fallback_team: str = "",
        major_incident_management: Literal["auto"] | bool = "auto",
        major_query: str = "",
        keeps: frozenset[Record] = frozenset(),
        on_call: OnCall | None = None,
    ) -> None:
        self._connection = connection
        self._url = url.rstrip("/")
        self._auth = auth
        self._binding = Binding(mappings.on(connection))
        self._keeps = keeps
        self._page = page_size
        self._listing_size = listing_size
        self._fallback = fallback_team
        self._major_query = major_query
        self._plugin: bool | None = None if major_incident_management == "auto" else major_incident_management
        self._ignore_major_state = major_incident_management is False
        self._lookups = Lookups()
        self._rest = Rest(self._url, sign_in(self._url, auth, timeout), timeout, on_call)
        self._composer = Composer(self._binding, self._lookups, fallback_team)
        self._sender = Sender(self._url, self._rest, self._binding, self._lookups, fallback_team)
        self._files = Files(self._rest, self._binding)
        self._user = auth.user if isinstance(auth, BasicAuth) else ""

    @property
    def _mappings(self) -> Mappings:
        return self._binding.mappings

    @property
    def connection(self) -> str:
        return self._connection

    @property
    def platform(self) -> str:
        return "servicenow"

    @property
    def traits(self) -> Traits:
        return Traits(tasks_close_with_incident=True, writes_per_call=50)

    def parse(self, raw: Facts[str, Any]) -> Ticket:
        """Turn a record (plain, with display values, or with links) into a ticket; its class names its table."""
        self._bind()
        ticket = records.parse(self._connection, self._url, self._mappings, raw, self._lookups.name_of)
        if ticket.record != "other":
            unread = (str(problem) for problem in self._binding.unread(ticket.record))
            ticket = replace(ticket, problems=(*ticket.problems, *unread))
        if self._ignore_major_state and ticket.values.get(_MAJOR):
            return replace(ticket, values={**ticket.values, _MAJOR: ""})
        return ticket

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        """Read tickets by sys_id or number, in one call; those that are gone or hidden are left out."""
        self._bind()
        self._place([record])
        mapping = self._mappings[record]
        wanted = [given for given in dict.fromkeys(ids) if given]
        if not wanted or records.nowhere(mapping):
            return []
        try:
            asked = list(polling.of_ids(mapping, wanted))
        except query.Unsafe as error:
            raise Refused(str(error)) from error
        found: dict[str, Ticket] = {}
        for ticket in self._tickets(asked):
            if not ticket.deleted:
                found[ticket.id] = found[ticket.number] = ticket
        return list({found[given].id: found[given] for given in wanted if given in found}.values())

    def changed(self, watch: Watch) -> list[Ticket]:
        """Read what changed in one call, with further ones only where a page was full."""
        self._bind()
        if watch.majors and self._plugin is None:
            self._plugin = self._look_for_plugin()
        try:
            asked = list(polling.listings(self._mappings, watch, major_query=self._major_condition()))
        except query.Unsafe as error:
            raise Refused(str(error)) from error
        # Names that grow old are asked for in the same call, so that an activation finds them known.
        aging = self._lookups.aging() if asked else []
        return self._tickets(asked, aging)

    def listing(self, record: Record, *, since: datetime | None = None, after: str = "") -> Page:
        """Read one page of a kind in one call, by sys_id; archived ones are told only among changes (`since`)."""
        self._bind()
        self._place([record])
        if records.nowhere(self._mappings[record]):
            return Page((), nowhere=True)
        try:
            here = listing.place(after)
            asked = listing.question(self._mappings[record], since, here)
            answer = self._asked([asked.page(record, self._listing_size, here.skip)])[record]
            following = listing.following(here, answer, self._listing_size)
        except (ValueError, listing.Unpaged) as error:  # a query that is not safe is a ValueError too
            raise Refused(f"{self._connection}: {error}") from error
        tickets = (self.parse(_classed(row, asked.table)) for row in answer.rows)
        found = (ticket for ticket in tickets if ticket.record == record)
        return Page(tuple(ticket for ticket in found if since is not None or not ticket.deleted), following)

    def remarks(self, record: Record, ids: Sequence[str], since: datetime | None = None) -> list[Remark]:
        """Read the journals of records and the files on them, in one call for a hundred records."""
        self._bind()
        self._place([record])
        mapping = self._mappings[record]
        wanted = [given for given in dict.fromkeys(ids) if records.is_sys_id(given)]
        asked = list(remarks.listings(mapping, wanted, since))
        return remarks.read(mapping, self._rows(asked), since, self._own_name)

    def content(self, file: Remark, into: Sink) -> None:
        try:
            self._files.content(file, into)
        except Failed as error:
            if error.effect == "refused":
                raise Refused(f"{self._connection}: {error.reason}") from error
            raise Unavailable(f"{self._connection}: {error.reason}", error.retry_after) from error

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Make the changes in one Batch call (and one before it where names or an earlier try must be looked up)."""
        self._bind(pressing=True)
        unplaced = self._unplaced(writes)
        found = dict(unplaced)
        found |= {
            item.key: self._files.attach(item) for item in writes if item.action == "attach" and item.key not in found
        }
        sent = iter(self._sender.send([write for write in writes if write.key not in found]))
        return [found[write.key] if write.key in found else next(sent) for write in writes]

    def warm(self, names: Names) -> tuple[Problem, ...]:
        """Look all names up in one call; problems name those that do not exist, or bear a name twice."""
        self._bind()
        needed = Needed(self._connection, self._mappings, self._fallback, names)
        self._look_up(needed.wanted())
        return tuple(needed.unknown(self._lookups))

    def check(self, names: Names) -> Account:
        """Sign in and compare what the mappings need with what the account sees; changes nothing."""
        user = self._auth.user if isinstance(self._auth, BasicAuth) else ""
        # What the account may not read is a finding, no failure; that it may sign in is asked for.
        account = self._asked([inspection.who(user)])["account"]
        unused = (_MAJOR,) if self._ignore_major_state else ()
        said = inspection.concerned(self._binding.said, self._keeps)
        found = inspection.inspected(self._connection, said, user, self._ask, account, unused=unused)
        self._binding.learn_all(found.dictionary, said.records)
        named = list(inspection.fallbacks(inspection.concerned(self._mappings, self._keeps)))
        told = self.warm(names)
        self._look_up([name for _, _, name in named])
        lost = (unfound(*each) for each in named if self._lookups.resolve(*each[2]) is None)
        return Account(found.name, (*found.problems, *told, *lost))

    def preflight(self, writes: Sequence[Write]) -> tuple[Problem, ...]:
        """Compose each create as a send would, against the dictionary as it stands now; a few calls, none writes."""
        kept = self._keeps | {write.record for write in writes}
        said = inspection.concerned(self._binding.said, kept)
        found, _ = inspection.described(self._ask, said)
        self._binding.learn_all(found, said.records)
        self._look_up(preflight.names(self._mappings, writes, self._fallback))
        return tuple(preflight.problems(self._composer, found, self._binding.said, writes))

    def field_labels(self, *, ask: bool = False) -> Facts[str, str] | None:
        """Return what mappings call the columns, by column; {} where they name them all as the platform does."""
        if ask:
            self._bind()
        return None if self._binding.due() else self._binding.called()

    def fields_of(self, record: Record, raw: Facts[str, Any]) -> Facts[str, Any]:
        return records.fields_of(self._mappings[record], raw)

    def close(self) -> None:
        """Give back connections; a later call opens new ones."""
        self._rest.close()

    def _own_name(self) -> str:
        """Return the user name of our account, "" where the platform does not tell it. Raises Unavailable."""
        if not self._user:
            try:
                rows = self._asked([inspection.who("")])["account"].rows
            except Refused:
                return ""
            self._user = scalar(rows[0].get("user_name"), "") if len(rows) == 1 else ""
        return self._user

    def _ask(self, inners: Sequence[Inner]) -> dict[str, Answer]:
        """Make one call of reads, of which any may be refused. Raises Unavailable, Refused."""
        return self._asked([], inners)

    def _bind(self, *, pressing: bool = False) -> None:
        """Ask which columns bear the labels that mappings name, where that is not known; never raises."""
        if not self._binding.due(pressing=pressing):
            return
        try:
            self._binding.learn(self._rest.batch(self._binding.requests(), safe=True))
        except (Failed, *ODD):
            self._binding.learn(None)

    def _place(self, given: Iterable[Record]) -> None:
        """Find out on which table records stand, where their mappings prefer one. Raises Unavailable, Refused."""
        records = list(given)
        asked = self._binding.placing(records)
        if asked:
            try:
                self._binding.place(self._ask(asked))
            except (Unavailable, Refused):
                # What was known before does.
                if self._binding.unplaced(records):
                    raise
        if self._binding.unplaced(records):
            raise Unavailable(f"{self._connection}: it could not be found out on which table they stand")

    def _unplaced(self, writes: Sequence[Write]) -> dict[str, Outcome]:
        """Return the outcomes of writes that cannot be sent, as it is not known where their records stand."""
        asked = {write.record for write in writes}
        try:
            self._place(asked)
        except Unavailable as error:
            told: Literal["retry", "refused"] = "retry"
            reason, wait = str(error), error.retry_after
        except Refused as error:
            told, reason, wait = "refused", str(error), None
        else:
            return self._homeless(writes)
        lost = self._binding.unplaced(asked)
        return {
            write.key: cautious(write, Outcome(write.key, told, id=write.id, reason=reason, retry_after=wait))
            for write in writes
            if write.record in lost
        }

    def _homeless(self, writes: Sequence[Write]) -> dict[str, Outcome]:
        """Return the outcomes of writes whose records have no table on this instance."""
        lost = {write.record for write in writes if records.nowhere(self._mappings[write.record])}
        said = {record: preference.preferred(self._binding.said[record]) for record in lost}
        return {
            write.key: Outcome(
                write.key, "refused", id=write.id, reason=f"the instance has no table {said[write.record]} to write to"
            )
            for write in writes
            if write.record in lost
        }

    def _look_up(self, wanted: Sequence[Name]) -> None:
        """Learn the names that are not known. Raises Unavailable, Refused."""
        missing = self._lookups.missing(wanted)
        if missing:
            refused = self._lookups.learn(missing, self._asked(self._lookups.requests(missing)))
            if refused:
                raise Refused(f"names cannot be looked up: {'; '.join(refused)}")

    def _tickets(self, asked: Sequence[Listing], aging: Sequence[Name] = ()) -> list[Ticket]:
        rows = [_classed(row, item.table) for item, row in self._rows(asked, aging)]
        return [self.parse(row) for row in polling.newest(rows)]

    def _rows(self, asked: Sequence[Listing], aging: Sequence[Name] = ()) -> list[tuple[Listing, Facts[str, Any]]]:
        """Ask for all pages, one call for the pages of a number; names that grow old beside the first."""
        rows: list[tuple[Listing, Facts[str, Any]]] = []
        pages = {str(number): (item, 0) for number, item in enumerate(asked)}
        beside = self._lookups.requests(aging)
        while pages:
            asking = [item.page(name, self._page, start) for name, (item, start) in pages.items()]
            answers = self._asked(asking, beside)
            self._lookups.learn(aging, answers)
            aging, beside = (), []
            rows += [(item, row) for name, (item, _) in pages.items() for row in answers[name].rows]
            pages = {
                name: (item, start + self._page)
                for name, (item, start) in pages.items()
                if polling.more(answers[name], self._page, start)
            }
        return rows

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


def _classed(row: Facts[str, Any], table: str) -> dict[str, Any]:
    """Return a row with its class: on a table that nothing extends there is none, and the table is it."""
    return {"sys_class_name": table, **row}


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
