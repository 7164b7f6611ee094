"""Records of the instance's own making: their sys_ids are the same in every run."""

from __future__ import annotations

import hashlib

from sandbox.servicenow.store import Store

_AT = "2026-01-05 08:00:00"


def sys_id(kind: str, name: str) -> str:
    """The sys_id of such a record; configuration items share one space of names, whatever their class."""
    return hashlib.md5(f"{kind}:{name}".encode(), usedforsecurity=False).hexdigest()


def put(store: Store, table: str, key: str, /, **values: str) -> str:
    """Add a record, or put it in the place of the one of this key; gives its sys_id."""
    record = store.blank(table) | values
    record |= {"sys_id": sys_id(store.schema.line(table)[-1], key), "sys_class_name": table, "sys_mod_count": "0"}
    record |= {"sys_created_on": _AT, "sys_created_by": "admin", "sys_updated_on": _AT, "sys_updated_by": "admin"}
    store.put(table, record)
    return record["sys_id"]
