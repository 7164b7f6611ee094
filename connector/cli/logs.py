"""Logs of a running service: JSON lines on stderr, readable ones on a terminal, and never a secret in them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from connector.settings import Settings

HIDDEN = "***"
SHORTEST = 4
"""Shorter values are left alone: taking each `a` out of a log hides nothing and breaks everything."""
QUIET = ("dbos", "sqlalchemy", "alembic", "urllib3", "waitress.queue")


def secrets_of(settings: Settings) -> frozenset[str]:
    """Return every secret value of the settings."""
    found = [settings.secret, *settings.api_tokens, settings.escalation.webhook_secret, _password(settings.database)]
    if settings.escalation.smtp is not None:
        found.append(settings.escalation.smtp.password)
    for item in settings.connections.values():
        found += [item.auth.password, item.auth.client_secret, item.auth.token]
        found += item.webhook.secrets if item.webhook is not None else ()
    return frozenset(value for value in found if len(value) >= SHORTEST)


class Redact:
    """Takes known secrets out of whatever is logged, texts inside lists and mappings included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may contain another.
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:  # noqa: ARG002 - structlog's form
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, HIDDEN)
            return value
        if isinstance(value, MutableMapping):
            return {key: self._clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        if value is None or isinstance(value, int | float):
            return value
        return self._clean(str(value))


def configure(settings: Settings, stream: TextIO, *, terminal: bool) -> None:
    """Send the logs of everything in this process to `stream`, one line each; `terminal` asks for readable ones."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            Redact(secrets_of(settings)),
            renderer,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        quiet = logging.getLogger(name)
        quiet.setLevel(logging.WARNING)
        # The engine gives its logger a handler of its own, which knows nothing of secrets, unless it has one.
        quiet.handlers = [logging.NullHandler()]
        quiet.propagate = True


def _password(url: str) -> str:
    return unquote(urlsplit(url).password or "")
