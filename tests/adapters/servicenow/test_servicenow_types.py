"""Types and choices of a mapping held against those of its columns: each message word for word."""

from __future__ import annotations

import pytest

from tests.adapters.servicenow.test_servicenow_check import INC, TASK

HOLDS = {
    # type of the mapping, kind of the column, direction, what is told
    "datetime, date and time": ("type: datetime, format: '%Y-%m-%d %H:%M:%S'", "glide_date_time", "write", None),
    "datetime read of a date": ("type: datetime", "glide_date", "read", None),
    "datetime written to a date": (
        "type: datetime, format: '%Y-%m-%d %H:%M:%S'",
        "glide_date",
        "write",
        "holds a date, and is mapped as datetime; say type: date",
    ),
    "date": ("type: date", "glide_date", "write", None),
    "date written to a date and time": (
        "type: date",
        "glide_date_time",
        "write",
        "holds a date and time, and is mapped as date; say type: datetime",
    ),
    "datetime in ISO 8601": (
        "type: datetime",
        "glide_date_time",
        "write",
        (
            "takes dates as %Y-%m-%d %H:%M:%S and drops others, and it would be written as ISO 8601; say format: "
            '"%Y-%m-%d %H:%M:%S"'
        ),
    ),
    "number": ("type: number", "integer", "write", None),
    "number, decimal": ("type: number", "decimal", "write", None),
    "number, currency": ("type: number", "currency", "read", None),
    "number of a truth": (
        "type: number",
        "boolean",
        "read",
        "holds true or false, and is mapped as number; say type: boolean",
    ),
    "boolean": ("type: boolean", "boolean", "write", None),
    "boolean of a number": (
        "type: boolean",
        "integer",
        "write",
        "holds a number, and is mapped as boolean; say type: number",
    ),
    "text of a number, read": ("type: text", "integer", "read", None),
    "text of a number, written": (
        "type: text",
        "integer",
        "write",
        "holds a number, and is mapped as text; say type: number",
    ),
    "duration": ("type: duration, format: since_1970", "glide_duration", "write", None),
    "duration in seconds": (
        "type: duration",
        "glide_duration",
        "write",
        "holds a duration, and is mapped as duration; say format: since_1970",
    ),
    "duration counted in a number": ("type: duration, format: minutes", "integer", "write", None),
    "duration in words in a number": (
        "type: duration, format: words",
        "integer",
        "write",
        "holds a number, and is mapped as duration; say format: seconds, minutes or hours",
    ),
    "reference of a text": (
        "type: user",
        "string",
        "write",
        "holds text, and is mapped as user; map another column",
    ),
    "an id in a text": ("type: reference", "string", "write", None),
    "rich text": ("type: rich_text, format: html", "html", "write", None),
    "rich text without a format": ("type: rich_text", "html", "write", None),
    "rich text as HTML in a plain column": (
        "type: rich_text, format: html",
        "string",
        "write",
        "holds text, and is mapped as rich_text; say type: text",
    ),
    "values that are numbers": ("type: choice, values: {a: '1', b: '2'}", "integer", "both", None),
    "labels": ("type: labels", "glide_list", "read", None),
}


@pytest.mark.parametrize("case", HOLDS.values(), ids=HOLDS)
def test_a_type_is_held_against_what_the_column_holds(make, case):
    settings, kind, direction, told = case
    world = make(incident=f"fields: {{x_a: {{field: u_a, direction: {direction}, {settings}}}}}")
    reference = "sys_user" if kind in ("reference", "glide_list") else ""
    world.order("add-column", table="incident", name="u_a", label="A", kind=kind, reference=reference, length=40)

    assert [line.partition("incident.u_a ")[2] for line in world.told()] == ([told] if told else [])


def test_what_a_number_column_would_drop_of_a_value_map_is_told(make):
    world = make(incident="fields: {x_a: {field: u_a, type: choice, values: {low: '1', high: High}}}")
    world.order("add-column", table="incident", name="u_a", label="A", kind="integer")

    assert world.told() == [
        (
            f"warning: {INC}: fields.x_a.values: incident.u_a holds a number and would drop 'High', which high would write; "
            "write what the column stores, not what it shows"
        )
    ]


def test_a_zone_on_what_crosses_in_utc_is_told(make):
    text = "fields: {opened_at: {zone: Europe/Zurich}}"

    assert make(incident=text).told() == [
        (
            f"warning: {INC}: fields.opened_at.zone: incident.opened_at crosses in UTC, whatever zone people see, and is "
            "taken for Europe/Zurich; take zone: out"
        )
    ]


STATE = f"{TASK.removesuffix(':1')}: fields.state.values"
CHOICES = {
    "one that is switched off": (
        {"table": "task", "column": "state", "value": "7"},
        [
            (
                f"warning: {STATE}: choice '7' (Closed Skipped) of incident_task.state is inactive, and skipped would write "
                "it; use one of: -5, 1, 2, 3, 4"
            )
        ],
    ),
    "one that is another on this table alone": (
        {"table": "incident_task", "column": "state", "value": "7", "to": "77"},
        [
            (
                f"warning: {STATE}: choice '7' (Closed Skipped) of incident_task.state is inactive, and skipped would write "
                "it; use one of: -5, 1, 2, 3, 4, 77"
            ),
            (
                f"warning: {STATE}: incident_task.state offers '77' (Closed Skipped), which is mapped to nothing; add it to "
                "the value that it means, or say else: {read: ...}"
            ),
        ],
    ),
}


@pytest.mark.parametrize(("order", "told"), CHOICES.values(), ids=CHOICES)
def test_mapped_choices_are_held_against_those_that_are_offered(make, order, told):
    world = make()
    world.order("change-choice", **order)

    assert [line for line in world.told() if "recovery_task" in line] == told


def test_a_choice_that_is_read_and_never_offered_is_told_unless_another_means_the_same(make):
    text = "fields: {state: {values: {on_hold: ['33', '34'], resolved: ['6', '66']}, else: {read: new}}}"

    assert make(incident=text).told() == [
        (
            f"warning: {INC}: fields.state.values: incident.state offers no choice '33', so that it never reads as on_hold; "
            "use one of: 1, 2, 3, 6, 7, 8"
        )
    ]


def test_a_dependent_choice_is_a_choice(make):
    world = make(incident="fields: {x_a: {field: subcategory, type: choice, values: {mail: email}, direction: read}}")
    world.as_admin(
        "sys_choice", name="incident", element="subcategory", value="email", label="Email", dependent_value="software"
    )

    assert world.told() == []
