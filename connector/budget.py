"""How many calls a connection may make now: what the platform allows, kept for what is most urgent."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connector.call import Allowance, Call

Urgency = Literal["live", "note", "backfill", "audit"]
"""`live`: what running activations write and read. `note`: notes, links, write-backs to other tickets, polls.
`backfill`: services and plans as records, preflights, names looked up ahead. `audit`: as `backfill`, and at a pace of
its own."""

RESERVED: Mapping[Urgency, float] = {"live": 0.0, "note": 0.1, "backfill": 0.5, "audit": 0.5}
"""The part of a full allowance that each leaves to what is more urgent."""
BEHIND: Mapping[Urgency, timedelta] = {
    "live": timedelta(),
    "note": timedelta(seconds=1),
    "backfill": timedelta(seconds=2),
    "audit": timedelta(seconds=2),
}
"""How much later each may call after a platform asked to be left alone, so that what is most urgent goes first."""
AUDIT_A_MINUTE = 60
_SOON = timedelta(seconds=1)
"""When to ask again where only calls that are under way stand against it."""
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_OWN = "calls_per_minute"


@dataclass
class _Store:
    """One allowance as it stands: `left` calls at the instant `at`."""

    rule: Allowance
    left: float
    at: datetime

    def left_at(self, now: datetime) -> float:
        if self.rule.resets_at is not None:
            return self.left if now < self.rule.resets_at else float(self.rule.limit)
        steps = math.floor(max(now - self.at, timedelta()) / self.rule.every)
        return min(float(self.rule.limit), self.left + steps * self.rule.fill)

    def when(self, wanted: float, now: datetime) -> datetime:
        """Return when `wanted` calls will be left, if nobody calls."""
        if self.rule.resets_at is not None:
            return self.rule.resets_at
        if not self.rule.fill:
            return now + self.rule.every
        return self.at + math.ceil((wanted - self.left) / self.rule.fill) * self.rule.every

    def spend(self, now: datetime) -> None:
        if self.rule.resets_at is None:
            # Whole steps only: what has come back of the next one is not lost by counting anew.
            steps = math.floor(max(now - self.at, timedelta()) / self.rule.every)
            self.left, self.at = self.left_at(now), self.at + steps * self.rule.every
        self.left = max(self.left - 1, 0.0)


@dataclass
class _State:
    stores: dict[str, _Store] = field(default_factory=dict)
    pace: _Store | None = None  # of the audit
    alone_until: datetime | None = None
    leave: dict[int, list[Urgency]] = field(
        default_factory=dict
    )  # the calls that each thread may make, and has not yet


class Budgets:
    """One budget for each connection, fed with every call. Safe to call from several threads.

    Leave to call is given to a thread and used up by the calls that it makes; `done` gives back what it did not use.
    A call that nobody asked leave for counts all the same. Where neither the platform nor the settings name a limit,
    everybody may call.

    Budgets live in memory. A process that starts in the middle of an hour takes the hour's allowance for whole, where
    the platform does not say what is left; its refusal then tells.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        caps: Mapping[str, int] | None = None,
        audits: Mapping[str, int] | None = None,
        *,
        thread: Callable[[], int] = threading.get_ident,
    ) -> None:
        """`caps` are the calls per minute that the settings allow, `audits` those of an audit, by connection."""
        self._now = now
        self._thread = thread
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}
        self._caps = dict(caps or {})
        self._audits = dict(audits or {})

    def called(self, connection: str, call: Call) -> None:
        """Take in one call: it is spent, and what its answer says of the allowance counts from now on."""
        now = self._now()
        with self._lock:
            state = self._state(connection, now)
            mine = state.leave.get(self._thread())
            used = mine.pop() if mine else None
            if used == "audit" and state.pace is not None:
                state.pace.spend(now)
            for name, store in state.stores.items():
                # What got no answer may have been counted there; what was answered without a rule was not.
                if name == _OWN or (call.allowance is None and _unanswered(call.status)):
                    store.spend(now)
            if call.allowance is not None:
                _hear(state, call.allowance, now)
            if call.status == _TOO_MANY_REQUESTS and call.leave_alone is not None:
                until = now + timedelta(seconds=call.leave_alone)
                state.alone_until = max(until, state.alone_until or until)

    def wait_until(self, connection: str, urgency: Urgency, calls: int = 1) -> datetime | None:
        """Return when to ask again, None where the calling thread may make these calls now (see `done`).

        Leave that the thread still had is given back first. More calls than a full allowance could ever give are taken
        for as many as it could give.
        """
        now = self._now()
        with self._lock:
            state = self._state(connection, now)
            state.leave.pop(self._thread(), None)
            wanted = min([calls, *(_most(store, urgency) for store in _stores(state, urgency))])
            until = _until(state, urgency, wanted, now)
            if until is None:
                state.leave[self._thread()] = [urgency] * wanted
            return until

    def free_at(self, connection: str, urgency: Urgency) -> datetime:
        """Return when a call may be made at this urgency, if nobody else makes one; no leave is given."""
        now = self._now()
        with self._lock:
            return _until(self._state(connection, now), urgency, 1, now) or now

    def room(self, connection: str, urgency: Urgency) -> int | None:
        """Return how many calls could be made now at this urgency, None where nothing limits them."""
        now = self._now()
        with self._lock:
            state = self._state(connection, now)
            if _blocked(state, urgency, now) is not None:
                return 0
            return min((_room(state, store, urgency, now) for store in _stores(state, urgency)), default=None)

    def done(self, connection: str) -> None:
        """Give back the leave that the calling thread did not use."""
        with self._lock:
            state = self._states.get(connection)
            if state is not None:
                state.leave.pop(self._thread(), None)

    def remaining(self, connection: str) -> int | None:
        """Return how many calls are left by the narrowest limit, None where there is none."""
        return self.room(connection, "live")

    def _state(self, connection: str, now: datetime) -> _State:
        state = self._states.get(connection)
        if state is None:
            state = self._states[connection] = _State()
            cap = self._caps.get(connection)
            if cap:
                state.stores[_OWN] = _a_minute(_OWN, cap, now)
            state.pace = _a_minute("audit", self._audits.get(connection, AUDIT_A_MINUTE), now)
        return state


def _a_minute(name: str, calls: int, now: datetime) -> _Store:
    return _Store(Allowance(name, calls, fill=calls / 60), float(calls), now)


def _hear(state: _State, told: Allowance, now: datetime) -> None:
    """Take in what a platform says. Within one window it only becomes less: answers may overtake each other."""
    known = state.stores.get(told.name)
    if known is not None and told.resets_at is not None and told.resets_at <= now:
        return  # a late answer of the window before
    same = known is not None and told.resets_at is not None and known.rule.resets_at == told.resets_at
    left = known.left - 1 if known is not None and same else float(told.limit - 1)
    if told.remaining is not None:
        left = min(left, told.remaining) if same else float(told.remaining)
    state.stores[told.name] = _Store(told, max(left, 0.0), now)


def _until(state: _State, urgency: Urgency, calls: int, now: datetime) -> datetime | None:
    """Return when so many calls can be made, None where they can be now."""
    until = _blocked(state, urgency, now)
    for store in _stores(state, urgency):
        if _room(state, store, urgency, now) < calls:
            needed = calls + _kept(store, urgency) + _given(state, store)
            at = store.when(min(needed, store.rule.limit), now)
            until = max(until or at, at)
    return None if until is None else max(until, now + _SOON)


def _blocked(state: _State, urgency: Urgency, now: datetime) -> datetime | None:
    """Return until when a platform that asked for it is left alone."""
    if state.alone_until is None:
        return None
    until = state.alone_until + BEHIND[urgency]
    return until if now < until else None


def _stores(state: _State, urgency: Urgency) -> Iterator[_Store]:
    yield from state.stores.values()
    if urgency == "audit" and state.pace is not None:
        yield state.pace


def _kept(store: _Store, urgency: Urgency) -> int:
    """Return what has to stay. It rounds down, so that of the smallest full allowance everybody can have one call."""
    return 0 if store.rule.name == "audit" else math.floor(store.rule.limit * RESERVED[urgency])


def _most(store: _Store, urgency: Urgency) -> int:
    return max(store.rule.limit - _kept(store, urgency), 1)


def _given(state: _State, store: _Store) -> int:
    """Return how many calls that have leave are still to be counted against an allowance."""
    return sum(
        sum(item == "audit" for item in given) if store is state.pace else len(given) for given in state.leave.values()
    )


def _room(state: _State, store: _Store, urgency: Urgency, now: datetime) -> int:
    return max(math.floor(store.left_at(now) - _kept(store, urgency) - _given(state, store)), 0)


def _unanswered(status: int) -> bool:
    return not status or status >= _SERVER_ERROR
