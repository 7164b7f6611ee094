"""The shape of an explanation as the read API answers it, with descriptions; it makes the OpenAPI document too."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from connector.console.shapes import TicketRef, choice, flag, instant, text, texts, whole
from connector.ticketing import KEPT
from connector.why.verdict import VERDICTS


def _value(description: str) -> fields.Raw:
    # Any JSON value: a text, a number, true or false, or a list of these.
    return fields.Raw(required=True, allow_none=True, metadata={"description": description})


def _version(description: str) -> fields.Integer:
    return whole(f"{description}; null where none was recorded.", allow_none=True)


class Delivery(Schema):
    id = text("The message, such as D12.")
    source = choice("How it came.", "webhook", "poll", "command")
    event = text("What the platform calls the event.")
    state = choice("What was decided on it.", "open", "done", "ignored", "parked")
    reason = text("Why.")
    received_at = instant("When it came")
    decided_at = instant("When it was decided on", allow_none=True)


class Write(Schema):
    id = text("The write, such as W12.")
    action = choice("What it does.", "create", "update", "link")
    state = choice("What became of it.", "pending", "done", "parked", "superseded")
    attempts = whole("How often it was tried.")
    reason = text("What the platform answered at the last try that failed, or empty.")
    warnings = texts("What the platform took otherwise than it was sent.")
    mapping_version = _version("The version of the mapping that it was made with")
    created_at = instant("When it was intended")
    sent_at = instant("When it was last tried", allow_none=True)
    done_at = instant("When it was done, parked or superseded", allow_none=True)


class Field(Schema):
    name = text("Our name of the field.")
    field = text("The platform's field, as the mapping names it.")
    id = text("Its id on the platform; empty where that is not known, or there is no such field.")
    label = text("What people call it there; empty where that is not known.")
    direction = choice("Which way its value goes.", "read", "write", "both")
    rule = text("File and line of the mapping that decides on it.")
    mapping_version = _version("The version of that mapping")
    when = text("The condition under which it is mapped, or empty.")
    when_held = flag("Whether that condition was true; null without one.", allow_none=True)
    verdict = choice(
        "What came of it. `read`: the platform's value was taken over. `written`: the last write set it. `unchanged`: "
        "it stands as an earlier write left it. `waiting`, `parked`, `skipped`: not, for the reason given.",
        *VERDICTS,
    )
    reason = text("Why, in words.")
    ours = _value("What we last wanted, wrote or took over.")
    theirs = _value("What the platform was last seen to hold.")
    agreed = _value("What both sides last agreed on, of a service, plan or task that is kept in step; else null.")
    counts = text("Whose value counts, of a service, plan or task that is kept in step; else empty.")
    delivery_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The message that brought the value, such as D12."}
    )
    delivery_kept = flag("Whether that message is still kept; null without one.", allow_none=True)
    delivery: Any = fields.Nested(
        Delivery, required=True, allow_none=True, metadata={"description": "That message, while it is kept."}
    )
    write: Any = fields.Nested(
        Write, required=True, allow_none=True, metadata={"description": "The last write that had to do with it."}
    )


class Why(TicketRef):
    platform = text("What kind of platform the connection leads to.")
    id = text("The ticket's id on its platform; empty for one that is not known.")
    record = choice(
        "What the ticket is to us; empty for another type of ticket, or one that is not known.",
        *("incident", "recovery_task", "activation", "review", "question", *KEPT, ""),
    )
    key = text("The key in the files, of a service, plan or task that is kept in step; else empty.")
    known = flag("Whether anything was ever heard of it, as far as messages are kept.")
    covered = flag("Whether a plan is linked on it, or it belongs to an activation.")
    baseline = flag("Whether it was there before the connector: seen, never acted on.")
    deleted = flag("Whether it was deleted on its platform.")
    plan = text("Key of the plan, or empty.")
    activation = fields.String(
        required=True, allow_none=True, metadata={"description": "The activation it belongs to, such as ACT-3."}
    )
    role = text("An incident's role there: `lead`, `joined`, `child`, or empty.")
    why = text("Why it was, or was not, acted on.")
    why_at = instant("When that was decided", allow_none=True)
    heard_at = instant("When it was last heard of", allow_none=True)
    mapping_version = _version("The version of the mapping in force")
    story = texts("The ticket's own story, in sentences.")
    to_do = texts("What a person can do or check.")
    problems = texts("What of it could not be mapped, and what to add to the mapping.")
    fields_: Any = fields.List(
        fields.Nested(Field),
        required=True,
        data_key="fields",
        attribute="fields",
        metadata={"description": "Each field of the mapping, in its order."},
    )
    deliveries: Any = fields.List(
        fields.Nested(Delivery), required=True, metadata={"description": "The newest messages about it, newest first."}
    )
    writes: Any = fields.List(
        fields.Nested(Write), required=True, metadata={"description": "The newest writes to it, newest first."}
    )
