"""What docs/sync.md promises is kept by tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECTION = (ROOT / "docs/sync.md").read_text("utf-8").partition("\n## Promises")[2].partition("\n## ")[0]
PROMISES = [line for line in SECTION.splitlines() if re.match(r"\| (?!promise \|)[^-|]", line)]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECTION)))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda line: line.split("|")[1].strip()[:60])
def test_every_promise_names_a_test(promise: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::\w+`", promise), "a promise without a test is a hope"


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_named_is_there(file: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(|^    def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_there_are_promises() -> None:
    assert len(PROMISES) >= 10
