"""The rules that move an activation: what holds for any plan and any order of events, and the cases one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.activation import Progress, clock_start, failures, id_of, moved, number, progress, start
from connector.incident import Incident
from connector.plan import Plan, recovery_tasks
from connector.recovery_status import recovery_status
from connector.recovery_task import CLOSED, PHASES, SETTLED, Phase, PlanTask, TaskState
from connector.standing import INVOKE, STAND_DOWN, Joined, Standing
from tests.example_plan import payments_plan

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
RTO = timedelta(hours=4)
MOVED = (TaskState.IN_PROGRESS, TaskState.DONE, TaskState.FAILED, TaskState.SKIPPED, TaskState.OPEN)


def a_plan(*tasks: PlanTask, invoke: str = "automatic", stand_down: str = "ask") -> Plan:
    return payments_plan(*tasks, name="Payments", invoke=invoke, decider="lead", stand_down=stand_down)


def a_task(key: str, *after: str, phase: Phase = Phase.RECOVERY, required: bool = True) -> PlanTask:
    return PlanTask(key, key, phase, timedelta(minutes=30), after=after, required=required)


def an_incident(state: str = "new", *, opened: datetime = NINE, ended: datetime | None = None) -> Incident:
    return Incident("here", "servicenow", "1", "INC1", state=state, opened_at=opened, resolved_at=ended)


def running(plan: Plan, *, major: bool = True, incident: Incident | None = None) -> Standing:
    joined = (Joined(incident or an_incident(), "lead", major),)
    return start(plan, rto=RTO, now=NINE, clock_start=NINE, joined=joined)


def with_incident(standing: Standing, incident: Incident, *, major: bool = True) -> Standing:
    return replace(standing, joined=(Joined(incident, "lead", major),))


def after(standing: Standing, minutes: int = 0) -> Progress:
    return progress(standing, NINE + timedelta(minutes=minutes))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan of up to eight tasks, each waiting for some before it, phases in their order."""
    count = draw(st.integers(1, 8))
    ranks = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    tasks = []
    for place, rank in enumerate(ranks):
        waits = draw(st.sets(st.integers(0, place - 1), max_size=3)) if place else set()
        required = draw(st.booleans())
        tasks.append(a_task(f"t{place}", *(f"t{n}" for n in sorted(waits)), phase=PHASES[rank], required=required))
    return a_plan(*tasks, invoke=draw(st.sampled_from(["automatic", "decision"])))


Moves = list[tuple[int, TaskState, int]]
moves = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(MOVED), st.integers(0, 600)), max_size=12).map(
    lambda items: sorted(items, key=lambda item: item[2])
)


def play(plan: Plan, events: Moves) -> tuple[Standing, list[str]]:
    """Carry events out in turn; the task after the plan's last is the question to the decider, where there is one."""
    standing = after(running(plan)).standing
    told: list[str] = []
    for place, state, minutes in events:
        keys = list(standing.tasks)
        at = NINE + timedelta(minutes=minutes)
        if standing.state == "running":
            standing = moved(standing, keys[place % len(keys)], state, at=at, by="Dana")
        found = progress(standing, at)
        told += [telling.event for telling in found.tellings]
        standing = found.standing
    return standing, told


@given(plans(), moves)
@settings(max_examples=200, deadline=None)
def test_progress_is_idempotent_and_opens_no_task_before_its_turn(plan: Plan, events: Moves) -> None:
    standing = after(running(plan)).standing
    for place, state, minutes in events:
        at = NINE + timedelta(minutes=minutes)
        before = standing.states
        keys = list(standing.tasks)
        key = keys[place % len(keys)]
        if standing.state == "running":
            standing = moved(standing, key, state, at=at, by="Dana")
        standing = progress(standing, at).standing
        again = progress(standing, at)
        assert (again.standing, again.tellings) == (standing, ())
        for task in plan.tasks:
            opened = before[task.key] is TaskState.PENDING and standing.states[task.key] is TaskState.OPEN
            if opened and task.key != key:
                assert all(standing.states[before_it] in SETTLED for before_it in task.after)
                assert standing.invoked or task.phase is Phase.ACTIVATION


@given(plans(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_in_which_people_close_tasks_does_not_matter_in_the_end(plan: Plan, chance: st.DataObject) -> None:
    # Each closing has its own instant on the platform; only the order in which we hear of them differs.
    events = [(place, TaskState.DONE, 10 * (place + 1)) for place in range(len(plan.tasks))]
    shuffled = list(events)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    automatic = replace(plan, invoke="automatic")

    def end(order: Moves) -> Standing:
        standing = after(running(automatic)).standing
        for place, state, minutes in order:
            at = NINE + timedelta(minutes=minutes)
            standing = moved(standing, f"t{place}", state, at=at, by="Dana")
            standing = after(standing, 100).standing
        return standing

    def facts(standing: Standing) -> tuple[object, ...]:
        closed = {key: task.closed_at for key, task in standing.tasks.items()}
        return standing.states, closed, standing.restored_at, standing.restored_by, standing.state, standing.due_at

    assert facts(end(events)) == facts(end(shuffled))


@given(plans(), moves)
@settings(max_examples=200, deadline=None)
def test_what_is_told_once_is_not_told_again_and_the_end_is_an_end(plan: Plan, events: Moves) -> None:
    standing, told = play(plan, events)
    marks = [event for event in told if event.startswith(("rto:", "stood-down", "invoked"))]
    assert len(marks) == len(set(marks))
    assert 0 <= recovery_status(standing).percent <= 100
    if standing.state != "running":
        assert all(task.state in CLOSED for task in standing.tasks.values())
        assert after(standing, 10_000) == Progress(standing, (), None)
    elif standing.restored_at is not None:
        needed = [standing.tasks[task.key] for task in recovery_tasks(plan.tasks)]
        assert all(task.state in SETTLED for task in needed)


@given(st.lists(st.tuples(st.integers(0, 900), st.one_of(st.none(), st.integers(0, 900))), min_size=1, max_size=5))
def test_the_clock_starts_at_the_outage_or_else_at_the_first_opening(times: list[tuple[int, int | None]]) -> None:
    joined = tuple(
        Joined(
            replace(
                an_incident(opened=NINE + timedelta(minutes=opened)),
                outage_began_at=None if outage is None else NINE + timedelta(minutes=outage),
            ),
            "joined",
            major=True,
        )
        for opened, outage in times
    )
    outages = [outage for _, outage in times if outage is not None]
    expected = min(outages) if outages else min(opened for opened, _ in times)
    assert clock_start(joined, NINE) == NINE + timedelta(minutes=expected)
    assert clock_start((), NINE) == NINE


def test_the_marks_come_one_by_one_and_the_highest_that_passed_is_told() -> None:
    standing = after(running(a_plan(a_task("a")))).standing
    assert after(standing).look_again_at == NINE + timedelta(hours=2)
    late = after(standing, 200)
    assert [telling.event.split(":")[1] for telling in late.tellings] == ["80"]
    assert late.look_again_at == NINE + RTO
    missed = after(late.standing, 240)
    assert missed.tellings[0].text.startswith("RTO MISSED: the service was due back at 2026-03-02 13:00Z")
    assert missed.look_again_at is None
    assert after(missed.standing, 500).tellings == ()


def test_restoration_is_when_the_last_needed_task_was_done_though_it_is_heard_of_later() -> None:
    plan = a_plan(a_task("a"), a_task("b", "a"), a_task("back", "b", phase=Phase.RETURN_TO_NORMAL))
    standing = after(running(plan)).standing
    for key, minutes in (("a", 60), ("b", 210)):
        standing = moved(standing, key, TaskState.DONE, at=NINE + timedelta(minutes=minutes), by="Dana")
        standing = after(standing, 300).standing
    assert standing.restored_at == NINE + timedelta(minutes=210)
    assert standing.restored_by == "tasks"
    assert standing.states["back"] is TaskState.OPEN
    assert "after 3 h 30 min, RTO met" in recovery_status(standing).text

    resolved = an_incident("resolved", ended=NINE + timedelta(minutes=220))
    ended = after(with_incident(standing, resolved), 300).standing
    assert (ended.restored_at, ended.state) == (NINE + timedelta(minutes=210), "running")


def test_skipping_everything_is_no_restoration() -> None:
    standing = after(running(a_plan(a_task("a")))).standing
    standing = moved(standing, "a", TaskState.SKIPPED, at=NINE, by="Dana")
    assert after(standing).standing.restored_at is None


def test_a_resolved_incident_closes_the_work_and_a_reopened_one_brings_it_back() -> None:
    plan = a_plan(a_task("a"), a_task("back", "a", phase=Phase.RETURN_TO_NORMAL))
    standing = after(running(plan)).standing
    resolved = with_incident(standing, an_incident("resolved", ended=NINE + timedelta(minutes=30)))
    ended = after(resolved, 31).standing
    assert (ended.restored_by, ended.restored_at) == ("incident", NINE + timedelta(minutes=30))
    assert (ended.states["a"], ended.states["back"]) == (TaskState.SKIPPED, TaskState.OPEN)
    assert not ended.holds_lock
    again = after(with_incident(ended, an_incident("in_progress")), 40)
    assert again.standing.states["a"] is TaskState.OPEN
    assert again.standing.restored_at is None
    assert again.standing.holds_lock
    assert "goes on" in again.tellings[0].text


@pytest.mark.parametrize(("answer", "state"), [(TaskState.DONE, "running"), (TaskState.SKIPPED, "stood_down")])
def test_the_decider_answers(answer: TaskState, state: str) -> None:
    plan = a_plan(a_task("look", phase=Phase.ACTIVATION), a_task("mend"), invoke="decision")
    standing = after(running(plan)).standing
    assert standing.states == {"look": TaskState.OPEN, "mend": TaskState.PENDING}
    standing = moved(standing, INVOKE, answer, at=NINE, by="Carla")
    assert after(standing).standing.state == state


def test_a_demotion_asks_once_and_again_only_when_it_happens_again() -> None:
    standing = after(running(a_plan(a_task("a")))).standing
    demoted = with_incident(standing, an_incident(), major=False)
    asked = after(demoted, 1)
    assert asked.standing.tasks[STAND_DOWN].state is TaskState.OPEN
    assert len(asked.tellings) == 1
    declined = moved(asked.standing, STAND_DOWN, TaskState.SKIPPED, at=NINE, by="Ivan")
    carried_on = after(declined, 2)
    assert (carried_on.standing.stand_down, carried_on.tellings) == ("declined", ())
    back = after(with_incident(carried_on.standing, an_incident()), 3).standing
    second = after(with_incident(back, an_incident(), major=False), 4)
    assert second.standing.tasks[STAND_DOWN].state is TaskState.OPEN
    assert {telling.event for telling in second.tellings}.isdisjoint(telling.event for telling in asked.tellings)
    confirmed = moved(second.standing, STAND_DOWN, TaskState.DONE, at=NINE, by="Ivan")
    ended = after(confirmed, 5).standing
    assert (ended.state, ended.states["a"]) == ("stood_down", TaskState.SKIPPED)
    assert "confirmed by Ivan" in ended.stand_down_reason


def test_a_task_that_was_not_achieved_is_told_when_it_happens() -> None:
    standing = after(running(a_plan(a_task("a"), a_task("b", "a")))).standing
    failed = moved(standing, "a", TaskState.FAILED, at=NINE, by="Dana", reason="No standby")
    (told,) = failures(standing, failed)
    assert "'a' was closed as not achieved: No standby" in told.text
    assert failures(failed, after(failed, 1).standing) == ()
    assert after(failed, 1).standing.states["b"] is TaskState.PENDING


def test_what_a_person_started_is_not_asked_about() -> None:
    standing = replace(running(a_plan(a_task("a")), major=False), by_rule=False)
    assert after(standing).standing.stand_down == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ACT-3", 3), ("act-3", 3), (" 3 ", 3), ("ACT-", None), ("ACT-x", None), ("ACT--1", None), ("ACT-\u0663", None),
     (f"ACT-{2**63 - 1}", 2**63 - 1), (f"ACT-{2**63}", None), ("9" * 5000, None)],
)  # fmt: skip
def test_an_activation_is_known_by_what_people_call_it(text: str, expected: int | None) -> None:
    assert id_of(text) == expected
    assert expected is None or id_of(number(expected)) == expected
