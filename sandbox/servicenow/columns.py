"""Short forms of columns, and those that every table has."""

from __future__ import annotations

from sandbox.servicenow.schema import Column, Kind

SHORT, LONG = 40, 4000


def text(name: str, label: str = "", length: int = SHORT, default: str = "") -> Column:
    return Column(name, label or _label(name), "string", "", length, default)


def ref(name: str, label: str, table: str, *, by_name: bool = False) -> Column:
    return Column(name, label, "reference", table, 32, by_name=by_name)


def of(kind: Kind, name: str, label: str = "", default: str = "", *, read_only: bool = False) -> Column:
    return Column(name, label or _label(name), kind, "", LONG if kind.startswith("journal") else 40, default, read_only)


def _label(name: str) -> str:
    return name.removeprefix("u_").replace("_", " ").capitalize()


SYSTEM = (
    of("GUID", "sys_id", "Sys ID", read_only=True),
    of("glide_date_time", "sys_created_on", "Created", read_only=True),
    of("string", "sys_created_by", "Created by", read_only=True),
    of("glide_date_time", "sys_updated_on", "Updated", read_only=True),
    of("string", "sys_updated_by", "Updated by", read_only=True),
    of("integer", "sys_mod_count", "Updates", "0", read_only=True),
    of("string", "sys_class_name", "Class", read_only=True),
    of("string", "sys_tags", "Tags", read_only=True),
)

ALONE = tuple(column for column in SYSTEM if column.name not in ("sys_class_name", "sys_tags"))
"""Those of a table that nothing extends: its records have no class."""
