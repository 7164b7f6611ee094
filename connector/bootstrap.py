"""The only module that knows every part: it puts the connector together from its settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from adapters import jira, servicenow
from connector.condition import INCIDENT_VARIABLES, Condition
from connector.console import api, health, pages
from connector.durable import Durable, Wakes, prepare_engine
from connector.escalation import Escalations
from connector.flows.decide import Decide
from connector.flows.parts import Connection, Parts, Received, Timing, Waking
from connector.flows.poll import HOUSEKEEPING, WARM, Sweep
from connector.flows.send import Send
from connector.metrics import Metrics
from connector.page_link import PageLinks
from connector.problem import Invalid, Problem
from connector.settings import ConnectionSettings, Settings
from connector.store import activations, catalogs, deliveries, writes
from connector.store.database import Database
from connector.store.lock import Lock
from connector.ticketing import Names, Refused, Ticketing, Unavailable
from mappings.library import Mappings, load
from webhooks import receiver
from webhooks.envelope import Envelope, EventReader
from webhooks.headers import DIGEST
from webhooks.jira import event as jira_event
from webhooks.servicenow import event as servicenow_event
from webhooks.signature import fault

TIDY_EVERY = 30.0
EXECUTOR = "embedded-0"
WARM_SECONDS = 3.0
WARM_EVERY = 900.0
OnCall = Callable[[str, str, int, float], None]


@dataclass(frozen=True)
class Platform:
    """What one platform consists of: its adapter, its event reader, and its rules where the admin writes none.

    `needs` are the settings that a connection to it must have, beyond those that every connection must have.
    """

    adapter: Callable[[ConnectionSettings, Mappings, OnCall], Ticketing]
    reader: EventReader
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
        on_call=on_call,
    )


_NOTE_FOR = "priority == 1 || priority == 2"

PLATFORMS: Mapping[str, Platform] = {
    "servicenow": Platform(
        _servicenow,
        servicenow_event.read,
        "major_state == 'accepted' || (major_state == '' && priority == 1)",
        _NOTE_FOR,
    ),
    "jira": Platform(
        _jira, jira_event.read, "priority == 1 || 'major-incident' in label", _NOTE_FOR, needs=("project",)
    ),
}
NEEDS: Mapping[str, tuple[str, ...]] = {name: platform.needs for name, platform in PLATFORMS.items()}
"""What `connector.settings` has to know of the platforms."""


class Connector:
    """The connector in one process: what it needs to record work, and, once `launch`ed, to do it."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.now = now
        self.database = Database(settings.database)
        self.metrics = Metrics()
        self.metrics.watch(self.database, now)
        self.links = PageLinks(settings.public_url, settings.secret, settings.link_valid)
        self.connections = connect(settings, self.metrics)
        self.parts: Parts | None = None
        self._durable: Durable | None = None
        self._lock = Lock(self.database, EXECUTOR)

    def prepare(self) -> None:
        """Bring the database to this version's shape, the engine's tables included."""
        self.database.migrate()
        prepare_engine(self.database)

    def served(self) -> bool:
        """Tell whether a process, this one included, does the work on this database."""
        return self._lock.held()

    def keeps_lock(self) -> bool:
        """Tell whether this process, launched, still is the one that may do the work."""
        return self._lock.kept()

    def launch(self, *, executor: str = EXECUTOR, sweeps: bool = True) -> Parts:
        """Start doing the work; what was unfinished goes on. Raises Invalid when another process does it already."""
        if not self._lock.take():
            what, fix = "another `continuity serve` runs on this database", "stop it, or use its database"
            raise Invalid([Problem(self._lock.place, what, fix)])
        self._durable = Durable(self.database, executor=executor)
        wakes = Wakes(self.database)
        self.parts = parts = self.assemble(wakes)
        self._durable.prepare(wakes, {"incident": Decide(parts), "send": Send(parts), "sweep": Sweep(parts)})
        self._warm()
        with self.database.begin() as tx:
            for connection in parts.connections.values():
                writes.hold_notes_in_flight(tx, connection.name, connection.timeout * 2)
        self._durable.start()
        with self.database.begin() as tx:
            for row in activations.followed(tx):
                wakes.wake(tx, "incident", f"activation:{row.id}")
        if sweeps:
            for connection in parts.connections.values():
                if connection.poll:
                    seconds = self.settings.poll_every.total_seconds()
                    self._durable.every(seconds, wakes, f"poll:{connection.name}")
            self._durable.every(TIDY_EVERY, wakes, HOUSEKEEPING)
            self._durable.every(WARM_EVERY, wakes, WARM)
        return parts

    def assemble(self, wakes: Wakes) -> Parts:
        """Put together what the flows work with."""
        settings = self.settings
        return Parts(
            database=self.database,
            wakes=wakes,
            connections=self.connections,
            links=self.links,
            now=self.now,
            meter=self.metrics,
            timing=Timing(
                settings.write_back_window,
                settings.give_up_after,
                settings.escalation.after,
                settings.poll_overlap,
                settings.keep_deliveries,
            ),
            escalation=Escalations(settings.escalation)
            if settings.escalation.smtp or settings.escalation.webhook_url
            else None,
            warm=self._warm,
            forget_flows=self._durable.forget if self._durable is not None else None,
        )

    def web(self, wakes: Waking) -> Flask:
        """Return the web side: webhooks in, the page behind a ticket's link, the read API, health and metrics."""
        app = Flask("connector.console", static_folder=None)
        accept = Accept(self.database, wakes, self.now)
        sources = {
            name: receiver.Source(
                name,
                PLATFORMS[item.platform].reader,
                item.webhook.scheme,  # type: ignore[arg-type]
                item.webhook.secrets,
                item.webhook.header,
                item.webhook.tolerance,
            )
            for name, item in self.settings.connections.items()
            if item.webhook is not None
        }
        app.register_blueprint(receiver.blueprint(sources, accept, self.metrics.received, self.now))
        app.register_blueprint(pages.blueprint(self.database, self.links, self.now))
        app.register_blueprint(
            health.blueprint(self.database, lambda: self._durable is not None, self.metrics.registry)
        )
        api.register(app, self.database, self.settings.api_tokens, self.now)
        return app

    def names(self) -> Names:
        """Return the names that the records in force will need on a platform."""
        content = self._in_force()
        plans = list(content.get("plans", {}).values())
        tasks = [task for plan in plans for task in plan["tasks"]]
        return Names(
            teams=_unique(
                [task["team"] for task in tasks]
                + [item.fallback_team for item in self.settings.connections.values()]
                + [item.desk_team for item in self.settings.connections.values()]
            ),
            projects=_unique(
                [target["project"] for task in tasks for target in task["targets"]]
                + [item.project for item in self.settings.connections.values()]
                + [item.review_project for item in self.settings.connections.values()]
            ),
            cis=_unique(
                item["name"]
                for service in content.get("services", {}).values()
                for item in service["identifiers"]
                if item["kind"] in {"ci", "service"}
            ),
        )

    def _in_force(self) -> Mapping[str, Any]:
        with self.database.begin() as tx:
            row = catalogs.newest(tx)
        return row.content if row is not None else {}

    def stop(self, *, seconds: float = 5.0) -> None:
        """Give what runs some seconds to finish, then let go of everything; the rest goes on at the next start."""
        if self._durable is not None:
            self._durable.stop(seconds=seconds)
            self._durable = None
        for connection in self.connections.values():
            connection.ticketing.close()
        self._lock.release()
        self.database.close()

    def _warm(self) -> None:
        """Look names up before they are needed; a platform that does not answer soon is asked again when they are."""
        names = self.names()

        def warm(connection: Connection) -> None:
            with suppress(Unavailable, Refused):
                connection.ticketing.warm(names)

        pool = ThreadPoolExecutor(max_workers=max(len(self.connections), 1), thread_name_prefix="warm")
        wait([pool.submit(warm, connection) for connection in self.connections.values()], timeout=WARM_SECONDS)
        pool.shutdown(wait=False)


class Accept:
    """Stores a webhook message and wakes its flow, in one transaction."""

    def __init__(self, database: Database, wakes: Waking, now: Callable[[], datetime]) -> None:
        self._database = database
        self._wakes = wakes
        self._now = now

    def __call__(self, connection: str, envelope: Envelope, body: bytes) -> bool:
        now = self._now()
        key = envelope.key
        with self._database.begin() as tx:
            if key.startswith(DIGEST):
                # The same content may rightly come again later, so a digest counts for a while only.
                if deliveries.digest_seen(tx, connection, key, now - deliveries.KEEP_DIGESTS):
                    return False
                key = f"{key}:{int(now.timestamp())}"
            subject = deliveries.subject_of(tx, connection, envelope.ticket)
            message = deliveries.Message(
                connection=connection,
                key=key,
                source="webhook",
                event=envelope.event,
                body=body,
                platform_id=envelope.ticket,
                number=envelope.number,
                version=envelope.version,
                subject=subject,
                state="ignored" if envelope.ignored else "open",
                reason=envelope.ignored,
            )
            if deliveries.record(tx, message, now) is None:
                return False
            if not envelope.ignored:
                self._wakes.wake(tx, "incident", subject)
        return True


def connect(settings: Settings, metrics: Metrics) -> dict[str, Connection]:
    """Build every connection. Raises Invalid with all problems of mappings and conditions."""
    problems: list[Problem] = []
    found: dict[str, Connection] = {}
    for name, item in settings.connections.items():
        platform = PLATFORMS[item.platform]
        try:
            found[name] = _connection(settings, platform, item, metrics)
        except Invalid as error:
            problems.extend(error.problems)
    if problems:
        raise Invalid(dict.fromkeys(problems))
    return found


def _connection(settings: Settings, platform: Platform, item: ConnectionSettings, metrics: Metrics) -> Connection:
    problems: list[Problem] = []

    def condition(field: str, source: str) -> Condition | None:
        try:
            return Condition(source, INCIDENT_VARIABLES, settings.where("connections", item.name, field))
        except Invalid as error:
            problems.extend(error.problems)
            return None

    major = condition("major", item.major or platform.major)
    note_for = condition("note_for", item.note_for or platform.note_for)
    incidents = condition("incidents", item.incidents) if item.incidents else None
    mappings: Mappings | None = None
    try:
        mappings = load(item.platform, settings.directory)
    except Invalid as error:
        problems.extend(error.problems)
    problems += _secret_faults(settings, item)
    if problems or major is None or note_for is None or mappings is None:
        raise Invalid(problems)

    def on_call(method: str, _path: str, status: int, seconds: float) -> None:
        metrics.called(item.name, method, status, seconds)

    return Connection(
        ticketing=platform.adapter(item, mappings, on_call),
        open=_opener(platform.reader),
        major=major,
        note_for=note_for,
        incidents=incidents,
        desk_team=item.desk_team,
        project=item.project,
        review_project=item.review_project,
        poll=item.poll,
        timeout=item.timeout,
        wins={
            (record, field.source): field.wins  # type: ignore[misc]
            for record, mapping in mappings.records.items()
            for field in mapping.fields
            if field.wins
        },
    )


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


def _opener(reader: EventReader) -> Callable[[str, bytes], Received]:
    def open_message(source: str, body: bytes) -> Received:
        if source == "poll":
            return Received(json.loads(body))
        envelope = reader({}, body)
        return Received(envelope.raw, envelope.deleted, envelope.partial)

    return open_message


def _unique(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
