"""`python -m tests.bench`: the figures of the connector on this machine, one a line, each beside its floor."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import burst, latency, mapping, reconcile
from tests.bench.scene import scene
from tests.bench.stopwatch import say


def main() -> int:
    """Measure and print; returns 0 when every goal is met."""
    parser = argparse.ArgumentParser(
        description="Mappings, latency, throughput, acceptance, memory and reconciling, beside their floors."
    )
    parser.add_argument("--incidents", type=int, default=20, help="how many are timed one by one")
    parser.add_argument("--burst", type=int, default=100, help="how many come at once")
    options = parser.parse_args()
    sys.stdout.write(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    good = say(mapping.measure())
    with tempfile.TemporaryDirectory(prefix="continuity-bench-") as name:
        with scene(Path(name) / "latency") as stage:
            good = say(latency.measure(stage, options.incidents)) and good
        with scene(Path(name) / "burst") as stage:
            good = say(burst.measure(stage, options.burst)) and good
        good = say(reconcile.measure(Path(name) / "reconcile")) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
