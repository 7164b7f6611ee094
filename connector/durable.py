"""The only module that knows the engine (DBOS): wake-ups inside our own transactions, flows, timers and sweeps.

A flow is woken for a *subject* (an activation, a ticket, a connection) on a *queue*. Flows are level-triggered: what is
to be done stands in our tables, a wake-up only says "look". So wake-ups of one subject are folded into one while it
waits, and a flow that ran twice has done no harm.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from dbos._dbos import _get_dbos_instance

from connector.store.database import Database, after
from connector.store.statements import by_dialect
from connector.store.tables import subject as subjects

APPLICATION = "continuity"
AGAIN = 10.0
_AT_ONCE = 0.001
"""Seconds that the engine waits between two polls of a queue: it is the bell that is waited for."""
LATER = 0.005
"""Seconds by which a timed wake-up is late on purpose: one that came early would find nothing due."""
Flow = Callable[[str], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Queue:
    """A named queue: one flow at a time per subject, at most `workers` at once in this process.

    A wake-up of this process is heard at once; `glance` is the seconds between two looks for those of others (the
    command line, a timer) while nothing is heard.
    """

    name: str
    workers: int
    glance: float


_QUEUE = by_dialect(
    lambda insert: (
        insert(subjects)
        .on_conflict_do_update(
            index_elements=["queue", "key"],
            set_={"queued": 1, "round": subjects.c.round + 1},
            where=subjects.c.queued == 0,
        )
        .returning(subjects.c.round)
    )
)
_TAKEN = (
    sa.update(subjects)
    .where(subjects.c.queue == sa.bindparam("of"), subjects.c.key == sa.bindparam("subject"))
    .values(queued=0)
)
QUEUES = (Queue("incident", 8, 0.2), Queue("send", 16, 0.2), Queue("sweep", 4, 0.5))
_BREATH = 0.05
"""Seconds until the next look at a queue that was not empty: what comes meanwhile is folded into fewer runs."""


class Bell:
    """Tells the queues of this process that something was put into them."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._times: Counter[str] = Counter()
        self._silent = False

    def ring(self, queue: str) -> None:
        with self._rung:
            self._times[queue] += 1
            self._rung.notify_all()

    def listen(self, queue: str, heard: int, seconds: float) -> int:
        """Wait until it rang for `queue` more than `heard` times, for some seconds; return how often it rang."""
        with self._rung:
            self._rung.wait_for(lambda: self._silent or self._times[queue] != heard, seconds)
            return self._times[queue]

    def silence(self) -> None:
        """Let nobody wait any more."""
        with self._rung:
            self._silent = True
            self._rung.notify_all()


class Wakes:
    """What a process needs that only records work (the web side, the command line)."""

    def __init__(self, database: Database) -> None:
        self.bell = Bell()
        self._client = DBOSClient(
            system_database_engine=database.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        """Have the flow of `queue` look at `subject`, now or at an instant, if `tx` commits.

        Several calls before the flow starts make one run of it. A timed call for the same instant (to the
        millisecond) is made once.
        """
        if at is not None:
            identity = f"{queue}:{subject}:at:{at.timestamp():.3f}"
            self._enqueue(tx, queue, subject, identity, max(0.0, at.timestamp() - time.time()) + LATER)
            return
        values = {"queue": queue, "key": subject, "queued": 1, "round": 1}
        turn = tx.execute(_QUEUE[tx.dialect.name], values).scalar()
        if turn is not None:
            self._enqueue(tx, queue, subject, f"{queue}:{subject}:{turn}", 0.0)
            after(tx, partial(self.bell.ring, queue))

    def _enqueue(self, tx: sa.Connection, queue: str, subject: str, identity: str, delay: float) -> None:
        options: dict[str, Any] = {
            "workflow_name": queue,
            "queue_name": queue,
            "workflow_id": identity,
            "queue_partition_key": subject,
        }
        if delay > 0:
            options["delay_seconds"] = delay
        self._client.enqueue_in_transaction(tx, options, subject)  # type: ignore[arg-type]

    def close(self) -> None:
        self._client.destroy()


def prepare_engine(database: Database) -> None:
    """Make, or bring up to date, the tables of the engine; safe to call while another process works with them."""
    DBOS.migrate(system_database_url=database.url)


class Durable:
    """The engine in a process that does the work. One per process."""

    def __init__(self, database: Database, *, executor: str = "embedded-0") -> None:
        self._database = database
        self._stop = threading.Event()
        self._tickers: list[threading.Thread] = []
        self._bell = Bell()
        prepare_engine(database)
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": database.url,
                "sys_db_pool_size": 1 if database.sqlite else 10,
                "serializer": DBOSPortableJSONSerializer(),
                "application_version": "1",
                "executor_id": executor,
                "max_executor_threads": 64,
                "log_level": "WARNING",
                "notification_listener_polling_interval_sec": 0.5,
                "use_listen_notify": False,
            }
        )

    def prepare(self, wakes: Wakes, flows: Mapping[str, Flow]) -> None:
        """Register the flows (queue name -> what to do with a subject); nothing runs before `start`."""
        self._bell = wakes.bell
        for queue in QUEUES:
            self._register(wakes, queue.name, flows[queue.name])
            wakes._client.register_queue(  # noqa: SLF001
                queue.name,
                partition_concurrency=1,
                worker_concurrency=queue.workers,
                polling_interval_sec=_AT_ONCE,
            )

    def start(self) -> None:
        """Start the flows; unfinished work goes on at once, and no wake-up of an earlier process blocks a new one."""
        with self._database.begin() as tx:
            tx.execute(sa.update(subjects).values(queued=0))
        DBOS.launch()
        _claim_only_what_waits(self._bell)

    def every(self, seconds: float, wakes: Wakes, subject: str) -> None:
        """Wake `subject` on the sweep queue each `seconds`; one that has not run yet is not queued again."""

        def tick() -> None:
            while not self._stop.is_set():
                try:
                    with self._database.begin() as tx:
                        wakes.wake(tx, "sweep", subject)
                except sa.exc.SQLAlchemyError:
                    log.exception("sweep %s could not be queued; the next one is due in %s s", subject, seconds)
                self._stop.wait(seconds - time.time() % seconds)

        thread = threading.Thread(target=tick, name=f"every-{subject}", daemon=True)
        self._tickers.append(thread)
        thread.start()

    def forget(self, before: datetime) -> int:
        """Delete the engine's records of flows that ended before `before`; returns how many."""
        done = DBOS.list_workflows(completed_before=before.isoformat(), limit=1000, load_input=False, load_output=False)
        DBOS.delete_workflows([item.workflow_id for item in done])
        return len(done)

    def stop(self, *, seconds: float = 5.0) -> None:
        """Let running flows finish for a while, then let go; what is unfinished goes on at the next launch."""
        self._stop.set()
        for thread in self._tickers:
            thread.join(timeout=1)
        self._bell.silence()
        DBOS.destroy(workflow_completion_timeout_sec=int(seconds), destroy_registry=True)

    def _register(self, wakes: Wakes, name: str, flow: Flow) -> None:
        def run(subject: str) -> None:
            try:
                self._wake_taken(name, subject)
                flow(subject)
            except Exception:
                # The work stands in our tables, so look again later rather than lose the wake-up.
                log.exception("flow %s of %s failed and is tried again in %s s", name, subject, AGAIN)
                self._look_later(wakes, name, subject)

        run.__name__ = run.__qualname__ = name
        DBOS.workflow(name=name, max_recovery_attempts=1000)(run)

    def _wake_taken(self, queue: str, subject: str) -> None:
        """Let the next wake-up through: from here on this run may miss what comes."""
        with self._database.begin() as tx:
            tx.execute(_TAKEN, {"of": queue, "subject": subject})

    def _look_later(self, wakes: Wakes, queue: str, subject: str) -> None:
        """Wake a subject again; while the database is away that is tried until it is back, or we are stopped."""
        while not self._stop.is_set():
            try:
                self._wake_taken(queue, subject)
                with self._database.begin() as tx:
                    wakes.wake(tx, queue, subject, datetime.now(UTC) + timedelta(seconds=AGAIN))
            except sa.exc.SQLAlchemyError as error:
                log.warning("the database is away (%s); flow %s of %s waits", type(error).__name__, queue, subject)
                self._stop.wait(AGAIN)
            else:
                return


def _claim_only_what_waits(bell: Bell) -> None:
    """Let each poll of a queue wait for the bell, and look first whether anything waits in the queue.

    A claim costs some milliseconds of statements, at each poll of each queue, which is most of what an idle service
    would use. Which parts of a queue hold work is the engine's own question: it is answered here with none or all.
    """
    engine: Any = _get_dbos_instance()._sys_db  # noqa: SLF001
    flows = engine.tables.workflow_status.c
    # The engine's index is of these two states; SQLite takes it only where its very condition stands.
    waits: sa.Select[Any] = (
        sa.select(sa.literal_column("1"))
        .where(flows.queue_name == sa.bindparam("queue"), flows.status == sa.literal_column("'ENQUEUED'"))
        .where(flows.status.in_([sa.literal_column("'ENQUEUED'"), sa.literal_column("'PENDING'")]))
        .limit(1)
    )
    parts = engine.dequeue_scopes
    glances = {queue.name: queue.glance for queue in QUEUES}
    heard: Counter[str] = Counter()
    crowded: set[str] = set()

    def parts_with_work(queue: str) -> list[str | None]:
        if queue in crowded:
            time.sleep(_BREATH)
        else:
            heard[queue] = bell.listen(queue, heard[queue], glances.get(queue, 0.0))
        with engine.engine.connect() as tx:
            found = tx.execute(waits, {"queue": queue}).first()
        if found is None:
            crowded.discard(queue)
            return []
        crowded.add(queue)
        return list(parts(queue))

    engine.dequeue_scopes = parts_with_work
