"""The /_sandbox endpoints by which a test, a demo or an admin steers a simulated platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, jsonify, request

from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.webhooks import Behaviour, Sender, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

PREFIX = "/_sandbox"
_Fact = TypeVar("_Fact")


@dataclass
class Controls:
    """What can be steered from outside; `latency` is seconds added to each remote call."""

    webhooks: Sender
    clock: Clock = field(default_factory=Clock)
    calls: CallLog = field(default_factory=CallLog)
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.0

    def reset(self) -> None:
        self.webhooks.reset()
        self.clock.release()
        self.calls.reset()
        self.faults.clear()
        self.latency = 0.0


def blueprint(controls: Controls, state: Callable[[], dict[str, Any]], reset: Callable[[], None]) -> Blueprint:
    """The endpoints over these controls; `state` gives all records, `reset` returns them to the seed.

    A wrong order answers 400 `{"error": what and what to do}` and changes nothing.
    """
    pages = Blueprint("sandbox_control", __name__, url_prefix=PREFIX)

    @pages.errorhandler(ValueError)
    def wrong(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @pages.get("/state")
    def read_state() -> Response:
        return jsonify(state())

    @pages.post("/reset")
    def to_seed() -> Response:
        controls.reset()
        reset()
        return jsonify(reset=True)

    @pages.post("/clock")
    def set_clock() -> Response:
        order = _body()
        if order.get("real"):
            controls.clock.release()
        if "now" in order:
            controls.clock.freeze(datetime.fromisoformat(str(order["now"])))
        if "advance" in order:
            controls.clock.advance(float(order["advance"]))
        return jsonify(now=controls.clock.now().isoformat())

    @pages.get("/clock")
    def read_clock() -> Response:
        return jsonify(now=controls.clock.now().isoformat())

    @pages.post("/latency")
    def set_latency() -> Response:
        controls.latency = float(_body().get("seconds", 0))
        return jsonify(seconds=controls.latency)

    _add_calls_and_faults(pages, controls)
    _add_webhooks(pages, controls)
    return pages


def _add_calls_and_faults(pages: Blueprint, controls: Controls) -> None:
    @pages.get("/calls")
    def read_calls() -> Response:
        return jsonify(controls.calls.report())

    @pages.delete("/calls")
    def forget_calls() -> Response:
        controls.calls.reset()
        return jsonify(total=0)

    @pages.post("/faults")
    def order_faults() -> Response:
        order = _body()
        controls.faults.order(order.get("faults", []), order.get("seed"))
        return jsonify(faults=controls.faults.report())

    @pages.get("/faults")
    def read_faults() -> Response:
        return jsonify(faults=controls.faults.report())

    @pages.delete("/faults")
    def clear_faults() -> Response:
        controls.faults.clear()
        return jsonify(faults=[])


def _add_webhooks(pages: Blueprint, controls: Controls) -> None:
    @pages.post("/webhooks")
    def set_webhooks() -> Response:
        order = _body()
        if "behaviour" in order:
            controls.webhooks.behave(_facts(Behaviour, "behaviour", order["behaviour"]))
        if "targets" in order:
            targets = (_facts(Target, f"targets[{n}]", row) for n, row in enumerate(order["targets"]))
            controls.webhooks.aim(tuple(targets))
        return jsonify(controls.webhooks.report())

    @pages.get("/webhooks")
    def read_webhooks() -> Response:
        return jsonify(controls.webhooks.report())

    @pages.post("/webhooks/flush")
    def flush() -> tuple[Response, int]:
        empty = controls.webhooks.flush()
        return jsonify(empty=empty), 200 if empty else 504


def _body() -> dict[str, Any]:
    order = request.get_json(silent=True)
    if not isinstance(order, dict):
        raise ValueError("the body must be a JSON object, sent as application/json")  # noqa: TRY004 - becomes a 400
    return order


def _facts(kind: type[_Fact], where: str, row: dict[str, Any]) -> _Fact:
    try:
        return kind(**row)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error
