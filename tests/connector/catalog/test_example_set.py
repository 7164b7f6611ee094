"""Tests of the example set that `continuity init` writes."""

from datetime import date, timedelta

import pytest

from connector.catalog import load, write_example
from connector.plan import critical_path, recovery_tasks
from connector.problem import Invalid
from connector.recovery_task import PHASES

PLACES = ("servicenow", "jira")


def test_the_example_set_is_written_whole(tmp_path):
    written = write_example(tmp_path / "new")

    assert [str(path.relative_to(tmp_path / "new")) for path in written] == [
        "continuity.yaml",
        "mappings/README.md",
        "plans/pay-dr.yaml",
        "plans/portal-loss.yaml",
        "services.yaml",
    ]
    assert all(path.read_text(encoding="utf-8").strip() for path in written)


def test_the_example_set_is_without_fault_or_warning_when_it_is_published(tmp_path):
    write_example(tmp_path)

    catalog = load(tmp_path, PLACES, date(2026, 11, 22))

    assert catalog.warnings == ()
    assert list(catalog.services) == ["payments", "card-processing", "customer-portal"]
    assert list(catalog.plans) == ["PAY-DR", "PORTAL-LOSS"]


def test_the_example_plans_meet_their_rto_with_room_to_spare(tmp_path):
    write_example(tmp_path)
    catalog = load(tmp_path, PLACES, date(2026, 11, 22))

    for plan in catalog.plans.values():
        rto = catalog.strictest_rto(plan.services)
        assert timedelta() < critical_path(recovery_tasks(plan.tasks)) < rto


def test_the_payments_plan_shows_what_a_plan_can_do(tmp_path):
    write_example(tmp_path)
    plan = load(tmp_path, PLACES, date(2026, 11, 22)).plans["PAY-DR"]

    assert {task.phase for task in plan.tasks} == set(PHASES)
    assert {target.platform for task in plan.tasks for target in task.targets} == set(PLACES)
    assert any(len(task.targets) == 2 for task in plan.tasks)
    assert any(not task.required for task in plan.tasks)
    assert {task.role for task in plan.tasks} <= {role.name for role in plan.team}


def test_nothing_is_overwritten_unless_it_is_forced(tmp_path):
    write_example(tmp_path)
    (tmp_path / "services.yaml").write_text("mine")

    with pytest.raises(Invalid) as caught:
        write_example(tmp_path)

    assert len(caught.value.problems) == 5
    assert str(caught.value.problems[-1]) == (
        f"{tmp_path / 'services.yaml'}: the file is already there; choose an empty folder, or use --force to overwrite"
    )
    assert (tmp_path / "services.yaml").read_text() == "mine"

    write_example(tmp_path, force=True)

    assert (tmp_path / "services.yaml").read_text() != "mine"
