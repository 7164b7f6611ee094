"""The seeded world: people, groups, configuration items and services."""

from __future__ import annotations

from sandbox.servicenow import dictionary
from sandbox.servicenow.accounts import PLANNER
from sandbox.servicenow.desk import CLOSURE_PROPERTY
from sandbox.servicenow.record import put as _put
from sandbox.servicenow.record import sys_id
from sandbox.servicenow.store import Store

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
_PLANNERS = ("continuity.integration", "dana.desk", "carla.continuity")
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
_KNOWLEDGE_BASES = {"IT": "dana.desk", "Business Continuity": "carla.continuity"}
# A duration is the moment so long after the beginning of 1970.
_TIMEFRAMES = {
    "1 hour": "1970-01-01 01:00:00",
    "4 hours": "1970-01-01 04:00:00",
    "1 day": "1970-01-02 00:00:00",
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


def fill(store: Store) -> None:
    """Put the seeded world into an empty store."""
    _people(store)
    _configuration(store)
    _put(store, "sys_properties", CLOSURE_PROPERTY, name=CLOSURE_PROPERTY, value="true", type="boolean")
    _knowledge(store)
    if "sn_bcm_timeframe" in store.schema.tables:
        _timeframes(store)
    dictionary.describe(store)


def _knowledge(store: Store) -> None:
    for title, owner in _KNOWLEDGE_BASES.items():
        _put(store, "kb_knowledge_base", title, title=title, owner=sys_id("sys_user", owner))


def _timeframes(store: Store) -> None:
    for name, starts_at in _TIMEFRAMES.items():
        _put(store, "sn_bcm_timeframe", name, name=name, starts_at=starts_at)
    role = _put(store, "sys_user_role", PLANNER, name=PLANNER)
    for user in _PLANNERS:
        _put(store, "sys_user_has_role", f"{user}/{PLANNER}", user=sys_id("sys_user", user), role=role)


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
