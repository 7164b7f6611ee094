"""The instance's screens for a person who looks on: a list of tickets, and each ticket with its notes and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlparse

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.servicenow.instance import Instance
from sandbox.servicenow.rendering import display_value
from sandbox.servicenow.schema import Record
from sandbox.servicenow.store import Store

_TICKETS = ("incident", "incident_task", "problem", "problem_task", "task")
_KEPT = ("cmdb_ci_service", "kb_knowledge", "sn_bcp_plan", "sn_bcp_recovery_task", "sn_bcp_plan_asset")
"""Tables of services and plans, whose pages stand for those that extend them too."""
_SHOWN = (*_TICKETS, *_KEPT)
_CONVERTER = f"any({', '.join(_SHOWN)})"
_FIRST = ("number", "short_description", "state", "priority", "major_incident_state", "assignment_group", "assigned_to")


_MOST = 100


@dataclass(frozen=True)
class Cell:
    """One field as a page shows it; `href` where it leads to another ticket or away."""

    label: str
    text: str
    href: str = ""


def blueprint(instance: Instance) -> Blueprint:
    """`/`, `/{table}/{number}`, and the instance's own addresses that lead there."""
    pages = Blueprint("servicenow_pages", __name__, template_folder="templates")
    store = instance.store

    @pages.get("/")
    def home() -> str:
        with store.lock:
            held = [name for name in _SHOWN if name in store.schema.tables]
            groups = [(store.schema.tables[name].label, _listed(store, name)) for name in held]
        return render_template("servicenow/list.html", groups=[group for group in groups if group[1]])

    @pages.get(f"/<{_CONVERTER}:table>/<number>")
    def ticket(table: str, number: str) -> str:
        with store.lock:
            rows = store.rows(table) if table in store.schema.tables else ()
            record = next((r for r in rows if number in (r.get("number"), r["sys_id"])), None)
            if record is None:
                abort(404)
            return render_template(
                "servicenow/ticket.html",
                record=record,
                kind=store.schema.tables[record["sys_class_name"]].label,
                cells=_cells(store, record),
                notes=[_note(store, entry) for entry in reversed(store.journal(record["sys_id"]))],
                below=_below(store, record),
            )

    @pages.get("/nav_to.do")
    def navigate() -> Response:
        target = urlparse(request.args.get("uri", ""))
        return _to_ticket(store, target.path.removesuffix(".do").lstrip("/"), parse_qs(target.query))

    @pages.get(f"/<{_CONVERTER}:table>.do")
    def form(table: str) -> Response:
        return _to_ticket(store, table, request.args.to_dict(flat=False))

    return pages


def _to_ticket(store: Store, table: str, query: dict[str, list[str]]) -> Response:
    named = query.get("sys_id") or [query.get("sysparm_query", [""])[0].removeprefix("sys_id=")]
    record = store.get(table, named[0]) if table in store.schema.tables else None
    if record is None or _page_of(store, record) is None:
        abort(404)
    return redirect(_address(store, record))


def _page_of(store: Store, record: Record) -> str | None:
    """The table under which a record is shown: its own, or the nearest that it extends."""
    return next((name for name in store.schema.line(record["sys_class_name"]) if name in _SHOWN), None)


def _address(store: Store, record: Record) -> str:
    named = record.get("number") or record["sys_id"]
    return url_for("servicenow_pages.ticket", table=_page_of(store, record), number=named)


def _listed(store: Store, table: str) -> list[dict[str, str]]:
    """The table's own tickets, newest first; of services and plans the first by name, as there may be thousands."""
    if table in _KEPT:
        named = sorted(store.rows(table), key=lambda row: _name(row).casefold())
        return [_line(store, row) for row in named[:_MOST]]
    rows = [row for row in store.rows(table) if row["sys_class_name"] == table]
    return [_line(store, row) for row in sorted(rows, key=lambda row: row["number"], reverse=True)]


def _name(record: Record) -> str:
    return record.get("name") or record.get("short_description") or record["sys_id"]


def _line(store: Store, record: Record) -> dict[str, str]:
    columns = store.schema.columns(record["sys_class_name"])
    shown = {
        name: display_value(store, record["sys_class_name"], record, columns[name])
        for name in (*_FIRST, "cmdb_ci", "due_date", "sys_updated_on")
        if name in columns
    }
    named = {"number": record.get("number") or _name(record), "href": _address(store, record)}
    return shown | named | {"active": record.get("active", "true")}


def _cells(store: Store, record: Record) -> list[Cell]:
    """Every filled field, the ones that matter first; journals stand apart."""
    columns = store.schema.columns(record["sys_class_name"])
    names = [name for name in _FIRST if name in columns] + sorted(set(columns) - set(_FIRST))
    return [
        _cell(store, record, name) for name in names if record[name] and not columns[name].kind.startswith("journal")
    ]


def _cell(store: Store, record: Record, name: str) -> Cell:
    column = store.schema.columns(record["sys_class_name"])[name]
    text = display_value(store, record["sys_class_name"], record, column)
    value = record[name]
    if column.kind == "url":
        return Cell(column.label, text, value if value.startswith(("http://", "https://")) else "")
    linked = store.get("task", value) if column.kind == "reference" else None
    return Cell(column.label, text or value, _address(store, linked) if linked is not None else "")


def _note(store: Store, entry: Record) -> dict[str, str]:
    user = next((u["name"] for u in store.rows("sys_user") if u["user_name"] == entry["sys_created_by"]), "")
    kind = "Work note" if entry["element"] == "work_notes" else "Comment to the customer"
    return {"at": entry["sys_created_on"], "by": user, "kind": kind, "text": entry["value"]}


def _below(store: Store, record: Record) -> list[tuple[str, list[dict[str, str]]]]:
    """Tasks and child incidents that point to this record."""
    own = record["sys_id"]
    found = {
        "Tasks": [r for r in store.rows("task") if own in (r["parent"], r.get("incident"), r.get("problem"))],
        "Child incidents": [r for r in store.rows("incident") if r["parent_incident"] == own],
    }
    return [(title, [_line(store, row) for row in rows]) for title, rows in found.items() if rows]
