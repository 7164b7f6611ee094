"""Runs the machines for so many steps from a seed, and tells the shortest script that ends in a disagreement."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.converge.record_machine import RecordMachine
from tests.converge.recovery_machine import RecoveryMachine
from tests.converge.statistics import STATISTICS, Disagreement

MACHINES: tuple[type[RuleBasedStateMachine], ...] = (RecoveryMachine, RecordMachine)
LENGTH = 40
"""Steps of one script."""
MANY = 20
"""Scripts that are drawn from one seed."""
SHRINKING = 40
"""Seconds in which a shorter script is looked for."""


@dataclass(frozen=True)
class Failed:
    """What went wrong: `script` is the shortest found, `seed` the one that was given."""

    seed: int
    script: str
    wrong: int
    doubled: int


def run(steps: int, seeded: int, machines: tuple[type[RuleBasedStateMachine], ...] = MACHINES) -> Failed | None:
    """Let the machines take turns until they have made `steps`; returns what went wrong, None for nothing."""
    wanted, turn = STATISTICS.steps + steps, 0
    engine.MAX_SHRINKING_SECONDS = SHRINKING
    while STATISTICS.steps < wanted:
        left = wanted - STATISTICS.steps
        machine = machines[turn % len(machines)]
        scripts = max(1, min(MANY, left // LENGTH // max(len(machines) - turn, 1)))
        with _faults_untold():
            failed = _run(machine, scripts, seeded, turn)
        if failed is not None:
            return failed
        turn += 1
    return None


@contextmanager
def _faults_untold() -> Iterator[None]:
    """Keep the log still: faults are ordered here, and what they lead to is judged."""
    log = logging.getLogger("connector")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _run(machine: type[RuleBasedStateMachine], scripts: int, seeded: int, turn: int) -> Failed | None:
    drawn = seed(seeded * 1_000_003 + turn)(type(machine.__name__, (machine,), {}))
    how = settings(
        max_examples=scripts,
        stateful_step_count=LENGTH,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        derandomize=False,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(drawn, settings=how)
    except Exception as error:  # noqa: BLE001 - whatever it is, its script is what is wanted
        wrong, doubled = (error.wrong, error.doubled) if isinstance(error, Disagreement) else ((str(error),), ())
        trail = "" if isinstance(error, Disagreement) else "".join(traceback.format_tb(error.__traceback__)[-3:])
        script = trail + "".join(traceback.format_exception_only(error))
        return Failed(seeded, script, len(wrong), len(doubled))
    return None


def told() -> str:
    """Return the figures of all runs so far."""
    kept = STATISTICS
    return (
        f"steps {kept.steps}, activations {kept.activations}, records {kept.records}, deaths {kept.deaths}, "
        f"writes {kept.writes} (bound {kept.bound})"
    )
