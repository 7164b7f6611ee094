"""What the second machine judges once all is quiet: the files, both platforms, and what people were told."""

from __future__ import annotations

import json
from datetime import timedelta

from connector.continuity_record import plain
from tests.converge.clock import Clock
from tests.converge.mortal import UNDONE
from tests.converge.record_model import FILES
from tests.converge.record_world import RECORDS, RecordWorld
from tests.converge.statistics import Disagreement
from tests.converge.story import BOARD

MOST_UNDONE = 7
"""Writes of a field that a rule of the platform may undo before the connector gives way."""


class RecordJudge(RecordWorld):
    """All that is compared when the world has come to rest."""

    def __init__(self) -> None:
        super().__init__()
        self.untouched: dict[tuple[str, str, str], int] = {}
        """How often records that are not in the files had been written at the last rest."""

    def _judge(self, choice: str = "ours") -> None:
        wrong, doubled = self._differences(), self._doubled()
        wrong += self._lost_values() + self._unfinished() + self._departed() + self._left_alone()
        written, bound = self.written(), self.bound()
        if written > bound:
            wrong.append(f"{written} writes had an effect; at most {bound} are due to {self.edits} edits")
        if wrong or doubled:
            raise Disagreement(wrong, doubled)
        if any(self._conflicts(record, key, name) for record, key, name in self.models):
            self._settle_conflicts(choice)
        for (record, key, name), model in self.models.items():
            for side in self.platforms:
                if (record, key, side) in self.erased:
                    model.left(side)
            if (record, key) not in self.removed:
                model.rest(self._ours(record, key)[name])
                self.doubted.discard((record, key, name))
        self.gone |= self.erased
        self.erased.clear()
        for side in self.platforms.values():
            side.overwritten.clear()

    def _differences(self) -> list[str]:
        wrong = []
        for (record, key, name), model in self.models.items():
            theirs, lost = {}, set()
            for side, platform in self.platforms.items():
                ticket = self._ticket(record, key, side)
                if ticket is None and (record, key, side) not in self.erased | self.gone:
                    wrong.append(f"{key} does not stand on {side}")
                if (ticket, name) in platform.overwritten or (record, key, side) in self.erased:
                    lost.add(side)
                if ticket is not None and not self._undone(record, name, side):
                    theirs[side] = plain(platform.now_holds(ticket).get(name))
            if lost:
                self.doubted.add((record, key, name))
            if (record, key) not in self.removed:
                doubt = (record, key, name) in self.doubted
                ours = self._ours(record, key)[name]
                wrong += model.judge(ours, theirs, self._conflicts(record, key, name), lost=doubt)
        return wrong

    def _undone(self, record: str, name: str, side: str) -> bool:
        """Tell whether a field on a side is not ours to set: a rule of the platform undoes what we write."""
        return self.ruled and (record, name, side) == ("service", "owner", BOARD)

    def _departed(self) -> list[str]:
        """Judge that what was deleted is unlinked and told, and what was not is not unlinked."""
        unlinked = {
            (row.record, row.key, row.connection)
            for row in self._rows("SELECT record, key, connection FROM counterpart WHERE gone != ''")
        }
        deleted = self.erased | self.gone
        told = "\n".join(row.text for row in self._rows("SELECT text FROM history WHERE text LIKE '%It is unlinked%'"))
        return [
            *(f"{key} was deleted on {side}, and is still linked" for _, key, side in sorted(deleted - unlinked)),
            *(f"{key} was unlinked on {side}, where nobody deleted it" for _, key, side in sorted(unlinked - deleted)),
            *(
                f"the deletion of {key} on {side} is not told"
                for record, key, side in sorted(deleted)
                if not any(
                    line.startswith(f"{record} {key}:") and f"archived on {side}" in line for line in told.split("\n")
                )
            ),
        ]

    def _left_alone(self) -> list[str]:
        """Judge that nothing was written of records that were out of the files since the last rest."""
        now = {
            (record, key, side): sum(count for (of, _), count in platform.tally.fields.items() if of == ticket)
            for record, key in self.removed
            for side, platform in self.platforms.items()
            if (ticket := self._ticket(record, key, side)) is not None
        }
        before, self.untouched = self.untouched, now
        return [
            f"{place[1]} was written to {place[2]}, though it is not in the files"
            for place, count in now.items()
            if before.get(place, count) != count
        ]

    def _conflicts(self, record: str, key: str, name: str) -> frozenset[str]:
        """Return the sides on which a person is asked to decide on a field."""
        if (record, key) in self.removed:
            return frozenset()
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
            if name == "rto" or (record, key) in self.removed:
                continue
            if any((record, key, side) in self.erased for side in self.platforms):
                continue
            for side, edit in {edit.side: edit for edit in model.edits}.items():
                ticket = None if side == FILES else self._ticket(record, key, side)
                if self.ruled and side == BOARD and name == "owner":
                    continue  # what takes its place there is not ours
                unheard = ticket is not None and (ticket, name) in self.platforms[side].overwritten
                stands = edit.value == self._ours(record, key)[name]
                if not stands and str(edit.value) not in told and not unheard:
                    wrong.append(f"{name} of {key}: {edit.value!r} of {side} is told nowhere")
        return wrong

    def _unfinished(self) -> list[str]:
        messages = self._rows("SELECT state, reason FROM delivery WHERE state IN ('open', 'parked')")
        waiting = self._rows("SELECT state, reason, key FROM write WHERE state IN ('pending', 'parked')")
        return [
            *(f"a message is {row.state}: {row.reason}" for row in messages),
            *(
                f"a write is {row.state}: {row.key}: {row.reason}"
                for row in waiting
                if not (self.ruled and UNDONE in row.reason)
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
            if len(side.tickets(record))  # type: ignore[arg-type]
            != sum(kind == record and (kind, key, name) not in self.erased | self.gone for kind, key in RECORDS)
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
        ruled = MOST_UNDONE * hours * sum(record == "service" for record, _ in RECORDS) if self.ruled else 0
        return 2 * len(RECORDS) + 3 * self.edits + ruled
