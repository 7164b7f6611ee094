"""Which records of a platform are ours already."""

from __future__ import annotations

from connector.adoption import Candidate, Match, matches

PAYMENTS = Candidate("1", "SVC1", "Payments")
PORTAL = Candidate("2", "SVC2", "customer  PORTAL")


def found(ours: dict[str, str], *there: Candidate, **given: str) -> list[Match]:
    prefix = {key: f"record:service:{key}:desk:" for key in ours}
    return matches(ours, there, given, prefix)


def test_names_match_whatever_their_case_and_spaces() -> None:
    payments, portal = found({"payments": "Payments", "portal": "Customer Portal"}, PAYMENTS, PORTAL)

    assert (payments.candidate, payments.by) == (PAYMENTS, "name")
    assert portal.candidate == PORTAL


def test_what_we_made_is_ours_by_its_key_whatever_its_name() -> None:
    ours = Candidate("3", "SVC3", "Renamed", "record:service:payments:desk:0")

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


def test_what_a_person_says_goes_before_names_and_one_ticket_is_linked_once() -> None:
    payments, other = found({"payments": "Payments", "other": "Other"}, PAYMENTS, PORTAL, payments="SVC2", other="1")
    first, second = found({"a": "A", "b": "B"}, PAYMENTS, a="SVC1", b="1")
    (lost,) = found({"a": "A"}, PAYMENTS, a="SVC7")

    assert (payments.candidate, payments.by, other.candidate) == (PORTAL, "given", PAYMENTS)
    assert (first.candidate, second.candidate) == (None, None)
    assert (lost.candidate, lost.why) == (None, "there is no 'SVC7'")
