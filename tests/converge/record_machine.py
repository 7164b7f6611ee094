"""The second machine: services and plans that stand in the files and on two platforms, edited at random on all sides."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connector.catalog import catalog_of, to_json
from connector.continuity_record import plain, values_of
from connector.flows.parts import Connection, Keeping, Timing
from connector.flows.records.links import link
from connector.flows.records.wakes import sending
from connector.record_merge import Carried, Rule
from connector.store import catalogs, counterparts, deliveries
from connector.ticketing import Traits
from tests.converge.clock import Clock
from tests.converge.mortal import Mortal, Setup
from tests.converge.nasty import Letter, Nasty
from tests.converge.record_model import FILES, Crossing, FieldModel
from tests.converge.statistics import STATISTICS, Disagreement
from tests.converge.story import BOARD, DESK, PAYMENTS, PLAN, connect, empty_database, opened

RECORDS = {
    ("service", "payments"): ("owner", "rto"),
    ("service", "cards"): ("owner", "rto"),
    ("plan", "PAY-DR"): ("summary",),
}
SERVICES = (
    replace(PAYMENTS, mtpd=timedelta(days=30)),
    replace(PAYMENTS, key="cards", name="Cards", mtpd=timedelta(days=30)),
)
POLICIES = ["continuity", "platform", "newest", "manual"]
OWNERS = ["both", "both", "both", "ours"]
TROUBLES = ["busy", "lost_before", "lost_after", "late", "unavailable"]
LATEST = 20
UNDONE = 7
"""Writes of a field that a rule of the platform may undo before the connector gives way."""
RULED = "The rule"

places = st.sampled_from([(record, key, name) for (record, key), names in RECORDS.items() for name in names])
sides = st.sampled_from([DESK, BOARD])
few = st.integers(0, 5)


def rounded(value: Any) -> Any:
    """Return a length of time as a platform keeps it that holds whole minutes."""
    return round(value / 60) * 60 if isinstance(value, int) else value


class RecordMachine(RuleBasedStateMachine):
    """Each rule is something that may happen; `quiet` lets all come to rest and judges."""

    def __init__(self) -> None:
        super().__init__()
        self.connector: Mortal = None  # type: ignore[assignment]
        self.edits = 0
        self.commands = 0
        self.posted = 0
        self.serial = 0
        self.erased: set[tuple[str, str, str]] = set()

    def check_invariants(self, *how: Any) -> None:
        STATISTICS.steps += 1
        super().check_invariants(*how)  # type: ignore[no-untyped-call]

    @initialize(
        owner=st.tuples(st.sampled_from(POLICIES), st.sampled_from(POLICIES)),
        rto=st.sampled_from(POLICIES),
        alone=st.sampled_from(["both", "both", "ours", "theirs"]),
        create=st.booleans(),
        ruled=st.sampled_from([False, False, True]),
    )
    def begin(self, owner: Any, rto: Any, alone: Any, create: Any, ruled: Any) -> None:
        self.clock = Clock()
        self.ways = {
            DESK: {"owner": ("both", owner[0]), "rto": (alone, rto), "summary": ("both", owner[1])},
            BOARD: {
                "owner": ("ours" if ruled else "both", owner[1]),
                "rto": ("both", rto),
                "summary": ("both", owner[0]),
            },
        }
        self.ruled = ruled
        create = create and alone != "theirs"  # what is the platform's alone is not there in what we make
        self.platforms = {
            DESK: Nasty(DESK, self.clock, Traits(), page=2),
            BOARD: Nasty(
                BOARD, self.clock, Traits(versions_are_instants=True), lag=timedelta(seconds=15), keeps=rounded
            ),
        }
        if ruled:
            self.platforms[BOARD].rule["service", "owner"] = RULED
        setup = Setup(lambda side: self._connect(side, create=create), Timing(), forgets=False)
        self.connector = Mortal(opened(empty_database()), self.platforms, self.clock, setup)
        self.services = {service.key: service for service in SERVICES}
        self.plan = replace(PLAN, summary="For a test.")
        self._apply()
        if not create:
            self._link_all()
        self._settle(lost=False, again=False)
        self.models = {
            (record, key, name): FieldModel(
                f"{name} of {key}",
                self._ours(record, key)[name],
                {side: Crossing(*ways[name], rounded if side == BOARD else _as_is) for side, ways in self.ways.items()},
            )
            for (record, key), names in RECORDS.items()
            for name in names
        }
        STATISTICS.records += len(RECORDS)
        self._judge()

    # What people do.

    @rule(place=places)
    def edit_files(self, place: Any) -> None:
        record, key, name = place
        value = self._fresh(name)
        over = frozenset(side for side in self.platforms if self._known(place, side))
        self.models[place].edited(FILES, value, over)
        self.edits += 1
        if record == "plan":
            self.plan = replace(self.plan, summary=value)
        else:
            given = {name: timedelta(seconds=value) if name == "rto" else value}
            self.services[key] = replace(self.services[key], **given)
        self._apply()

    @rule(place=places, side=sides)
    def edit_platform(self, place: Any, side: str) -> None:
        self._edit(place, side)

    @rule(moment=st.sampled_from(["reading", "read", "sending", "sent"]), at=sides, place=places, side=sides)
    def edit_during_a_call(self, moment: Any, at: str, place: Any, side: str) -> None:
        self.platforms[at].during(moment, lambda: self._edit(place, side))

    @rule(place=places, side=sides, sure=st.integers(0, 9))
    def erase(self, place: Any, side: str, sure: int) -> None:
        record, key, _ = place
        ticket = self._ticket(record, key, side)
        if ticket is not None and sure == 9:
            self.erased.add((record, key, side))
            self.platforms[side].erase(ticket)

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
        self._take(place)

    @rule(side=sides, kinds=st.lists(st.sampled_from(TROUBLES), min_size=1, max_size=3))
    def trouble(self, side: str, kinds: list[Any]) -> None:
        self.platforms[side].trouble(*kinds)

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

    @rule(side=sides)
    def sweep(self, side: str) -> None:
        self.connector.sweep(sending(side))

    @rule(lost=st.booleans(), again=st.booleans(), ours=st.booleans())
    def quiet(self, lost: Any, again: Any, ours: Any) -> None:
        self._settle(lost=lost, again=again)
        self._judge(choice="ours" if ours else "theirs")

    def teardown(self) -> None:
        if self.connector is None:
            return
        try:
            if hasattr(self, "models"):
                self._settle(lost=False, again=True)
                self._judge()
                STATISTICS.ended(self.written(), self.bound(), self.connector.deaths)
        finally:
            self.connector.database.close()

    # How it is done.

    def _connect(self, platform: Any, *, create: bool) -> Connection:
        ways = self.ways[platform.connection]
        rules = {
            name: Rule(reads=owner != "ours", writes=owner != "theirs", policy=wins)  # type: ignore[arg-type]
            for name, (owner, wins) in ways.items()
        }
        keeps = rounded if platform.connection == BOARD else _as_is

        def carry(values: Any) -> Carried:
            return Carried({name: plain(keeps(value)) for name, value in values.items()})

        service = {"name": Rule(), "mtpd": Rule(), "owner": rules["owner"], "rto": rules["rto"]}
        plan = {"title": Rule(), "summary": rules["summary"]}
        kept = {"service": Keeping(service, carry, create), "plan": Keeping(plan, carry, create)}
        return replace(connect(platform), project="", keeps=kept)

    def _apply(self) -> None:
        """Put the files in force as the command line does."""
        catalog = catalog_of(self.services.values(), [self.plan])
        with self.connector.database.begin() as tx:
            catalogs.apply(tx, catalog.digest, to_json(catalog), "test", self.clock.now())
        self._order("apply", by="test")

    def _order(self, event: str, **order: Any) -> str:
        self.commands += 1
        name = f"command-{self.commands}"
        message = deliveries.Message("command", name, "command", event, json.dumps(order).encode(), subject="command:1")
        with self.connector.database.begin() as tx:
            deliveries.record(tx, message, self.clock.now())
        self.connector.wake("incident", "command:1")
        return name

    def _link_all(self) -> None:
        """Have each record stand on both platforms as it does in the files, and be linked."""
        for record, key in RECORDS:
            for name, side in self.platforms.items():
                values = {field: self._ours(record, key)[field] for field in self._fields(record)}
                ticket = side.make(record, **{field: side.keeps(value) for field, value in values.items()})  # type: ignore[arg-type]
                found = Nasty.read(side, record, [ticket])[0]  # type: ignore[arg-type]
                with self.connector.safe.begin() as tx:
                    link(tx, self.connector.parts, (record, key, name), found, "test", self.clock.now())

    def _fields(self, record: str) -> tuple[str, ...]:
        return ("title", "summary") if record == "plan" else ("name", "mtpd", "owner", "rto")

    def _ours(self, record: str, key: str) -> dict[str, Any]:
        with self.connector.database.begin() as tx:
            return values_of(self.connector.parts.records.read(tx), record, key) or {}

    def _fresh(self, name: str) -> Any:
        """Return a value that was never there before."""
        self.serial += 1
        return 3600 + 180 * self.serial + 20 if name == "rto" else f"Value {self.serial}"

    def _edit(self, place: Any, side: str) -> None:
        record, key, name = place
        ticket = self._ticket(record, key, side)
        if ticket is None or not hasattr(self, "models"):
            return
        platform = self.platforms[side]
        value = platform.keeps(self._fresh(name))
        model, shown = self.models[place], platform.now_holds(ticket).get(name)
        last = {edit.side: edit for edit in model.edits}
        keeps = model.sides[side].keeps
        over = {other for other, edit in last.items() if other != side and keeps(edit.value) == shown}
        over |= {other for other in self.platforms if other != side and self._settled(place, other, shown, keeps)}
        model.edited(side, value, frozenset(over))
        self.edits += 1
        platform.edit(ticket, **{name: value})

    def _settled(self, place: Any, other: str, shown: Any, keeps: Any) -> bool:
        """Tell whether what a person sees came after the other platform's last value was known."""
        record, key, name = place
        return self._known(place, other) and shown == keeps(self._ours(record, key)[name])

    def _known(self, place: Any, side: str) -> bool:
        """Tell whether the connector was told of a platform's last edit of a field, and has decided on it."""
        record, key, name = place
        ticket = self._ticket(record, key, side)
        if ticket is None:
            return False
        told = self.platforms[side].heard.get(ticket, -1) >= self.platforms[side].moved.get((ticket, name), -1)
        subject = counterparts.subject(record, key)
        waiting = self._rows(
            "SELECT 1 FROM delivery WHERE state = 'open' AND (subject = :of OR platform_id = :id)",
            of=subject,
            id=ticket,
        )
        return told and not waiting and not self.connector.waits("incident", subject)

    def _ticket(self, record: str, key: str, side: str) -> str | None:
        found = self._rows(
            "SELECT platform_id FROM counterpart WHERE record = :r AND key = :k AND connection = :c",
            r=record,
            k=key,
            c=side,
        )
        ticket = found[0].platform_id if found else None
        return ticket if ticket and self.platforms[side].exists(ticket) else None

    def _rows(self, query: str, **values: Any) -> Any:
        with self.connector.database.begin() as tx:
            return tx.execute(sa.text(query), values).all()

    def _letters(self) -> list[Letter]:
        return [letter for side in self.platforms.values() for letter in side.letters] if self.connector else []

    def _take(self, place: int) -> Letter:
        letters = self._letters()
        letter = letters[place % len(letters)]
        self.platforms[letter.connection].letters.remove(letter)
        return letter

    def _deliver_all(self) -> None:
        for _ in range(100):
            letters = self._letters()
            for side in self.platforms.values():
                side.letters.clear()
            for letter in letters:
                self.connector.deliver(letter, letter.identity)
            self.connector.rest()
            if not self._letters():
                return
        raise AssertionError("messages and writes follow each other without an end")

    def _settle(self, *, lost: bool, again: bool) -> None:
        """Let the faults stop and all come to rest; messages that are on their way arrive, or never do; one sweep."""
        for side in self.platforms.values():
            side.calm()
            if lost:
                side.letters.clear()
        self._deliver_all()
        self.connector.housekeep()
        self._deliver_all()
        for name in self.platforms:
            self.connector.sweep(sending(name))
        self._deliver_all()
        self.connector.housekeep()
        self._deliver_all()
        for side in self.platforms.values():
            told, side.told = side.told, []
            for letter in reversed(told[-LATEST:] if again else ()):
                self.posted += 1
                self.connector.deliver(letter, f"{letter.identity} late {self.posted}")
                self.connector.work()
        self._deliver_all()

    def _judge(self, choice: str = "ours") -> None:
        wrong, doubled = self._differences(), self._doubled()
        wrong += self._lost_values() + self._unfinished()
        written, bound = self.written(), self.bound()
        if written > bound:
            wrong.append(f"{written} writes had an effect; at most {bound} are due to {self.edits} edits")
        if wrong or doubled:
            raise Disagreement(wrong, doubled)
        if any(self._conflicts(record, key, name) for record, key, name in self.models):
            self._settle_conflicts(choice)
        for (record, key, name), model in self.models.items():
            model.rest(self._ours(record, key)[name])
        for side in self.platforms.values():
            side.overwritten.clear()

    def _differences(self) -> list[str]:
        wrong = []
        for (record, key, name), model in self.models.items():
            theirs, lost = {}, set()
            for side, platform in self.platforms.items():
                ticket = self._ticket(record, key, side)
                if ticket is None and (record, key, side) not in self.erased:
                    wrong.append(f"{key} does not stand on {side}")
                if (ticket, name) in platform.overwritten or (record, key, side) in self.erased:
                    lost.add(side)
                # What a rule of the platform keeps undoing is parked, and holds its record there.
                if ticket is not None and not (self.ruled and side == BOARD and record == "service"):
                    theirs[side] = plain(platform.now_holds(ticket).get(name))
            ours = self._ours(record, key)[name]
            wrong += model.judge(ours, theirs, self._conflicts(record, key, name), lost=frozenset(lost))
        return wrong

    def _conflicts(self, record: str, key: str, name: str) -> frozenset[str]:
        """Return the sides on which a person is asked to decide on a field."""
        rows = self._rows(
            "SELECT connection, conflicts FROM counterpart WHERE record = :r AND key = :k AND gone = ''",
            r=record,
            k=key,
        )
        return frozenset(row.connection for row in rows if name in json.loads(row.conflicts))

    def _settle_conflicts(self, choice: str) -> None:
        """Let a person decide each conflict; then all sides agree on what was chosen."""
        chosen = {}
        for (record, key, name), model in self.models.items():
            held = sorted(self._conflicts(record, key, name))
            if held:
                ours, side = self._ours(record, key)[name], held[0]
                ticket = self._ticket(record, key, side)
                theirs = self.platforms[side].now_holds(ticket)[name] if ticket else ours
                chosen[record, key, name] = ours if choice == "ours" else theirs
                self._order("settle", record=record, key=key, field=name, choice=choice, by="Carla", connection=side)
                for other in held[1:]:
                    self._order(
                        "settle", record=record, key=key, field=name, choice="ours", by="Carla", connection=other
                    )
                model.rest(ours)
        self.edits += len(chosen)
        self._deliver_all()
        wrong = []
        for (record, key, name), value in chosen.items():
            found = self._ours(record, key)[name]
            if found != value and len(chosen) == 1:
                wrong.append(f"{name} of {key} was settled as {choice}, {value!r}, and is {found!r}")
            if self._conflicts(record, key, name) and len(chosen) == 1:
                wrong.append(f"{name} of {key} is in conflict though it was settled")
        if wrong:
            raise Disagreement(wrong, [])

    def _lost_values(self) -> list[str]:
        """Return the values that lost, and that neither the history nor a write tells of."""
        told = "\n".join(row.text for row in self._rows("SELECT text FROM history"))
        told += "\n".join(f"{row.values} {row.before}" for row in self._rows('SELECT "values", before FROM write'))
        told += "\n".join(f"{row.theirs} {row.ours}" for row in self._rows("SELECT theirs, ours FROM counterpart"))
        wrong = []
        for (record, key, name), model in self.models.items():
            if name == "rto" or any((record, key, side) in self.erased for side in self.platforms):
                continue
            for side, edit in {edit.side: edit for edit in model.edits}.items():
                ticket = None if side == FILES else self._ticket(record, key, side)
                unheard = ticket is not None and (ticket, name) in self.platforms[side].overwritten
                if str(edit.value) not in told and not unheard:
                    wrong.append(f"{name} of {key}: {edit.value!r} of {side} is told nowhere")
        return wrong

    def _unfinished(self) -> list[str]:
        gone = {(record, key) for record, key, _ in self.erased}
        messages = self._rows("SELECT state, reason FROM delivery WHERE state IN ('open', 'parked')")
        waiting = self._rows("SELECT state, reason, key FROM write WHERE state IN ('pending', 'parked')")
        return [
            *(f"a message is {row.state}: {row.reason}" for row in messages),
            *(
                f"a write is {row.state}: {row.key}: {row.reason}"
                for row in waiting
                if tuple(row.key.split(":")[1:3]) not in gone and not (self.ruled and "keeps changing" in row.reason)
            ),
        ]

    def _doubled(self) -> list[str]:
        return [
            f"{key} was made {count} times on {name}"
            for name, side in self.platforms.items()
            for key, count in side.tally.creates.items()
            if count > 1
        ] + [
            f"{record} stands {len(side.tickets(record))} times on {name}"  # type: ignore[arg-type]
            for name, side in self.platforms.items()
            for record in ("service", "plan")
            if len(side.tickets(record)) > sum(kind == record for kind, _ in RECORDS)  # type: ignore[arg-type]
        ]

    def written(self) -> int:
        """How many writes of the connector had an effect on a platform."""
        return sum(side.tally.effects for side in self.platforms.values())

    def bound(self) -> int:
        """How many writes may have an effect: stated by what people did, whatever went wrong.

        Each record is made once on each platform. An edit is written to each side at most once, and once more where it
        was written over and the other's value is put back. What a rule undoes is written again, so many times an hour.
        """
        hours = 2 + (self.clock.now() - Clock().now()) // timedelta(hours=1)
        ruled = UNDONE * hours * sum(record == "service" for record, _ in RECORDS) if self.ruled else 0
        return 2 * len(RECORDS) + 3 * self.edits + ruled


def _as_is(value: Any) -> Any:
    return value
