"""Which records of a platform are ours already."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connector.adoption import Both, Candidate, Match, Said, choose, matches
from connector.problem import Invalid

PAYMENTS = Candidate("1", "SVC1", "Payments")
PORTAL = Candidate("2", "SVC2", "customer  PORTAL")


def both(ours: Mapping[str, str], *there: Candidate, kind: str = "service", **linked: str) -> Both:
    return Both(kind, ours, linked, there)


def found(ours: Mapping[str, str], *there: Candidate, **given: str) -> list[Match]:
    sides = both(ours, *there)
    return matches(sides, choose(said(**given), [sides], "desk"), {})


def said(**given: str) -> list[Said]:
    return [Said(f"links.csv:{line}", key, called) for line, (key, called) in enumerate(given.items(), 1)]


def wrong(given: list[Said], *kinds: Both) -> list[str]:
    with pytest.raises(Invalid) as told:
        choose(given, kinds, "desk")
    return [str(problem) for problem in told.value.problems]


def test_names_match_whatever_their_case_and_spaces() -> None:
    payments, portal = found({"payments": "Payments", "portal": "Customer Portal"}, PAYMENTS, PORTAL)

    assert (payments.candidate, payments.by) == (PAYMENTS, "name")
    assert portal.candidate == PORTAL


def test_what_we_made_is_ours_by_its_key_whatever_its_name() -> None:
    ours = Candidate("3", "SVC3", "Renamed", key="payments")

    (match,) = found({"payments": "Payments"}, ours, PAYMENTS)

    assert (match.candidate, match.by) == (ours, "our key")


def test_a_name_that_is_there_twice_on_either_side_is_doubtful() -> None:
    (two,) = found({"payments": "Payments"}, PAYMENTS, Candidate("9", "SVC9", "PAYMENTS"))
    first, second = found({"a": "Payments", "b": "payments"}, PAYMENTS)

    assert (two.candidate, len(two.doubtful), two.why) == (None, 2, "2 records there have this name")
    assert (first.candidate, second.candidate, first.why) == (None, None, "2 of ours have this name")


def test_a_name_that_is_nearly_the_same_is_shown_and_not_matched() -> None:
    (match,) = found({"payments": "Payment"}, PAYMENTS, PORTAL)

    assert (match.candidate, match.doubtful) == (None, (PAYMENTS,))


def test_what_a_person_says_goes_before_keys_and_names_by_number_or_id() -> None:
    payments, other = found({"payments": "Payments", "other": "Other"}, PAYMENTS, PORTAL, payments="svc2", other="1")
    (mine,) = found({"a": "A"}, Candidate("3", "SVC3", "A", key="a"), PAYMENTS, a="SVC1")

    assert (payments.candidate, payments.by, other.candidate) == (PORTAL, "given", PAYMENTS)
    assert (mine.candidate, mine.by) == (PAYMENTS, "given")


def test_a_number_that_two_have_is_refused_with_both_ids_and_taken_by_the_id() -> None:
    twin = Candidate("9", "Payments", "Payments")
    there = (Candidate("8", "Payments", "Payments"), twin)

    (match,) = found({"payments": "Payments"}, *there, payments="9")

    assert match.candidate == twin
    assert wrong(said(payments="payments"), both({"payments": "Payments"}, *there)) == [
        "links.csv:1: 2 on desk are called 'payments'; give one by its id: 8 and 9"
    ]


def test_all_that_is_wrong_with_what_a_person_says_is_told_at_once() -> None:
    given = said(paiments="SVC1", portal="SVC7", payments="SVC1", other="1", more="SVC2")
    given.append(Said("links.csv:6", "payments", "SVC2"))
    ours = {"payments": "Payments", "portal": "Portal", "other": "Other", "more": "More", "held": "Held"}

    assert wrong(given, both(ours, PAYMENTS, PORTAL, held="2")) == [
        "links.csv:1: no service has the key 'paiments'; did you mean 'payments'?",
        "links.csv:2: desk has no service with the number or id 'SVC7'; did you mean 'SVC2'?",
        "links.csv:6: 'payments' is said to be 'SVC1' already (links.csv:3); keep one of both",
        "links.csv:4: '1' is said to be 'payments' already (links.csv:3)",
        "links.csv:5: 'SVC2' is linked with the service held already; say too which one held is, or leave this out",
    ]


def test_what_is_linked_so_already_stays_and_two_links_can_be_exchanged() -> None:
    ours = {"a": "A", "b": "B"}
    linked = both(ours, PAYMENTS, PORTAL, a="1", b="2")

    assert choose(said(a="SVC1"), [linked], "desk") == {}
    assert matches(linked, {}, {}) == []
    exchanged = matches(linked, choose(said(a="SVC2", b="SVC1"), [linked], "desk"), {})
    assert [match.candidate for match in exchanged] == [PORTAL, PAYMENTS]


def test_a_task_is_looked_for_by_name_in_its_own_plan_alone() -> None:
    there = (Candidate("11", "T1", "Fail over", within="1"), Candidate("12", "T2", "Fail over", within="2"))
    ours = {"PAY/failover": "Fail over", "WEB/failover": "Fail over", "NEW/failover": "Fail over"}
    tasks = both(ours, *there, kind="plan_task")

    pay, web, new = matches(tasks, {}, {"PAY/failover": "1", "WEB/failover": "2", "NEW/failover": ""})

    assert (pay.candidate, web.candidate) == there
    assert (new.candidate, new.doubtful, new.why) == (None, (), "")
