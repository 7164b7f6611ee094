"""A simulated Jira of each flavour for the tests of its adapter."""

from collections.abc import Callable, Iterator

import pytest
import requests

from adapters.jira.connection import Flavour
from sandbox.jira.app import create
from sandbox.jira.options import Options
from sandbox.server import start
from tests.adapters.jira.jira_desk import Desk


def _serve(flavour: Flavour) -> Iterator[Callable[[], Desk]]:
    running = start(create(Options(flavour=flavour, search_lag=0.0)))

    def fresh() -> Desk:
        requests.post(f"{running.url}/_sandbox/reset", timeout=5)
        requests.delete(f"{running.url}/_sandbox/faults", timeout=5)
        requests.delete(f"{running.url}/_sandbox/calls", timeout=5)
        return Desk(running.url, flavour)

    yield fresh
    running.stop()


@pytest.fixture(scope="session")
def cloud_server() -> Iterator[Callable[[], Desk]]:
    yield from _serve("cloud")


@pytest.fixture(scope="session")
def datacenter_server() -> Iterator[Callable[[], Desk]]:
    yield from _serve("datacenter")


@pytest.fixture
def cloud(cloud_server: Callable[[], Desk]) -> Desk:
    return cloud_server()


@pytest.fixture
def datacenter(datacenter_server: Callable[[], Desk]) -> Desk:
    return datacenter_server()


@pytest.fixture(params=["cloud", "datacenter"])
def desk(request: pytest.FixtureRequest) -> Desk:
    found: Desk = request.getfixturevalue(request.param)
    return found
