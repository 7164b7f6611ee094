"""The webhooks of the scoped app: which changes are told, in which body, and how a delivery proves itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from sandbox.servicenow.rendering import display_value
from sandbox.servicenow.schema import Record
from sandbox.servicenow.store import Store
from sandbox.webhooks import Message, Target

TOLD = (
    *("incident", "incident_task", "problem", "task", "problem_task"),
    *("cmdb_ci_service", "cmdb_ci_service_business", "cmdb_ci_service_technical", "service_offering"),
    *("kb_knowledge", "sn_bcp_plan"),
)
"""The tables with a business rule of ours, beside those of `Options.rules`.

An attachment changes no record, so that none of them hears of it.
"""
STATIC_HEADER = "X-Continuity-Secret"


def message(store: Store, operation: str, record: Record) -> Message:
    """The event of an "insert", "update" or "delete": references as value and display value, all else as texts."""
    table = record["sys_class_name"]
    fields: dict[str, Any] = {}
    for name, column in store.schema.columns(table).items():
        value = record[name]
        if column.kind == "reference" and value:
            fields[name] = {"value": value, "display_value": display_value(store, table, record, column)}
        else:
            fields[name] = value
    body = {
        "table": table,
        "sys_id": record["sys_id"],
        "sys_mod_count": record["sys_mod_count"],
        "operation": operation,
        "record": fields,
    }
    called = record.get("number") or record.get("name") or record["sys_id"]
    return Message(f"{table}.{operation}", called, json.dumps(body, ensure_ascii=False).encode())


def sign(target: Target, sent: Message) -> dict[str, str]:
    """The headers of one delivery: Standard Webhooks with real time, or for style "static" the secret itself.

    Raises ValueError where the secret is not base64.
    """
    if target.style == "static":
        return {STATIC_HEADER: target.secret}
    timestamp = str(int(time.time()))
    try:
        key = base64.b64decode(target.secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret of a standard webhook target must be whsec_ and base64") from error
    content = f"{sent.id}.{timestamp}.".encode() + sent.body
    mac = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": sent.id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{mac}"}
