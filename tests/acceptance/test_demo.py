"""The demo as a person starts it: a process of its own, judged by its exit code and by what it tells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance
PROGRAM = Path(sys.executable).with_name("continuity")


def test_the_demo_tells_a_true_story_without_a_terminal_and_ends_by_itself() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "FORCE_COLOR", "TERM"}}

    ended = subprocess.run(
        [PROGRAM, "demo"],
        check=False,
        capture_output=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=110,
    )

    told = ended.stdout
    assert ended.returncode == 0, told + ended.stderr
    assert "The story is true." in told
    assert "WRONG" not in told
    assert told.count("  ok    ") >= 18
    assert "\x1b" not in told
    assert "Traceback" not in ended.stderr
    assert [line for line in told.splitlines() if len(line) > 80 and "http://" not in line] == []
