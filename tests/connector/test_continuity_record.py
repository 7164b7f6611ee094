"""Services and plans as the values that platforms hold, and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from connector.catalog import catalog_of
from connector.continuity_record import fault, keys, said, values_of, waiting_for, with_values
from connector.plan import Communication, Role
from connector.record_merge import same
from connector.recovery_task import Phase, PlanTask
from tests.records_in_step import PAYMENTS, PLAN

CARDS = replace(PAYMENTS, key="cards", name="Cards", depends_on=("payments",), identifiers=())
WHOLE = replace(
    PLAN,
    team=(Role("lead", "Priya Nair", "+44 20 7946 0102", "priya@example.com", deputy="Tom"),),
    decider="lead",
    invoke="decision",
    communications=(Communication("staff", "Staff", "mail", timedelta(hours=1), "We are on it."),),
    review_at=date(2027, 1, 31),
)
CATALOG = catalog_of([PAYMENTS, CARDS], [WHOLE])


def test_a_service_tells_its_objectives_in_seconds_and_what_it_depends_on() -> None:
    cards = values_of(CATALOG, "service", "cards") or {}

    assert (cards["name"], cards["rto"], cards["rpo"], cards["criticality"]) == ("Cards", 14400, 900, 1)
    assert "Depends on: Payments." in cards["text"]
    assert "No plan covers it." in cards["text"]
    assert values_of(CATALOG, "service", "nothing") is None


def test_a_plan_tells_who_does_what_in_markdown() -> None:
    plan = values_of(CATALOG, "plan", "PAY-DR") or {}

    assert (plan["title"], plan["owner"], plan["services"]) == ("Payments failover", "Priya Nair", ["Payments"])
    assert (plan["review_at"], plan["tested_at"]) == ("2027-01-31", None)
    for line in (
        "- Payments: RTO 4h, RPO 15m, MTPD 8h",
        "- lead: Priya Nair, +44 20 7946 0102, priya@example.com (deputy: Tom)",
        "## Recovery",
        "- Fail over (20m; Team)",
        "- Staff, by mail, every 1h",
    ):
        assert line in plan["text"].splitlines(), plan["text"]


def test_values_taken_are_laid_over_the_files_and_the_digest_tells() -> None:
    taken: dict[tuple[str, str], dict[str, Any]] = {
        ("service", "payments"): {"rto": 9 * 3600, "mtpd": 10 * 3600, "owner": "Olga"},
        ("plan", "PAY-DR"): {"title": "Failover", "review_at": None, "tested_at": "2026-02-01"},
        ("plan", "GONE"): {"title": "Nothing"},
    }

    found = with_values(CATALOG, taken, "1.3")

    assert (found.services["payments"].rto, found.services["payments"].owner) == (timedelta(hours=9), "Olga")
    assert (found.plans["PAY-DR"].name, found.plans["PAY-DR"].review_at) == ("Failover", None)
    assert found.plans["PAY-DR"].tested_at == date(2026, 2, 1)
    assert found.digest != CATALOG.digest
    assert found.services["cards"] == CARDS


def test_a_value_that_fits_no_more_is_left_out() -> None:
    found = with_values(CATALOG, {("service", "payments"): {"rto": 9 * 3600}}, "1.1")

    assert found.services["payments"].rto == PAYMENTS.rto


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "is empty"),
        ("rto", None, "is empty"),
        ("rto", 0, "0 s cannot be an RTO"),
        ("rto", 1e15, "a length of more than 100 years cannot be an RTO"),
        ("rto", float("nan"), "is not a length of time"),
        ("rto", 9 * 3600, "longer than the MTPD of 8h"),
        ("mtpd", 3600, "longer than the MTPD of 1h"),
        ("criticality", 5, "is not a criticality"),
        ("criticality", True, "is not a criticality"),
        ("text", "ours", "is made from the files"),
    ],
)
def test_what_a_service_cannot_have_is_told(field: str, value: Any, told: str) -> None:
    ours = values_of(CATALOG, "service", "payments") or {}

    assert told in fault("service", ours, field, value)


def test_what_a_record_can_have_is_taken() -> None:
    ours = values_of(CATALOG, "service", "payments") or {}

    assert fault("service", ours, "rpo", 0) == fault("service", ours, "criticality", 4) == ""
    assert fault("plan", {}, "review_at", None) == fault("plan", {}, "review_at", "2027-01-31") == ""
    assert fault("plan", {}, "review_at", "soon") == "'soon' is not a day"


def test_values_are_said_as_people_write_them() -> None:
    assert (said("rto", 5400), said("owner", ""), said("services", ["A", "B"])) == ("1h30m", "nothing", "A, B")
    assert said("text", "one\ntwo") == "a text of 7 characters"


def test_texts_are_one_whatever_their_line_ends_and_empty_is_empty() -> None:
    assert same("one \r\ntwo\n", "one\ntwo")
    assert same(None, "") and same([], None)  # noqa: PT018 - one thing in two forms
    assert not same("", "one")
    assert not same(0, None)


TELL = PlanTask("tell", "Tell the bank", Phase.ACTIVATION, timedelta(minutes=5), role="lead", required=False)
MOVE = PlanTask(
    "failover",
    "Fail over",
    Phase.RECOVERY,
    timedelta(minutes=20),
    "",
    "Team",
    ("tell",),
    instructions="Move it.",
    fields={"x_site": "secondary"},
)
STEPS = catalog_of([PAYMENTS], [replace(WHOLE, tasks=(TELL, MOVE))])


def test_a_task_of_a_plan_tells_its_place_its_plan_and_what_it_waits_for() -> None:
    assert keys(STEPS, "plan_task") == ("PAY-DR/tell", "PAY-DR/failover")
    assert values_of(STEPS, "plan_task", "PAY-DR/failover") == {
        "title": "Fail over",
        "text": "Move it.\n\nPhase: Recovery. Team: Team. After: Tell the bank.",
        "phase": "recovery",
        "order": 2,
        "team": "Team",
        "role": "",
        "duration": 1200,
        "required": True,
        "after": ["Tell the bank"],
        "plan": "PAY-DR",
        "x_site": "secondary",
    }
    tell = values_of(STEPS, "plan_task", "PAY-DR/tell") or {}
    assert tell["text"] == "Phase: Activation. Role: lead (Priya Nair). Optional."
    assert [values_of(STEPS, "plan_task", key) for key in ("PAY-DR/nothing", "NONE/tell", "PAY-DR")] == [None] * 3
    assert waiting_for(STEPS, "PAY-DR/tell") == ("PAY-DR/failover",)


def test_name_and_duration_of_a_task_are_taken_and_nothing_of_how_it_is_carried_out() -> None:
    taken: dict[tuple[str, str], dict[str, Any]] = {
        ("plan_task", "PAY-DR/failover"): {"title": "Move the database", "duration": 1800, "order": 9, "team": "Other"},
        ("plan", "PAY-DR"): {"title": "Failover"},
        ("plan_task", "PAY-DR/nothing"): {"title": "Nothing"},
    }

    plan = with_values(STEPS, taken, "1.4").plans["PAY-DR"]

    moved = replace(MOVE, name="Move the database", duration=timedelta(minutes=30))
    assert (plan.name, plan.tasks) == ("Failover", (TELL, moved))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("duration", 0, "0 s cannot be a duration"),
        ("duration", "soon", "'soon' is not a length of time"),
        ("duration", None, "the platform's duration is empty, and a plan_task needs one"),
        ("title", "", "is empty"),
        ("team", "Other", "is made from the files"),
        ("duration", 600, ""),
    ],
)
def test_a_task_cannot_have_any_value(field: str, value: Any, told: str) -> None:
    reason = fault("plan_task", values_of(STEPS, "plan_task", "PAY-DR/failover") or {}, field, value)

    assert told in reason if told else reason == ""
