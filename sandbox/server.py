"""Serves a simulated platform over HTTP/1.1 with connections kept alive, in a thread for tests or for good."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import sys
import threading
from dataclasses import dataclass
from http.server import HTTPServer
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sandbox.gate import call

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger("sandbox.server")


class _Handler(WSGIRequestHandler):
    """Answers in one write with a length, so that connections live on (werkzeug's own handler closes each)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server
    headers: Any

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        # The peer, or a fault, may have closed the connection already.
        with contextlib.suppress(OSError):
            super().finish()

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        self.environ = environ
        source = environ["wsgi.input"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        chunked = bool(environ.get("wsgi.input_terminated"))
        # Read whole, so that what an application leaves unread is not taken for the next request.
        body = source.read() if chunked else source.read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        try:
            status, headers, answer = call(self.server.app, environ)
        except ConnectionError:
            self.close_connection = True
            return
        except Exception:  # noqa: BLE001 - the border of a thread: told in full, answered as a 500
            _log.exception("the simulated platform failed on %s %s", self.command, self.path)
            status, headers, answer = (
                "500 Internal Server Error",
                [("Content-Type", "text/plain")],
                b"sandbox failure\n",
            )
        self._reply(status, headers, answer)

    def _reply(self, status: str, headers: list[tuple[str, str]], answer: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        bodiless = code in ("204", "304")
        if not bodiless:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(answer)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the call log tells more."""


class _Server(ThreadedWSGIServer):
    def __init__(self, app: Flask, host: str, port: int) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(host, port, app, handler=_Handler)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        _log.debug(f"{type}: {message}", *args)

    def hang_up(self) -> None:
        """Close what clients keep alive, so that a stopped platform is really gone."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Running:
    """A simulated platform at work in a thread."""

    url: str
    port: int
    app: Flask
    _server: _Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Stop listening and drop every connection; returns once the port is free."""
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(5)


def start(app: Flask, port: int = 0, host: str = "127.0.0.1") -> Running:
    """Serve in a thread; port 0 takes a free one."""
    server = _Server(app, host, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return Running(f"http://{host}:{server.port}", server.port, app, server, thread)


def serve_forever(app: Flask, host: str, port: int) -> None:
    """Serve in this thread until KeyboardInterrupt or SystemExit, which pass through."""
    server = _Server(app, host, port)
    # With port 0 this line is the only place that tells which port was taken.
    sys.stdout.write(f"listening on http://{host}:{server.port}\n")
    sys.stdout.flush()
    try:
        # Not werkzeug's serve_forever, which swallows the interrupt.
        HTTPServer.serve_forever(server, poll_interval=0.5)
    finally:
        server.server_close()
        server.hang_up()
