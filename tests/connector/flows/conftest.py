"""A fresh world for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, world


@pytest.fixture
def running(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made
