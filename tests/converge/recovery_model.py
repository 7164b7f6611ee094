"""What the tickets of an activation must say once all is quiet: the merge rules, told again for an auditor.

Written from docs/decisions and docs/sync.md, without a look at the code that it judges. At each rest the model takes
what all sides agree on as what is known, so that each judgement is about what happened since the last one:

- A task that only one source moved (a platform's ticket, the command line) stands as its last move says. Where several
  sources moved it before they could know of each other, the last move of one of them stands, on all sides alike.
- A task opens by itself when all that it waits for is done or skipped. When the incident has ended, what is open up to
  the recovery phase is skipped, and put back when the incident goes on. Standing the plan down skips what is open.
- Neither platform offers a conditional write: a move that the connector wrote over before it could know of it may be
  lost. Nothing else may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SETTLED = frozenset({"done", "skipped"})
CLOSED = SETTLED | {"failed"}
UNCLOSED = frozenset({"pending", "open", "in_progress"})
ENDED = frozenset({"resolved", "closed", "cancelled"})
AFTERWARDS = "return_to_normal"
PHASES = {
    "activation": "Activation",
    "containment": "Containment",
    "recovery": "Recovery",
    "return_to_normal": "Return to normal",
}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Step:
    """A task of the plan: `after` names what it waits for, `sides` where its tickets stand."""

    key: str
    phase: str
    after: tuple[str, ...]
    required: bool
    duration: timedelta
    sides: tuple[str, ...]


@dataclass
class Move:
    """A person moved a task; `over` are the earlier moves of other sources that were known by then, and so overruled."""

    source: str
    state: str
    over: tuple[Move, ...] = ()
    command: str = ""


@dataclass
class Major:
    """An incident as it stands on its platform: `began` is its outage's begin, else when it was opened."""

    state: str
    major: bool
    opened: datetime
    outage: datetime | None = None

    @property
    def active(self) -> bool:
        return self.state not in ENDED


@dataclass(frozen=True)
class Shown:
    """A ticket of a task as it stands on its platform."""

    side: str
    ticket: str
    state: str
    due: datetime | None


@dataclass
class Seen:
    """All that is judged: ours and the tickets of each task, how the activation stands, and what was written over."""

    activation: str
    ours: Mapping[str, str]
    tickets: Mapping[str, Sequence[Shown]]
    overwritten: frozenset[tuple[str, str]]
    closed_with_incident: frozenset[tuple[str, str]]
    refused_commands: frozenset[str]


@dataclass
class Due:
    """A ticket's due time: what both sides last agreed on, and what the ticket says."""

    base: datetime
    theirs: datetime
    edits: list[datetime] = field(default_factory=list)
    seen: datetime | None = None
    """Ours, when it had changed and stood there when a person set another."""


class RecoveryModel:
    """One activation of one plan."""

    def __init__(self, steps: Sequence[Step], rto: timedelta, wins: str) -> None:
        self.steps = {step.key: step for step in steps}
        self.rto = rto
        self.wins = wins
        self.states: dict[str, str] = dict.fromkeys(self.steps, "pending")
        self.by_incident: set[str] = set()
        self.majors: dict[str, Major] = {}
        self.over = ""
        self.dues: dict[str, Due] = {}
        self._moves: dict[str, list[Move]] = {}
        self.ended_meanwhile = False
        self._stood_down = False
        self._moved_clock = 0
        self._clock: datetime | None = None

    # What happens.

    def moved(self, key: str, source: str, state: str, *, known: frozenset[str], command: str = "") -> None:
        """Take in a person's move; `known` are the sources whose earlier moves the connector has decided on."""
        moves = self._moves.setdefault(key, [])
        over = tuple(earlier for earlier in moves if earlier.source in known - {source})
        moves.append(Move(source, state, over, command))

    def rescheduled(self, key: str, ticket: str, due: datetime, shown: datetime | None) -> None:
        """Take in another due time that a person put on a ticket, in the place of what it had `shown`."""
        known = self.dues.setdefault(ticket, Due(self.due(key), self.due(key)))
        known.edits.append(due)
        # Who saw ours changed it alone, unless that ours had landed is not known to the connector.
        if shown is not None and _near(shown, self.due(key)) and not _near(shown, known.base):
            known.seen = shown

    def incident(self, identity: str, major: Major) -> None:
        """Take in how an incident that takes part stands from now on."""
        self.majors[identity] = major
        self._look()

    def moved_once(self, key: str, source: str) -> bool:
        """Tell whether a task was moved once since the last rest, by this source."""
        return [move.source for move in self._moves.get(key, ())] == [source]

    def stood_down(self) -> None:
        """Take in that a person asked for the plan to be stood down."""
        self._stood_down = True

    def _look(self) -> None:
        self.ended_meanwhile |= self.ended
        begin = self.clock_start
        self._moved_clock += begin != self._clock
        self._clock = begin

    # What follows.

    @property
    def ended(self) -> bool:
        """Whether the disruption is over as the incidents tell it; one that was cancelled tells nothing."""
        told = [major for major in self.majors.values() if major.state != "cancelled"]
        return bool(told) and not any(major.active for major in told)

    @property
    def asked_to_stand_down(self) -> bool:
        """Whether nothing keeps the plan going: every incident was cancelled, or one that goes on is no major."""
        majors = self.majors.values()
        if any(major.active and major.major for major in majors):
            return False
        return any(major.active for major in majors) or all(major.state == "cancelled" for major in majors)

    @property
    def clock_start(self) -> datetime:
        outages = [major.outage for major in self.majors.values() if major.outage]
        return min(outages or [major.opened for major in self.majors.values()])

    def due(self, key: str) -> datetime:
        """When a task has to be done so that the RTO is kept; afterwards, how long the way back takes."""
        step, end = self.steps[key], self.clock_start + self.rto
        if step.phase == AFTERWARDS:
            before = [self.due(after) for after in step.after if self.steps[after].phase == AFTERWARDS]
            return max(before, default=end) + step.duration
        waiting = [item for item in self.needed if key in item.after] if step in self.needed else []
        return min([end, *(max(self.clock_start, self.due(item.key) - item.duration) for item in waiting)])

    @property
    def needed(self) -> list[Step]:
        return [step for step in self.steps.values() if step.required and step.phase != AFTERWARDS]

    @property
    def over_meanwhile(self) -> bool:
        """Whether the disruption may have been over for a while since the last rest, as people's words tell."""
        over = self.over != "" or self.ended_meanwhile or self._stood_down
        return over or all(self._settled_meanwhile(step.key, self._moves) for step in self.needed)

    def restored(self, states: Mapping[str, str]) -> bool:
        keys = [step.key for step in self.needed]
        by_people = all(states[key] in SETTLED for key in keys) and any(states[key] == "done" for key in keys)
        return self.ended or (by_people and not self.by_incident & set(keys))

    def status(self) -> dict[str, object]:
        """Return what the fields of recovery's status must say: the phase, the per cent, and how the text begins."""
        states = self.states
        done = sum(state == "done" for state in states.values())
        skipped = sum(state == "skipped" for state in states.values())
        counted = f"{done} of {len(states)} recovery tasks done" + (f", {skipped} skipped" if skipped else "")
        gone_by = done if self.over == "stood_down" else done + skipped
        left = {step.phase for step in self.steps.values() if step.required and states[step.key] not in SETTLED}
        phase = next((name for name in PHASES if name in left), AFTERWARDS)
        restored = self.over == "closed" or self.restored(states)
        begins = "Stood down (" if self.over == "stood_down" else "Service restored" if restored else ""
        return {
            "continuity_phase": PHASES[phase],
            "recovery_progress": round(100 * gone_by / len(states)),
            "counted": counted,
            "begins": begins or counted,
        }

    # What is judged.

    def judge(self, seen: Seen) -> list[str]:
        """Compare what all sides show with what the rules allow; take over what they agree on."""
        moves = {
            key: [move for move in moves if not (move.command and move.command in seen.refused_commands)]
            for key, moves in self._moves.items()
        }
        wrong = self._judge_end(seen)
        ended = seen.activation != "running"
        allowed = {key: self._allowed(key, moves, seen.overwritten, ended=ended) for key in self.steps}
        for key, states in allowed.items():
            if seen.ours[key] not in states:
                wrong.append(f"{key} is {seen.ours[key]}; it was {self.states[key]}, so it may be {sorted(states)}")
        for key in self.steps:
            wrong += self._judge_tickets(key, seen, moves.get(key, []))
        wrong += self._judge_rules(seen, moves)
        for key in self.steps:
            for shown in seen.tickets[key]:
                overwritten = (shown.ticket, "due_at") in seen.overwritten
                wrong += self._judge_due(key, shown, overwritten=overwritten, ended=seen.activation != "running")
        self._take_over(seen, moves)
        return wrong

    def _allowed(
        self,
        key: str,
        all_moves: Mapping[str, list[Move]],
        overwritten: frozenset[tuple[str, str]],
        *,
        ended: bool,
    ) -> set[str]:
        moves, before = all_moves.get(key, []), self.states[key]
        if self.over:
            return {before}
        last = {move.source: move for move in moves}
        overruled = [id(earlier) for move in moves for earlier in move.over]
        found = {move.state for move in last.values() if id(move) not in overruled} or {before}
        # A move that came when the plan had ended moved nothing, and overruled nothing.
        if ended or any((f"{key}@{source}", "state") in overwritten for source in last):
            found |= {before, *(move.state for move in moves)}
        if "pending" in found:  # put on hold: still open work for the plan
            found |= ({before} | {move.state for move in moves}) & UNCLOSED
        up_to_recovery = self.steps[key].phase != AFTERWARDS
        if self.ended_meanwhile and up_to_recovery and (found & UNCLOSED or key in self.by_incident):
            found |= {"skipped", "pending"}
        if self._stood_down and found & UNCLOSED:
            found.add("skipped")
        if "pending" in found and all(self._settled_meanwhile(after, all_moves) for after in self.steps[key].after):
            found.add("open")
        return found

    def _settled_meanwhile(self, key: str, moves: Mapping[str, list[Move]]) -> bool:
        told = {self.states[key], *(move.state for move in moves.get(key, []))}
        return bool(told & SETTLED) or (self.ended_meanwhile and self.steps[key].phase != AFTERWARDS)

    def _judge_tickets(self, key: str, seen: Seen, moves: Sequence[Move]) -> list[str]:
        ours, wrong = seen.ours[key], []
        for shown in seen.tickets[key]:
            held = shown.state == "pending" and ours in {"open", "in_progress"}
            # What a person does to a ticket when the plan has ended is taken note of, and changes the plan no more.
            told = {move.state for move in moves if move.source == shown.side}
            late = bool(self.over) or (seen.activation != "running" and shown.state in told)
            if shown.state != ours and not held and not late:
                wrong.append(f"{key} is {ours}, but its ticket {shown.ticket} on {shown.side} says {shown.state}")
        for side in self.steps[key].sides:
            count = sum(shown.side == side for shown in seen.tickets[key])
            # One that was closed with its incident is replaced while there is work; one skipped early is never made.
            none_needed = ours == "skipped" or (ours in CLOSED and (key, side) in seen.closed_with_incident)
            if count > 1 or (count == 0 and not none_needed):
                wrong.append(f"{key} stands {count} times on {side}")
        return wrong

    def _judge_rules(self, seen: Seen, moves: Mapping[str, list[Move]]) -> list[str]:
        if seen.activation != "running":
            return []
        wrong = []
        for key, step in self.steps.items():
            state = seen.ours[key]
            if state == "pending" and all(seen.ours[after] in SETTLED for after in step.after):
                wrong.append(f"{key} is pending, though nothing that it waits for is open")
            if self.ended and step.phase != AFTERWARDS and state not in CLOSED:
                wrong.append(f"{key} is {state}, though the incident has ended")
            skipped_by_rule = key in self.by_incident and not moves.get(key)
            if not self.ended and skipped_by_rule and state == "skipped":
                wrong.append(f"{key} is still skipped, though the incident goes on")
        return wrong

    def _judge_end(self, seen: Seen) -> list[str]:
        if self.over:
            return [] if seen.activation == self.over else [f"it was {self.over}, now it is {seen.activation}"]
        closed = all(state in CLOSED for state in seen.ours.values()) and self.ended
        if seen.activation == "running" and (self._stood_down or closed):
            return ["it is running, though it was stood down or all is done and the incident has ended"]
        if seen.activation == "closed" and not self.ended_meanwhile:
            return ["it is closed, though the incident goes on"]
        if seen.activation == "stood_down" and not self._stood_down:
            return ["it was stood down by nobody"]
        return []

    def _judge_due(self, key: str, shown: Shown, *, overwritten: bool, ended: bool) -> list[str]:
        ours = self.due(key)
        due = self.dues.setdefault(shown.ticket, Due(ours, ours))
        theirs = due.edits[-1] if due.edits else due.theirs
        if shown.due is None:
            return [f"{key}: {shown.ticket} has no due time"]
        if ended:
            return []
        allowed = {"ours": ours, "theirs": theirs}
        both = not _near(ours, due.base) and not _near(theirs, due.base)
        if not (overwritten or due.seen or (self._moved_clock > 1 and (due.edits or both))):
            if _near(ours, due.base):
                allowed.pop("ours")
            elif not both or self.wins in {"continuity", "newest"}:
                allowed.pop("theirs")
            else:
                allowed.pop("ours")
        if not any(_near(shown.due, value) for value in allowed.values()):
            told = ", ".join(f"{name} {value:%H:%M}" for name, value in allowed.items())
            return [f"{key}: {shown.ticket} on {shown.side} is due {shown.due:%H:%M}; allowed: {told}"]
        if _near(shown.due, ours):
            due.base = ours
        elif due.seen:
            due.base = due.seen
        due.theirs = shown.due
        return []

    def _take_over(self, seen: Seen, moves: Mapping[str, list[Move]]) -> None:
        before, self.states = self.states, dict(seen.ours)
        self.over = "" if seen.activation == "running" else seen.activation
        for key, state in self.states.items():
            by_person = any(move.state == "skipped" for move in moves.get(key, []))
            if state != "skipped":
                self.by_incident.discard(key)
            elif self.ended_meanwhile and not by_person and (before[key] != "skipped" or moves.get(key)):
                self.by_incident.add(key)
        self._moves.clear()
        self.ended_meanwhile = self.ended
        self._stood_down = False
        self._moved_clock = 0
        for due in self.dues.values():
            due.edits.clear()
            due.seen = None


def _near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < MINUTE
