"""The edge over real sockets: connections kept alive, dropped on purpose, delayed, logged, and gone after a stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
import requests

from sandbox.calls import CallLog
from sandbox.server import start
from sandbox.servicenow.app import create

AUTH = ("continuity.integration", "sandbox-password")


@pytest.fixture
def running():
    served = start(create())
    yield served
    served.stop()


@pytest.fixture
def http():
    with requests.Session() as session:
        session.auth = AUTH
        session.trust_env = False
        yield session


def order(running, *faults):
    requests.post(f"{running.url}/_sandbox/faults", json={"faults": list(faults)}, timeout=5).raise_for_status()


def count(running, http):
    return len(http.get(f"{running.url}/api/now/table/incident", timeout=5).json()["result"])


def test_a_connection_lives_on_from_request_to_request(running, http):
    ports = set()
    for _ in range(3):
        answer = http.get(f"{running.url}/api/now/table/incident", stream=True, timeout=5)
        ports.add(answer.raw.connection.sock.getsockname()[1])
        answer.json()

    assert len(ports) == 1


@pytest.mark.parametrize(("kind", "records"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_call_gives_a_connection_error_before_or_after_its_effect(running, http, kind, records, monkeypatch):
    # Whoever sees the drop finds it in the log, however long the log takes over it.
    record = CallLog.record
    monkeypatch.setattr(CallLog, "record", lambda log, call: (time.sleep(0.1 if call.fault else 0), record(log, call)))
    order(running, {"kind": kind, "method": "POST"})

    with pytest.raises(requests.ConnectionError):
        http.post(f"{running.url}/api/now/table/incident", json={"short_description": "x"}, timeout=5)

    assert count(running, http) == records
    dropped = requests.get(f"{running.url}/_sandbox/calls", timeout=5).json()["calls"][0]
    assert (dropped["status"], dropped["fault"], dropped["method"]) == (0, kind, "POST")


def test_a_batch_with_a_dropped_inner_request_is_dropped(running, http):
    order(running, {"kind": "drop_after", "path": "table/incident", "inner": True})
    row = {"id": "1", "method": "POST", "url": "/api/now/table/incident", "body": "e30="}

    with pytest.raises(requests.ConnectionError):
        http.post(f"{running.url}/api/now/v1/batch", json={"rest_requests": [row]}, timeout=5)

    assert count(running, http) == 1


def test_a_delay_and_the_latency_hold_the_answer(running, http):
    order(running, {"kind": "delay", "seconds": 0.2})
    started = time.monotonic()
    count(running, http)
    assert time.monotonic() - started >= 0.2

    requests.post(f"{running.url}/_sandbox/latency", json={"seconds": 0.1}, timeout=5)
    started = time.monotonic()
    count(running, http)
    assert 0.1 <= time.monotonic() - started < 0.2 + 0.1


def test_the_call_log_tells_who_asked_what_and_can_be_emptied(running, http):
    http.get(f"{running.url}/api/now/table/incident?sysparm_limit=1", timeout=5)
    requests.get(f"{running.url}/api/now/table/incident", auth=("mallory", "x"), timeout=5)

    report = requests.get(f"{running.url}/_sandbox/calls", timeout=5).json()

    first, second = report["calls"]
    assert (first["n"], first["path"], first["query"]) == (1, "/api/now/table/incident", "sysparm_limit=1")
    assert (first["status"], first["account"], first["bytes_out"]) == (
        200,
        "continuity.integration",
        len('{"result": []}'),
    )
    assert (second["status"], second["account"]) == (401, "mallory")
    requests.delete(f"{running.url}/_sandbox/calls", timeout=5)
    assert requests.get(f"{running.url}/_sandbox/calls", timeout=5).json() == {"calls": [], "total": 0}


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("faults", {"faults": [{"kind": "no"}]}),
        ("webhooks", {"targets": [{"uri": "x"}]}),
        ("webhooks", {"behaviour": {"sped": 1}}),
        ("clock", {"now": "noon"}),
        ("clock", []),
    ],
)
def test_a_wrong_order_is_400_and_says_why(running, address, body):
    answer = requests.post(f"{running.url}/_sandbox/{address}", json=body, timeout=5)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_stopped_platform_is_gone_for_kept_connections_too(http):
    running = start(create())
    count(running, http)
    running.stop()

    with pytest.raises(requests.ConnectionError):
        http.get(f"{running.url}/api/now/table/incident", timeout=5)


def test_a_port_can_be_taken_again_after_a_stop(http):
    first = start(create())
    first.stop()
    second = start(create(), first.port)

    assert second.url == first.url
    assert count(second, http) == 0
    second.stop()


def test_a_platform_served_for_good_tells_its_address_and_ends_on_an_interrupt(http):
    script = (
        # A job in the background of a shell is born deaf to an interrupt.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from sandbox.server import serve_forever; from sandbox.servicenow.app import create;"
        "serve_forever(create(), '127.0.0.1', 0)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        url = served.stdout.readline().split()[-1]
        assert http.get(f"{url}/api/now/table/incident", timeout=5).status_code == 200
        served.send_signal(signal.SIGINT)
        assert served.wait(10) == -signal.SIGINT
