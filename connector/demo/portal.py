"""Scene two: an incident in Jira starts a plan that a person decides on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.demo.evidence import TaskTicket, Witness
from connector.demo.narrator import CONNECTOR, Narrator
from connector.demo.payments import title_of
from connector.demo.people import AISHA, CARLA, DANA, JiraHands, ServiceNowHands
from connector.demo.stage import Stage

PLAN = "PORTAL-LOSS"
QUESTION = "Invoke the plan?"


@dataclass(frozen=True)
class Told:
    """What the scene leaves for the verdict: the incident and the page behind its link."""

    key: str
    page: str


class Portal:
    """Plays the scene; raises NotSeen when something does not happen in time."""

    def __init__(self, stage: Stage, witness: Witness, narrator: Narrator) -> None:
        self._stage = stage
        self._witness = witness
        self._narrator = narrator
        self._jira = JiraHands(stage.jira)
        self._servicenow = ServiceNowHands(stage.servicenow)
        self._plan = stage.catalog.plans[PLAN]
        self._key = ""

    def play(self) -> Told:
        self._narrator.scene("2  The customer portal is gone: an incident in Jira, and a decision")
        self._raise()
        self._see_activation()
        self._decide()
        self._assess()
        self._witness.settle()
        links = self._witness.jira().issue(self._key)["remotelinks"]
        return Told(self._key, links[0]["object"]["url"] if links else "")

    def _raise(self) -> None:
        fields = {
            "project": {"key": "SD"},
            "issuetype": {"name": "Incident"},
            "summary": "The customer portal shows an empty page",
            "priority": {"name": "Highest"},
            "components": [{"name": "Portal"}],
        }
        self._key = self._jira.raise_incident(DANA, fields)["key"]
        self._narrator.says(
            DANA.name,
            f"raised {self._key}, priority Highest, component Portal: The customer portal shows an empty page",
            f"{self._stage.jira}/browse/{self._key}",
        )

    def _see_activation(self) -> None:
        expected = 1 + sum(len(task.targets) for task in self._plan.tasks)
        self._witness.wait("the portal's tasks", lambda: len(self._tasks()) == expected)
        self._witness.settle()
        self._narrator.says(
            CONNECTOR,
            f"activated {PLAN}, which a person decides on: only its activation phase is open, and the decider is asked",
        )
        self._narrator.tasks(self._tasks())

    def _decide(self) -> None:
        question = next(task for task in self._tasks() if QUESTION in task.title)
        self._jira.move(CARLA, question.number, "done")
        self._narrator.says(CARLA.name, f"answered {question.number} '{QUESTION}': done, so the plan is invoked")
        self._witness.wait("the decision on the incident", lambda: "invoked the plan" in self._comments())
        self._narrator.says(CONNECTOR, f"left an internal comment on {self._key}; the customer sees none of it")

    def _assess(self) -> None:
        assess = self._ticket("assess")
        for state in ("in progress", "done"):
            self._servicenow.move(AISHA, assess.table, assess.ident, state)
        self._narrator.says(AISHA.name, f"ServiceNow {assess.number}: Assess what is lost: in progress, done")
        nexts = ("static-page", "restore-database", "restore-release")
        self._witness.wait("the next tasks open", lambda: all(self._ticket(key).state == "open" for key in nexts))
        opened = ", ".join(self._ticket(key).number for key in nexts)
        self._narrator.says(CONNECTOR, f"opened {opened}, on both platforms")
        self._witness.wait("the status on the incident", lambda: self._value("Recovery progress"))
        self._narrator.shows(
            self._key,
            self._value("Continuity phase"),
            round(float(self._value("Recovery progress"))),
            self._value("Recovery status"),
        )
        raised = datetime.fromisoformat(str(self._witness.jira().issue(self._key)["fields"]["created"]))
        due = datetime.fromisoformat(str(self._value("RTO due")))
        self._narrator.clock(self._key, raised.astimezone(UTC), due.astimezone(UTC))

    def _tasks(self) -> list[TaskTicket]:
        return self._witness.tasks(f"[{PLAN}")

    def _ticket(self, key: str) -> TaskTicket:
        title = title_of(self._plan, key)
        return next(task for task in self._tasks() if task.title == title)

    def _comments(self) -> str:
        return "\n".join(str(item["body"]) for item in self._witness.jira().issue(self._key)["comments"])

    def _value(self, name: str) -> Any:
        return self._witness.jira().value(self._key, name)
