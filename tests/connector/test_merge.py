"""The merge of one field: nobody's change is lost but by the policy that says so, and an echo changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.merge import Field, Merged, Policy, merge

VALUES = st.sampled_from(["a", "b", "c", ""])
POLICIES: st.SearchStrategy[Policy] = st.sampled_from(["continuity", "platform", "newest", "manual"])
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(VALUES, VALUES, POLICIES)
def test_what_one_side_changed_stands_on_both(base: str, changed: str, policy: Policy) -> None:
    ours, theirs = merge(Field(base, changed, base), policy), merge(Field(base, base, changed), policy)

    assert (ours.value, ours.take) == (changed, False)
    assert (theirs.value, theirs.write) == (changed, False)


@given(VALUES, VALUES, POLICIES)
def test_what_both_sides_agree_on_is_left_alone(base: str, agreed: str, policy: Policy) -> None:
    assert merge(Field(base, agreed, agreed), policy) == Merged(agreed)


@given(VALUES, VALUES, VALUES, POLICIES)
def test_a_second_merge_after_carrying_out_the_first_changes_nothing(
    base: str, ours: str, theirs: str, policy: Policy
) -> None:
    first = merge(Field(base, ours, theirs), policy)
    if first.conflict:
        return
    after = Field(first.value, first.value if first.take else ours, first.value if first.write else theirs)

    assert merge(after, policy) == Merged(first.value)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("continuity", Merged("ours", write=True)),
        ("platform", Merged("theirs", take=True)),
        ("manual", Merged("ours", conflict=True)),
    ],
)
def test_the_policy_decides_where_both_changed(policy: Policy, expected: Merged) -> None:
    assert merge(Field("base", "ours", "theirs"), policy) == expected


@pytest.mark.parametrize(
    ("ours_at", "theirs_at", "expected"),
    [
        (NOON, NOON - timedelta(minutes=1), Merged("ours", write=True)),
        (NOON - timedelta(minutes=1), NOON, Merged("theirs", take=True)),
        (None, NOON, Merged("theirs", take=True)),
        (NOON, None, Merged("theirs", take=True)),
    ],
)
def test_the_newest_change_stands_and_a_persons_where_a_time_is_not_known(
    ours_at: datetime | None, theirs_at: datetime | None, expected: Merged
) -> None:
    assert merge(Field("base", "ours", "theirs", ours_at, theirs_at), "newest") == expected
