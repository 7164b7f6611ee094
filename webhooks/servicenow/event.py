"""Reads what our business rule (or app) in ServiceNow sends about a record."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from webhooks.body import count, document, shown
from webhooks.envelope import Envelope, EventReader, Malformed
from webhooks.headers import delivery_key

ID_HEADER = "webhook-id"
FOLLOWED = ("incident", "incident_task", "problem", "task")
"""Tables on which incidents, recovery tasks, reviews, and tasks that must outlive their incident are kept."""

SERVICES = ("cmdb_ci_service", "cmdb_ci_service_business", "cmdb_ci_service_technical")
PLANS = ("sn_bcp_plan", "kb_knowledge", "sn_bcp_recovery_task")
ASSETS = ("sn_bcp_plan_asset",)
"""Tables on which services, plans and the tasks of plans are kept, and the assets of plans, which can stand for
services, of the connections that keep them in step. Which records of these tables
are ours is known to the connector alone, so that all are stored."""

OPERATIONS = ("insert", "update", "delete")

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,79}")
_SYS_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_NUMBER = 40  # the column's own length; a longer name is left out
# A rule that copies the whole record sends all of these, empty ones too; one that picks columns rarely sends them all.
_WHOLE = ("number", "state", "sys_updated_on")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "incident": (*_WHOLE, "priority", "opened_at", "cmdb_ci"),
    **dict.fromkeys(SERVICES, ("name", "sys_updated_on", "install_status")),
    "kb_knowledge": ("short_description", "sys_updated_on", "workflow_state"),
    "sn_bcp_plan": ("name", "sys_updated_on", "state"),
    "sn_bcp_recovery_task": ("short_description", "sys_updated_on", "planned_duration", "plan"),
    # Which objective a timeframe is, is no column of the asset: it is read.
    "sn_bcp_plan_asset": ("name", "sys_updated_on", "recovery_time_objective.starts_at"),
}


def reader(tables: Collection[str] = (*FOLLOWED, *SERVICES, *PLANS, *ASSETS)) -> EventReader:
    """Return a reader that acts on records of `tables` and ignores those of others by name."""

    def read(headers: Mapping[str, str], body: bytes) -> Envelope:
        """Read `{"table", "sys_id", "sys_mod_count", "operation", "record"}`.

        `record` holds column -> text, or `{"value", ...}` as the Table API gives it; without a record the message is
        `partial`. `operation` may be left out (update). Raises Malformed.
        """
        return _envelope(delivery_key(headers, ID_HEADER, body), document(body), tables)

    return read


read = reader()


def _envelope(key: str, message: Mapping[str, Any], tables: Collection[str]) -> Envelope:
    table = _table(message)
    operation = _operation(message)
    record = _record(message, table)
    kind = _text(record["sys_class_name"])
    event = f"{kind}.{operation}"
    if kind not in tables:
        followed = ", ".join(sorted(tables))
        known = _outer_or_inner(message, record)
        return Envelope(
            key,
            event,
            known if _SYS_ID.fullmatch(known) else "",
            _number(record),
            raw=record,
            ignored=f"table {kind} is not followed (followed: {followed})",
        )
    deleted = operation == "delete"
    sys_id = _sys_id(message, record)
    version = _version(message, record)
    needed = _NEEDED.get(kind, _WHOLE)
    return Envelope(
        key=key,
        event=event,
        ticket=sys_id,
        number=_number(record),
        version=version,
        raw={**record, "sys_id": sys_id, "sys_mod_count": str(version)},
        deleted=deleted,
        partial=not deleted and any(column not in record for column in needed),
    )


def _table(message: Mapping[str, Any]) -> str:
    table = message.get("table")
    if not isinstance(table, str) or not _TABLE.fullmatch(table):
        raise Malformed(f'table: {_found(message, "table")}; send current.getTableName(), e.g. "incident"')
    return table


def _operation(message: Mapping[str, Any]) -> str:
    operation = message.get("operation") or "update"
    if not isinstance(operation, str) or operation.lower() not in OPERATIONS:
        raise Malformed(
            f'operation: {_found(message, "operation")}; send "insert", "update" or "delete" (current.operation())'
        )
    return operation.lower()


def _record(message: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Return the record's columns with its class: its own (a rule on `task` sees many), else the table."""
    record = message.get("record")
    if record is None:
        record = {}
    if not isinstance(record, dict):
        raise Malformed(f"record: {_found(message, 'record')}; send an object of column names and values")
    own = _text(record.get("sys_class_name"))
    return dict(record) if _TABLE.fullmatch(own) else {**record, "sys_class_name": table}


def _sys_id(message: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    sys_id, inner = _outer_or_inner(message, record), _text(record.get("sys_id")).lower()
    if not _SYS_ID.fullmatch(sys_id):
        raise Malformed(
            f"sys_id: {_found(message, 'sys_id')}; send the 32 hexadecimal characters of current.getUniqueValue()"
        )
    if inner and inner != sys_id:
        raise Malformed(
            f"sys_id: {shown(sys_id)} differs from record.sys_id {shown(inner)}; send both of the same record"
        )
    return sys_id


def _outer_or_inner(message: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    return (_text(message.get("sys_id")) or _text(record.get("sys_id"))).lower()


def _number(record: Mapping[str, Any]) -> str:
    """Return what people call the record: its number, or its name where its table has none."""
    number = _text(record.get("number")) or _text(record.get("name"))
    return number if len(number) <= _LONGEST_NUMBER else ""


def _version(message: Mapping[str, Any], record: Mapping[str, Any]) -> int:
    """Return the record's own count, which belongs to the columns sent, else the one beside it."""
    for given in (_text(record.get("sys_mod_count")), _text(message.get("sys_mod_count"))):
        version = count(given)
        if version is not None:
            return version
    raise Malformed(
        f"sys_mod_count: {_found(message, 'sys_mod_count')}; "
        "send the record's sys_mod_count, a whole number: it tells which of two messages is newer"
    )


def _text(value: object) -> str:
    """Return a column's value, given as text, as a number, or as `{"value", "display_value" or "link"}`."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if count(value) is not None else ""
    return value.strip() if isinstance(value, str) else ""


def _found(message: Mapping[str, Any], name: str) -> str:
    return f"found {shown(message[name])}" if name in message else "missing"
