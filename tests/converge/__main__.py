"""Do all sides agree in the end? `python -m tests.converge --steps 10000 --seed 1`, or `make converge STEPS=10000 SEED=1`.

State machines edit an activation, and continuity records, on all sides at random, with lost, late, doubled and
reordered messages, platforms that are busy, lose an answer or carry a write out late, and deaths of the connector at any
commit or call. After the faults have stopped and one sweep, what stands is judged by models of the rules. Exit code 0:
all sides agree, nothing stands twice, and the writes are bounded; 1: they do not, and the shortest script found is told.
"""

from __future__ import annotations

import argparse
import sys

from tests.converge.run import run, told


def main() -> int:
    parser = argparse.ArgumentParser(description="Random edits on all sides under faults, judged by a model.")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = run(max(options.steps, 1), options.seed)
    wrong, doubled = (failed.wrong, failed.doubled) if failed is not None else (0, 0)
    sys.stdout.write(f"{told()}, disagreements {wrong}, doubled {doubled} (seed {options.seed})\n")
    if failed is not None:
        sys.stdout.write(f"\n{failed.script}\nagain: make converge STEPS={options.steps} SEED={options.seed}\n")
    return 1 if failed is not None else 0


if __name__ == "__main__":
    sys.exit(main())
