"""The shape of the history as the read API answers it, with descriptions; it makes the OpenAPI document too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from connector.console.shapes import choice, instant, text, whole

PLACE = r"^[0-9]{1,17}-[WH][0-9]{1,18}$"


class _Instant(fields.AwareDateTime):
    """An instant in any zone, given on in UTC."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> datetime:
        found: datetime = super()._deserialize(value, attr, data, **more)
        try:
            return found.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("Not an instant that there is.") from error


class HistoryQuery(Schema):
    """Which lines to tell; anything else in the query is refused."""

    ticket = fields.String(
        load_default="",
        validate=validate.Regexp(r"^[^\x00]*$"),
        metadata={"description": "Only what concerns the ticket that people call this."},
    )
    activation = fields.String(
        validate=validate.Regexp(r"^ACT-[0-9]{1,18}$", error="Write it as ACT-12."),
        metadata={"description": "Only what concerns one activation, such as ACT-12."},
    )
    since = _Instant(default_timezone=UTC, metadata={"description": "Only what came then or later (ISO 8601)."})
    after = fields.String(
        validate=validate.Regexp(PLACE, error="Give what `next` of the page before said."),
        metadata={"description": "Only what comes after this place: `next` of the page before."},
    )
    page_size = fields.Integer(
        load_default=200, validate=validate.Range(1, 1000), metadata={"description": "Lines on a page, at most."}
    )


class Change(Schema):
    field = text("Our name of the field.")
    before = fields.Raw(
        required=True, allow_none=True, metadata={"description": "The value known before it; null for none."}
    )
    after = fields.Raw(required=True, allow_none=True, metadata={"description": "The value written."})


class Line(Schema):
    id = text("W12 for a write, H12 for something that happened.")
    at = instant("When the write was intended, or when it happened")
    connection = text("The connection, as named in the settings; empty for what concerns an activation as a whole.")
    ticket = text("What people call the ticket; of a write only.")
    activation = fields.String(
        required=True, allow_none=True, metadata={"description": "The activation, such as ACT-3; null without one."}
    )
    action = choice("What a write does, or that something happened.", "create", "update", "link", "attach", "happened")
    record = text("What was written to, such as `incident` or `recovery_task`.")
    changes = fields.List(
        fields.Nested(Change), required=True, metadata={"description": "What was written, field by field."}
    )
    note = text("The note that was written, or what happened, in words.")
    cause = text("Why it was written: the message, timer, poll or person.")
    mapping_version = whole("The version of the mapping that it was written with; null before.", allow_none=True)
    attempts = whole("How often it was tried.")
    state = choice("What became of a write, empty for what happened.", "", "pending", "done", "parked", "superseded")
    answer = text("What the platform answered last.")


class HistoryPage(Schema):
    lines = fields.List(fields.Nested(Line), required=True, metadata={"description": "The oldest first."})
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where the next page begins: give it as `after`; null at the end."},
    )
