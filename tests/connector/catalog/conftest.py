"""A small folder of continuity records, to be broken in one place."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from connector.catalog import Catalog, load
from connector.problem import Invalid

SERVICES = """\
services:
  payments:
    name: Payments
    criticality: 1
    rto: 4h
    rpo: 15m
    mtpd: 8h
    owner: Carla Mendes
    servicenow: {ci: [payments-db]}
    jira-emea: {label: payments, component: [Payments]}
"""
PLAN = """\
key: PAY-DR
name: Failover
services: [payments]
scenario: database-loss
team:
  lead: {person: Priya Nair, phone: "+44 1"}
tasks:
  assess: {name: Assess, phase: activation, duration: 15m, role: lead}
  failover:
    name: Fail over
    phase: recovery
    duration: 1h
    role: lead
    after: [assess]
"""


@dataclass(frozen=True)
class Records:
    """The folder; `today` is 2026-11-22."""

    folder: Path
    services: str = SERVICES
    plan: str = PLAN

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text)

    def edit(self, file: str, part: str, by: str) -> None:
        """Replace `part` of a file; an empty `part` appends."""
        text = (self.folder / file).read_text()
        assert part in text
        self.write(file, text.replace(part, by) if part else text + by)

    def load(self) -> Catalog:
        return load(self.folder, ("servicenow", "jira", "jira-emea"), date(2026, 11, 22))

    def told(self) -> list[str]:
        """Return what a check says, a line each; warnings begin with `warning`."""
        try:
            problems = self.load().warnings
        except Invalid as error:
            problems = error.problems
        return [("warning " if problem.level == "warning" else "") + str(problem) for problem in problems]


@pytest.fixture
def records(tmp_path):
    (tmp_path / "plans").mkdir()
    found = Records(tmp_path)
    found.write("services.yaml", SERVICES)
    found.write("plans/pay-dr.yaml", PLAN)
    return found
