"""Major incidents under faults and kill -9: `python -m tests.acceptance.campaign --count 50 --seed 1`.

Real processes on 127.0.0.1: two simulated platforms and `continuity serve`. Everything is drawn from the seed: plans,
incidents, people's moves, their edits of services and plans on all three sides, faults, webhooks' delivery, and when
the connector is killed. Then the faults stop, the connector is left to finish, one sweep included, and the platforms
are judged by what they hold. Exit code 0: nothing lost, nothing doubled, nothing wrong, and the files and both
platforms say the same of each service and plan; 1 otherwise. Which call a fault or a kill meets depends on the machine
too, so a seed repeats the campaign and not each millisecond of it.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.acceptance import estate, trouble
from tests.acceptance.agreement import FILES, PLATFORMS, Edit, judge_records
from tests.acceptance.evidence import Held, look
from tests.acceptance.judgement import Fault, judge
from tests.acceptance.keepers import Keepers
from tests.acceptance.people import Crew, Desk, Work
from tests.acceptance.process import Service
from tests.acceptance.stack import Pace, Stack, service, stack
from tests.quiet import still_busy

MOST = 500
WAVE = 5
KILLS_IN_WAVE = 5
MIND = 0.05
RECONCILE_EVERY = 3
QUIET = 3.0
PATIENCE = 90.0
SHOWN = 40


@dataclass
class Figures:
    """What happened; `met` counts, over all kills, the activations that were not whole at that moment."""

    kills: int = 0
    met: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    settling: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    moves: int = 0
    parked: list[str] = field(default_factory=list)


class Campaign:
    """One run over a stack whose connector may be killed at any moment."""

    def __init__(self, running: Stack, connector: Service, seed: int) -> None:
        self._stack = running
        self._connector = connector
        self._chance = Random(seed)
        self._chance_of_edits = Random(f"{seed} edits")
        self._services = estate.draw(Random(f"{seed} plans"))
        self._keepers = Keepers(running, self._services, self._look(), Random(f"{seed} records"))
        cis = running.prepare(self._services)
        self._keepers.bring_in(self._services[::2])
        self._desk = Desk(running, cis, Random(f"{seed} desk"))
        self._crew = Crew(running, Random(f"{seed} people"))
        self.works: list[Work] = []
        self.figures = Figures()

    def run(self, count: int) -> list[Fault]:
        """Raise `count` major incidents in waves, let things settle, and judge."""
        began = time.monotonic()
        self._connector.start()
        self._connector.wait_ready()
        self._stack.hear()
        while not self._stack.connected():
            time.sleep(MIND)
        while len(self.works) < count:
            self._wave(min(WAVE, count - len(self.works)))
        calm = time.monotonic()
        self._calm()
        self._finish()
        held = self._settle()
        self.figures.settling = time.monotonic() - calm
        self.figures.seconds = time.monotonic() - began
        for side in self._stack.sides:
            self.figures.calls[side] = int(self._stack.steer(side, "GET", "calls")["total"])
        self.figures.parked = self._stack.parked()
        listed = json.loads(self._stack.continuity("records", "--json"))
        return judge(held, self.works) + judge_records(held, self._services, self.edits, self._keepers.foreign, listed)

    @property
    def records(self) -> int:
        """How many services and plans are kept on three sides."""
        return 2 * len(self._services)

    @property
    def edits(self) -> Sequence[Edit]:
        return self._keepers.edits

    def _wave(self, size: int) -> None:
        """Raise some incidents under fresh faults, and kill the connector again and again while it works on them."""
        self._order_faults()
        for _ in range(size):
            self.works.append(self._desk.raise_major(self._chance.choice(self._services), len(self.works) + 1))
            time.sleep(self._chance.uniform(0, 0.15))
        for _ in range(max(1, KILLS_IN_WAVE * size // WAVE)):
            # Some kills fall into the start, where the work of the one before is taken up again.
            if self._chance.random() < 0.8:
                self._connector.wait_ready()
            self._work_for(self._chance.uniform(0.05, 1.2))
            held = self._kill()
            self._keepers.work(held, self._chance_of_edits.choice((1, 2, 3)))
            self._connector.start()
        self._connector.wait_ready()
        self._work_for(self._chance.uniform(0.5, 2.0))
        self._count_faults()

    def _work_for(self, seconds: float) -> None:
        """Let time pass, people at work in it."""
        end = time.monotonic() + seconds
        if seconds > 0.3:
            held = self._look()
            self.figures.moves += self._crew.work(held, self.works, 0.3)
            self._keepers.work(held, self._chance_of_edits.choice((0, 1, 3)))
        time.sleep(max(0.0, end - time.monotonic()))

    def _kill(self) -> Held:
        self._connector.kill()
        held = self._look()
        self.figures.kills += 1
        self.figures.met += sum(not _whole(held, work) for work in self.works)
        return held

    def _order_faults(self) -> None:
        for side, orders in trouble.faults(self._chance).items():
            self._stack.steer(side, "POST", "faults", {"faults": orders, "seed": self._chance.randrange(1_000_000)})
        self._stack.behave(**trouble.webhooks(self._chance))

    def _count_faults(self) -> None:
        """Add up what has fired, and take the orders back."""
        for side in self._stack.sides:
            for order in self._stack.steer(side, "GET", "faults")["faults"]:
                self.figures.faults[order["kind"]] += order["fired"]
            self._stack.steer(side, "DELETE", "faults")

    def _calm(self) -> None:
        self._stack.behave()
        for side in self._stack.sides:
            self._stack.steer(side, "POST", "webhooks/flush")

    def _finish(self) -> None:
        """Let people reach what they mean to do, as the next tasks open."""
        end = time.monotonic() + PATIENCE
        while not all(work.finished for work in self.works) and time.monotonic() < end:
            moved = self._crew.work(self._look(), self.works, 1.0)
            self.figures.moves += moved
            end = max(end, time.monotonic() + PATIENCE) if moved else end
            time.sleep(0.5)

    def _settle(self) -> Held:
        """Wait until the connector has had nothing to do for a while, polls included; returns what then stands."""

        def waiting() -> bool:
            return any(count for what, count in self._stack.waiting().items() if what != "parked")

        # What stands is judged whether it came to rest or not.
        pace = self._stack.pace
        rest = max(QUIET, 2.5 * pace.poll_every, 1.5 * pace.reconcile_every)
        still_busy(waiting, seconds=PATIENCE, quiet=rest, pause=MIND)
        return self._look()

    def _look(self) -> Held:
        return look(self._stack)


def _whole(held: Held, work: Work) -> bool:
    """Tell whether an activation's tickets stand, so that a kill can only meet its updates."""
    wanted = sum(len(step.places) for step in work.raised.service.steps)
    return len(held.tickets(work.raised)) >= wanted


def tell(campaign: Campaign, faults: Sequence[Fault], seed: int, pace: Pace) -> None:
    """Print the verdict, the figures, and each fault found."""
    figures, count = campaign.figures, len(campaign.works)
    kinds = Counter(fault.kind for fault in faults)
    fired = ", ".join(f"{kind} {number}" for kind, number in sorted(figures.faults.items()) if number)
    _say(f"activations {count}, lost {kinds['lost']}, doubled {kinds['doubled']}, wrong {kinds['wrong']} (seed {seed})")
    _say(f"records {campaign.records}, disagreements {kinds['disagreement']}")
    sides = Counter(edit.side for edit in campaign.edits)
    _say(f"edits of these {len(campaign.edits)}: {', '.join(f'{side} {sides[side]}' for side in (FILES, *PLATFORMS))}")
    _say(f"kills {figures.kills}: an activation met {figures.met / count:.1f} of them on average before it stood whole")
    _say(f"faults fired {sum(figures.faults.values())}: {fired}")
    _say(f"moves by people {figures.moves}; calls {', '.join(f'{k} {v}' for k, v in figures.calls.items())}")
    _say(f"time {figures.seconds:.0f} s, of these {figures.settling:.0f} s after the faults stopped")
    _say(
        f"Jira's search lags by {pace.search_lag:g} s; the connector waits {pace.search_lag_waited} s for it, "
        "and reads children from their parent, which does not lag"
    )
    for reason in figures.parked[:SHOWN]:
        _say(f"parked: {reason}")
    for fault in faults[:SHOWN]:
        _say(str(fault))
    if faults:
        _say(f"again: python -m tests.acceptance.campaign --count {count} --seed {seed} --keep")


def main() -> int:
    """Run a campaign from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Major incidents under faults and kill -9, judged by the platforms.")
    parser.add_argument("--count", type=int, default=50, help=f"how many incidents, at most {MOST}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and database, and name it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the children are stopped on the way out
    pace = Pace(reconcile_every=RECONCILE_EVERY)
    folder = Path(tempfile.mkdtemp(prefix="continuity-campaign-"))
    with tempfile.TemporaryDirectory(prefix="continuity-campaign-") as throwaway:
        place = folder if options.keep else Path(throwaway)
        if not options.keep:
            folder.rmdir()
        with stack(place, pace) as running, service(running) as connector:
            campaign = Campaign(running, connector, options.seed)
            faults = campaign.run(min(max(options.count, 1), MOST))
        tell(campaign, faults, options.seed, pace)
        if options.keep:
            _say(f"kept: {place}")
    return 1 if faults else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
