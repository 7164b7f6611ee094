"""What differs between two versions of the mappings, word for word."""

from __future__ import annotations

import pytest

from mappings import library
from mappings.difference import differences, shipped_changes

SHIPPED = """\
version: 1
table: incident
fields:
  number: {field: number, direction: read}
  state:
    field: state
    direction: read
    type: choice
    values: {new: "1", on_hold: "3"}
"""


def told(own: str, before: str = "") -> list[str]:
    """Return the differences that an admin's file makes, without those of the records that are as shipped."""
    old = {"servicenow": {"incident": [SHIPPED, before] if before else [SHIPPED]}}
    return [str(item) for item in differences(old, {"servicenow": {"incident": [SHIPPED, own]}})]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("fields: {number: null}", "number is not mapped any more; it was read from number"),
        ("fields: {x_vip: {field: u_vip, type: boolean}}", "x_vip is new: read from and written to u_vip (boolean)"),
        ("fields: {priority: {default: 3, direction: read}}", "priority is new: always 3"),
        ("fields: {priority: {compute: '1 + 1', direction: read}}", "priority is new: computed"),
        ("fields: {number: {field: u_no}}", "number: the platform's field: number -> u_no"),
        ("fields: {number: {direction: both}}", "number: the direction: read -> both"),
        ("fields: {number: {default: none}}", "number: the default is now none"),
        ("fields: {state: {type: null}}", "state: the type is taken out; it was choice"),
        ("fields: {state: {values: {on_hold: ['3', '10']}}}", "state: on_hold stands for 3, 10; it stood for 3"),
        ("fields: {state: {values: {closed: '7'}}}", "state: closed now stands for 7"),
        ("fields: {state: {values: {new: null}}}", "state: new stands for nothing any more; it stood for 1"),
        ("fields: {state: {else: {read: new}}}", "state: what stands for anything else is now read: new"),
        ("table: u_incident", "table: incident -> u_incident"),
        ("labels: [a, b]", "labels is now a, b"),
    ],
)
def test_a_difference_is_told_in_words(own: str, words: str) -> None:
    assert told(own) == [f"servicenow incident: {words}"]


def test_remarks_layout_and_order_are_no_difference() -> None:
    assert told("# a remark\nfields:\n  number:\n    direction: read\n    field: number\n") == []


def test_a_difference_names_the_line_that_makes_it_or_that_it_left() -> None:
    old = {"servicenow": {"incident": [SHIPPED, "fields:\n  x_vip: {field: u_vip}\n"]}}
    new = {"servicenow": {"incident": [SHIPPED, "fields:\n\n  number: {field: u_no}\n"]}}

    assert [item.where for item in differences(old, new)] == [
        "mappings/servicenow/incident.yaml:3",
        "mappings/servicenow/incident.yaml:2",
    ]


def test_a_record_that_a_version_lacks_counts_as_shipped() -> None:
    assert differences({"jira": {}}, {"jira": library.gather("jira")}) == []


def test_what_a_release_ships_otherwise_is_told_with_the_file_and_the_path() -> None:
    texts = library.gather("servicenow")
    shipped = texts["incident"][0]
    assert 'on_hold: "3"' in shipped
    texts["incident"] = [shipped.replace('on_hold: "3"', 'on_hold: ["3", "10"]').replace("table: incident", "old: x")]

    assert shipped_changes({"servicenow": texts}) == [
        "shipped servicenow/incident.yaml: old: taken out; it was x",
        "shipped servicenow/incident.yaml: fields.state.values.on_hold: 3, 10 -> 3",
        "shipped servicenow/incident.yaml: table: new: incident",
    ]
