"""Creates, changes and deletes records as the platform does: rules, numbers, journal, cascade, webhooks."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.clock import Clock
from sandbox.servicenow import events, intake, refusal, rules
from sandbox.servicenow.accounts import Account
from sandbox.servicenow.options import Options
from sandbox.servicenow.schema import Record
from sandbox.servicenow.store import Store
from sandbox.webhooks import Sender

CLOSURE_PROPERTY = "com.snc.incident.incident_task.closure"
_FORMAT = "%Y-%m-%d %H:%M:%S"
_FINISHED_PLANS = ("approved", "archived")
_COPIED = ("short_description", "description", "impact", "urgency", "cmdb_ci", "business_service", "assignment_group")


class Desk:
    """The one place that writes; each method is whole under the store's lock and tells the webhooks."""

    def __init__(self, store: Store, options: Options, clock: Clock, sender: Sender) -> None:
        self._store = store
        self._options = options
        self._clock = clock
        self._sender = sender

    def create(self, table: str, body: dict[str, Any], by: Account, *, display: bool = False) -> Record:
        """Insert; raises Refused where the account may not, a policy asks for more, or the sys_id is taken."""
        store = self._store
        if not by.may_write(store.schema, table):
            raise refusal.forbidden("Insert")
        with store.lock:
            given, notes = self._accept(table, body, by, creating=True, display=display)
            sys_id = given.pop("sys_id", None) or uuid.uuid4().hex
            if store.holds(sys_id):
                raise refusal.duplicate(sys_id, self._options.duplicate_status)
            record = store.blank(table) | given
            now = self._now()
            record |= {"sys_id": sys_id, "sys_class_name": table, "sys_mod_count": "0"}
            record |= {"sys_created_on": now, "sys_created_by": by.user_name}
            record |= {"sys_updated_on": now, "sys_updated_by": by.user_name}
            if store.schema.tables[table].prefix:
                record["number"] = record["number"] or store.number(table)
            if store.schema.is_a(table, "task"):
                rules.settle(table, None, record, given, now, by.sys_id)
            self._check_policy(None, record)
            self._check_place(record, by)
            store.put(table, record)
            self._note(record, notes, by)
            self._count_children(None, record)
            self._tell("insert", record)
            self._count_tasks(None, record, by)
            return record

    def update(self, record: Record, body: dict[str, Any], by: Account, *, display: bool = False) -> Record:
        """Change in place; nothing changed, and no note added, means no new version and no webhook."""
        store = self._store
        table = record["sys_class_name"]
        if not by.may_write(store.schema, table):
            raise refusal.forbidden("Update")
        if table == "sn_bcp_plan" and record["state"] in _FINISHED_PLANS and not by.admin:
            raise refusal.forbidden("Update")
        with store.lock:
            given, notes = self._accept(table, body, by, creating=False, display=display)
            before, after = dict(record), record | given
            if store.schema.is_a(table, "task"):
                rules.settle(table, before, after, given, self._now(), by.sys_id)
            self._check_policy(before, after)
            if after == before and not notes:
                return record
            record.update(after)
            self._stamp(record, by)
            self._note(record, notes, by)
            self._count_children(before, record)
            if table == "incident" and before["state"] != record["state"]:
                self._cascade(record, by)
            self._tell("update", record)
            self._count_tasks(before, record, by)
            return record

    def delete(self, record: Record, by: Account) -> None:
        table = record["sys_class_name"]
        if not by.may_write(self._store.schema, table):
            raise refusal.forbidden("Delete")
        with self._store.lock:
            self._store.remove(table, record)
            self._tell("delete", record)
            self._count_tasks(record, None, by)

    def attach(self, sys_id: str, facts: Record, by: Account) -> Record:
        """Keep what is known of a file. The record that it hangs on is not changed, and nobody is told."""
        if not by.may_write(self._store.schema, facts["table_name"]):
            raise refusal.forbidden("Insert")
        now = self._now()
        kept = self._store.blank("sys_attachment") | facts
        kept |= {"sys_id": sys_id, "sys_class_name": "sys_attachment", "sys_mod_count": "0"}
        kept |= {"sys_created_on": now, "sys_created_by": by.user_name}
        kept |= {"sys_updated_on": now, "sys_updated_by": by.user_name}
        self._store.put("sys_attachment", kept)
        return kept

    def promote(self, candidate: Record, by: Account) -> Record:
        """Make an incident a major one as the workbench does; gives the accepted record, a new one where so set."""
        with self._store.lock:
            if self._options.promote == "in_place":
                return self._accept_major(candidate, by)
            body = {name: candidate[name] for name in _COPIED}
            major = self.create("incident", body | {"major_incident_state": "accepted"}, by)
            self.update(candidate, {"parent_incident": major["sys_id"], "major_incident_state": ""}, by)
            return major

    def _accept_major(self, candidate: Record, by: Account) -> Record:
        promoted = {"promoted_on": self._now(), "promoted_by": by.sys_id}
        return self.update(candidate, {"major_incident_state": "accepted"} | promoted, by)

    def _accept(
        self, table: str, body: dict[str, Any], by: Account, *, creating: bool, display: bool
    ) -> tuple[Record, dict[str, str]]:
        unwritable = frozenset() if by.admin else self._options.unwritable
        return intake.accept(self._store, table, body, creating=creating, unwritable=unwritable, display=display)

    def _check_policy(self, before: Record | None, after: Record) -> None:
        table = after["sys_class_name"]
        self._check_rules(table, after)
        if not self._options.data_policy or table != "incident":
            return
        if after["state"] not in (rules.RESOLVED, "7") or (before is not None and before["state"] == after["state"]):
            return
        columns = self._store.schema.columns("incident")
        missing = [columns[name].label for name in ("close_code", "close_notes") if not after[name]]
        if missing:
            raise refusal.mandatory(missing)

    def _check_place(self, record: Record, by: Account) -> None:
        """An article goes into a knowledge base to which its author may contribute, so that one without is refused."""
        if record["sys_class_name"] != "kb_knowledge" or by.admin:
            return
        base = self._store.get("kb_knowledge_base", record["kb_knowledge_base"])
        if base is None or base["active"] != "true":
            raise refusal.forbidden("Insert")

    def _check_rules(self, table: str, after: Record) -> None:
        """A policy without a condition asks for its columns on every insert and update; forms play no part in it."""
        columns = self._store.schema.columns(table)
        missing: list[str] = []
        for rule in self._store.rows("sys_data_policy_rule"):
            policy = self._store.get("sys_data_policy2", rule["sys_data_policy"])
            if policy is None or policy["active"] != "true" or policy["conditions"] or rule["mandatory"] != "true":
                continue
            own = policy["model_table"] == table
            below = policy["inherit"] == "true" and self._store.schema.is_a(table, policy["model_table"])
            if (own or below) and rule["field"] in columns and not after[rule["field"]]:
                missing.append(columns[rule["field"]].label)
        if missing:
            raise refusal.mandatory(missing)

    def _cascade(self, incident: Record, by: Account) -> None:
        """Close the open tasks of an incident that closed; their webhooks leave before the incident's."""
        state = rules.CASCADE.get(incident["state"])
        if state is None or self._store.property(CLOSURE_PROPERTY) != "true":
            return
        for task in list(self._store.rows("incident_task")):
            if task["incident"] == incident["sys_id"] and task["active"] == "true":
                before, after = dict(task), task | {"state": state}
                rules.settle("incident_task", before, after, {}, self._now(), by.sys_id)
                task.update(after)
                self._stamp(task, by)
                self._tell("update", task)

    def _count_children(self, before: Record | None, after: Record) -> None:
        """Keep child_incidents of the parents, which is no change of version."""
        if after["sys_class_name"] != "incident":
            return
        old = before["parent_incident"] if before is not None else ""
        new = after["parent_incident"]
        if old != new:
            for sys_id, step in ((old, -1), (new, 1)):
                parent = self._store.get("incident", sys_id)
                if parent is not None:
                    parent["child_incidents"] = str(int(parent["child_incidents"] or 0) + step)

    def _count_tasks(self, before: Record | None, after: Record | None, by: Account) -> None:
        """Keep the count of tasks of the plans that a recovery task left or came to: each is a change of the plan."""
        of = [row["plan"] if row and row["sys_class_name"] == "sn_bcp_recovery_task" else "" for row in (before, after)]
        for sys_id in dict.fromkeys(of if of[0] != of[1] else ()):
            plan = self._store.get("sn_bcp_plan", sys_id)
            if plan is not None:
                tasks = (row for row in self._store.rows("sn_bcp_recovery_task") if row["plan"] == sys_id)
                plan["tasks_count"] = str(sum(1 for _ in tasks))
                self._stamp(plan, by)
                self._tell("update", plan)

    def _note(self, record: Record, notes: dict[str, str], by: Account) -> None:
        for element, text in notes.items():
            entry = self._store.blank("sys_journal_field")
            now = self._now()
            entry |= {"sys_id": uuid.uuid4().hex, "sys_class_name": "sys_journal_field", "sys_mod_count": "0"}
            entry |= {"sys_created_on": now, "sys_created_by": by.user_name}
            entry |= {"name": record["sys_class_name"], "element": element}
            entry |= {"element_id": record["sys_id"], "value": text}
            self._store.put("sys_journal_field", entry)

    def _stamp(self, record: Record, by: Account) -> None:
        record["sys_mod_count"] = str(int(record["sys_mod_count"]) + 1)
        record["sys_updated_on"], record["sys_updated_by"] = self._now(), by.user_name

    def _tell(self, operation: str, record: Record) -> None:
        if self._sender.aimed and record["sys_class_name"] in (*events.TOLD, *self._options.rules):
            self._sender.send(events.message(self._store, operation, record))

    def _now(self) -> str:
        return self._clock.now().strftime(_FORMAT)
