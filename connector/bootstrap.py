"""The only module that knows every part: it puts the connector together from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from flask import Flask

from connector.breaker import Breakers
from connector.budget import Budgets
from connector.call import Call
from connector.catalog import needed, places
from connector.connections import NEEDS, PLATFORMS, connect, rules
from connector.console import api, health, pages
from connector.durable import Durable, Wakes, prepare_engine
from connector.escalation import Escalations
from connector.flows.decide import Decide
from connector.flows.leave import Later, leave
from connector.flows.parts import Connection, Parts, RecordsInForce, Timing, Waking
from connector.flows.poll import HOUSEKEEPING, PREFLIGHT, RECORDS, WARM, Sweep
from connector.flows.reconcile.nightly import AUDIT
from connector.flows.send import Send
from connector.mapping_version import MappingVersion
from connector.mappings_in_force import Follower, MappingsInForce
from connector.metrics import Metrics
from connector.page_link import PageLinks
from connector.problem import Invalid, Problem
from connector.settings import Settings
from connector.store import activations, deliveries, writes
from connector.store.database import Database
from connector.store.lock import Lock
from connector.ticketing import Refused, Unavailable
from webhooks import receiver
from webhooks.envelope import Envelope
from webhooks.headers import DIGEST

__all__ = ["NEEDS", "PLATFORMS", "Connector"]
TIDY_EVERY = 30.0
EXECUTOR = "embedded-0"
WARM_SECONDS = 3.0
WARM_EVERY = 900.0
RECORDS_WINDOW = timedelta(seconds=2)
AUDIT_LOOK = 60.0
"""Seconds between looks at whether a full audit is due, or goes on after it was broken off."""
PREFLIGHT_EVERY = 60.0
"""Seconds between looks at whether a preflight is due."""


class Connector:
    """The connector in one process: what it needs to record work, and, once `launch`ed, to do it."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.now = now
        self.database = Database(settings.database)
        self.metrics = Metrics()
        self.metrics.watch(self.database, now)
        self.breakers = Breakers(now)
        self.budgets = Budgets(
            now,
            {name: item.calls_per_minute for name, item in settings.connections.items()},
            {name: item.reconcile_calls_per_minute for name, item in settings.connections.items()},
        )
        for name in settings.connections:
            self.metrics.watch_platform(name, self.breakers.down_since)
        self.metrics.watch_allowances(tuple(settings.connections), self.budgets.remaining)
        self.links = PageLinks(settings.public_url, settings.secret, settings.link_valid)
        self.connections: dict[str, Connection] = {}
        self.mappings = MappingsInForce(self.database, tuple(PLATFORMS), settings.directory)
        self.parts: Parts | None = None
        self._records = RecordsInForce()
        self._rules = rules(settings)
        self._retired: list[Connection] = []
        self._durable: Durable | None = None
        self._follower: Follower | None = None
        self._lock = Lock(self.database, EXECUTOR)

    def prepare(self) -> None:
        """Bring the database to this version's shape, the engine's tables included, and take its mappings.

        Raises Invalid when there are no mappings in force yet and the files cannot be used either.
        """
        self.database.migrate()
        prepare_engine(self.database)
        self.use(self.mappings.now())

    def use(self, version: MappingVersion) -> None:
        """Build the connections with these mappings; what is under way ends with those that it began with."""
        fresh = connect(self.settings, self._rules, version, self._called)
        if self._durable is not None:
            self._warm(fresh)
        for connection in self._retired:
            connection.ticketing.close()
        self._retired = list(self.connections.values())
        # One connection after another is replaced as a whole, so that a flow sees the old one or the new one.
        self.connections.update(fresh)

    def _called(self, connection: str, call: Call) -> None:
        self.metrics.called(connection, call.method, call.status, call.seconds)
        self.breakers.called(connection, call.status)
        self.budgets.called(connection, call)

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
        self.use(self.mappings.first(self.now()))
        self._durable = Durable(self.database, executor=executor)
        wakes = Wakes(self.database)
        self.parts = parts = self.assemble(wakes)
        self._durable.prepare(wakes, {"incident": Decide(parts), "send": Send(parts), "sweep": Sweep(parts)})
        self._warm(self.connections)
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
                self._durable.every(PREFLIGHT_EVERY, wakes, f"{PREFLIGHT}:{connection.name}")
                if connection.keeps:
                    seconds = self.settings.reconcile_every.total_seconds()
                    self._durable.every(seconds, wakes, f"{RECORDS}:{connection.name}")
                    self._durable.every(AUDIT_LOOK, wakes, f"{AUDIT}:{connection.name}")
            self._durable.every(TIDY_EVERY, wakes, HOUSEKEEPING)
            self._durable.every(WARM_EVERY, wakes, WARM)
        self._follower = Follower(lambda: self.mappings.follow(self.use))
        return parts

    def assemble(self, wakes: Waking) -> Parts:
        """Put together what the flows work with."""
        settings = self.settings
        return Parts(
            database=self.database,
            wakes=wakes,
            connections=self.connections,
            links=self.links,
            now=self.now,
            meter=self.metrics,
            breakers=self.breakers,
            budgets=self.budgets,
            timing=Timing(
                settings.write_back_window,
                settings.give_up_after,
                settings.escalation.after,
                settings.poll_overlap,
                settings.keep_deliveries,
                settings.preflight_at,
                settings.keep_history,
                RECORDS_WINDOW,
            ),
            escalation=Escalations(settings.escalation)
            if settings.escalation.smtp or settings.escalation.webhook_url
            else None,
            places=lambda: places(settings.directory),
            records=self._records,
            warm=lambda: self._warm(self.connections),
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
            health.blueprint(
                self.database, lambda: self._durable is not None, self.metrics.registry, mappings=self.mappings.standing
            )
        )
        api.register(app, self.database, self.settings.api_tokens, self.now, self.connections)
        return app

    def stop(self, *, seconds: float = 5.0) -> None:
        """Give what runs some seconds to finish, then let go of everything; the rest goes on at the next start."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None
        if self._durable is not None:
            self._durable.stop(seconds=seconds)
            self._durable = None
        for connection in (*self._retired, *self.connections.values()):
            connection.ticketing.close()
        self._lock.release()
        self.database.close()

    def _warm(self, connections: Mapping[str, Connection]) -> None:
        """Look names up before they are needed; a platform that does not answer soon is asked again when they are."""
        with self.database.begin() as tx:
            catalog = self._records.read(tx)

        def warm(connection: Connection) -> None:
            # What is looked up ahead of need waits for the next round where no call can be made.
            with suppress(Later, Unavailable, Refused), leave(self.budgets, connection.name, "backfill"):
                connection.ticketing.warm(needed(catalog, self.settings.connections[connection.name]))

        pool = ThreadPoolExecutor(max_workers=max(len(connections), 1), thread_name_prefix="warm")
        wait([pool.submit(warm, connection) for connection in connections.values()], timeout=WARM_SECONDS)
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
