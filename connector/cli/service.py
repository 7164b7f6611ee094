"""The service: takes webhooks in, carries plans out, until it is told to stop."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

import click
import structlog
import waitress

from connector.bootstrap import NEEDS, Connector
from connector.cli import logs, output
from connector.cli.context import Context
from connector.cli.opening import database_faults
from connector.settings import read_settings
from connector.store import catalogs
from webhooks.receiver import MAX_BYTES

THREADS = 8
HEAPS = 2
LOOK_EVERY = 2.0
"""Seconds between looks at whether the lock is still ours."""
LOST = (
    "the lock on the database was lost (did it fail over, or was its .lock file deleted?): stopped, so that no second "
    "`continuity serve` does the same work; start it again"
)
LARGEST_BODY = 2 * MAX_BYTES
"""What the server reads at all; the receiver has its own, lower limit, and words its refusal better."""
log = structlog.get_logger("continuity")


@click.command()
@click.option("--listen", default="", metavar="HOST:PORT", help="Instead of `listen` in the settings; port 0 is free.")
@click.pass_obj
def serve(context: Context, *, listen: str) -> None:
    """Run the service until SIGTERM or ^C.

    What is unfinished then goes on at the next start; nothing is lost by a kill either.
    """
    settings = read_settings(context.config, os.environ, NEEDS)
    host, port = _address(listen) if listen else (settings.host, settings.port)
    logs.configure(settings, sys.stderr, terminal=sys.stderr.isatty())
    _share_memory()
    connector = Connector(settings)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with database_faults():
            if connector.served():
                raise output.Declined("another `continuity serve` runs on this database; stop it, or use its database")
            connector.prepare()
            _warn_of_no_records(connector)
        _run(connector, host, port)
    finally:
        connector.stop()


def _share_memory() -> None:
    """Keep glibc from giving each of some fifty threads a heap of its own, most of it empty; a tenth of the memory.

    The number is M_ARENA_MAX of mallopt(3). Other C libraries have no such heaps, and no such call.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(-8, HEAPS)


def _run(connector: Connector, host: str, port: int) -> None:
    parts = connector.launch()
    app = connector.web(parts.wakes)
    try:
        server = waitress.create_server(
            app, host=host, port=port, threads=THREADS, max_request_body_size=LARGEST_BODY, ident=None
        )
    except OSError as error:
        raise output.Declined(
            f"cannot listen on {host}:{port}: {error.strerror or error}; change `listen` in continuity.yaml"
        ) from None
    address = f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"
    # With port 0 this line is the only place that tells which port was taken.
    click.echo(f"listening on {address}")
    sys.stdout.flush()
    log.info("ready", address=address, connections=sorted(connector.connections))
    guard = Guard(connector.keeps_lock)
    guard.start()
    try:
        # Ends on SystemExit and KeyboardInterrupt, once the requests in flight are answered.
        server.run()
    finally:
        guard.stop()
        server.close()
        log.info("stopping: what runs is finished, what waits goes on at the next start")
    if guard.lost:
        raise output.Declined(LOST)


class Guard:
    """Looks time and again whether the lock is still ours, and has the process end once it is not."""

    def __init__(self, keeps: Callable[[], bool], seconds: float = LOOK_EVERY) -> None:
        self.lost = False
        self._keeps = keeps
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="lock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the looks; the lock is not used any more once this returns, unless the database hangs."""
        self._over.set()
        self._thread.join(self._seconds)

    def _look(self) -> None:
        while not self._over.wait(self._seconds):
            if not self._keeps():
                self.lost = True
                log.error(LOST)
                # Only the main thread can leave its loop, and only a signal reaches it there.
                os.kill(os.getpid(), signal.SIGTERM)
                return


def _warn_of_no_records(connector: Connector) -> None:
    with connector.database.begin() as tx:
        applied = catalogs.newest_digest(tx)
    if not applied:
        log.warning("no services and plans were applied yet: no incident will start a plan; run `continuity apply`")


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise click.UsageError(f"'{listen}' has no port; write it as 127.0.0.1:8080")
    return host.strip("[]") or "127.0.0.1", int(port)


def _leave(number: int, frame: FrameType | None) -> None:
    """Have the server finish: it answers what is in flight on SystemExit, and would die at once on the bare signal."""
    del number, frame
    sys.exit(0)
