"""Tests of the plan's facts and of its schedule."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.plan import (
    Communication,
    Role,
    circle,
    critical_path,
    due_times,
    expected_restoration,
    finish_offsets,
    from_json,
    longest_path,
    next_tasks,
    phase_of,
    recovery_tasks,
    to_json,
    version,
)
from connector.recovery_task import PHASES, Phase, PlanTask, Target, TaskState
from tests.example_plan import payments_plan

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
FOUR_HOURS = timedelta(hours=4)


def task(key, phase, minutes, after=(), *, required=True, **fields):
    duration = timedelta(minutes=minutes)
    return PlanTask(key, key.title(), Phase(phase), duration, after=tuple(after), required=required, **fields)


def plan(*tasks, **fields):
    return payments_plan(*tasks, **{"name": "Failover", "scenario": "database-loss", "team": (), **fields})


FAILOVER = plan(
    task("assess", "activation", 15),
    task("stop", "containment", 15, ["assess"]),
    task("promote", "recovery", 60, ["stop"]),
    task("network", "recovery", 20, ["stop"]),
    task("verify", "recovery", 10, ["promote", "network"]),
    task("report", "recovery", 5, ["promote"], required=False),
    task("rebuild", "return_to_normal", 120, ["verify"]),
    task("fail-back", "return_to_normal", 30, ["rebuild"]),
)


@st.composite
def plans(draw):
    """Plans in which a task waits only for earlier ones, of the same or an earlier phase."""
    count = draw(st.integers(1, 9))
    phases = sorted(draw(st.lists(st.sampled_from(PHASES), min_size=count, max_size=count)), key=PHASES.index)
    tasks = [
        PlanTask(
            key=f"t{index}",
            name=draw(st.text(max_size=5)),
            phase=phase,
            duration=timedelta(minutes=draw(st.integers(0, 300))),
            role=draw(st.sampled_from(["", "lead"])),
            team=draw(st.text(max_size=5)),
            after=tuple(draw(st.sets(st.sampled_from([f"t{n}" for n in range(index)])))) if index else (),
            required=draw(st.booleans()),
            targets=tuple(draw(st.lists(st.builds(Target, st.text(max_size=3), st.text(max_size=3)), max_size=2))),
            instructions=draw(st.text(max_size=5)),
        )
        for index, phase in enumerate(phases)
    ]
    shuffled = draw(st.permutations(tasks))
    cadence = draw(st.none() | st.integers(1, 99).map(lambda minutes: timedelta(minutes=minutes)))
    return plan(
        *shuffled,
        team=(Role("lead", "Priya Nair", "1", "p@example.com"),),
        communications=(Communication("board", "Board", "email", cadence, draw(st.text(max_size=5))),),
        review_at=draw(st.none() | st.dates()),
        tested_at=draw(st.none() | st.dates()),
    )


rtos = st.integers(1, 3000).map(lambda minutes: timedelta(minutes=minutes))


@settings(max_examples=60)
@given(plans())
def test_a_plan_survives_json(some):
    assert from_json(json.loads(json.dumps(to_json(some)))) == some


@settings(max_examples=60)
@given(plans(), rtos)
def test_no_task_is_due_before_one_it_waits_for(some, rto):
    due = due_times(some, NINE, rto)

    assert set(due) == {item.key for item in some.tasks}
    assert all(due[before] <= due[item.key] for item in some.tasks for before in item.after)


@settings(max_examples=60)
@given(plans(), rtos)
def test_the_last_required_recovery_task_is_due_when_the_rto_ends(some, rto):
    due = due_times(some, NINE, rto)
    needed = recovery_tasks(some.tasks)

    assert all(due[item.key] <= NINE + rto for item in needed)
    if needed:
        assert max(due[item.key] for item in needed if item.required) == NINE + rto


@settings(max_examples=60)
@given(plans(), rtos)
def test_work_done_by_its_due_times_leaves_room_for_what_follows(some, rto):
    needed = {item.key: item for item in recovery_tasks(some.tasks)}
    due = due_times(some, NINE, max(rto, critical_path(needed.values())))

    assert all(due[item.key] - due[before] >= item.duration for item in needed.values() for before in item.after)


@settings(max_examples=60)
@given(plans())
def test_the_longest_path_lasts_as_long_as_the_critical_path(some):
    known = {item.key: item for item in some.tasks}
    path = longest_path(some.tasks)

    assert sum((known[key].duration for key in path), timedelta()) == critical_path(some.tasks)
    assert all(before in known[key].after for before, key in itertools.pairwise(path))


@settings(max_examples=60)
@given(plans())
def test_a_fresh_plan_is_expected_back_after_its_critical_path(some):
    states = dict.fromkeys((item.key for item in some.tasks), TaskState.PENDING)

    assert expected_restoration(some, states, {}, NINE) == NINE + critical_path(recovery_tasks(some.tasks))


@settings(max_examples=60)
@given(plans(), st.data())
def test_a_circle_is_found_exactly_when_there_is_one(some, data):
    assert circle(some.tasks) == ()
    victim = data.draw(st.sampled_from(some.tasks))
    following = data.draw(st.sampled_from([item for item in some.tasks if _reaches(some, item.key, victim.key)]))
    looped = [
        replace(item, after=(*item.after, following.key)) if item.key == victim.key else item for item in some.tasks
    ]

    found = circle(looped)

    known = {item.key: item for item in looped}
    assert found[0] == found[-1]
    assert all(before in known[key].after for key, before in itertools.pairwise(found))
    with pytest.raises(ValueError, match="wait for each other"):
        critical_path(looped)


def _reaches(some, start, goal):
    known = {item.key: item for item in some.tasks}
    return start == goal or any(_reaches(some, before, goal) for before in known[start].after)


def test_due_times_are_counted_back_from_the_rto():
    due = {key: when.strftime("%H:%M") for key, when in due_times(FAILOVER, NINE, FOUR_HOURS).items()}

    assert due == {
        "assess": "11:35",
        "stop": "11:50",
        "promote": "12:50",
        "network": "12:50",
        "verify": "13:00",
        "report": "13:00",
        "rebuild": "15:00",
        "fail-back": "15:30",
    }


def test_nothing_is_due_before_the_disruption_when_the_plan_is_longer_than_the_rto():
    due = due_times(FAILOVER, NINE, timedelta(minutes=30))

    assert due["assess"] == NINE
    assert due["verify"] == NINE + timedelta(minutes=30)


def test_finish_offsets_are_the_earliest_finishes():
    minutes = {key: offset // timedelta(minutes=1) for key, offset in finish_offsets(FAILOVER.tasks).items()}

    assert minutes == {
        "assess": 15,
        "stop": 30,
        "promote": 90,
        "network": 50,
        "verify": 100,
        "report": 95,
        "rebuild": 220,
        "fail-back": 250,
    }


def test_the_version_changes_with_any_field_and_with_nothing_else():
    again = from_json(to_json(FAILOVER))

    assert version(again) == version(FAILOVER)
    assert len(version(FAILOVER)) == 12
    assert version(replace(FAILOVER, tested_at=date(2026, 1, 1))) != version(FAILOVER)


def states(**given_states):
    return {item.key: TaskState.PENDING for item in FAILOVER.tasks} | {
        key.replace("_", "-"): TaskState(state) for key, state in given_states.items()
    }


def test_expected_restoration_counts_from_when_a_task_began():
    now = NINE + timedelta(minutes=40)
    began = {"promote": NINE + timedelta(minutes=30)}

    expected = expected_restoration(
        FAILOVER, states(assess="done", stop="done", promote="in_progress", network="done"), began, now
    )

    assert expected == NINE + timedelta(minutes=100)


def test_expected_restoration_moves_with_the_clock_when_a_task_is_overdue():
    now = NINE + timedelta(hours=3)
    began = {"promote": NINE}

    expected = expected_restoration(
        FAILOVER, states(assess="done", stop="done", promote="in_progress", network="done"), began, now
    )

    assert expected == now + timedelta(minutes=10)


def test_the_last_task_is_never_expected_in_the_past():
    now = NINE + timedelta(hours=3)
    last = states(assess="done", stop="done", promote="done", network="done", verify="in_progress")

    assert expected_restoration(FAILOVER, last, {"verify": NINE}, now) == now


def test_a_failed_task_has_to_be_done_again():
    now = NINE + timedelta(hours=1)
    failed = states(assess="done", stop="done", promote="failed", network="done")

    expected = expected_restoration(FAILOVER, failed, {"promote": NINE}, now)

    assert expected == now + timedelta(minutes=70)


def test_services_are_back_now_when_all_that_restores_them_is_settled():
    restored = states(assess="done", stop="skipped", promote="done", network="done", verify="done")

    assert expected_restoration(FAILOVER, restored, {}, NINE) == NINE


def test_the_next_tasks_are_those_that_can_be_worked_on():
    after_stop = states(assess="done", stop="done")
    failed = states(assess="done", stop="failed", report="failed")

    assert [item.key for item in next_tasks(FAILOVER, states())] == ["assess"]
    assert [item.key for item in next_tasks(FAILOVER, after_stop)] == ["promote", "network"]
    assert [item.key for item in next_tasks(FAILOVER, failed)] == ["stop"]


def test_the_phase_is_the_first_with_required_work_left():
    restored = states(assess="done", stop="done", promote="done", network="skipped", verify="done")

    assert phase_of(FAILOVER, states()) is Phase.ACTIVATION
    assert phase_of(FAILOVER, states(assess="done", stop="failed")) is Phase.CONTAINMENT
    assert phase_of(FAILOVER, restored) is Phase.RETURN_TO_NORMAL
    assert phase_of(FAILOVER, dict.fromkeys(states(), TaskState.DONE)) is Phase.RETURN_TO_NORMAL
