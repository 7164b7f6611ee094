"""The first machine: an activation whose tasks stand on two platforms, edited at random under every fault."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connector.store import deliveries
from tests.converge.nasty import Letter, Nasty
from tests.converge.recovery_model import CLOSED, Major, RecoveryModel, Seen, Shown, Step
from tests.converge.statistics import STATISTICS, Disagreement
from tests.converge.story import BOARD, DESK, RTO, TASKS, Ways, World

KEYS = [task.key for task in TASKS]
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


class RecoveryMachine(RuleBasedStateMachine):
    """Each rule is something that may happen; `quiet` lets all come to rest and judges."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World = None  # type: ignore[assignment]
        self.model: RecoveryModel = None  # type: ignore[assignment]
        self.edits: Counter[str] = Counter()
        self.commands = 0
        self.posted = 0

    @initialize(
        start=st.sampled_from(["standing", "promoted"]),
        wins=st.sampled_from(["platform", "continuity", "manual"]),
        counts=st.booleans(),
        skew=st.sampled_from([0, -3, 3]),
    )
    def begin(self, start: Any, wins: Any, counts: Any, skew: int) -> None:
        self.world = World(Ways(wins, counts, timedelta(seconds=skew)), start)
        self.model = RecoveryModel(STEPS, RTO, wins)
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
        self.world.platforms[side].edit(ticket, due_at=due)
        self.model.rescheduled(key, ticket, due)

    @rule(key=keys, state=st.sampled_from(["done", "skipped"]))
    def command(self, key: str, state: str) -> None:
        found = self.world.rows("SELECT id FROM activation WHERE state = 'running'")
        if not found or self.model.over:
            return
        name = self._order("task", {"activation": found[0].id, "task": key, "state": state, "by": "Ops", "reason": ""})
        self.edits["move"] += 1
        self.model.moved(key, "command", state, known=self._known(key), command=name)

    @rule(sure=st.integers(0, 9))
    def stand_down(self, sure: int) -> None:
        found = self.world.rows("SELECT id FROM activation WHERE state = 'running'")
        if not found or self.model.over or sure < 9:
            return
        self._order("stand-down", {"activation": found[0].id, "by": "Ops", "reason": "false alarm"})
        self.edits["all"] += 1
        self.model.stood_down()

    @rule(
        change=st.sampled_from(
            ["priority", "outage", "outage", "resolve", "resolve", "reopen", "reopen", "reopen", "ci", "close"]
        ),
        minutes=st.integers(0, 50),
    )
    def change_incident(self, change: str, minutes: int) -> None:
        self._change_incident(change, minutes)

    def _change_incident(self, change: str, minutes: int) -> None:
        self.world.clock.advance(SECOND)
        desk, incident, now = self.world.desk, self.world.incident, self.world.clock.now()
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
            case "ci":
                desk.edit(incident, ci=["payments-db", "another"][: 1 + minutes % 2])
            case _:
                return
        self.edits["all"] += 1
        self._tell_of_incident(incident)

    # What goes wrong, and what goes on.

    @precondition(lambda self: self._letters())
    @rule(place=few, how=st.sampled_from(["once", "once", "twice", "anew", "partial", "late"]))
    def deliver(self, place: int, how: str) -> None:
        self._deliver(place, how)

    @precondition(lambda self: self._letters())
    @rule(place=few)
    def lose(self, place: int) -> None:
        self._take(place)

    @rule(side=sides, kinds=st.lists(st.sampled_from(TROUBLES), min_size=1, max_size=3))
    def trouble(self, side: str, kinds: list[Any]) -> None:
        self.world.platforms[side].trouble(*kinds)

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

    @rule(side=sides)
    def poll(self, side: str) -> None:
        self.world.connector.sweep(f"poll:{side}")

    @rule(lost=st.booleans(), again=st.booleans())
    def quiet(self, lost: Any, again: Any) -> None:
        self._settle(lost=lost, again=again)
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

    def _settle(self, *, lost: bool, again: bool) -> None:
        """Let the faults stop and all come to rest; messages that are on their way arrive, or never do; one sweep.

        With `again` all messages since the last rest come once more, the newest first, when all is settled.
        """
        world = self.world
        for side in world.platforms.values():
            side.calm()
            if lost:
                side.letters.clear()
        world.deliver_all()
        world.connector.housekeep()
        world.deliver_all()
        for name in world.platforms:
            world.connector.sweep(f"poll:{name}")
        world.deliver_all()
        world.connector.housekeep()
        world.deliver_all()
        for side in world.platforms.values():
            told, side.told = side.told, []
            for letter in reversed(told[-LATEST:] if again else ()):
                self.posted += 1
                world.connector.deliver(letter, f"{letter.identity} late {self.posted}")
                world.connector.work()
        world.deliver_all()

    def _judge(self) -> None:
        if not self.world.rows("SELECT 1 FROM activation"):
            if not self.model.ended:
                raise Disagreement(["no activation was started for a major incident that goes on"], [])
            return
        wrong = self.model.judge(self._seen())
        wrong += self._judge_status() + self._judge_rest() + self._judge_bound()
        doubled = self._judge_once()
        if wrong or doubled:
            raise Disagreement(wrong, doubled)
        for side in self.world.platforms.values():
            side.overwritten.clear()

    def _seen(self) -> Seen:
        (activation,) = self.world.rows("SELECT id, state FROM activation")
        ours = {row.key: row.state for row in self.world.rows("SELECT key, state FROM task WHERE kind = 'plan'")}
        tickets = {
            key: [
                Shown(name, ticket.id, ticket.values["state"], _instant(ticket.values.get("due_at")))
                for name, side in self.world.platforms.items()
                for ticket in self._tickets(side, key)
            ]
            for key in KEYS
        }
        over = set()
        for name, side in self.world.platforms.items():
            keys_of = {ticket.id: key for key in KEYS for ticket in self._tickets(side, key)}
            over |= {(f"{keys_of[ticket]}@{name}", field) for ticket, field in side.overwritten if ticket in keys_of}
            over |= set(side.overwritten)
        refused = self.world.rows("SELECT key FROM delivery WHERE connection = 'command' AND state = 'ignored'")
        cascaded = {
            (key, name)
            for name, side in self.world.platforms.items()
            for key in KEYS
            for ticket in side.tickets("recovery_task")
            if ticket.id in side.cascaded and _is_of(key, ticket)
        }
        commands = frozenset(row.key for row in refused)
        return Seen(activation.state, ours, tickets, frozenset(over), frozenset(cascaded), commands)

    def _judge_status(self) -> list[str]:
        wanted, wrong = self.model.status(), []
        (incident,) = self.world.desk.tickets("incident")
        places = [incident, *self.world.board.tickets("activation")]
        for ticket in places:
            wrong += [
                f"{ticket.number}: {name} is {ticket.values.get(name)!r}, not {wanted[name]!r}"
                for name in ("continuity_phase", "recovery_progress")
                if ticket.values.get(name) != wanted[name]
            ]
            text = str(ticket.values.get("recovery_status"))
            if not text.startswith(str(wanted["begins"])) or str(wanted["counted"]) not in text:
                wrong.append(f"{ticket.number}: '{text}' should begin '{wanted['begins']}', tell '{wanted['counted']}'")
            due = _instant(ticket.values.get("rto_due"))
            if not self.model.over and due != self.model.clock_start + RTO:
                wrong.append(f"{ticket.number}: rto_due is {due}")
        if len({ticket.values.get("recovery_status") for ticket in places}) > 1:
            wrong.append("the incident and the activation's ticket tell different things")
        return wrong

    def _judge_rest(self) -> list[str]:
        messages = self.world.rows("SELECT state, reason, event FROM delivery WHERE state IN ('open', 'parked')")
        waiting = self.world.rows("SELECT state, reason, key FROM write WHERE state IN ('pending', 'parked')")
        return [
            *(f"a message is {row.state}: {row.event}: {row.reason}" for row in messages),
            *(f"a write is {row.state}: {row.key}: {row.reason}" for row in waiting),
        ]

    def _judge_once(self) -> list[str]:
        wrong = []
        for name, side in self.world.platforms.items():
            for key, count in side.tally.creates.items():
                if count > 1:
                    wrong.append(f"{key} was made {count} times on {name}")
            for (ticket, key), count in side.tally.notes.items():
                if count > 1:
                    wrong.append(f"the note of {key} stands {count} times on {ticket} of {name}")
        told = self.world.desk.notes(self.world.incident)
        for row in self.world.rows(
            "SELECT text, count(*) AS count FROM note WHERE platform_id = :id GROUP BY text", id=self.world.incident
        ):
            stands = sum(row.text in note for note in told)
            if stands != row.count:
                wrong.append(f"the note '{row.text[:60]}' stands {stands} times, not {row.count}")
        return wrong

    def _judge_bound(self) -> list[str]:
        written, bound = self.written(), self.bound()
        return (
            [f"{written} writes had an effect; at most {bound} are due to {dict(self.edits)}"]
            if written > bound
            else []
        )

    def written(self) -> int:
        """How many writes of the connector had an effect on a platform."""
        return sum(side.tally.effects for side in self.world.platforms.values())

    def bound(self) -> int:
        """How many writes may have an effect: stated by what people did, whatever went wrong.

        Each ticket is made once and linked. A move is mirrored on the other side, put back at most once where it was
        written over, opens what waited for it, and is told on the incident and the activation's ticket. A change of
        the incident, or a stand-down, may touch every ticket twice. Each mark of the RTO is told.
        """
        tickets = sum(len(side.tickets()) for side in self.world.platforms.values())
        return 3 * tickets + 8 * self.edits["move"] + 2 * self.edits["due"] + (2 * tickets) * self.edits["all"] + 6

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

    def _known(self, key: str) -> frozenset[str]:
        """Return the sources of a task of whose last move the connector has been told, and has decided on it."""
        waiting = {row.platform_id for row in self.world.rows("SELECT platform_id FROM delivery WHERE state = 'open'")}
        known = {"command"} if "" not in waiting else set()
        for name, side in self.world.platforms.items():
            ticket = self._ticket(key, name)
            if ticket and ticket not in waiting:
                last = side.moved.get((ticket, "state"), -1)
                known |= {name} if side.heard.get(ticket, -1) >= last else set()
        return frozenset(known)

    def _ticket(self, key: str, side: str) -> str | None:
        platform = self.world.platforms[side]
        found = [ticket.id for ticket in self._tickets(platform, key)]
        return found[-1] if found else None

    def _tickets(self, side: Nasty, key: str) -> list[Any]:
        """Return the tickets of a task that were not closed with their incident."""
        return [
            ticket for ticket in side.tickets("recovery_task") if _is_of(key, ticket) and ticket.id not in side.cascaded
        ]

    def _tell_of_incident(self, incident: str) -> None:
        holds = self.world.desk.now_holds(incident)
        major = Major(
            holds["state"], holds["major_state"] == "accepted", holds["opened_at"], holds.get("outage_began_at")
        )
        self.model.incident(incident, major)

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


def _is_of(key: str, ticket: Any) -> bool:
    return str(ticket.values["title"]).endswith(f"] {key}")


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
