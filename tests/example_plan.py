"""The plan that tests carry out: it recovers the service `payments` and starts by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connector.plan import Plan, Role
from connector.recovery_task import PlanTask

LEAD = Role("lead", "Priya Nair", "1", "p@example.com")


def payments_plan(*tasks: PlanTask, **otherwise: Any) -> Plan:
    """Return the plan with these tasks, but for what is to be `otherwise`."""
    plain = Plan(
        key="PAY-DR",
        name="Payments failover",
        services=("payments",),
        scenario="loss",
        when="",
        invoke="automatic",
        decider="",
        stand_down="ask",
        disruption="join",
        tasks=tasks,
        team=(LEAD,),
        communications=(),
        review_at=None,
        tested_at=None,
        summary="",
    )
    return replace(plain, **otherwise)
