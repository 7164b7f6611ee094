"""The seeded world: people, groups, configuration items, services, and the instance's description of itself."""

from __future__ import annotations

import hashlib

from sandbox.servicenow import choices
from sandbox.servicenow.desk import CLOSURE_PROPERTY
from sandbox.servicenow.schema import Column
from sandbox.servicenow.store import Store

_AT = "2026-01-05 08:00:00"
_PEOPLE = {
    "admin": "System Administrator",
    "dana.desk": "Dana Reyes",
    "ivan.incident": "Ivan Petrov",
    "priya.dba": "Priya Nair",
    "tom.network": "Tom Becker",
    "aisha.apps": "Aisha Khan",
    "carla.continuity": "Carla Mendes",
    "continuity.integration": "Continuity Connector",
}
_GROUPS = {
    "Service Desk": "dana.desk",
    "Major Incident Management": "ivan.incident",
    "Database Operations": "priya.dba",
    "Network Operations": "tom.network",
    "Application Support": "aisha.apps",
    "Business Continuity": "carla.continuity",
}
_ROLES = {
    "admin": ("admin",),
    "dana.desk": ("itil",),
    "ivan.incident": ("itil", "major_incident_manager"),
    "priya.dba": ("itil",),
    "tom.network": ("itil",),
    "aisha.apps": ("itil",),
    "carla.continuity": ("itil",),
    "continuity.integration": ("itil", "rest_service"),
}
_ITEMS = {
    "payments-db": ("cmdb_ci_db_instance", "Database Operations"),
    "payments-api": ("cmdb_ci_appl", "Application Support"),
    "payments-queue": ("cmdb_ci_appl", "Application Support"),
    "web-portal": ("cmdb_ci_appl", "Application Support"),
    "portal-db": ("cmdb_ci_db_instance", "Database Operations"),
    "core-switch-1": ("cmdb_ci_netgear", "Network Operations"),
    "mail-relay": ("cmdb_ci_appl", "Application Support"),
}
_SERVICES = {
    "Payments": "1 - most critical",
    "Customer Portal": "2 - somewhat critical",
    "Card Processing": "1 - most critical",
}
_DEPENDS = (
    ("Payments", "payments-db"),
    ("Payments", "payments-api"),
    ("Payments", "payments-queue"),
    ("Customer Portal", "web-portal"),
    ("Customer Portal", "portal-db"),
    ("Card Processing", "Payments"),
    ("web-portal", "core-switch-1"),
)


def sys_id(kind: str, name: str) -> str:
    """The sys_id of a seeded record, the same in every run."""
    return hashlib.md5(f"{kind}:{name}".encode(), usedforsecurity=False).hexdigest()


def fill(store: Store) -> None:
    """Put the seeded world into an empty store."""
    _people(store)
    _configuration(store)
    _put(store, "sys_properties", CLOSURE_PROPERTY, name=CLOSURE_PROPERTY, value="true", type="boolean")
    _describe(store)


def _put(store: Store, table: str, key: str, **values: str) -> str:
    record = store.blank(table) | values
    record |= {"sys_id": sys_id(_kind(store, table), key), "sys_class_name": table, "sys_mod_count": "0"}
    record |= {"sys_created_on": _AT, "sys_created_by": "admin", "sys_updated_on": _AT, "sys_updated_by": "admin"}
    store.put(table, record)
    return record["sys_id"]


def _kind(store: Store, table: str) -> str:
    """Configuration items share one space of names, whatever their class."""
    return store.schema.line(table)[-1]


def _people(store: Store) -> None:
    for user, name in _PEOPLE.items():
        first, _, last = name.partition(" ")
        mail = f"{user}@example.com"
        _put(store, "sys_user", user, user_name=user, name=name, first_name=first, last_name=last, email=mail)
    for group, manager in _GROUPS.items():
        held = _put(store, "sys_user_group", group, name=group, manager=sys_id("sys_user", manager))
        _put(store, "sys_user_grmember", group, user=sys_id("sys_user", manager), group=held)
    for user, roles in _ROLES.items():
        for role in roles:
            held = _put(store, "sys_user_role", role, name=role)
            _put(store, "sys_user_has_role", f"{user}/{role}", user=sys_id("sys_user", user), role=held)


def _configuration(store: Store) -> None:
    for name, (table, group) in _ITEMS.items():
        _put(store, table, name, name=name, support_group=sys_id("sys_user_group", group))
    for name, criticality in _SERVICES.items():
        _put(store, "cmdb_ci_service", name, name=name, busines_criticality=criticality)
    depends = _put(store, "cmdb_rel_type", "Depends on::Used by", name="Depends on::Used by")
    for parent, child in _DEPENDS:
        ends = {"parent": sys_id("cmdb_ci", parent), "child": sys_id("cmdb_ci", child)}
        _put(store, "cmdb_rel_ci", f"{parent}/{child}", type=depends, **ends)


def _describe(store: Store) -> None:
    """The instance's tables, own columns and choices, as sys_db_object, sys_dictionary and sys_choice hold them."""
    for name, table in store.schema.tables.items():
        above = sys_id("sys_db_object", table.extends) if table.extends else ""
        _put(store, "sys_db_object", name, name=name, label=table.label, super_class=above)
        for column in table.columns:
            _describe_column(store, name, column)
    for (name, element), labels in choices.CHOICES.items():
        if element in store.schema.columns(name):
            for place, (value, label) in enumerate(labels.items()):
                key = f"{name}.{element}={value}"
                row = {"name": name, "element": element, "value": value, "label": label, "sequence": str(place)}
                _put(store, "sys_choice", key, **row)


def _describe_column(store: Store, table: str, column: Column) -> None:
    row = {"name": table, "element": column.name, "column_label": column.label, "internal_type": column.kind}
    row |= {"reference": column.reference, "max_length": str(column.length)}
    row |= {"read_only": "true" if column.read_only else "false"}
    _put(store, "sys_dictionary", f"{table}.{column.name}", **row)
