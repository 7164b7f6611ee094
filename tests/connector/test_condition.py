"""Tests of conditions in CEL."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.condition import INCIDENT_VARIABLES, Condition, Undecidable
from connector.problem import Invalid

WHERE = "plans/pay-dr.yaml:9: when"


def condition(source):
    return Condition(source, INCIDENT_VARIABLES, WHERE)


def message(source):
    with pytest.raises(Invalid) as caught:
        condition(source)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("priority == 1", {"priority": 1}, True),
        ("priority == 1", {"priority": 2}, False),
        ("major_state == 'accepted' || (major_state == '' && priority == 1)", {"priority": 1}, True),
        ("major_state == 'accepted' || (major_state == '' && priority == 1)", {"major_state": "proposed"}, False),
        ("'payments-db' in ci", {"ci": ("payments-db", "web-portal")}, True),
        ("ci.exists(c, c.startsWith('pay'))", {"ci": ["payments-db"]}, True),
        ("active && !exercise", {"active": True}, True),
        ("summary.contains('störung')", {"summary": "Große störung"}, True),
    ],
)
def test_a_condition_holds_or_not(source, values, expected):
    assert condition(source).holds(values) is expected


def test_every_declared_name_that_is_left_out_or_none_is_the_zero_of_its_kind():
    zeros = {"int": "0", "string": "''", "bool": "false", "list": "[]"}
    source = " && ".join(f"{name} == {zeros[kind]}" for name, kind in INCIDENT_VARIABLES.items())

    assert condition(source).holds({})
    assert condition(source).holds(dict.fromkeys(INCIDENT_VARIABLES))


def test_names_that_are_not_declared_are_left_aside():
    assert condition("priority == 1").holds({"priority": 1, "colour": "red"})


def test_every_unknown_name_is_told_with_its_place_and_the_nearest_known_one():
    assert message("priorty == 1 && statex == 'new'") == (
        f"{WHERE}: unknown name 'priorty'; did you mean 'priority'?\n"
        "    priorty == 1 && statex == 'new'\n"
        "    ^\n"
        f"{WHERE}: unknown name 'statex'; did you mean 'state'?\n"
        "    priorty == 1 && statex == 'new'\n"
        "                    ^"
    )


def test_an_unknown_function_is_told_too():
    assert "unknown name 'startWith'; did you mean 'startsWith'?" in message("startWith(summary, 'a')")


def test_a_number_compared_with_a_text_does_not_compile():
    assert message("priority == '1'") == (
        f"{WHERE}: '==' does not go with int and string; use the same kind on both sides\n"
        "    priority == '1'\n"
        "             ^"
    )


def test_a_list_asked_as_a_text_is_told_how_lists_are_asked():
    assert f"{WHERE}: 'contains' does not go with list(string) and string; write 'x' in ci\n" in message(
        "priority == 1 && ci.contains('pay')"
    )
    assert "write 'x' in a list" in message("label.startsWith('pay')")


def test_the_caret_stands_right_behind_letters_beyond_ascii():
    assert message("'é' == priority").endswith("\n    'é' == priority\n        ^")


def test_the_caret_stands_on_the_right_line():
    assert message("priority == 1 ||\n  statex == 'a'").endswith("\n      statex == 'a'\n      ^")


@pytest.mark.parametrize("source", ["", "priority ==", "(priority == 1"])
def test_a_condition_that_ends_early_is_told(source):
    assert f"{WHERE}: the condition ends too early; write one such as" in message(source)


def test_a_condition_has_to_be_true_or_false():
    assert message("priority").startswith(f"{WHERE}: the condition `priority` gives int, not true or false; ")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("ci[3] == 'a'", "Index error: index=3 size=0"),
        ("1 / priority == 1", "divide by zero"),
    ],
)
def test_an_evaluation_that_fails_is_an_error_and_not_false(source, reason):
    with pytest.raises(Undecidable) as caught:
        condition(source).holds({})

    assert str(caught.value) == f"{WHERE}: `{source}` cannot be evaluated: {reason}"


@pytest.mark.parametrize("values", [{"priority": "1"}, {"priority": True}, {"ci": "payments-db"}, {"ci": [1]}])
def test_a_value_of_another_kind_is_an_error_and_not_false(values):
    with pytest.raises(Undecidable, match="not of kind"):
        condition("priority == 1 || 'a' in ci").holds(values)


def test_a_condition_can_be_used_by_many_threads_at_once():
    shared = condition("priority == 1 && ci.exists(c, c == 'payments-db')")

    def many(number):
        own = condition("priority == 2")
        values = {"priority": number % 2, "ci": ["payments-db"]}
        return [(shared.holds(values), own.holds({"priority": number})) for _ in range(300)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(many, range(16)))

    assert found == [[(number % 2 == 1, number == 2)] * 300 for number in range(16)]


def test_work_without_end_cannot_be_decided_and_is_no_other_error():
    endless = condition("label.exists(a, component.exists(b, a == b + '-major'))")
    many = [f"l{number}" for number in range(12_000)]

    with pytest.raises(Undecidable, match="cannot be evaluated"):
        endless.holds({"label": many, "component": many})
