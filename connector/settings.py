"""The one settings file, `continuity.yaml`, with `${NAME}` taken from the environment; checked whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from connector.condition import INCIDENT_VARIABLES, Condition
from connector.document import Document, read_with_doubles
from connector.field import problems_of
from connector.problem import Invalid, Problem, nearest
from connector.settings_shape import settings_shape

FILE = "continuity.yaml"
MOST_SECRETS = 2
RESERVED = frozenset({"activation", "command", "escalation"})
"""Names that stand for something else where a connection's name could stand."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_UNSET = "unset, so that this stands in its place"
_CONDITIONS = ("major", "incidents", "note_for")


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
    `records` says of each kind of continuity record (service, plan, plan_task) whether it is kept in step here:
    `off`, `link` (what was adopted) or `create` (all). `calls_per_minute` caps our calls, 0 for no cap of ours;
    `reconcile_calls_per_minute` those of a full audit, which is made each night at `audit_at` (UTC; None: never).
    `files` says what other platforms get of files that people add to recovery tasks here: the file itself (`copy`, up
    to `largest_file` bytes), where it is (`tell`), or nothing (`off`).
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
    calls_per_minute: int = 0
    reconcile_calls_per_minute: int = 60
    records: Mapping[str, str] = field(default_factory=dict)
    audit_at: time | None = time(3, 30)
    files: str = "copy"
    largest_file: int = 10 * 2**20


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
    """Everything that is set up, read once at start; `preflight_at` is in UTC."""

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
    keep_history: timedelta = timedelta(days=400)
    preflight_at: time = time(3)
    reconcile_every: timedelta = timedelta(minutes=5)
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


@dataclass(frozen=True)
class Survey:
    """What could be read of a settings file.

    `settings` are there as soon as their shape allows it, even when `problems` (a secret that is not set in the
    environment) forbid using them; `connections` are the names of all connections.
    """

    settings: Settings | None
    problems: tuple[Problem, ...]
    connections: tuple[str, ...] = ()


Needs = Mapping[str, tuple[str, ...]]
"""The platforms that there are, and the fields that a connection to each needs beyond those that all need."""


def read_settings(path: Path, environment: Mapping[str, str], needs: Needs) -> Settings:
    """Read the settings file (or the one in a folder). Raises Invalid with everything that is wrong with it."""
    read = survey(path, environment, needs)
    if read.problems or read.settings is None:
        raise Invalid(read.problems)
    return read.settings


def survey(path: Path, environment: Mapping[str, str], needs: Needs) -> Survey:
    """Read the settings file (or the one in a folder) as far as it can be read, with everything that is wrong."""
    file = path / FILE if path.is_dir() else path
    try:
        document, doubles = read_with_doubles(file, file.name)
    except Invalid as error:
        return Survey(None, error.problems)
    unset: list[Problem] = []
    data = _filled(document, document.data, (), environment, unset)
    known = {problem.where for problem in unset}
    names = _connection_names(data)
    problems = [*doubles, *unset, *(problem for name in names for problem in _judged(document, data, name, needs))]
    try:
        loaded = settings_shape(tuple(needs)).load(data or {})
    except ValidationError as error:
        problems += (problem for problem in problems_of(document, error) if problem.where not in known)
        return Survey(None, tuple(problems), names)
    connections = {name: _connection(name, shape) for name, shape in loaded["connections"].items()}
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


def _connection(name: str, shape: Mapping[str, Any]) -> ConnectionSettings:
    webhook = WebhookIn(**shape["webhook"]) if "webhook" in shape else None
    rest = {key: value for key, value in shape.items() if key not in {"auth", "webhook"}}
    rest.setdefault("desk_team", rest["fallback_team"])
    return ConnectionSettings(name=name, auth=Auth(**shape["auth"]), webhook=webhook, **rest)


def _judged(document: Document, data: Any, name: str, needs: Needs) -> Iterator[Problem]:
    """Yield what the fields of a connection, as they are written, do not say together; shapes are told elsewhere."""
    here = ("connections", name)
    written = data["connections"].get(name)
    if name in RESERVED:
        yield Problem(document.where(*here), f"the name '{name}' is ours", "give the connection another name")
    if not isinstance(written, Mapping):
        return
    auth = written.get("auth")
    if isinstance(auth, Mapping) and not any(
        all(auth.get(part) for part in way)
        for way in (("user", "password"), ("client_id", "client_secret"), ("token",))
    ):
        fix = "give user and password, client_id and client_secret, or token"
        yield Problem(document.where(*here, "auth"), "no complete way to sign in", fix)
    platform = written.get("platform")
    for needed in needs.get(platform, ()) if isinstance(platform, str) else ():
        if needed not in written:
            yield Problem(document.where(*here), f"the field {needed} is missing", f"add it: {platform} needs it")
    webhook = written.get("webhook")
    secrets = webhook.get("secrets") if isinstance(webhook, Mapping) else None
    if isinstance(secrets, list) and len(secrets) > MOST_SECRETS:
        fix = "keep two at the most: the present one and the one before it"
        yield Problem(document.where(*here, "webhook", "secrets"), f"{len(secrets)} secrets are given", fix)
    records = written.get("records")
    if isinstance(records, Mapping) and _kept(records, "plan_task") and not _kept(records, "plan"):
        what = "the tasks of plans stand under their plans, and plans are not kept here"
        yield Problem(document.where(*here, "records", "plan_task"), what, "add plan: link or create, or say off")
    for field_name in _CONDITIONS:
        source = written.get(field_name)
        if isinstance(source, str) and source.strip() and source != _UNSET:
            try:
                Condition(source.strip(), INCIDENT_VARIABLES, document.where(*here, field_name))
            except Invalid as error:
                yield from error.problems


def _kept(records: Mapping[Any, Any], kind: str) -> bool:
    return str(records.get(kind, "off")) != "off"


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
            return _UNSET
        return str(default)

    return _VARIABLE.sub(insert, value)
