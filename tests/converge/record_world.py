"""The world of the second machine: services and plans in the files and on two platforms, and the connector."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

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
LATEST = 20
"""Messages of each platform that come again when all is settled."""
RULED = "The rule"


def rounded(value: Any) -> Any:
    """Return a length of time as a platform keeps it that holds whole minutes."""
    return round(value / 60) * 60 if isinstance(value, int) else value


def as_is(value: Any) -> Any:
    return value


class RecordWorld:
    """Both platforms, the files, and the connector between them; `models` say what each field must be."""

    def __init__(self) -> None:
        super().__init__()
        self.connector: Mortal = None  # type: ignore[assignment]
        self.models: dict[tuple[str, str, str], FieldModel] = {}
        self.edits = 0
        self.commands = 0
        self.posted = 0
        self.serial = 0
        self.ruled = ""
        """What sets services' owner back on the board: a `rule` in the call, another `connector` when it hears of ours."""
        self.erased: set[tuple[str, str, str]] = set()
        """(record, key, side) of tickets that were deleted since the last rest; `gone` are those before it."""
        self.gone: set[tuple[str, str, str]] = set()
        self.removed: set[tuple[str, str]] = set()
        """Records that are not in the files for now."""
        self.doubted: set[tuple[str, str, str]] = set()
        """Fields of which either value may stand: since their base was taken, the connector wrote over what it could not
        know of, or a person changed what we had written before any answer told us that it stood there."""
        self.missed = False
        """Whether a message was lost since the last sweep; `unseen`: one of a deletion since the last audit."""
        self.unseen = False

    def _start(self, ways: dict[str, Any], *, create: bool, ruled: str) -> None:
        self.clock = Clock()
        self.ways, self.ruled = ways, ruled
        self.platforms = {
            DESK: Nasty(DESK, self.clock, Traits(), page=2),
            BOARD: Nasty(
                BOARD, self.clock, Traits(versions_are_instants=True), lag=timedelta(seconds=15), keeps=rounded
            ),
        }
        if ruled == "rule":
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
                {side: Crossing(*ways[name], rounded if side == BOARD else as_is) for side, ways in self.ways.items()},
            )
            for (record, key), names in RECORDS.items()
            for name in names
        }

    def _connect(self, platform: Any, *, create: bool) -> Connection:
        ways = self.ways[platform.connection]
        rules = {
            name: Rule(reads=owner != "ours", writes=owner != "theirs", policy=wins)  # type: ignore[arg-type]
            for name, (owner, wins) in ways.items()
        }
        keeps = rounded if platform.connection == BOARD else as_is

        def carry(values: Any) -> Carried:
            return Carried({name: plain(keeps(value)) for name, value in values.items()})

        service = {"name": Rule(), "mtpd": Rule(), "owner": rules["owner"], "rto": rules["rto"]}
        plan = {"title": Rule(), "summary": rules["summary"]}
        kept = {"service": Keeping(service, carry, create), "plan": Keeping(plan, carry, create)}
        return replace(connect(platform), project="", keeps=kept)

    def _apply(self) -> None:
        """Put the files in force as the command line does."""
        services = [item for key, item in self.services.items() if ("service", key) not in self.removed]
        catalog = catalog_of(services, [] if ("plan", self.plan.key) in self.removed else [self.plan])
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
        if ticket is None or not self.models:
            return
        platform = self.platforms[side]
        value = platform.keeps(self._fresh(name))
        model, shown = self.models[place], platform.now_holds(ticket).get(name)
        last = {edit.side: edit for edit in model.edits}
        keeps = model.sides[side].keeps
        over = {other for other, edit in last.items() if other != side and keeps(edit.value) == shown}
        over |= {other for other in self.platforms if other != side and self._settled(place, other, shown, keeps)}
        model.edited(side, value, frozenset(over), frozenset({FILES}))
        if over and self._unanswered(ticket):
            self.doubted.add(place)
        self.edits += 1
        platform.edit(ticket, **{name: value})

    def _unanswered(self, ticket: str) -> bool:
        """Tell whether a change of a ticket was sent of which nobody has told yet that it landed."""
        unanswered = "SELECT 1 FROM write WHERE platform_id = :id AND state = 'pending' AND sent_at IS NOT NULL"
        return bool(self._rows(unanswered, id=ticket))

    def _settled(self, place: Any, other: str, shown: Any, keeps: Any) -> bool:
        """Tell whether what a person sees came after the other platform's last value was known."""
        record, key, name = place
        return self._known(place, other) and shown == keeps(self._ours(record, key)[name])

    def _known(self, place: Any, side: str) -> bool:
        """Tell whether the connector was told of a platform's last edit of a field, and has decided on it."""
        record, key, name = place
        ticket = self._ticket(record, key, side)
        if ticket is None or (record, key) in self.removed:
            return False
        told = self.platforms[side].heard.get(ticket, -1) >= self.platforms[side].moved.get((ticket, name), -1)
        subject = counterparts.subject(record, key)
        waiting = self._rows(
            "SELECT 1 FROM delivery WHERE state = 'open' AND (subject = :of OR platform_id = :id)",
            of=subject,
            id=ticket,
        )
        return told and not waiting and not self.connector.waits("incident", subject)

    def _unheard(self, place: tuple[str, str, str], side: str) -> bool:
        """Tell whether the connector cannot know of a platform's last edit of a field: nothing told it."""
        ticket, platform = self._ticket(*place[:2], side), self.platforms[side]
        return ticket is not None and platform.heard.get(ticket, -1) < platform.moved.get((ticket, place[2]), -1)

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

    def _hear(self, letter: Letter) -> None:
        """Let a message arrive, with us and with the other connector, which holds the owner for its own."""
        self.connector.deliver(letter, letter.identity)
        side, ticket = self.platforms[letter.connection], letter.ticket
        held = self.ruled == "connector" and letter.connection == BOARD and ticket.record == "service"
        if held and side.exists(ticket.id) and side.now_holds(ticket.id).get("owner") != RULED:
            side.edit(ticket.id, owner=RULED)

    def _lost(self, letter: Letter) -> None:
        """Take note that a message never arrives."""
        self.missed = True
        self.unseen |= letter.deleted

    def _deliver_all(self) -> None:
        for _ in range(100):
            letters = self._letters()
            for side in self.platforms.values():
                side.letters.clear()
            for letter in letters:
                self._hear(letter)
            self.connector.rest()
            if not self._letters():
                return
        raise AssertionError("messages and writes follow each other without an end")

    def _settle(self, *, lost: bool, again: bool, swept: bool = True, audited: bool = False) -> None:
        """Let the faults stop and all come to rest; messages that are on their way arrive, or never do; one sweep.

        What was refused is mended and replayed. There is no sweep where it is not wanted and no message was lost, and
        an audit where one of a deletion was. With `again` all messages since the last rest come once more, the newest
        first, when all is settled.
        """
        for side in self.platforms.values():
            side.calm()
            for letter in side.letters if lost else ():
                self._lost(letter)
            if lost:
                side.letters.clear()
        self._deliver_all()
        self.connector.housekeep()
        self.connector.replay()
        self._deliver_all()
        for name in self.platforms if swept or self.missed or not self.models else ():
            self.connector.sweep(sending(name))
        for name in self.platforms if audited or self.unseen else ():
            self.connector.audit(name)
        self.missed = self.unseen = False
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
