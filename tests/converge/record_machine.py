"""The second machine: services and plans that stand in the files and on two platforms, edited at random on all sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connector.flows.records.wakes import sending
from tests.converge.record_judge import RecordJudge
from tests.converge.record_model import FILES
from tests.converge.record_world import RECORDS
from tests.converge.statistics import STATISTICS
from tests.converge.story import BOARD, DESK

POLICIES = ["continuity", "platform", "newest", "manual"]
TROUBLES = ["busy", "lost_before", "lost_after", "late", "unavailable"]
MOMENTS = ["reading", "read", "sending", "sent"]

places = st.sampled_from([(record, key, name) for (record, key), names in RECORDS.items() for name in names])
sides = st.sampled_from([DESK, BOARD])
few = st.integers(0, 5)


class RecordMachine(RecordJudge, RuleBasedStateMachine):
    """Each rule is something that may happen; `quiet` lets all come to rest and judges."""

    def check_invariants(self, *how: Any) -> None:
        STATISTICS.steps += 1
        super().check_invariants(*how)  # type: ignore[no-untyped-call]

    @initialize(
        owner=st.tuples(st.sampled_from(POLICIES), st.sampled_from(POLICIES)),
        rto=st.sampled_from(POLICIES),
        alone=st.sampled_from(["both", "both", "ours", "theirs"]),
        create=st.booleans(),
        ruled=st.sampled_from(["", "", "rule", "connector"]),
    )
    def begin(self, owner: Any, rto: Any, alone: Any, create: Any, ruled: Any) -> None:
        ways = {
            DESK: {"owner": ("both", owner[0]), "rto": (alone, rto), "summary": ("both", owner[1])},
            BOARD: {
                "owner": ("ours" if ruled else "both", owner[1]),
                "rto": ("both", rto),
                "summary": ("both", owner[0]),
            },
        }
        # What is the platform's alone is not there in what we make.
        self._start(ways, create=create and alone != "theirs", ruled=ruled)
        STATISTICS.records += len(RECORDS)
        self._judge()

    # What people do.

    @rule(place=places)
    def edit_files(self, place: Any) -> None:
        self._edit_files(place)

    @rule(place=places, side=sides)
    def edit_platform(self, place: Any, side: str) -> None:
        self._edit(place, side)

    @rule(place=places, side=sides, first=st.booleans(), other=st.booleans())
    def edit_on_several_sides(self, place: Any, side: str, first: Any, other: Any) -> None:
        """Edit a field in the files and on a platform, or on both, before one can know of the other."""
        if first:
            self._edit_files(place)
        self._edit(place, side)
        if not first or other:
            self._edit(place, DESK if side == BOARD else BOARD)
        if not first and other:
            self._edit_files(place)

    @rule(moment=st.sampled_from(MOMENTS), at=sides, place=places, side=sides)
    def edit_during_a_call(self, moment: Any, at: str, place: Any, side: str) -> None:
        self.platforms[at].during(moment, lambda: self._edit(place, side))

    @rule(place=places, side=sides, sure=st.integers(0, 7), told=st.booleans())
    def erase(self, place: Any, side: str, sure: int, told: Any) -> None:
        record, key, _ = place
        ticket = self._ticket(record, key, side)
        if ticket is not None and sure == 0:
            self.erased.add((record, key, side))
            self.unseen |= not told
            self.platforms[side].erase(ticket, told=told)

    @rule(place=st.sampled_from([("service", "cards"), ("plan", "PAY-DR")]), moment=st.sampled_from(["", "sending"]))
    def take_out_or_bring_back(self, place: Any, moment: Any) -> None:
        """Take a record out of the files or, when it is not there, bring it back as it was."""
        if moment:
            self.platforms[DESK].during(moment, lambda: self._take_out(place))
        else:
            self._take_out(place)

    # What goes wrong, and what goes on.

    @precondition(lambda self: self._letters())
    @rule(place=few, how=st.sampled_from(["once", "once", "twice", "anew", "partial", "late"]))
    def deliver(self, place: int, how: str) -> None:
        letter = self._take(place)
        if how == "late":
            self.platforms[letter.connection].letters.append(letter)
            return
        self.connector.deliver(letter, letter.identity, partial=how == "partial")
        if how == "twice":
            self.connector.deliver(letter, letter.identity)
        if how == "anew":
            self.posted += 1
            self.connector.deliver(letter, f"{letter.identity} again {self.posted}")

    @precondition(lambda self: self._letters())
    @rule(place=few)
    def lose(self, place: int) -> None:
        self._lost(self._take(place))

    @rule(moment=st.sampled_from(MOMENTS), at=sides)
    def hear_during_a_call(self, moment: Any, at: str) -> None:
        self.platforms[at].during(moment, lambda: self._hear_all(at))

    @rule(side=sides, what=st.sampled_from(["lose a wake-up", "refuse", "replay", "audit", "sweep"]), place=few)
    def happen(self, side: str, what: str, place: int) -> None:
        match what:
            case "lose a wake-up":
                self.connector.lose_wake(place)
            case "refuse":
                self.platforms[side].trouble("refuse")
            case "replay":
                self.connector.replay()
            case "audit":
                self.connector.audit(side)
            case _:
                self.connector.sweep(sending(side))

    @rule(side=sides, kinds=st.lists(st.sampled_from(TROUBLES), min_size=1, max_size=3))
    def trouble(self, side: str, kinds: list[Any]) -> None:
        self.platforms[side].trouble(*kinds)

    @rule()
    def hear_and_work(self) -> None:
        """Let all messages arrive, and all that is due happen, as it mostly is."""
        for letter in self._letters():
            self.platforms[letter.connection].letters.remove(letter)
            self._hear(letter)
        self.connector.work()

    @rule(most=st.integers(1, 6))
    def work(self, most: int) -> None:
        self.connector.work(most)

    @rule(boundary=st.integers(0, 14))
    def crash(self, boundary: int) -> None:
        self.connector.fate.left = boundary
        self.connector.work()
        self.connector.fate.left = None

    @rule(seconds=st.sampled_from([1, 3, 6, 20, 60, 300, 1800]))
    def pass_time(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        for side in self.platforms.values():
            side.land()

    @rule(lost=st.booleans(), again=st.booleans(), swept=st.booleans(), audited=st.booleans(), ours=st.booleans())
    def quiet(self, lost: Any, again: Any, swept: Any, audited: Any, ours: Any) -> None:
        self._settle(lost=lost, again=again, swept=swept, audited=audited)
        self._judge(choice="ours" if ours else "theirs")

    def teardown(self) -> None:
        if self.connector is None:
            return
        try:
            if self.models:
                self._settle(lost=False, again=True)
                self._judge()
                STATISTICS.ended(self.written(), self.bound(), self.connector.deaths)
        finally:
            self.connector.database.close()

    # How it is done.

    def _edit_files(self, place: Any) -> None:
        record, key, name = place
        if (record, key) in self.removed:
            return
        value = self._fresh(name)
        over = frozenset(side for side in self.platforms if self._known(place, side))
        blind = frozenset(side for side in self.platforms if self._unheard(place, side))
        self.models[place].edited(FILES, value, over, blind)
        self.edits += 1
        if record == "plan":
            self.plan = replace(self.plan, summary=value)
        else:
            given = {name: timedelta(seconds=value) if name == "rto" else value}
            self.services[key] = replace(self.services[key], **given)
        self._apply()

    def _take_out(self, place: tuple[str, str]) -> None:
        self.removed ^= {place}
        self.edits += 1
        self.untouched = {of: count for of, count in self.untouched.items() if of[:2] != place}
        self._apply()

    def _hear_all(self, side: str) -> None:
        """Let a platform's messages arrive, and be decided on, in the middle of a call."""
        letters = self.platforms[side].letters
        while letters:
            self._hear(letters.pop(0))
        self.connector.meanwhile()
