"""The first machine: an activation whose tasks stand on two platforms, edited at random under every fault."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connector.flows.remarks import LOOK_EVERY
from connector.store import deliveries
from tests.converge.nasty import Letter
from tests.converge.recovery_judge import KEYS, Comment, RecoveryJudge, instant
from tests.converge.recovery_model import CLOSED, RecoveryModel, Step
from tests.converge.statistics import STATISTICS
from tests.converge.story import BOARD, DESK, RTO, TASKS, Ways, World

STEPS = [
    Step(
        task.key,
        task.phase.value,
        task.after,
        task.required,
        task.duration,
        tuple(target.platform for target in task.targets),
    )
    for task in TASKS
]
STATES = ["open", "in_progress", "done", "done", "failed", "skipped", "pending"]
MOMENTS = ["reading", "read", "sending", "sent"]
SECOND = timedelta(seconds=1)
"""No two things happen at once: what was closed in the same second as its incident was closed by it, or was not."""
LATEST = 20
"""Messages of each platform that come again when all is settled."""
TROUBLES = ["busy", "lost_before", "lost_after", "late", "unavailable"]

keys = st.sampled_from([*KEYS, "assess", "assess", "failover", "failover"])
sides = st.sampled_from([DESK, BOARD])
states = st.sampled_from(STATES)
few = st.integers(0, 5)


class RecoveryMachine(RecoveryJudge, RuleBasedStateMachine):
    """Each rule is something that may happen; `quiet` lets all come to rest and judges."""

    def __init__(self) -> None:
        super().__init__()
        self.commands = 0
        self.posted = 0
        self.missed = False
        """Whether a message was lost since the last sweep, so that only a sweep can find what it told."""

    @initialize(
        start=st.sampled_from(["standing", "promoted"]),
        wins=st.sampled_from(["platform", "continuity", "manual"]),
        counts=st.booleans(),
        skew=st.sampled_from([0, -3, 3]),
    )
    def begin(self, start: Any, wins: Any, counts: Any, skew: int) -> None:
        self.world = World(Ways(wins, counts, timedelta(seconds=skew)), start)
        self.model = RecoveryModel(STEPS, RTO, wins)
        self.incidents = [self.world.incident]
        self._tell_of_incident(self.world.incident)
        if start == "standing":
            self._judge()
        STATISTICS.activations += 1

    def check_invariants(self, *how: Any) -> None:
        STATISTICS.steps += 1
        super().check_invariants(*how)  # type: ignore[no-untyped-call]

    # What people do.

    @rule(key=keys, side=sides, state=states)
    def move(self, key: str, side: str, state: str) -> None:
        self._move(key, side, state)

    @rule(moment=st.sampled_from(MOMENTS), at=sides, key=keys, side=sides, state=states)
    def move_during_a_call(self, moment: Any, at: str, key: str, side: str, state: str) -> None:
        self.world.platforms[at].during(moment, lambda: self._move(key, side, state))

    @rule(key=keys, side=sides, hours=st.integers(-2, 3))
    def reschedule(self, key: str, side: str, hours: int) -> None:
        ticket = self._ticket(key, side)
        if ticket is None or self.model.over:
            return
        due = self.model.due(key) + timedelta(hours=hours, minutes=7)
        self.edits["due"] += 1
        shown = instant(self.world.platforms[side].now_holds(ticket).get("due_at"))
        self.world.platforms[side].edit(ticket, due_at=due)
        self.model.rescheduled(key, ticket, due, shown)

    @rule(key=keys, side=sides, state=states)
    def move_before_our_answer(self, key: str, side: str, state: str) -> None:
        """Have a person move what our call has just made or changed, and the message come before the call's answer."""

        def act() -> None:
            self._move(key, side, state)
            self._hear_all(side)

        self.world.platforms[side].during("sent", act)

    @rule(side=sides, state=states)
    def move_under_our_write(self, side: str, state: str) -> None:
        """Have a person move the very ticket that our next call is about to write."""
        platform = self.world.platforms[side]

        def act() -> None:
            for key in KEYS:
                if self._ticket(key, side) in platform.sending:
                    self._move(key, side, state)

        platform.during("sending", act)

    @rule(moment=st.sampled_from(MOMENTS), at=sides)
    def hear_during_a_call(self, moment: Any, at: str) -> None:
        self.world.platforms[at].during(moment, lambda: self._hear_all(at))

    @rule(key=keys, side=sides, author=st.sampled_from(["Ana", "Ben", ""]))
    def say(self, key: str, side: str, author: str) -> None:
        self._say(key, side, author)

    @rule(moment=st.sampled_from(MOMENTS), at=sides, key=keys, side=sides)
    def say_during_a_call(self, moment: Any, at: str, key: str, side: str) -> None:
        self.world.platforms[at].during(moment, lambda: self._say(key, side, "Ana"))

    @rule(key=keys, state=st.sampled_from(["done", "skipped"]))
    def command(self, key: str, state: str) -> None:
        found = self.world.rows("SELECT id FROM activation WHERE state = 'running'")
        if not found or self.model.over:
            return
        name = self._order("task", {"activation": found[0].id, "task": key, "state": state, "by": "Ops", "reason": ""})
        self.edits["move"] += 1
        self.model.moved(key, "command", state, known=self._known(key), command=name)

    @rule(
        change=st.sampled_from(
            [
                *("priority", "outage", "outage", "resolve", "resolve", "reopen", "reopen", "reopen", "ci", "close"),
                *("demote", "promote"),
            ]
        ),
        minutes=st.integers(0, 50),
        which=st.sampled_from([0, 0, -1]),
    )
    def change_incident(self, change: str, minutes: int, which: int) -> None:
        self.world.clock.advance(SECOND)
        desk, incident, now = self.world.desk, self.incidents[which], self.world.clock.now()
        if incident != self.world.incident and not self._joined(incident):
            return
        state = desk.now_holds(incident)["state"]
        if self.model.over:
            return
        match change:
            case "priority":
                desk.edit(incident, priority=1 + minutes % 2)
            case "outage":
                opened = desk.now_holds(incident)["opened_at"]
                desk.edit(incident, outage_began_at=opened - timedelta(minutes=5 * minutes))
            case "resolve" if state == "new":
                desk.edit(incident, state="resolved", resolved_at=now)
            case "close" if state == "resolved":
                desk.edit(incident, state="closed", closed_at=now)
            case "reopen" if state == "resolved":
                desk.edit(incident, state="new", resolved_at=None, closed_at=None)
            case "demote" | "promote":
                desk.edit(incident, major_state="none" if change == "demote" else "accepted")
            case "ci":
                desk.edit(incident, ci=["payments-db", "another"][: 1 + minutes % 2])
            case _:
                return
        self.edits["all"] += 1
        self._tell_of_incident(incident)

    @rule(sure=st.integers(0, 19))
    def begin_or_end(self, sure: int) -> None:
        if not self.model.over and self._running():
            if sure < 2:
                self._stand_down()
            elif sure < 8:
                self._raise_another()

    # What goes wrong, and what goes on.

    @precondition(lambda self: self._letters())
    @rule(place=few, how=st.sampled_from(["once", "once", "twice", "anew", "partial", "late"]))
    def deliver(self, place: int, how: str) -> None:
        self._deliver(place, how)

    @precondition(lambda self: self._letters())
    @rule(place=few)
    def lose(self, place: int) -> None:
        self._take(place)
        self.missed = True

    @rule(side=sides, what=st.sampled_from(["lose a wake-up", "lose a wake-up", "refuse", "replay", "poll"]), place=few)
    def happen(self, side: str, what: str, place: int) -> None:
        match what:
            case "lose a wake-up":
                self.world.connector.lose_wake(place)
            case "refuse":
                self.edits["refused"] += 1
                self.world.platforms[side].trouble("refuse")
            case "replay":
                self.world.connector.replay()
            case _:
                self.world.connector.sweep(f"poll:{side}")

    @rule(side=sides, kinds=st.lists(st.sampled_from(TROUBLES), min_size=1, max_size=3))
    def trouble(self, side: str, kinds: list[Any]) -> None:
        self.world.platforms[side].trouble(*kinds)

    @rule()
    def hear_and_work(self) -> None:
        """Let all messages arrive, and all that is due happen, as it mostly is."""
        for letter in self._letters():
            self.world.platforms[letter.connection].letters.remove(letter)
            self.world.connector.deliver(letter, letter.identity)
        self.world.connector.work()

    @rule(most=st.integers(1, 6))
    def work(self, most: int) -> None:
        self.world.connector.work(most)

    @rule(boundary=st.integers(0, 14))
    def crash(self, boundary: int) -> None:
        self.world.connector.fate.left = boundary
        self.world.connector.work()
        self.world.connector.fate.left = None

    @rule(seconds=st.sampled_from([1, 3, 6, 20, 60, 300, 1800]))
    def pass_time(self, seconds: int) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))
        for side in self.world.platforms.values():
            side.land()

    @rule(lost=st.booleans(), again=st.booleans(), swept=st.booleans())
    def quiet(self, lost: Any, again: Any, swept: Any) -> None:
        self._settle(lost=lost, again=again, swept=swept)
        self._judge()

    def teardown(self) -> None:
        if self.world is None:
            return
        try:
            self._settle(lost=False, again=True)
            self._judge()
            STATISTICS.ended(self.written(), self.bound(), self.world.connector.deaths)
        finally:
            self.world.close()

    # How it is done.

    def _stand_down(self) -> None:
        found = self.world.rows("SELECT id FROM activation WHERE state = 'running'")
        self._order("stand-down", {"activation": found[0].id, "by": "Ops", "reason": "false alarm"})
        self.edits["all"] += 1
        self.model.stood_down()

    def _raise_another(self) -> None:
        """Raise a second major incident of the same service, which belongs to the same disruption."""
        if len(self.incidents) == 1:
            self.world.clock.advance(SECOND)
            incident = self.world.desk.open_incident(priority=1, ci=["payments-db"])
            self.world.desk.edit(incident, major_state="accepted")
            self.incidents.append(incident)
            self.edits["all"] += 1
            self._tell_of_incident(incident)

    def _settle(self, *, lost: bool, again: bool, swept: bool = True) -> None:
        """Let the faults stop and all come to rest; messages that are on their way arrive, or never do; one sweep.

        What was refused is mended and replayed. There is no sweep where it is not wanted and no message was lost.
        With `again` all messages since the last rest come once more, the newest first, when all is settled.
        """
        world = self.world
        for side in world.platforms.values():
            side.calm()
            if lost:
                self.missed |= bool(side.letters)
                side.letters.clear()
        world.deliver_all()
        world.connector.housekeep()
        world.connector.replay()
        world.deliver_all()
        self.lossy = self.missed
        if swept or self.missed:
            for name in world.platforms:
                world.connector.sweep(f"poll:{name}")
            world.deliver_all()
            self.missed = False
        if any(comment.due for comment in self.comments):
            world.clock.advance(LOOK_EVERY)  # one that came before the other ticket stood has to be looked for
        world.connector.housekeep()
        world.deliver_all()
        for side in world.platforms.values():
            told, side.told = side.told, []
            for letter in reversed(told[-LATEST:] if again else ()):
                self.posted += 1
                world.connector.deliver(letter, f"{letter.identity} late {self.posted}")
                world.connector.work()
        world.deliver_all()

    def _running(self) -> bool:
        return bool(self.world.rows("SELECT 1 FROM activation WHERE state = 'running'"))

    def _hear_all(self, side: str) -> None:
        """Let a platform's messages arrive, and be decided on, in the middle of a call."""
        letters = self.world.platforms[side].letters
        while letters:
            letter = letters.pop(0)
            self.world.connector.deliver(letter, letter.identity)
        self.world.connector.meanwhile()

    def _say(self, key: str, side: str, author: str) -> None:
        ticket = self._ticket(key, side)
        if ticket is None or self.model.over:
            return
        self.edits["comment"] += 1
        text = f"Remark {self.edits['comment']}"
        self.comments.append(Comment(key, side, ticket, author, text))
        self.world.platforms[side].say(ticket, author, text)

    def _move(self, key: str, side: str, state: str) -> None:
        ticket = self._ticket(key, side)
        if ticket is None or self.model.over:
            return
        platform = self.world.platforms[side]
        if platform.now_holds(ticket)["state"] == state:
            return
        ended = self.world.desk.now_holds(self.world.incident)["state"] == "closed"
        if side == DESK and ended and state in {"failed", "skipped"}:
            return  # which nobody can tell from what the incident's closing did
        self.world.clock.advance(SECOND)
        closed = self.world.clock.now() if state in CLOSED else None
        self.model.moved(key, side, state, known=self._known(key))
        self.edits["move"] += 1
        platform.edit(ticket, state=state, closed_at=closed)

    def _order(self, event: str, order: dict[str, Any]) -> str:
        """Record a command as the command line does."""
        self.commands += 1
        name, subject = f"command-{self.commands}", f"activation:{order['activation']}"
        message = deliveries.Message("command", name, "command", event, json.dumps(order).encode(), subject=subject)
        with self.world.connector.database.begin() as tx:
            deliveries.record(tx, message, self.world.clock.now())
        self.world.connector.wake("incident", subject)
        return name

    def _letters(self) -> list[Letter]:
        return [letter for side in self.world.platforms.values() for letter in side.letters] if self.world else []

    def _take(self, place: int) -> Letter:
        letters = self._letters()
        letter = letters[place % len(letters)]
        self.world.platforms[letter.connection].letters.remove(letter)
        return letter

    def _deliver(self, place: int, how: str) -> None:
        letter = self._take(place)
        connector = self.world.connector
        if how == "late":  # it goes to the end of those that are on their way
            self.world.platforms[letter.connection].letters.append(letter)
            return
        connector.deliver(letter, letter.identity, partial=how == "partial")
        if how == "twice":
            connector.deliver(letter, letter.identity)
        if how == "anew":
            self.posted += 1
            connector.deliver(letter, f"{letter.identity} again {self.posted}")
