"""A short campaign: real processes, faults and kill -9, judged by what the platforms hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.acceptance


@pytest.mark.timeout(180)
def test_nothing_is_lost_or_doubled_under_faults_and_kills() -> None:
    command = [sys.executable, "-m", "tests.acceptance.campaign", "--count", "5", "--seed", "1"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(
        "activations 5, lost 0, doubled 0, wrong 0 (seed 1)\nrecords 16, disagreements 0\nedits of these "
    )
