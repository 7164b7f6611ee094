"""The shape of the settings file: which fields it has and of which kind, told with what to write instead."""

from __future__ import annotations

import re
from datetime import time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields

from connector.field import Choice, Flag, Keyed, Length, Names, Shape, Text, read_each

LAST_PORT = 65535
SHORTEST_SECRET = 16
MOST_CALLS = 100_000
LARGEST_FILE = 2**30
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_UNITS = {"kb": 2**10, "mb": 2**20, "gb": 2**30}
_BYTES = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([kKmMgG][bB])")
_ADDRESS = re.compile(r"https?://[^\s/]+.*")


class _Address(Text):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        if not _ADDRESS.fullmatch(text):
            raise ValidationError(f"'{text}' is not an address; write one such as https://example.service-now.com")
        return text.rstrip("/")


class _Listen(Text):
    def read(self, value: Any) -> str:
        if isinstance(value, int) and 0 < value <= LAST_PORT:
            raise ValidationError(f"{value} has no address; write it as 127.0.0.1:{value}")
        text = super().read(value)
        port = text.rpartition(":")[2]
        if not port.isdecimal() or not 0 < int(port) <= LAST_PORT:
            raise ValidationError(f"'{text}' has no port from 1 to 65535; write it as 127.0.0.1:8080")
        return text


class _Secret(Text):
    def read(self, value: Any) -> str:
        text = super().read(value)
        if len(text) < SHORTEST_SECRET:
            raise ValidationError(f"the secret is shorter than {SHORTEST_SECRET} characters; use 32 random ones")
        return text


class _Mail(Text):
    def read(self, value: Any) -> str:
        text = super().read(value)
        if not text.partition("@")[0] or not text.partition("@")[2]:
            raise ValidationError(f"'{text}' is not a mail address; write one such as carla@example.com")
        return text


class _Mails(Names):
    def read(self, value: Any) -> tuple[str, ...]:
        return tuple(read_each(value if isinstance(value, list) else [value], _Mail().read))


class _Database(Text):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        if urlsplit(text).scheme.partition("+")[0] not in {"sqlite", "postgresql", "postgres"}:
            raise ValidationError(
                f"'{text.partition('@')[0].partition(':')[0]}:...' is neither SQLite nor PostgreSQL; "
                "write sqlite:///continuity.db or postgresql://user@host/name"
            )
        return text


class _TimeOfDay(Text):
    def read(self, value: Any) -> time:  # type: ignore[override]  # marshmallow's fields load what they like
        text = super().read(value)
        found = _HOURS.fullmatch(text)
        if found is None:
            raise ValidationError(f"'{text}' is not a time of day; write hours and minutes in UTC, such as '03:00'")
        return time(int(found[1]), int(found[2]))


class _TimeOfDayOrOff(_TimeOfDay):
    """A time of day, or None for `off`."""

    def read(self, value: Any) -> time | None:  # type: ignore[override]  # marshmallow's fields load what they like
        return None if value == "off" else super().read(value)


class _Days(Length):
    """A duration of a day or more."""

    def read(self, value: Any) -> timedelta:
        duration = super().read(value)
        if duration < timedelta(days=1):
            raise ValidationError("the duration is shorter than a day; write one such as 400d")
        return duration


class _Port(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> int:  # noqa: ARG002 - marshmallow's form
        if not str(value).isdigit() or not 0 < int(value) <= LAST_PORT:
            raise ValidationError(f"'{value}' is not a port; write a number from 1 to 65535")
        return int(value)


class _Calls(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> int:  # noqa: ARG002 - marshmallow's form
        if isinstance(value, bool) or not str(value).isdecimal() or not 0 < int(value) <= MOST_CALLS:
            raise ValidationError(f"'{value}' is not a number of calls; write one from 1 to {MOST_CALLS}")
        return int(value)


class _Size(Text):
    """A number of bytes, written with its unit."""

    def read(self, value: Any) -> int:  # type: ignore[override]  # marshmallow's fields load what they like
        found = _BYTES.fullmatch(str(value).strip())
        if found is None:
            raise ValidationError(f"'{value}' is not a size; write a number with kB, MB or GB, such as 10 MB")
        size = int(float(found[1]) * _UNITS[found[2].lower()])
        if not 2**10 <= size <= LARGEST_FILE:
            raise ValidationError(f"'{value}' is not between 1 kB and 1 GB; to copy no files, write files: tell")
        return size


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


class _RecordsShape(Shape):
    service = Choice(("off", "link", "create"))
    plan = Choice(("off", "link", "create"))
    plan_task = Choice(("off", "link", "create"))


class _ConnectionShape(Shape):
    platform: fields.Field[Any] = Text(required=True)  # one of those that there are: `settings_shape`
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
    calls_per_minute = _Calls()
    reconcile_calls_per_minute = _Calls()
    records = fields.Nested(_RecordsShape)
    audit_at = _TimeOfDayOrOff()
    files = Choice(("copy", "tell", "off"))
    largest_file = _Size()


class _SmtpShape(Shape):
    host = Text(required=True)
    port = _Port()
    sender = _Mail(required=True, data_key="from")
    to = _Mails(required=True)
    user = Text()
    password = Text()
    starttls = Flag()


class _WebhookOutShape(Shape):
    url = _Address(required=True)
    secret = _Secret(required=True)


class _EscalationShape(Shape):
    after = Length(some=True)
    smtp = fields.Nested(_SmtpShape)
    webhook = fields.Nested(_WebhookOutShape)


class _SettingsShape(Shape):
    database = _Database(required=True)
    public_url = _Address(required=True)
    secret = _Secret(required=True)
    connections = Keyed(_ConnectionShape(), required=True)
    listen = _Listen()
    api_tokens = Names()
    poll_every = Length(some=True)
    poll_overlap = Length(some=True)
    write_back_window = Length()
    link_valid = Length(some=True)
    keep_deliveries = Length(some=True)
    keep_history = _Days()
    give_up_after = Length(some=True)
    preflight_at = _TimeOfDay()
    reconcile_every = Length(some=True)
    escalation = fields.Nested(_EscalationShape)


@lru_cache(maxsize=16)
def settings_shape(platforms: tuple[str, ...]) -> Shape:
    """Return the shape of the settings file where there are connections to these platforms."""

    class Connection(_ConnectionShape):
        platform = Choice(platforms, required=True)

    class Settings(_SettingsShape):
        connections = Keyed(Connection(), required=True)

    return Settings()
