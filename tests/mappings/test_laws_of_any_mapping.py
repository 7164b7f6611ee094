"""Laws that hold for any valid mapping: put-get, get-put, put-put, echoes, nothing silent, conditions that part."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.language.conditions import problems_of
from mappings.language.examine import examine
from mappings.source import Source, parse, plain
from tests.mappings.mapping_strategies import JSON, Drawn, find, lossless, lossy, mappings, sent

LAWS = settings(max_examples=40, deadline=None)


def put(drawn: Drawn, values: dict[str, Any], record: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write values over a record, and return it as the platform then sends it."""
    written = drawn.mapping.write(values, find(drawn, values))
    assert written.problems == ()
    return (record or {}) | sent(drawn, written.fields)


@LAWS
@given(mappings(lossless()), st.data())
def test_what_is_put_is_what_is_got(drawn: Drawn, data: st.DataObject) -> None:
    values = data.draw(drawn.values)

    read = drawn.mapping.read(put(drawn, values))

    assert read.problems == ()
    assert read.values == values


@LAWS
@given(mappings(lossless()), st.data())
def test_to_put_what_was_got_changes_nothing(drawn: Drawn, data: st.DataObject) -> None:
    record = put(drawn, data.draw(drawn.values))

    assert put(drawn, dict(drawn.mapping.read(record).values), record) == record


@LAWS
@given(mappings(lossless()), st.data())
def test_of_two_puts_the_last_stands(drawn: Drawn, data: st.DataObject) -> None:
    first, last = data.draw(drawn.values), data.draw(drawn.values)

    both = put(drawn, last, put(drawn, first))

    assert drawn.mapping.read(both).values == first | last
    assert put(drawn, last, both) == both


@LAWS
@given(mappings(lossless()), st.data())
def test_an_echo_leaves_nothing_to_write(drawn: Drawn, data: st.DataObject) -> None:
    values = data.draw(drawn.values)

    echoed = drawn.mapping.read(put(drawn, values)).values

    changed = {name: value for name, value in values.items() if echoed[name] != value}
    assert drawn.mapping.write(changed, find(drawn, values)).fields == {}


@settings(max_examples=60, deadline=None)
@given(mappings(lossy()), st.data())
def test_of_any_json_each_field_gives_a_value_or_a_problem(drawn: Drawn, data: st.DataObject) -> None:
    record = {item.id: data.draw(JSON) for item in drawn.mapping.fields}

    read = drawn.mapping.read(record)

    told = [problem.where for problem in read.problems]
    for item in drawn.mapping.fields:
        silent = item.source not in read.values and not any(where.startswith(item.where) for where in told)
        assert not silent, f"{item.name}: {record[item.id]!r} vanished"


@settings(max_examples=60, deadline=None)
@given(mappings(lossy()), st.data())
def test_of_any_value_each_field_is_written_or_told(drawn: Drawn, data: st.DataObject) -> None:
    values = data.draw(drawn.values)

    written = drawn.mapping.write(values, find(drawn, values))

    told = [problem.where for problem in written.problems]
    for item in drawn.mapping.fields:
        if item.source in values and not (item.values and values[item.source] in ("", None)):
            silent = item.id not in written.fields and not any(where.startswith(item.where) for where in told)
            assert not silent, f"{item.name}: {values[item.source]!r} vanished"


ATOMS = st.sampled_from(
    [
        *("project == 'WEB'", "project != 'WEB'", "project == 'OPS'", "'DB' in service", "project in ['WEB', 'OPS']"),
        *(
            "state == 'open'",
            "state != 'open'",
            "connection == 'main'",
            "exercise",
            "continuity_plan.startsWith('PAY')",
        ),
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda below: st.one_of(
        below.map(lambda one: f"!({one})"),
        st.tuples(below, below).map(lambda two: f"({two[0]}) && ({two[1]})"),
        st.tuples(below, below).map(lambda two: f"({two[0]}) || ({two[1]})"),
    ),
    max_leaves=4,
)
FACTS = st.fixed_dictionaries(
    {
        "project": st.sampled_from(["WEB", "OPS", "", "HR"]),
        "service": st.sampled_from([[], ["DB"], ["DB", "Web"], ["Web"]]),
        "state": st.sampled_from(["open", "done"]),
        "connection": st.sampled_from(["main", "emea"]),
        "exercise": st.booleans(),
        "continuity_plan": st.sampled_from(["PAY-DR", "HR-DR", ""]),
    }
)


def two_teams(one: str, other: str) -> Source:
    text = f"""
fields:
  title: {{field: summary}}
  state: {{field: state, type: choice, values: {{open: "1", done: "2"}}}}
  project: {{field: project}}
  continuity_plan: {{field: plan}}
  team: {{field: team, when: "{one}"}}
  x_squad: {{field: squad, from: team, when: "{other}"}}
"""
    layer = parse(text, "any.yaml")
    return Source("any", "review", "any.yaml", plain(layer.content), (layer,))


@settings(max_examples=60, deadline=None)
@given(CONDITIONS, CONDITIONS, FACTS)
def test_conditions_that_are_accepted_never_hold_both(one: str, other: str, facts: dict[str, Any]) -> None:
    mapping, problems = examine(two_teams(one, other))
    assert mapping is not None
    first, second = (item for item in mapping.fields if item.source == "team")
    assert first.when is not None
    assert second.when is not None

    if not problems:
        assert not (first.when.holds(facts) and second.when.holds(facts))


@settings(max_examples=40, deadline=None)
@given(CONDITIONS, FACTS)
def test_a_condition_and_its_opposite_part_all_records(condition: str, facts: dict[str, Any]) -> None:
    mapping, problems = examine(two_teams(condition, f"!({condition})"))
    assert mapping is not None
    if any("true" in problem.what for problem in problems):
        return  # always or never true: told, and no condition
    assert list(problems_of(mapping)) == []

    written = mapping.write({"team": "DB Ops"}, lambda lookup, name: name, about=facts)

    assert len({"team", "squad"} & set(written.fields)) == 1
