"""Runs the contract suite once for each platform."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.benches import BENCHES, Bench


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as made:
        yield made
