"""The platforms that there are, and how a connection to one is put together from the settings and the mappings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from adapters import jira, servicenow
from adapters.jira import replay as jira_replay
from adapters.servicenow import replay as servicenow_replay
from connector.call import Call, OnCall
from connector.condition import INCIDENT_VARIABLES, Condition
from connector.continuity_record import BESIDE, TAKEABLE, plain
from connector.flows.parts import Connection, Keeping, Received
from connector.mapping_version import MappingVersion, digest
from connector.problem import Invalid, Problem
from connector.record_merge import Carried, Rule
from connector.settings import ConnectionSettings, Settings
from connector.ticketing import KEPT, Record, Ticket, Ticketing
from mappings.library import Mappings
from mappings.mapping import Field, as_named
from mappings.mapping import Mapping as RecordMapping
from webhooks.envelope import EventReader
from webhooks.jira import event as jira_event
from webhooks.servicenow import event as servicenow_event
from webhooks.signature import fault

Called = Callable[[str, Call], None]
"""Is told of each call, with the connection's name."""


@dataclass(frozen=True)
class Platform:
    """What one platform consists of: its adapter, its event reader, and its rules where the admin writes none.

    `replay` gives what reads a stored message again without asking the platform. `needs` are the settings that a
    connection to it must have, beyond those that every connection must have.
    """

    adapter: Callable[[ConnectionSettings, Mappings, OnCall], Ticketing]
    reader: EventReader
    replay: Callable[[ConnectionSettings, Mappings], Callable[[Mapping[str, Any]], Ticket]]
    major: str
    note_for: str
    needs: tuple[str, ...] = ()


def _servicenow(settings: ConnectionSettings, mappings: Mappings, on_call: OnCall) -> Ticketing:
    auth = settings.auth
    management = {"auto": "auto", "present": True, "absent": False}[settings.major_incident_management]
    return servicenow.ServiceNow(
        settings.name,
        settings.url,
        servicenow.ClientCredentials(auth.client_id, auth.client_secret)
        if auth.client_id
        else servicenow.BasicAuth(auth.user, auth.password),
        mappings,
        timeout=settings.timeout.total_seconds(),
        fallback_team=settings.fallback_team,
        major_incident_management=management,  # type: ignore[arg-type]
        major_query=settings.poll_query,
        keeps=_kept(settings),
        on_call=on_call,
    )


def _jira(settings: ConnectionSettings, mappings: Mappings, on_call: OnCall) -> Ticketing:
    auth = settings.auth
    return jira.Jira(
        settings.name,
        settings.url,
        auth.token or (auth.user, auth.password),
        mappings,
        flavour=settings.flavour,  # type: ignore[arg-type]
        project=settings.project,
        projects=settings.poll_projects,
        fallback_team=settings.fallback_team,
        timeout=settings.timeout.total_seconds(),
        search_lag=settings.search_lag.total_seconds(),
        keeps=_kept(settings),
        on_call=on_call,
    )


def _kept(settings: ConnectionSettings) -> frozenset[Record]:
    return frozenset(record for record in KEPT if settings.records.get(record, "off") != "off")


def _replayed_servicenow(item: ConnectionSettings, mappings: Mappings) -> Callable[[Mapping[str, Any]], Ticket]:
    present = item.major_incident_management != "absent"
    return servicenow_replay.reader(item.name, item.url, mappings, major_incident_management=present)


def _replayed_jira(item: ConnectionSettings, mappings: Mappings) -> Callable[[Mapping[str, Any]], Ticket]:
    return jira_replay.reader(item.name, item.url, mappings, item.flavour)  # type: ignore[arg-type]


_NOTE_FOR = "priority == 1 || priority == 2"

PLATFORMS: Mapping[str, Platform] = {
    "servicenow": Platform(
        _servicenow,
        servicenow_event.read,
        _replayed_servicenow,
        "major_state == 'accepted' || (major_state == '' && priority == 1)",
        _NOTE_FOR,
    ),
    "jira": Platform(
        _jira,
        jira_event.read,
        _replayed_jira,
        "priority == 1 || 'major-incident' in label",
        _NOTE_FOR,
        needs=("project",),
    ),
}
NEEDS: Mapping[str, tuple[str, ...]] = {name: platform.needs for name, platform in PLATFORMS.items()}
"""What `connector.settings` has to know of the platforms."""


@dataclass(frozen=True)
class Rules:
    """The conditions of one connection, compiled."""

    major: Condition
    note_for: Condition
    incidents: Condition | None


def rules(settings: Settings) -> dict[str, Rules]:
    """Compile the conditions of every connection and check its secrets. Raises Invalid with all problems."""
    problems: list[Problem] = []
    found: dict[str, Rules] = {}
    for name, item in settings.connections.items():
        try:
            found[name] = _rules(settings, item)
        except Invalid as error:
            problems.extend(error.problems)
    if problems:
        raise Invalid(dict.fromkeys(problems))
    return found


def connect(
    settings: Settings, compiled: Mapping[str, Rules], version: MappingVersion, called: Called
) -> dict[str, Connection]:
    """Build every connection with a version of the mappings; nothing is called yet."""
    return {name: _connection(item, compiled[name], version, called) for name, item in settings.connections.items()}


def _rules(settings: Settings, item: ConnectionSettings) -> Rules:
    problems: list[Problem] = []

    def condition(field: str, source: str) -> Condition | None:
        try:
            return Condition(source, INCIDENT_VARIABLES, settings.where("connections", item.name, field))
        except Invalid as error:
            problems.extend(error.problems)
            return None

    platform = PLATFORMS[item.platform]
    major = condition("major", item.major or platform.major)
    note_for = condition("note_for", item.note_for or platform.note_for)
    incidents = condition("incidents", item.incidents) if item.incidents else None
    problems += _secret_faults(settings, item)
    if problems or major is None or note_for is None:
        raise Invalid(problems)
    return Rules(major, note_for, incidents)


def _connection(item: ConnectionSettings, compiled: Rules, version: MappingVersion, called: Called) -> Connection:
    platform = PLATFORMS[item.platform]
    mappings = version.mappings[item.platform]

    return Connection(
        ticketing=platform.adapter(item, comparable(mappings), partial(called, item.name)),
        open=partial(open_message, item.platform),
        major=compiled.major,
        note_for=compiled.note_for,
        incidents=compiled.incidents,
        desk_team=item.desk_team,
        project=item.project,
        review_project=item.review_project,
        poll=item.poll,
        timeout=item.timeout,
        mapping_version=version.id,
        audit_at=item.audit_at,
        wins={
            (record, field.source): field.wins  # type: ignore[misc]
            for record, mapping in mappings.records.items()
            for field in mapping.fields
            if field.wins
        },
        files=item.files,  # type: ignore[arg-type]
        largest_file=item.largest_file,
        keeps={
            record: replace(
                keeping(mappings.on(item.name)[record], create=item.records[record] == "create"),
                mapping=digest({item.platform: {record: version.content.get(item.platform, {}).get(record, ())}}),
            )
            for record in KEPT  # a plan before its tasks
            if record in _kept(item)
        },
    )


def comparable(mappings: Mappings) -> Mappings:
    """Return the mappings with those fields of continuity records read too that are only written.

    So a value that was changed on the platform is seen, and ours can be written back. Formatted texts are not among
    them: what comes back of one need not be what was written.
    """
    return replace(
        mappings,
        records={
            record: replace(mapping, fields=tuple(map(_readable, mapping.fields))) if record in KEPT else mapping
            for record, mapping in mappings.records.items()
        },
    )


def _readable(field: Field) -> Field:
    shape = field.shape
    simple = shape.type in {"text", "number", "boolean", "date", "duration"} and not (
        shape.lookup or shape.part or shape.wrap or field.template or field.compute or field.when or field.lossy
    )
    return replace(field, reads=True) if simple and field.writes and field.id else field


def keeping(mapping: RecordMapping, *, create: bool) -> Keeping:
    """Return how the records of a mapping are kept in step; `project` is where they are made, and none of their own."""
    seen = replace(mapping, fields=tuple(map(_readable, mapping.fields))).bind(lambda name: name, "markdown")
    rules: dict[str, Rule] = {}
    for field in mapping.fields:
        reads, known = field.reads and field.source in TAKEABLE[mapping.record], rules.get(field.source)
        if field.source in BESIDE or not (reads or field.writes):
            continue
        rules[field.source] = Rule(
            reads=reads or (known is not None and known.reads),
            writes=field.writes or (known is not None and known.writes),
            policy=field.wins or (known.policy if known is not None else "continuity"),  # type: ignore[arg-type]
        )
    marks = {
        name: [_facts(field) for field in mapping.fields if field.source == name and (field.reads or field.writes)]
        for name in rules
    }
    fields = {name: hashlib.sha256(repr(facts).encode()).hexdigest()[:12] for name, facts in marks.items()}
    return Keeping(rules, partial(_carried, seen), create, fields=fields)


def _facts(field: Field) -> tuple[Any, ...]:
    """Return what decides what a field's values mean: where they stand, and how they are turned into ours."""
    shape = field.shape
    values = (sorted(shape.theirs.items(), key=str), sorted(shape.ours.items()))
    return field.field, field.reads, field.writes, shape.type, shape.part, shape.format, shape.many, values


def _carried(mapping: RecordMapping, values: Mapping[str, Any]) -> Carried:
    """Return what values read back as once they were written by a mapping, names and people as they are called."""
    written = mapping.write(values, as_named)
    read = mapping.read(written.fields)
    lost = {
        field.source: problem.what
        for problem in (*written.problems, *read.problems)
        for field in mapping.fields
        if field.writes and problem.where.startswith(field.where)
    }
    # What is read from one field and written to another stands as it is written.
    written_apart = {field.source for field in mapping.fields if field.writes and field.source not in read.values}
    read_apart = {field.source for field in mapping.fields if field.reads} & written_apart - set(lost)
    apart = {name: plain(values[name]) for name in read_apart if name in values}
    return Carried({**apart, **{name: plain(value) for name, value in read.values.items() if name in values}}, lost)


def _secret_faults(settings: Settings, item: ConnectionSettings) -> list[Problem]:
    """Return what is wrong with the secrets of a webhook; a secret itself is never shown."""
    if item.webhook is None:
        return []
    fix = "take the one that the platform was given; see webhooks/ for how to make one"
    return [
        Problem(settings.where("connections", item.name, "webhook", "secrets", index), what, fix)
        for index, secret in enumerate(item.webhook.secrets)
        if (what := fault(item.webhook.scheme, secret))  # type: ignore[arg-type]
    ]


def open_message(platform: str, source: str, body: bytes) -> Received:
    """Open a stored message's body: the platform's record, and what the message tells of it."""
    if source == "poll":
        raw = json.loads(body)
        return Received(raw, deleted=not raw)  # nothing is left of what was not found
    envelope = PLATFORMS[platform].reader({}, body)
    return Received(envelope.raw, envelope.deleted, envelope.partial)
