"""One simulated instance: its records, the desk that writes them, its accounts and its controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.control import Controls
from sandbox.servicenow import dictionary, events, seed, tables
from sandbox.servicenow.accounts import ADMIN, Account, Accounts
from sandbox.servicenow.desk import Desk
from sandbox.servicenow.options import Options
from sandbox.servicenow.schema import Record
from sandbox.servicenow.store import Store
from sandbox.webhooks import Sender


@dataclass(frozen=True)
class Instance:
    """The parts that the endpoints share."""

    options: Options
    controls: Controls
    store: Store
    desk: Desk
    accounts: Accounts
    files: dict[str, bytes]
    """What was attached, by the sys_id of the attachment."""

    def reset(self) -> None:
        """Back to the seeded records."""
        with self.store.lock:
            self.store.clear()
            self.store.schema = tables.instance(self.options)
            self.accounts.reset()
            seed.fill(self.store)
            self.files.clear()

    def state(self) -> dict[str, Any]:
        """All records as stored, the journal apart: `{"tables": {table: [record]}, "journal": [entry]}`.

        The instance's description of itself is left out: it is twenty times as large, and nobody's records.
        """
        with self.store.lock:
            held = {
                name: [dict(row) for row in self.store.rows(name) if row["sys_class_name"] == name]
                for name in self.store.schema.tables
                if name not in dictionary.TABLES
            }
        return {"journal": held.pop("sys_journal_field"), "tables": held}

    def workbench(self) -> Account:
        """Who acts where a person uses the instance's own screens."""
        row = next(row for row in self.store.rows("sys_user") if row["user_name"] == "ivan.incident")
        return Account(row["user_name"], row["sys_id"], row["name"], admin=True)

    def sees(self, account: Account, record: Record) -> bool:
        """Whether the access rules let the account read the record at all."""
        if account.user_name == ADMIN:
            return True
        if record["sys_class_name"] == "sys_journal_field":
            return not self.options.journal_acl
        if record["sys_class_name"] in ("sys_data_policy2", "sys_data_policy_rule"):
            return not self.options.policy_acl
        if record["sys_class_name"] == "sys_attachment":
            if "read" not in self.options.attachment_rights:
                return False
            held = self.store.get(record["table_name"], record["table_sys_id"])
            return held is not None and self.sees(account, held)
        group = self.store.get("sys_user_group", record.get("assignment_group", ""))
        return group is None or group["name"] not in self.options.hidden_groups


def open_instance(options: Options) -> Instance:
    """A freshly seeded instance."""
    store = Store(tables.instance(options))
    controls = Controls(Sender(events.sign, options.targets))
    desk = Desk(store, options, controls.clock, controls.webhooks)
    instance = Instance(options, controls, store, desk, Accounts(store, options), {})
    instance.reset()
    return instance
