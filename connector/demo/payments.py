"""Scene one: a database fails, its incident in ServiceNow becomes major, and PAY-DR brings the service back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.demo.evidence import TaskTicket, Witness, began, ended, makes_tasks
from connector.demo.narrator import CONNECTOR, Narrator
from connector.demo.people import AISHA, DANA, IVAN, PRIYA, TOM, JiraHands, Person, ServiceNowHands
from connector.demo.stage import Stage
from connector.plan import Plan

PLAN = "PAY-DR"
OUTAGE_AGO = timedelta(minutes=40)
"""How long the outage had lasted when it was reported: from there the RTO clock runs."""
CLOSED_BY_PLATFORM = "not achieved"
MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Move:
    """Who does a task, and on which platform they close it."""

    who: Person
    task: str
    platform: str


RECOVERY: tuple[tuple[Move, ...], ...] = (
    (Move(IVAN, "assess", "ServiceNow"), Move(IVAN, "bridge", "ServiceNow")),
    (Move(PRIYA, "stop-writes", "ServiceNow"), Move(AISHA, "hold-queue", "Jira")),
    (Move(PRIYA, "promote-standby", "ServiceNow"), Move(TOM, "switch-network", "Jira")),
    (Move(AISHA, "restart-api", "Jira"),),
    (Move(AISHA, "release-queue", "Jira"),),
    (Move(IVAN, "verify", "ServiceNow"),),
)
RETURN: tuple[Move, ...] = (Move(PRIYA, "rebuild-primary", "Jira"), Move(PRIYA, "fail-back", "Jira"))


@dataclass(frozen=True)
class Told:
    """What the scene leaves for the verdict and the figures."""

    number: str
    sys_id: str
    began: datetime
    due: datetime
    seconds_to_last_task: float
    calls_to_last_task: dict[str, int]


class Payments:
    """Plays the scene; raises NotSeen when something does not happen in time."""

    def __init__(self, stage: Stage, witness: Witness, narrator: Narrator) -> None:
        self._stage = stage
        self._witness = witness
        self._narrator = narrator
        self._servicenow = ServiceNowHands(stage.servicenow)
        self._jira = JiraHands(stage.jira)
        self._plan = stage.catalog.plans[PLAN]
        self._closed = 0
        self._number = ""
        self._sys_id = ""

    def play(self) -> Told:
        self._narrator.scene("1  The payments database fails: an incident in ServiceNow")
        began_at = datetime.now(UTC).replace(microsecond=0) - OUTAGE_AGO
        self._raise(began_at)
        self._see_link()
        seconds, calls = self._promote()
        due = self._see_activation(began_at)
        for beat in RECOVERY:
            for move in beat:
                self._work(move)
            self._see_progress()
        self._see_restoration()
        self._close_incident()
        for move in RETURN:
            self._work(move)
        self._see_progress()
        self._witness.settle()
        return Told(self._number, self._sys_id, began_at, due, seconds, calls)

    def _raise(self, began_at: datetime) -> None:
        values = {
            "short_description": "Card payments are refused",
            "description": "The database of Payments does not answer.",
            "cmdb_ci": "payments-db",
            "impact": "1",
            "urgency": "1",
            "work_start": began_at.strftime(MOMENT),
        }
        made = self._servicenow.raise_incident(DANA, values)
        self._number, self._sys_id = made["number"], made["sys_id"]
        self._narrator.says(
            DANA.name,
            f"raised {self._number}, priority 1, on payments-db: Card payments are refused (since {began_at:%H:%M}Z)",
            f"{self._stage.servicenow}/incident/{self._number}",
        )

    def _see_link(self) -> None:
        notes = self._witness.wait("a note with the plan", lambda: self._witness.servicenow().notes(self._sys_id))
        self._narrator.says(CONNECTOR, f"linked the plan {PLAN} and left a work note on {self._number}:")
        self._narrator.quote(_said(notes[0]))
        self._witness.settle()

    def _promote(self) -> tuple[float, dict[str, int]]:
        """Promote, and return how long after the webhook the last task stood, and the calls that it took."""
        told_before = len(self._witness.told("ServiceNow"))
        self._witness.forget_calls()
        self._servicenow.promote(self._number)
        self._narrator.says(IVAN.name, f"accepted {self._number} as a major incident in the workbench")
        expected = sum(len(task.targets) for task in self._plan.tasks)
        self._witness.wait("all recovery tasks", lambda: len(self._witness.tasks(_label(self._plan))) == expected)
        self._witness.settle()
        message = self._witness.told("ServiceNow")[told_before]
        calls = {platform: self._witness.calls(platform) for platform in self._witness.addresses}
        last = max(ended(call) for side in calls.values() for call in side if makes_tasks(call))
        return (last - began(message)).total_seconds(), {platform: len(side) for platform, side in calls.items()}

    def _see_activation(self, began_at: datetime) -> datetime:
        tickets = self._witness.tasks(_label(self._plan))
        parent = self._witness.jira().parents(_label(self._plan))[0]["key"]
        places = f"{_count(tickets, 'ServiceNow')} tickets in ServiceNow and {_count(tickets, 'Jira')} in Jira"
        self._narrator.says(
            CONNECTOR,
            f"activated {PLAN}: {len(self._plan.tasks)} recovery tasks as {places}, under {parent}",
            f"{self._stage.jira}/browse/{parent}",
        )
        self._narrator.tasks(tickets)
        self._narrator.plain(f"    each at {self._stage.servicenow}/incident_task/<number>")
        self._narrator.plain(f"    or      {self._stage.jira}/browse/<key>")
        written = self._witness.wait("RTO due on the incident", lambda: str(self._incident()["u_rto_due"]))
        due = datetime.strptime(written, MOMENT).replace(tzinfo=UTC)
        self._narrator.clock(self._number, began_at, due)
        self._shows()
        self._narrator.says(self._number, "the plan's page, behind the link on the ticket:", self.page)
        return due

    @property
    def page(self) -> str:
        """The address that the incident's ticket bears."""
        return str(self._incident()["u_continuity_link"])

    def _work(self, move: Move) -> None:
        """Have a person do a task once it is their turn."""
        title = title_of(self._plan, move.task)
        ticket = self._witness.wait(f"'{title}' open in {move.platform}", lambda: self._open(title, move.platform))
        for state in ("in progress", "done"):
            if move.platform == "Jira":
                self._jira.move(move.who, ticket.number, state)
            else:
                self._servicenow.move(move.who, ticket.table, ticket.ident, state)
        self._closed += 1
        name = title.partition("] ")[2]
        self._narrator.says(move.who.name, f"{move.platform} {ticket.number}: {name}: in progress, done")
        for twin in self._witness.tasks(title):
            if twin.platform != move.platform and twin.state != CLOSED_BY_PLATFORM:
                self._see_mirrored(title, twin)

    def _see_mirrored(self, title: str, twin: TaskTicket) -> None:
        self._witness.wait(f"{twin.number} done", lambda: self._state(title, twin.platform) == "done")
        self._narrator.says(CONNECTOR, f"moved its twin in {twin.platform}, {twin.number}, along: done")

    def _open(self, title: str, platform: str) -> TaskTicket | None:
        found = [task for task in self._witness.tasks(title) if task.platform == platform and task.state == "open"]
        return found[0] if found else None

    def _state(self, title: str, platform: str) -> str:
        return next((task.state for task in self._witness.tasks(title) if task.platform == platform), "")

    def _see_progress(self) -> None:
        """Wait until the incident tells of every task closed so far, and read its fields out."""
        percent = str(round(100 * self._closed / len(self._plan.tasks)))
        self._witness.wait(f"{percent} % on {self._number}", lambda: self._incident()["u_recovery_progress"] == percent)
        self._shows()

    def _see_restoration(self) -> None:
        review = self._witness.wait("a review", lambda: self._witness.servicenow().reviews())[0]
        note = self._witness.wait("the note of the restoration", lambda: self._note("Service restored"))
        self._narrator.says(CONNECTOR, "service restored: the RTO clock has stopped")
        self._narrator.quote(_said(note))
        self._narrator.says(
            CONNECTOR,
            f"opened {review['number']}: {review['short_description']}",
            f"{self._stage.servicenow}/problem/{review['number']}",
        )

    def _close_incident(self) -> None:
        """Resolve and close; ServiceNow then closes the incident's own open tasks, which is no verdict on the work."""
        text = {"close_code": "Solution provided", "close_notes": "Payments runs on the standby database."}
        self._servicenow.change_incident(DANA, self._sys_id, {"state": "6", **text})
        self._servicenow.change_incident(DANA, self._sys_id, {"state": "7"})
        title = title_of(self._plan, "fail-back")
        self._witness.wait(
            "ServiceNow closing its task", lambda: self._state(title, "ServiceNow") == CLOSED_BY_PLATFORM
        )
        self._witness.settle()
        mine, theirs = (
            next(task for task in self._witness.tasks(title) if task.platform == platform)
            for platform in ("ServiceNow", "Jira")
        )
        self._narrator.says(DANA.name, f"resolved and closed {self._number}")
        self._narrator.says(
            "ServiceNow",
            f"closed {mine.number} (fail back) with its incident; the work goes on in {theirs.number}: {theirs.state}",
        )

    def _note(self, words: str) -> str:
        return next((note for note in self._witness.servicenow().notes(self._sys_id) if words in note), "")

    def _incident(self) -> dict[str, Any]:
        return self._witness.servicenow().incident(self._number)

    def _shows(self) -> None:
        row = self._incident()
        percent = int(row["u_recovery_progress"] or 0)
        self._narrator.shows(self._number, row["u_continuity_phase"], percent, row["u_recovery_status"])


def title_of(plan: Plan, key: str) -> str:
    """Return the title that the ticket of a plan's task bears."""
    place, task = next((place, task) for place, task in enumerate(plan.tasks, start=1) if task.key == key)
    return f"[{plan.key} {place}/{len(plan.tasks)}] {task.name}"


def _label(plan: Plan) -> str:
    return f"[{plan.key} "


def _count(tickets: list[TaskTicket], platform: str) -> int:
    return sum(ticket.platform == platform for ticket in tickets)


def _said(note: str) -> str:
    """Return a note without its marker line."""
    return note.rpartition("[continuity:")[0].strip() or note
