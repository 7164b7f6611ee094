"""The merge of a record: what it settles stays settled, an echo changes nothing, and nobody's change is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.record_merge import Carried, Found, Merged, Rule, Side, merge_record

FIELDS = ("name", "rto", "owner")
VALUES = st.sampled_from(["a", "b", "c", ""])
RULES = st.builds(
    lambda way, policy: Rule(*way, policy),
    st.sampled_from([(True, True), (True, False), (False, True)]),
    st.sampled_from(["continuity", "platform", "newest", "manual"]),
)
WHOLE = st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES))
SOME = st.dictionaries(st.sampled_from(FIELDS), VALUES)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = dict.fromkeys(FIELDS, NOON)


def carried(values: Mapping[str, Any]) -> Carried:
    return Carried(dict(values))


SIDES = st.dictionaries(
    st.sampled_from(["board", "desk", "shelf"]),
    st.builds(
        lambda rules, base, theirs: Side(rules, carried, base, theirs, AT),
        st.fixed_dictionaries(dict.fromkeys(FIELDS, RULES)),
        SOME,
        WHOLE,
    ),
    min_size=1,
)


def anything(ours: Mapping[str, Any], field: str, value: Any) -> str:
    del ours, field, value
    return ""


def nothing_empty(ours: Mapping[str, Any], field: str, value: Any) -> str:
    del ours, field
    return "" if value else "empty"


def carry_out(sides: Mapping[str, Side], merged: Merged) -> dict[str, Side]:
    """Return the sides once everything was written that the merge wants."""

    def after(side: Side, found: Found) -> Side:
        return replace(side, base={**found.base, **found.write}, theirs={**side.theirs, **found.write})

    return {name: after(side, merged.found[name]) for name, side in sides.items()}


@given(WHOLE, SIDES, st.sampled_from([anything, nothing_empty]))
def test_a_second_merge_after_the_first_was_carried_out_takes_and_writes_nothing(
    ours: dict[str, str], sides: dict[str, Side], accept: Any
) -> None:
    first = merge_record(ours, AT, sides, accept)
    again = merge_record(first.ours, AT, carry_out(sides, first), accept)

    assert again.taken == {}
    assert {name: found.write for name, found in again.found.items()} == {name: {} for name in sides}
    assert {name: found.conflicts for name, found in again.found.items()} == {
        name: found.conflicts for name, found in first.found.items()
    }


@given(WHOLE, SIDES)
def test_after_it_was_carried_out_all_sides_hold_ours_but_where_a_person_has_to_decide(
    ours: dict[str, str], sides: dict[str, Side]
) -> None:
    merged = merge_record(ours, AT, sides, anything)
    after = carry_out(sides, merged)

    for name, found in merged.found.items():
        for field in FIELDS:
            if field not in found.conflicts and field not in found.held:
                assert (after[name].theirs[field] or "") == (merged.ours[field] or "")


@given(WHOLE, st.dictionaries(st.sampled_from(["board", "desk"]), st.fixed_dictionaries(dict.fromkeys(FIELDS, RULES))))
def test_an_echo_changes_nothing(ours: dict[str, str], ruled: dict[str, dict[str, Rule]]) -> None:
    sides = {name: Side(rules, carried, ours, ours, AT) for name, rules in ruled.items()}

    merged = merge_record(ours, AT, sides, anything)

    assert (merged.ours, merged.taken) == (ours, {})
    assert all(not found.write and not found.conflicts and not found.held for found in merged.found.values())


@given(WHOLE, SIDES, st.sampled_from(FIELDS), VALUES)
def test_what_one_field_holds_says_nothing_of_another(
    ours: dict[str, str], sides: dict[str, Side], field: str, value: str
) -> None:
    other = {name: replace(side, theirs={**side.theirs, field: value}) for name, side in sides.items()}
    one, two = merge_record(ours, AT, sides, anything), merge_record(ours, AT, other, anything)

    for name in FIELDS:
        if name != field:
            assert one.ours[name] == two.ours[name]


@given(VALUES, VALUES, VALUES, st.sampled_from(["ours", "theirs"]))
def test_a_conflict_is_settled_by_taking_one_sides_value_for_the_only_change(
    base: str, ours: str, theirs: str, choice: str
) -> None:
    side = Side({"rto": Rule(policy="manual")}, carried, {"rto": base}, {"rto": theirs})
    found = merge_record({"rto": ours}, {}, {"desk": side}, anything)
    if "rto" not in found.found["desk"].conflicts:
        return
    assert (found.ours, found.found["desk"].write) == ({"rto": ours}, {})

    settled = replace(side, base={"rto": theirs if choice == "ours" else ours})
    after = merge_record({"rto": ours}, {}, {"desk": settled}, anything)

    assert after.found["desk"].conflicts == frozenset()
    assert after.ours == {"rto": ours if choice == "ours" else theirs}


def test_what_the_platform_did_not_keep_is_not_written_again_until_ours_changes() -> None:
    side = Side({"owner": Rule()}, carried, {"owner": "a"}, {"owner": "a"}, declined={"owner": "b"})

    held = merge_record({"owner": "b"}, {}, {"desk": side}, anything).found["desk"]
    other = merge_record({"owner": "c"}, {}, {"desk": side}, anything).found["desk"]

    assert (held.write, list(held.held)) == ({}, ["owner"])
    assert other.write == {"owner": "c"}


@pytest.mark.parametrize("policy", ["continuity", "platform", "newest", "manual"])
def test_what_is_one_platforms_alone_is_nobodys_question_on_another(policy: Any) -> None:
    base, desk = {"rto": "a"}, Side({"rto": Rule(writes=False)}, carried, {}, {"rto": "b"})
    board = Side({"rto": Rule(policy=policy)}, carried, base, {"rto": "c"})

    merged = merge_record({"rto": "a"}, {}, {"board": board, "desk": desk}, anything)
    silent = merge_record(base, {}, {"board": board, "desk": replace(desk, theirs={"rto": ""})}, nothing_empty)

    assert (merged.ours, merged.found["board"].write) == ({"rto": "b"}, {"rto": "b"})
    assert merged.found["board"].conflicts == frozenset()
    assert silent.ours == {"rto": "c"}, "a platform that says nothing decides nothing"


def test_a_field_that_two_platforms_own_alone_is_told_and_does_not_swing() -> None:
    alone = {"owner": Rule(writes=False)}
    sides = {
        "board": Side(alone, carried, {}, {"owner": "a"}),
        "desk": Side(alone, carried, {}, {"owner": "b"}),
    }

    merged = merge_record({"owner": "c"}, {}, sides, anything)

    assert merged.ours == {"owner": "a"}
    assert "board's alone" in merged.found["desk"].held["owner"]


@pytest.mark.parametrize("read", [True, False])
def test_what_ours_is_called_on_one_side_alone_is_compared_and_written_there(*, read: bool) -> None:
    ours_alone = {"plan": Rule(reads=False)}
    desk = Side(ours_alone, carried, {}, {"plan": "another"} if read else {}, named={"plan": "id 7"})
    board = Side(ours_alone, carried, {"plan": "OPS-2"}, {"plan": "OPS-2"} if read else {}, named={"plan": "OPS-2"})
    sides = {"desk": desk, "board": board}

    first = merge_record({"plan": "PAY-DR"}, {}, sides, anything)
    second = merge_record({"plan": "PAY-DR"}, {}, carry_out(sides, first), anything)

    assert (first.found["desk"].write, first.found["board"].write) == ({"plan": "id 7"}, {})
    assert all(not found.write and not found.held for found in second.found.values())
    assert first.ours == {"plan": "PAY-DR"}


def test_nothing_of_ours_is_not_written_where_nothing_was() -> None:
    side = Side({"team": Rule(reads=False)}, carried, {}, {})

    assert merge_record({"team": ""}, {}, {"desk": side}, anything).found["desk"].write == {}
    assert merge_record({"team": ""}, {}, {"desk": replace(side, base={"team": "a"})}, anything).found[
        "desk"
    ].write == {"team": ""}
