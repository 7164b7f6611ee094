"""What the first machine judges once all is quiet: both platforms, the connector's own store, and the model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.flows.poll import LOST_AFTER
from tests.converge.nasty import Nasty
from tests.converge.recovery_model import Major, RecoveryModel, Seen, Shown
from tests.converge.statistics import Disagreement
from tests.converge.story import RTO, TASKS, World

KEYS = [task.key for task in TASKS]
MARKS = {0.5: "50 % of the RTO is used", 0.8: "80 % of the RTO is used", 1.0: "RTO MISSED"}
"""What is told when so much of the RTO has passed."""


@dataclass
class Comment:
    """What a person wrote on a task's ticket; `due` while it has to be told on the other one, and is not."""

    key: str
    side: str
    ticket: str
    author: str
    text: str
    due: bool = True


class RecoveryJudge:
    """The world and its model, and all that is compared between them."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World = None  # type: ignore[assignment]
        self.model: RecoveryModel = None  # type: ignore[assignment]
        self.edits: Counter[str] = Counter()
        self.incidents: list[str] = []
        self.comments: list[Comment] = []
        self.lossy = False
        """Whether a message was lost since the last rest."""
        self.another = False
        """Whether a second activation has begun, with which the story ends."""

    def _judge(self) -> None:
        if self.another:
            return
        found = self.world.rows("SELECT state FROM activation ORDER BY id")
        if not found:
            if any(major.active and major.major for major in self.model.majors.values()):
                raise Disagreement(["no activation was started for a major incident that goes on"], [])
            return
        if len(found) > 1:
            self._judge_another()
            return
        wrong = self.model.judge(self._seen())
        wrong += self._judge_status() + self._judge_marks() + self._judge_rest() + self._judge_bound()
        doubled = self._judge_once()
        missing, twice = self._judge_comments()
        wrong, doubled = wrong + missing, doubled + twice
        if wrong or doubled:
            raise Disagreement(wrong, doubled)
        for side in self.world.platforms.values():
            side.overwritten.clear()
            side.put_back.clear()

    def _seen(self) -> Seen:
        (activation,) = self.world.rows("SELECT id, state FROM activation")
        ours = {row.key: row.state for row in self.world.rows("SELECT key, state FROM task WHERE kind = 'plan'")}
        tickets = {
            key: [
                Shown(name, ticket.id, ticket.values["state"], instant(ticket.values.get("due_at")))
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
            for ticket, place in side.put_back.items():
                # It is put back by its message, where nothing else was written or moved meanwhile.
                key = keys_of.get(ticket, "")
                if (
                    key
                    and not self.lossy
                    and side.tally.fields[ticket, "state"] <= place + 1
                    and self.model.moved_once(key, name)
                ):
                    over -= {(ticket, "state"), (f"{key}@{name}", "state")}
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
        places = [*self.world.desk.tickets("incident"), *self.world.board.tickets("activation")]
        for ticket in places:
            wrong += [
                f"{ticket.number}: {name} is {ticket.values.get(name)!r}, not {wanted[name]!r}"
                for name in ("continuity_phase", "recovery_progress")
                if ticket.values.get(name) != wanted[name]
            ]
            text = str(ticket.values.get("recovery_status"))
            if not text.startswith(str(wanted["begins"])) or str(wanted["counted"]) not in text:
                wrong.append(f"{ticket.number}: '{text}' should begin '{wanted['begins']}', tell '{wanted['counted']}'")
            due = instant(ticket.values.get("rto_due"))
            if not self.model.over and due != self.model.clock_start + RTO:
                wrong.append(f"{ticket.number}: rto_due is {due}")
        if len({ticket.values.get("recovery_status") for ticket in places}) > 1:
            wrong.append("the incident and the activation's ticket tell different things")
        return wrong

    def _judge_another(self) -> None:
        """Judge that a second activation was due: an incident that comes when the first one is over is another world."""
        if not self.model.over_meanwhile:
            raise Disagreement([], ["a second activation was started, though the disruption goes on"])
        self.another = True
        self.model.over = "followed by another"

    def _judge_marks(self) -> list[str]:
        """Judge that the last mark of the RTO that passed was told, unless the service is back."""
        row = self.world.rows("SELECT state, restored_at FROM activation")[0]
        used = (self.world.clock.now() - LOST_AFTER - self.model.clock_start) / RTO
        passed = [text for share, text in MARKS.items() if used >= share]
        told = "\n".join(self.world.desk.notes(self.world.incident))
        if row.state != "running" or row.restored_at is not None or not passed or passed[-1] in told:
            return []
        return [f"'{passed[-1]}' was not told"]

    def _judge_comments(self) -> tuple[list[str], list[str]]:
        """Judge that each comment is told once on the task's other ticket, with its author, and nowhere else."""
        missing, doubled = [], []
        ended = self.model.over != ""
        for comment in self.comments:
            told = {name: self._tellings(side, comment) for name, side in self.world.platforms.items()}
            (other,) = told.keys() - {comment.side}
            stands = comment.ticket in {
                item.id for item in self._tickets(self.world.platforms[comment.side], comment.key)
            }
            beside = self._ticket(comment.key, other) is not None
            comment.due &= stands and not ended and not told[other]
            if told[comment.side]:
                doubled.append(f"'{comment.text}' came back to {comment.side}")
            if len(told[other]) > 1:
                doubled.append(f"'{comment.text}' is told {len(told[other])} times on {other}")
            if comment.due and beside:
                missing.append(f"'{comment.text}' on {comment.key} of {comment.side} is not told on {other}")
            number = self.world.platforms[comment.side].number(comment.ticket)
            wanted = f"{comment.author or 'somebody'} on {number}"
            missing += [f"'{note}' does not begin '{wanted}'" for note in told[other] if not note.startswith(wanted)]
        return missing, doubled

    def _tellings(self, side: Nasty, comment: Comment) -> list[str]:
        """Return the notes on a task's tickets of a side that tell a comment."""
        return [
            note
            for ticket in side.tickets("recovery_task")
            if _is_of(comment.key, ticket)
            for note in side.notes(ticket.id)
            if note.endswith(comment.text)
        ]

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
        for incident in self.incidents:
            told = self.world.desk.notes(incident)
            for row in self.world.rows(
                "SELECT text, count(*) AS count FROM note WHERE platform_id = :id GROUP BY text", id=incident
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
        the incident, or a stand-down, may touch every ticket twice. Each mark of the RTO is told. A comment is told
        once. What was refused is told on the incidents.
        """
        tickets = sum(len(side.tickets()) for side in self.world.platforms.values())
        few = 8 * self.edits["move"] + 2 * self.edits["due"] + self.edits["comment"] + 3 * self.edits["refused"]
        return 3 * tickets + few + (2 * tickets) * self.edits["all"] + 6

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
        if not any(self.model.majors[item].active for item in self.incidents if self._joined(item)):
            self.model.ended_meanwhile = True  # as far as the connector knows, which has not heard of another yet

    def _joined(self, incident: str) -> bool:
        rows = self.world.rows("SELECT activation_id FROM ticket WHERE platform_id = :id", id=incident)
        return bool(rows) and rows[0].activation_id is not None


def _is_of(key: str, ticket: Any) -> bool:
    return str(ticket.values["title"]).endswith(f"] {key}")


def instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
