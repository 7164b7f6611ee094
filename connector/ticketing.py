"""The port to a ticketing platform: what the flows ask of an adapter, in the field's words and none of a vendor's.

Records and their neutral fields (a mapping file says which platform field each one is):

- `incident`, read: number, summary, state (new in_progress on_hold resolved closed cancelled), priority (1..5),
  major_state ("" where the platform has no such field; else none proposed accepted rejected cancelled), opened_at,
  resolved_at, closed_at, updated_at, outage_began_at, ci, service, component, label (lists of names), parent (id),
  project, issue_type, assignment_group. Written: continuity_plan, continuity_phase, recovery_status (text),
  recovery_progress (0..100), rto_due (instant), continuity_link (address).
- `activation`, written (on platforms where an activation is a ticket of its own): title, text, project, due_at, state,
  continuity_link, and the status fields of `incident`.
- `recovery_task`, written: title, text, state (pending open in_progress done failed skipped), team, assignee, order,
  priority (1 most urgent), due_at, incident (id), parent (id of the activation's ticket), project, required,
  continuity_link, continuity_plan, lasting (true: must outlive its incident). Read: state, assignee, answer (what a
  person wrote on closing), incident, closed_at, updated_at.
- `review`, written: title, text, state (open done), due_at, team, incident, project, parent, continuity_link. Read:
  state.
- `service`, a continuity record, both ways as the mapping says: name, criticality (1 most critical .. 4), rto, rpo,
  mtpd (whole seconds), owner (a person's name), text (what it is and depends on), project, updated_at.
- `plan`, a continuity record, both ways: title, summary, text (the whole plan in Markdown), scenario, owner (who
  decides on it), services (names), review_at and tested_at (days), project, updated_at.
- `plan_task`, a continuity record, both ways: a recovery task as its plan states it, not one of an activation. title,
  text (what is to be done, in Markdown), phase (activation containment recovery return_to_normal), order (1 is the
  plan's first), team, role (names), duration (expected, whole seconds), required, after (titles of tasks), plan (id of
  the plan's ticket on the same connection), project, updated_at.

Instants are aware UTC datetimes in `Ticket.values`, ISO 8601 text in `Write.values` (they are stored as JSON).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Literal, Protocol

from connector.problem import Problem

Record = Literal["incident", "activation", "recovery_task", "review", "service", "plan", "plan_task"]
KEPT: tuple[Record, ...] = ("service", "plan", "plan_task")
"""The continuity records: they stand in the files, and may be kept in step with a platform; a plan before its tasks."""
Action = Literal["create", "update", "link", "attach"]
Status = Literal["done", "refused", "retry", "unclear"]


@dataclass(frozen=True)
class Ticket:
    """A record as read from a platform.

    `id` is the platform's immutable id, `number` what people call it, `version` a number that grows with each change
    (what they are on each platform: adapters/README.md). `key` is our own key when we created the ticket. `values`
    holds neutral fields (of an `other` ticket its issue_type, if any), `problems` what could not be mapped (with what
    to add to the mapping), `raw` the platform's record. `deleted` tickets have no values. `made_at` is when the record
    was made there, which never changes; None where that is not told, or where ids are never used again.
    """

    connection: str
    record: Record | Literal["other"]
    id: str
    number: str
    url: str
    version: int
    values: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    problems: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    made_at: datetime | None = None


@dataclass(frozen=True)
class Write:
    """One change to make on a platform; `key` makes it idempotent and never changes across retries.

    `create` makes the record (values; no id). `update` sets `values` on ticket `id` and adds `note`, which only the
    desk sees, marked so that it can be found again. `link` puts a remote link (values: global_id, url, title, summary,
    resolved) on ticket `id`. `attach` adds the file `content`, open at its beginning, to ticket `id` (values: file, its
    name; size, its exact number of bytes; type); whether an earlier try landed the caller has seen by `remarks`.
    `about` holds facts of the ticket that a mapping's conditions may ask (neutral fields, `service`,
    `assignment_group`, `exercise`). `unclear_since` is set when an earlier try may have landed: the adapter looks
    before it writes again.
    """

    key: str
    action: Action
    record: Record
    id: str = ""
    number: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    unclear_since: datetime | None = None
    content: IO[bytes] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Outcome:
    """What became of a `Write`.

    `done`: it stands on the platform (`id`, `number`, `url`, `version` of the ticket; `warnings` name values that did
    not stick, fallbacks taken, or duplicates found); of an `attach` the `id` is the file's, as `remarks` tells it.
    `refused`: the platform said no and will again (`reason`). `retry`: it certainly had no effect; try again after
    `retry_after` seconds (None: our own back-off). `unclear`: it may have had its effect (dropped connection, timeout,
    5xx): try again with `unclear_since` set.
    """

    key: str
    status: Status
    id: str = ""
    number: str = ""
    url: str = ""
    version: int | None = None
    warnings: tuple[str, ...] = ()
    reason: str = ""
    retry_after: float | None = None


@dataclass(frozen=True)
class Watch:
    """What a poll asks for: records changed since `since` (None: all), of these kinds and ids.

    `majors`: open major incidents, known to us or not. `incidents`: ids of incidents we follow (and their children).
    `activations`: keys of running activations, whose tasks we follow; each write's key begins with its activation's.
    """

    since: datetime | None
    majors: bool = True
    incidents: tuple[str, ...] = ()
    activations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of a listing; `next` is what to ask for the following one with, "" at the end.

    `nowhere`: the platform has no place where records of this kind could stand, so that none can be made.
    """

    tickets: tuple[Ticket, ...]
    next: str = ""
    nowhere: bool = False


@dataclass(frozen=True)
class Remark:
    """What a person added to a ticket: a comment, or a file (`attachment`).

    `ticket` is the ticket's id. `id` is the remark's own, the same whenever it is read, and no other's on the
    connection. `author` is a name as people know it. `written_at` is None where the platform does not tell it for
    certain. `text` is what was written, in plain text or Markdown; of a file its name. `url` is where the file is,
    `size` its bytes and `content_type` its type as told there, `own` whether the account that we sign in with added it.
    """

    ticket: str
    id: str
    kind: Literal["comment", "attachment"]
    author: str
    written_at: datetime | None
    text: str
    url: str = ""
    size: int | None = None
    content_type: str = ""
    own: bool = False


class Sink(Protocol):
    """Takes a file's content in pieces; raises Refused for more than was told, Unavailable when it takes too long."""

    def write(self, part: bytes, /) -> object: ...


@dataclass(frozen=True)
class Names:
    """Names that will be needed, so that an adapter can look them up before the bad hour."""

    teams: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    cis: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traits:
    """What differs between platforms and matters to the flows.

    `tasks_close_with_incident`: closing an incident closes its tasks without a person's verdict.
    `activation_is_ticket`: an activation gets a ticket of its own, to be created before its tasks (one per project).
    `remote_links`: tickets carry links with a title and a resolved mark.
    `versions_are_instants`: `Ticket.version` is an instant in epoch milliseconds rather than a count of changes.
    `writes_per_call`: how many writes one call carries, as a rule.
    """

    tasks_close_with_incident: bool = False
    activation_is_ticket: bool = False
    remote_links: bool = False
    versions_are_instants: bool = False
    writes_per_call: int = 1


@dataclass(frozen=True)
class Account:
    """Who we are on the platform, and what a live check found wrong."""

    name: str
    problems: tuple[Problem, ...] = ()


class Unavailable(Exception):
    """The platform could not be read now (no answer, 429, 5xx): try later, after `retry_after` seconds if given."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(Exception):
    """The platform will not answer this read (401, 403, 404, a bad query): a person has to mend something."""


class Ticketing(Protocol):
    """One connection to one platform. Safe to call from several threads."""

    @property
    def connection(self) -> str: ...

    @property
    def platform(self) -> str: ...

    @property
    def traits(self) -> Traits: ...

    def parse(self, raw: Mapping[str, Any]) -> Ticket:
        """Turn a platform's record, as read or as sent in a webhook, into a ticket. Raises nothing: see `problems`."""
        ...

    def read(self, record: Record, ids: Sequence[str]) -> list[Ticket]:
        """Read tickets as they stand now, from the database and not from an index; `ids` may also be numbers.

        One that does not exist is left out. Raises Unavailable, Refused.
        """
        ...

    def changed(self, watch: Watch) -> list[Ticket]:
        """Read what changed, in one call when nothing did. Raises Unavailable, Refused."""
        ...

    def listing(self, record: Record, *, since: datetime | None = None, after: str = "") -> Page:
        """Read one page of all records of a kind (one of `KEPT`), in one call; whether we made them or not.

        `since`: only those changed from then on, to the platform's precision. `after`: the `next` of the page before.
        Records that change between two pages are neither skipped nor keep a listing from ending. Deleted ones are not
        listed. Raises Unavailable, Refused.
        """
        ...

    def remarks(self, record: Record, ids: Sequence[str], since: datetime | None = None) -> list[Remark]:
        """Read what people wrote on tickets, and the files they added, from an instant on (None: all).

        Our own notes are left out, by their marks and not by their author. The remarks of a ticket come in the order
        in which they were made; some from before `since` may be among them. Few calls, whatever the number of tickets.
        Raises Unavailable, Refused.
        """
        ...

    def content(self, file: Remark, into: Sink) -> None:
        """Read the content of a file that `remarks` told of, in pieces. Raises Unavailable, Refused.

        Nobody but the platform itself is given our credentials, wherever it says that the content is.
        """
        ...

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Make the changes in as few calls as the platform allows; one outcome per write, in order; never raises."""
        ...

    def warm(self, names: Names) -> tuple[Problem, ...]:
        """Look names up ahead of need and keep them; problems name what does not exist. Raises Unavailable, Refused."""
        ...

    def check(self, names: Names) -> Account:
        """Connect and compare what the mappings need with what the account sees. Raises Unavailable, Refused."""
        ...

    def preflight(self, writes: Sequence[Write]) -> tuple[Problem, ...]:
        """Compose creates against what the platform would accept now; changes nothing.

        One problem for each reason why a write would be refused (`error`) or lose a value (`warning`). Its `where`
        begins with the write's key and a colon, so that the caller can name the plan and task instead, and goes on with
        the field. The ids of other tickets in the writes (`incident`, `parent`) are made up: that there is a parent
        counts, which one does not. Asks at most a few questions when what it needs is known. Raises Unavailable,
        Refused.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
