"""The /_sandbox endpoints by which a test, a demo or an admin steers a simulated platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, jsonify, request

from sandbox import order
from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.webhooks import Behaviour, Sender, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

PREFIX = "/_sandbox"


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
        wish = _body("real", "now", "advance")
        if wish.get("real", False) not in (True, False):
            raise ValueError(f"real: {wish['real']!r} is not true or false")
        now = _moment(wish["now"]) if "now" in wish else None
        advance = order.number("advance", wish.get("advance", 0))
        if wish.get("real"):
            controls.clock.release()
        if now is not None:
            controls.clock.freeze(now)
        if advance:
            controls.clock.advance(advance)
        return jsonify(now=controls.clock.now().isoformat())

    @pages.get("/clock")
    def read_clock() -> Response:
        return jsonify(now=controls.clock.now().isoformat())

    @pages.post("/latency")
    def set_latency() -> Response:
        controls.latency = order.number("seconds", _body("seconds").get("seconds", 0), least=0)
        return jsonify(seconds=controls.latency)

    _add_calls_and_faults(pages, controls)
    _add_webhooks(pages, controls)
    _add_signposts(pages)
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
        wish = _body("faults", "seed")
        seed = wish.get("seed")
        if seed is not None and not isinstance(seed, int):
            raise ValueError(f"seed: {seed!r} is not a whole number")
        if "faults" not in wish:
            raise ValueError('faults is missing: write {"faults": [{"kind": "500"}]}')
        controls.faults.order(order.rows("faults", wish["faults"]), seed)
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
        wish = _body("behaviour", "targets")
        behaviour = order.read(Behaviour, "behaviour", wish["behaviour"]) if "behaviour" in wish else None
        given = order.rows("targets", wish.get("targets", []))
        targets = tuple(order.read(Target, f"targets[{n}]", row) for n, row in enumerate(given))
        if behaviour is not None:
            controls.webhooks.behave(behaviour)
        if "targets" in wish:
            controls.webhooks.aim(targets)
        return jsonify(controls.webhooks.report())

    @pages.get("/webhooks")
    def read_webhooks() -> Response:
        return jsonify(controls.webhooks.report())

    @pages.post("/webhooks/flush")
    def flush() -> tuple[Response, int]:
        empty = controls.webhooks.flush()
        return jsonify(empty=empty), 200 if empty else 504


def _add_signposts(pages: Blueprint) -> None:
    """Answer what does not exist under /_sandbox with a list of what does."""

    def lost(rest: str = "") -> tuple[Response, int]:
        path = f"{PREFIX}/{rest}".rstrip("/")
        there: dict[str, set[str]] = {}
        for rule in current_app.url_map.iter_rules():
            if rule.rule.startswith(f"{PREFIX}/") and "<" not in rule.rule:
                there.setdefault(rule.rule, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
        listed = [f"{method} {name}" for name, methods in sorted(there.items()) for method in sorted(methods)]
        if path in there:
            error = f"{path} takes {' and '.join(sorted(there[path]))}, not {request.method}"
            return jsonify(error=error, endpoints=listed), 405
        return jsonify(error=f"there is no {path}", endpoints=listed), 404

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    pages.add_url_rule("/", "lost", lost, methods=methods)
    pages.add_url_rule("/<path:rest>", "lost", lost, methods=methods)


def _body(*names: str) -> dict[str, Any]:
    """Return the order of a request, which may have these fields."""
    if not request.is_json:
        raise ValueError(f"the body must be a JSON object, sent as application/json; allowed are {', '.join(names)}")
    return order.known("the body", request.get_json(silent=True), names)


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"now: {text!r} is not a moment; write it as 2026-03-02T09:00:00Z") from None
