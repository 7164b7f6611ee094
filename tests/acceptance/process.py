"""Child processes of a campaign or a bench: started with a log, killed without warning, and only ever our own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from connector.cli import main

HOST = "127.0.0.1"
READY = re.compile(r"listening on (http://\S+)")
START_SECONDS = 60.0
STOP_SECONDS = 10.0


class NotReady(Exception):
    """A process ended, or said nothing for a minute, before it listened; its log follows."""


class Command:
    """`continuity` with some arguments, as a program of its own."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._arguments = [str(Path(sys.executable).with_name("continuity")), *arguments]
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start without waiting until it is ready."""
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(self._arguments, stdout=log, stderr=subprocess.STDOUT)

    def wait_ready(self) -> str:
        """Wait until it listens; returns its address. Raises NotReady."""
        child = self._child
        assert child is not None
        return wait_ready(self._log, lambda: child.poll() is None)

    def stop(self) -> None:
        """Ask it to end; one that does not is killed."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Service:
    """`continuity serve`, killed and started again many times.

    Its processes are forked from a server that has imported the program already, so that a restart takes a fraction
    of a second instead of seconds of imports; each is a process of its own, with nothing kept from the one before.
    """

    def __init__(self, settings: Path, port: int, log: Path) -> None:
        self._context: ForkServerContext = get_context("forkserver")
        self._context.set_forkserver_preload(["connector.cli.service"])
        self._arguments = ["--config", str(settings), "serve", "--listen", f"{HOST}:{port}"]
        self._log = log
        self._child: BaseProcess | None = None
        self.started = 0

    def start(self) -> None:
        """Start without waiting until it is ready."""
        self.started += 1
        self._child = self._context.Process(target=_serve, args=(self._arguments, str(self._log)))
        self._child.start()

    def wait_ready(self) -> str:
        """Wait until it listens; returns its address. Raises NotReady."""
        child = self._child
        assert child is not None
        marker = _marker(child.pid or 0)
        return wait_ready(self._log, child.is_alive, after=marker)

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.is_alive()

    def kill(self) -> None:
        """Kill -9."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
            self._child.close()
            self._child = None

    def stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.join(STOP_SECONDS)
        self.kill()


def _serve(arguments: Sequence[str], log: str) -> None:
    """Become `continuity serve`, with the log as output."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(handle, descriptor)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.write(handle, _marker(os.getpid()).encode())
    main(arguments)


def _marker(pid: int) -> str:
    return f"--- process {pid}\n"


def wait_ready(log: Path, alive: Callable[[], bool], after: str = "") -> str:
    """Return the address that a process tells in its log. Raises NotReady."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        text = log.read_text(errors="replace") if log.exists() else ""
        told = text.rpartition(after)[2] if after and after in text else "" if after else text
        found = READY.search(told)
        if found:
            return found[1]
        if not alive():
            break
        time.sleep(0.02)
    raise NotReady(log.read_text(errors="replace")[-4000:])


def free_port() -> int:
    """Return a port that the system says is free now."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])
