"""The people who keep services and plans: they edit the files, ServiceNow and Jira, each edit drawn from the seed."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.acceptance.agreement import (
    COLUMNS,
    FIELDS,
    FILES,
    JIRA_FIELDS,
    NAMES,
    PLATFORMS,
    TABLES,
    Edit,
    Kind,
    Of,
    initial,
    kept,
    names,
)
from tests.acceptance.estate import MTPD_MINUTES, RPO_MINUTES, Service
from tests.acceptance.evidence import Held
from tests.acceptance.people import insist
from tests.acceptance.stack import ADMIN, Stack

MOST_A_FIELD = 5
"""Edits of a field on one platform: past six that undo its own writes, the connector takes people for a machine."""
_BESIDES: Mapping[Kind, Mapping[str, str]] = {"service": {}, "plan": {"kb_knowledge_base": "Business Continuity"}}
"""What a record needs on ServiceNow beside its name."""
_FIRST_DAY = date(2099, 1, 1)


class Keepers:
    """Edit services and plans wherever these stand; `edits` is what they did, in order."""

    def __init__(self, stack: Stack, services: Sequence[Service], held: Held, chance: Random) -> None:
        self._stack = stack
        self._services = services
        self._chance = chance
        self._records: list[Of] = list(initial(services))
        self._in_files: dict[tuple[str, str], dict[str, str]] = {}
        self._tickets: dict[tuple[str, Of], str] = {}
        self.foreign = {item.ident for side in PLATFORMS for kind in TABLES for item in kept(held, side, kind)}
        self.edits: list[Edit] = []

    def bring_in(self, services: Sequence[Service]) -> None:
        """Have records of some services and their plans on both platforms before, as the files say, and adopt these."""
        for service in services:
            named: tuple[tuple[Of, str], ...] = (
                (("service", service.key), service.name),
                (("plan", service.plan), service.title),
            )
            for of, name in named:
                kind = of[0]
                said = {field: value for field, value in initial([service])[of].items() if value}
                columns = {COLUMNS[field]: value for field, value in said.items()}
                row = {NAMES[kind][0]: name, **columns, **_BESIDES[kind]}
                self._stack.servicenow("POST", f"table/{TABLES[kind]}", ADMIN, json=row)
                fields: dict[str, Any] = {
                    "project": {"key": "OPS"},
                    "issuetype": {"name": "Task"},
                    "labels": [f"continuity-{kind}"],
                }
                fields |= {NAMES[kind][1]: name}
                for field, value in said.items():
                    fields |= self._jira_field(field, value)
                self._stack.jira("POST", "issue", json={"fields": fields})
        time.sleep(self._stack.pace.search_lag)
        for side in PLATFORMS:
            found = json.loads(self._stack.continuity("adopt", side, "--apply", "--json"))
            assert found["linked"] == len(services) * len(TABLES), found

    def work(self, held: Held, count: int) -> None:
        """Make up to `count` edits, each where its record stands by now.

        What is edited in the files is put in force at once, at the end.
        """
        filed = 0
        for _ in range(count):
            of = self._chance.choice(self._records)
            field = self._chance.choice(FIELDS[of[0]])
            tickets = {side: found for side in PLATFORMS if (found := self._ticket(held, side, of))}
            side = self._chance.choice((FILES, *tickets))
            before = Counter((edit.of, edit.field, edit.side) for edit in self.edits)
            if before[of, field, side] >= MOST_A_FIELD:
                continue
            value = self._value(of, field)
            if side == FILES:
                self._edit_file(of, field, value)
                filed += 1
            elif not insist(self._change(side, of, field, value, tickets[side])):
                continue
            self.edits.append(Edit(of, field, side, value))
        if filed:
            self._stack.apply(self._services, self._in_files)

    def _ticket(self, held: Held, side: str, of: Of) -> str:
        """Return the id of a record's ticket, "" while there is none."""
        if (side, of) not in self._tickets:
            called = names(self._services, self.edits)[of]
            for item in kept(held, side, of[0]):
                if item.ident not in self.foreign and item.name in called:
                    self._tickets[side, of] = item.ident
        return self._tickets.get((side, of), "")

    def _value(self, of: Of, field: str) -> str:
        """Return a value that this field never had: by it, one knows who said it."""
        number = 1 + sum(edit.of == of and edit.field == field for edit in self.edits)
        if field == "title":
            return f"{initial(self._services)[of]['title']} {number}"
        if field == "review_at":
            return (_FIRST_DAY + timedelta(days=number)).isoformat()
        return str({"rpo": RPO_MINUTES, "mtpd": MTPD_MINUTES}[field] + number)

    def _edit_file(self, of: Of, field: str, value: str) -> None:
        name, text = {"rpo": ("rpo", f"{value}m"), "mtpd": ("mtpd", f"{value}m"), "title": ("name", value)}.get(
            field, (field, value)
        )
        self._in_files.setdefault(of, {})[name] = text

    def _change(self, side: str, of: Of, field: str, value: str, ticket: str) -> Callable[[], object]:
        if side == "servicenow":
            path = f"table/{TABLES[of[0]]}/{ticket}"
            return lambda: self._stack.servicenow("PATCH", path, json={COLUMNS[field]: value})
        body = {"fields": self._jira_field(field, value)}
        return lambda: self._stack.jira("PUT", f"issue/{ticket}", json=body)

    def _jira_field(self, field: str, value: str) -> dict[str, Any]:
        name = JIRA_FIELDS[field]
        sent: str | int = int(value) if field in {"rpo", "mtpd"} else value
        return {self._stack.jira_fields.get(name, name): sent}
