"""The shapes of what the read API answers, with descriptions and units; they make the OpenAPI document too."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from connector.activation import LARGEST_ID

STATES = ("running", "stood_down", "closed")
TASK_STATES = ("pending", "open", "in_progress", "done", "failed", "skipped")


def text(description: str, **more: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description}, **more)


def choice(description: str, *values: str) -> fields.String:
    return text(description, validate=validate.OneOf(values))


def whole(description: str, **more: Any) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description}, **more)


def flag(description: str, **more: Any) -> fields.Boolean:
    return fields.Boolean(required=True, metadata={"description": description}, **more)


def instant(description: str, **more: Any) -> fields.DateTime:
    return fields.DateTime(required=True, metadata={"description": f"{description} (ISO 8601, UTC)"}, **more)


def texts(description: str) -> fields.List[Any]:
    return fields.List(fields.String(), required=True, metadata={"description": description})


class ActivationQuery(Schema):
    """Which activations to list; anything else in the query is refused."""

    state = fields.String(validate=validate.OneOf(STATES), metadata={"description": "Only those in this state."})
    exercise = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "`true`: exercises alone; `false`: without them. Left out: both."},
    )
    page = fields.Integer(
        load_default=1,
        validate=validate.Range(1, LARGEST_ID),
        metadata={"description": "The page, counted from 1."},
    )
    page_size = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata={"description": "Activations on a page."}
    )


class NoQuery(Schema):
    """For operations that take no query: any is refused."""


class PlanRef(Schema):
    key = text("The plan's key.")
    name = text("The plan's name.")
    version = text("Digest of the plan as it was when the activation started; the activation keeps it.")


class TicketRef(Schema):
    connection = text("The connection, as named in the settings.")
    number = text("What people call the ticket.")
    url = text("The ticket's address on its platform.")


class Incident(TicketRef):
    role = choice("How it takes part: the lead, a major of its own that joined, or a child.", "lead", "joined", "child")


class Status(Schema):
    phase = choice("The phase in hand.", "activation", "containment", "recovery", "return_to_normal")
    done = whole("Recovery tasks done or skipped.")
    total = whole("Recovery tasks in the plan.")
    percent = whole("Share of the tasks done or skipped, 0 to 100.")
    text = text("The status as it is written to the tickets.")
    expected_at = instant("When the services should be back, read now; null once that is settled", allow_none=True)


class Placement(TicketRef):
    record = choice("What stands there.", "activation", "recovery_task", "review")
    key = text("The task's key, or which record of the activation it is.")
    state = text("The state last known to stand there, empty while it is being created.")
    gone = text("Why the ticket does not count any more: `deleted`, `closed with its incident`, or empty.")
    problems = texts("What of it could not be mapped, and what to add to the mapping.")


class Task(Schema):
    key = text("The task's key in its plan; with a leading underscore for a question put to a person.")
    name = text("The task's name.")
    kind = choice("A task of the plan, or a question put to a person.", "plan", "invoke", "stand_down")
    state = choice("Where the task stands.", *TASK_STATES)
    phase = text("The phase it belongs to; empty for a question.")
    required = flag("Whether recovery counts on it.")
    role = text("Who of the response team does it.")
    team = text("The team that gets its tickets.")
    after = texts("Keys of the tasks that have to be done first.")
    duration_seconds = whole("Expected duration, in seconds; null for a question.", allow_none=True)
    due_at = instant("When it is due", allow_none=True)
    opened_at = instant("When it could begin", allow_none=True)
    started_at = instant("When work on it began", allow_none=True)
    closed_at = instant("When it was closed", allow_none=True)
    closed_by = text("Who closed it, as the platform names the person.")
    reason = text("What was given as the reason for its state.")
    placements = fields.List(
        fields.Nested(Placement), required=True, metadata={"description": "Its tickets on the platforms."}
    )


class Activation(Schema):
    id = whole("The activation's id.")
    number = text("What people call it, such as ACT-3.")
    exercise = flag("Whether it is a test of the plan; keep these out of figures.")
    state = choice("Where the activation stands.", *STATES)
    invoked = flag("False while the decision to invoke the plan is open.")
    plan = fields.Nested(PlanRef, required=True)
    services = texts("Keys of the services affected.")
    incident = fields.Nested(
        TicketRef, required=True, allow_none=True, metadata={"description": "The lead incident; null without one."}
    )
    started_at = instant("When the plan was activated")
    started_by = text("`rule`, or the person who started it.")
    clock_start = instant("When the disruption began: the RTO clock counts from here")
    due_at = instant("When the services have to be back")
    rto_seconds = whole("Recovery time objective, in seconds.")
    rpo_seconds = whole("Recovery point objective, in seconds.")
    restored_at = instant("When the services were back", allow_none=True)
    restored_by = text("What showed it: `tasks`, `incident`, or empty.")
    actual_recovery_seconds = whole("Actual recovery time, in seconds; null until restored.", allow_none=True)
    rto_met = flag("Whether the RTO was met; null while that is open.", allow_none=True)
    recovery_point_at = instant("The instant up to which data was recovered", allow_none=True)
    actual_recovery_point_seconds = whole(
        "Actual recovery point: data lost, counted in seconds before the disruption; null when not recorded.",
        allow_none=True,
    )
    stand_down = text("`asked`, `declined`, `confirmed`, or empty.")
    stand_down_reason = text("Why standing it down was asked for or confirmed.")
    ended_at = instant("When the activation ended", allow_none=True)
    complete_at = instant("When every record stood on its platforms", allow_none=True)
    escalated_at = instant("When it was escalated because that took too long", allow_none=True)


class ActivationPage(Schema):
    activations = fields.List(fields.Nested(Activation), required=True, metadata={"description": "Newest first."})
    total = whole("How many there are on all pages.")
    page = whole("This page, counted from 1.")
    page_size = whole("Activations on a page.")


class ActivationDetail(Activation):
    status = fields.Nested(Status, required=True)
    incidents = fields.List(
        fields.Nested(Incident), required=True, metadata={"description": "The incidents that take part, lead first."}
    )
    tasks = fields.List(fields.Nested(Task), required=True, metadata={"description": "In plan order, then questions."})
    placements = fields.List(
        fields.Nested(Placement),
        required=True,
        metadata={"description": "Everything of the activation on the platforms."},
    )


class TaskList(Schema):
    tasks = fields.List(fields.Nested(Task), required=True, metadata={"description": "In plan order, then questions."})


class Ticket(TicketRef):
    why = text("Why it was, or was not, acted on.")
    why_at = instant("When that was decided", allow_none=True)
    plan = text("Key of the plan that is linked on it, or empty.")
    activation = fields.String(
        required=True, allow_none=True, metadata={"description": "The activation it takes part in, such as ACT-3."}
    )
    role = text("Its role there: `lead`, `joined`, `child`, or empty.")
    baseline = flag("Whether it was there before the connector: seen, never acted on.")
    deleted = flag("Whether it was deleted on its platform.")
    problems = texts("What of it could not be mapped, and what to add to the mapping.")
    seen_at = instant("When it was last read or told of")


class Fault(Schema):
    """A problem (RFC 9457)."""

    type = text("Always `about:blank`.")
    title = text("The status in words.")
    status = whole("The HTTP status.")
    detail = text("What is wrong and what to do.")
