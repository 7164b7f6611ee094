"""What is made of an instance's description of itself: lines, overrides, labels, choices and policies."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.servicenow import query
from adapters.servicenow.batch import Answer
from adapters.servicenow.dictionary import Dictionary, of_labels


def rows(*given: dict[str, str], total: int | None = None) -> Answer:
    return Answer(200, {"result": list(given)}, {} if total is None else {"x-total-count": str(total)})


def entry(table: str, element: str, **facts: str) -> dict[str, str]:
    return {"name": table, "element": element, "column_label": element.title(), "internal_type": "string"} | facts


LINE = rows({"name": "incident", "super_class.name": "task", "super_class.super_class.name": ""})


def known(**answers: Answer) -> Dictionary:
    given = {"tables": LINE, "columns": rows(entry("task", ""), entry("incident", ""), entry("task", "state"))}
    return Dictionary({f"{name}:0": answer for name, answer in (given | answers).items() if name in given} | answers)


def test_one_row_gives_the_lines_of_a_table_and_of_all_above_it():
    found = known()

    assert (found.tables, found.line("incident"), found.line("task")) == (
        ("incident", "task"),
        ("incident", "task"),
        ("task",),
    )


@pytest.mark.parametrize(
    ("override", "mandatory", "read_only", "default"),
    [
        ({"mandatory": "true"}, False, False, "1"),
        ({"mandatory": "true", "mandatory_override": "true"}, True, False, "1"),
        ({"read_only": "true", "read_only_override": "true"}, False, True, "1"),
        ({"default_value": "2", "default_value_override": "true"}, False, False, "2"),
    ],
)
def test_an_override_changes_what_it_is_marked_for_on_its_table_alone(override, mandatory, read_only, default):
    columns = rows(entry("incident", ""), entry("task", "state", default_value="1"))
    found = known(columns=columns, overrides=rows({"name": "incident", "element": "state"} | override))

    here, above = found.column("incident", "state"), found.column("task", "state")

    assert (here.mandatory, here.read_only, here.default) == (mandatory, read_only, default)
    assert (above.mandatory, above.read_only, above.default) == (False, False, "1")


def test_a_table_whose_parent_is_hidden_counts_as_not_described():
    found = known(columns=rows(entry("incident", ""), entry("incident", "caller_id")))

    assert (found.described("incident"), known().described("incident")) == (False, True)


def test_a_label_in_another_language_leads_to_the_column():
    labels = rows({"name": "task", "element": "state", "label": "Zustand"})

    assert known(labels=labels).locate("incident", "zustand") == ("state",)


def test_a_column_that_is_switched_off_bears_no_label():
    columns = rows(entry("incident", ""), entry("task", "u_a", column_label="A", active="false"))

    assert known(columns=columns).locate("incident", "A") == ()


def test_a_name_goes_before_a_label():
    columns = rows(entry("task", "outage"), entry("incident", "u_b", column_label="outage"))

    assert known(columns=columns).locate("incident", "outage") == ("outage",)


def choice(table: str, value: str, **facts: str) -> dict[str, str]:
    return {"name": table, "element": "state", "value": value, "label": value.upper(), "inactive": "false"} | facts


def test_a_tables_own_choices_replace_those_above_unless_all_are_switched_off():
    own = known(choices=rows(choice("task", "1"), choice("incident", "2")))
    off = known(choices=rows(choice("task", "1"), choice("incident", "2", inactive="true")))

    assert [[item.value for item in each.choices("incident", "state")] for each in (own, off)] == [["2"], ["1"]]


def test_a_choice_that_is_active_in_one_language_is_active():
    (found,) = known(choices=rows(choice("task", "1", inactive="true", label="Offen"), choice("task", "1"))).choices(
        "incident", "state"
    )

    assert (found.active, found.label) == (True, "1")


@pytest.mark.parametrize(
    ("table", "inherit", "meant"),
    [("incident", "false", True), ("task", "true", True), ("task", "false", False), ("problem", "true", False)],
)
def test_a_policy_holds_on_its_own_table_and_below_where_it_is_inherited(table, inherit, meant):
    row = {"table": table, "field": "state", "sys_data_policy.model_table": table, "sys_data_policy.inherit": inherit}

    assert bool(known(policies=rows(row)).policies("incident")) is meant


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (rows(total=0), ""),
        (rows(), ""),
        (rows(total=2), "2 hidden"),
        (
            Answer(403, {"error": {"message": "User Not Authorized", "detail": None}}),
            "HTTP 403: User Not Authorized",
        ),
    ],
)
def test_policies_that_cannot_be_seen_are_counted(answer: Answer, told: str):
    assert known(policies=answer).unseen == told


@pytest.mark.parametrize("label", ["A^ORactive=true", "javascript:x"])
def test_a_label_that_would_be_a_condition_is_refused(label: str):
    with pytest.raises(query.Unsafe):
        of_labels(["incident"], [label])


@pytest.mark.parametrize("column", ["state^ORactive", "a.b.", "State", "", "a b"])
def test_a_column_that_cannot_be_one_is_refused_in_a_query(column: Any):
    with pytest.raises(query.Unsafe):
        query.where(column, "=", "1")
    with pytest.raises(query.Unsafe):
        query.within(column, ["1"])
