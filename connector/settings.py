"""The one settings file, `continuity.yaml`, with `${NAME}` taken from the environment; checked whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields

from connector.document import Document, read_document
from connector.field import Choice, Flag, Keyed, Length, Names, Shape, Text, problems_of
from connector.problem import Invalid, Problem, nearest

FILE = "continuity.yaml"
LAST_PORT = 65535
SHORTEST_SECRET = 16
MOST_SECRETS = 2
RESERVED = frozenset({"activation", "command", "escalation"})
"""Names that stand for something else where a connection's name could stand."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_ADDRESS = re.compile(r"https?://[^\s/]+.*")


@dataclass(frozen=True)
class Auth:
    """How we sign in: `user` with `password` (basic), or `client_id` with `client_secret`, or a bearer `token`."""

    user: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class WebhookIn:
    """How messages of a connection are signed: scheme `standard`, `hub` or `static`; two secrets during a rotation."""

    scheme: str
    secrets: tuple[str, ...] = field(repr=False)
    header: str = "X-Continuity-Secret"
    tolerance: timedelta = timedelta(minutes=5)


@dataclass(frozen=True)
class ConnectionSettings:
    """One connection to one platform. Conditions are CEL over the normalised incident; "" means the default.

    `poll_query` narrows or widens, in the platform's own query language, which open incidents a poll looks at;
    `poll_projects` are the projects that it looks into. Both have to cover what `major` can be true of.
    """

    name: str
    platform: str
    url: str
    auth: Auth
    webhook: WebhookIn | None
    fallback_team: str
    desk_team: str
    major: str = ""
    incidents: str = ""
    note_for: str = ""
    poll: bool = True
    timeout: timedelta = timedelta(seconds=10)
    project: str = ""
    review_project: str = ""
    flavour: str = "cloud"
    search_lag: timedelta = timedelta(seconds=15)
    major_incident_management: str = "auto"
    poll_query: str = ""
    poll_projects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Smtp:
    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False


@dataclass(frozen=True)
class Escalation:
    """Whom to tell, outside both platforms, when an activation is not complete `after` this long."""

    after: timedelta = timedelta(minutes=10)
    smtp: Smtp | None = None
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything that is set up, read once at start."""

    directory: Path
    database: str
    public_url: str
    secret: str = field(repr=False)
    connections: Mapping[str, ConnectionSettings]
    listen: str = "127.0.0.1:8080"
    api_tokens: tuple[str, ...] = field(default=(), repr=False)
    poll_every: timedelta = timedelta(seconds=60)
    poll_overlap: timedelta = timedelta(minutes=2)
    write_back_window: timedelta = timedelta(seconds=2)
    link_valid: timedelta = timedelta(days=30)
    keep_deliveries: timedelta = timedelta(days=30)
    give_up_after: timedelta = timedelta(hours=8)
    escalation: Escalation = Escalation()
    document: Document | None = field(default=None, repr=False, compare=False)

    def where(self, *path: str | int) -> str:
        """Return where a setting stands, such as `continuity.yaml:14: connections.jira.url`, for messages."""
        document = self.document or Document(FILE, None, {})
        return document.where(*path)

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0] or "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


class _Address(Text):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        if not _ADDRESS.fullmatch(text):
            raise ValidationError(f"'{text}' is not an address; write one such as https://example.service-now.com")
        return text.rstrip("/")


class _Listen(Text):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        if not text.rpartition(":")[2].isdigit():
            raise ValidationError(f"'{text}' has no port; write it as 127.0.0.1:8080")
        return text


class _Database(Text):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        if urlsplit(text).scheme.partition("+")[0] not in {"sqlite", "postgresql", "postgres"}:
            raise ValidationError(
                f"'{text.partition('@')[0].partition(':')[0]}:...' is neither SQLite nor PostgreSQL; "
                "write sqlite:///continuity.db or postgresql://user@host/name"
            )
        return text


class _Port(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> int:  # noqa: ARG002 - marshmallow's form
        if not str(value).isdigit() or not 0 < int(value) <= LAST_PORT:
            raise ValidationError(f"'{value}' is not a port; write a number from 1 to 65535")
        return int(value)


class _AuthShape(Shape):
    user = Text()
    password = Text()
    client_id = Text()
    client_secret = Text()
    token = Text()


class _WebhookShape(Shape):
    scheme = Choice(("standard", "hub", "static"), required=True)
    secrets = Names(required=True)
    header = Text()
    tolerance = Length(some=True)


class _ConnectionShape(Shape):
    platform = Choice(("servicenow", "jira"), required=True)
    url = _Address(required=True)
    auth = fields.Nested(_AuthShape, required=True, error_messages={"required": "the field is missing; add it"})
    webhook = fields.Nested(_WebhookShape)
    fallback_team = Text(required=True)
    desk_team = Text()
    major = Text()
    incidents = Text()
    note_for = Text()
    poll = Flag()
    timeout = Length(some=True)
    project = Text()
    review_project = Text()
    flavour = Choice(("cloud", "datacenter"))
    search_lag = Length(some=True)
    major_incident_management = Choice(("auto", "present", "absent"))
    poll_query = Text()
    poll_projects = Names()


class _SmtpShape(Shape):
    host = Text(required=True)
    port = _Port()
    sender = Text(required=True, data_key="from")
    to = Names(required=True)
    user = Text()
    password = Text()
    starttls = Flag()


class _WebhookOutShape(Shape):
    url = _Address(required=True)
    secret = Text(required=True)


class _EscalationShape(Shape):
    after = Length(some=True)
    smtp = fields.Nested(_SmtpShape)
    webhook = fields.Nested(_WebhookOutShape)


class _SettingsShape(Shape):
    database = _Database(required=True)
    public_url = _Address(required=True)
    secret = Text(required=True)
    connections = Keyed(_ConnectionShape(), required=True)
    listen = _Listen()
    api_tokens = Names()
    poll_every = Length(some=True)
    poll_overlap = Length(some=True)
    write_back_window = Length()
    link_valid = Length(some=True)
    keep_deliveries = Length(some=True)
    give_up_after = Length(some=True)
    escalation = fields.Nested(_EscalationShape)


@dataclass(frozen=True)
class Survey:
    """What could be read of a settings file.

    `settings` are there as soon as their shape allows it, even when `problems` (a secret that is not set in the
    environment) forbid using them; `connections` are the names of all connections.
    """

    settings: Settings | None
    problems: tuple[Problem, ...]
    connections: tuple[str, ...] = ()


def read_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings file (or the one in a folder). Raises Invalid with everything that is wrong with it."""
    read = survey(path, environment)
    if read.problems or read.settings is None:
        raise Invalid(read.problems)
    return read.settings


def survey(path: Path, environment: Mapping[str, str]) -> Survey:
    """Read the settings file (or the one in a folder) as far as it can be read, with everything that is wrong."""
    file = path / FILE if path.is_dir() else path
    try:
        document = read_document(file, file.name)
    except Invalid as error:
        return Survey(None, error.problems)
    problems: list[Problem] = []
    data = _filled(document, document.data, (), environment, problems)
    unset = {problem.where for problem in problems}
    names = _connection_names(data)
    try:
        loaded = _SettingsShape().load(data or {})
    except ValidationError as error:
        problems.extend(problem for problem in problems_of(document, error) if problem.where not in unset)
        return Survey(None, tuple(problems), names)
    connections = {name: _connection(document, name, shape, problems) for name, shape in loaded["connections"].items()}
    if len(loaded["secret"]) < SHORTEST_SECRET and document.where("secret") not in unset:
        problems.append(
            Problem(document.where("secret"), "the secret is shorter than 16 characters", "use 32 random ones")
        )
    return Survey(_settings(document, file, loaded, connections), tuple(problems), names)


def _connection_names(data: Any) -> tuple[str, ...]:
    connections = data.get("connections") if isinstance(data, Mapping) else None
    return tuple(str(name) for name in connections) if isinstance(connections, Mapping) else ()


def _settings(
    document: Document, file: Path, loaded: dict[str, Any], connections: Mapping[str, ConnectionSettings]
) -> Settings:
    escalation = loaded.pop("escalation", {})
    hook = escalation.pop("webhook", {})
    smtp = escalation.pop("smtp", None)
    return Settings(
        **{
            **loaded,
            "directory": file.parent,
            "database": _placed(loaded["database"], file.parent),
            "connections": connections,
            "escalation": Escalation(
                **escalation,
                smtp=Smtp(**{"port": 25, **smtp}) if smtp else None,
                webhook_url=hook.get("url", ""),
                webhook_secret=hook.get("secret", ""),
            ),
            "document": document,
        }
    )


def _placed(url: str, directory: Path) -> str:
    """Put a relative SQLite file beside the settings file, wherever the program is started."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return prefix + str((directory / url.removeprefix(prefix)).resolve())
    return url


def _connection(document: Document, name: str, shape: Mapping[str, Any], problems: list[Problem]) -> ConnectionSettings:
    if name in RESERVED:
        problems.append(
            Problem(
                document.where("connections", name), f"the name '{name}' is ours", "give the connection another name"
            )
        )
    auth = Auth(**shape["auth"])
    if not ((auth.user and auth.password) or (auth.client_id and auth.client_secret) or auth.token):
        problems.append(
            Problem(
                document.where("connections", name, "auth"),
                "no complete way to sign in",
                "give user and password, client_id and client_secret, or token",
            )
        )
    if shape["platform"] == "jira" and not shape.get("project"):
        problems.append(
            Problem(
                document.where("connections", name),
                "the field project is missing",
                "add the key of the project that recovery tasks go to when a plan names none",
            )
        )
    webhook = WebhookIn(**shape["webhook"]) if "webhook" in shape else None
    if webhook and len(webhook.secrets) > MOST_SECRETS:
        problems.append(
            Problem(
                document.where("connections", name, "webhook", "secrets"),
                f"{len(webhook.secrets)} secrets are given",
                "keep two at the most: the present one and the one before it",
            )
        )
    rest = {key: value for key, value in shape.items() if key not in {"auth", "webhook"}}
    rest.setdefault("desk_team", rest["fallback_team"])
    return ConnectionSettings(name=name, auth=auth, webhook=webhook, **rest)


def _filled(
    document: Document, value: Any, path: tuple[str | int, ...], environment: Mapping[str, str], problems: list[Problem]
) -> Any:
    """Put environment variables in; one that is not set and has no default is a problem."""
    if isinstance(value, Mapping):
        return {key: _filled(document, item, (*path, key), environment, problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(document, item, (*path, index), environment, problems) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def insert(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if environment.get(name):
            return environment[name]
        if default is None:
            near = nearest(name, [key for key in environment if key.startswith(name[:4])])
            problems.append(
                Problem(
                    document.where(*path),
                    f"the environment variable {name} is not set",
                    near or "set it, or write a default as ${" + name + ":-value}",
                )
            )
            return "unset"
        return str(default)

    return _VARIABLE.sub(insert, value)
