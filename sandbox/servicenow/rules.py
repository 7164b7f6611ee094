"""The instance's business rules: what a write changes beside what was written."""

from __future__ import annotations

from sandbox.servicenow.schema import Record

_PRIORITY = {
    ("1", "1"): "1",
    ("1", "2"): "2",
    ("2", "1"): "2",
    ("1", "3"): "3",
    ("2", "2"): "3",
    ("3", "1"): "3",
    ("2", "3"): "4",
    ("3", "2"): "4",
    ("3", "3"): "5",
}
_CLOSED = {
    "incident": {"7", "8"},
    "problem": {"107"},
    "problem_task": {"157", "3", "4", "7"},
}
_CLOSED_TASK = {"3", "4", "7"}
RESOLVED = "6"
CASCADE = {"7": "4", "8": "7"}
"""The state that open incident tasks take when their incident takes this one."""


def settle(table: str, before: Record | None, after: Record, given: Record, now: str, user_id: str) -> None:
    """Bring a task record into the order that the platform keeps, in place; `before` None on insert.

    `given` are the values that were written, `now` is `YYYY-MM-DD HH:MM:SS`, `user_id` the sys_id of the writer.
    """
    if before is None:
        after["opened_at"] = after["opened_at"] or now
        after["opened_by"] = after["opened_by"] or user_id
    if table == "incident":
        _keep_in_step(before, after, given, "incident_state")
    if table == "problem":
        _keep_in_step(before, after, given, "problem_state")
    if table in ("incident", "problem"):
        after["priority"] = _PRIORITY.get((after["impact"], after["urgency"]), "5")
    if table == "incident_task" and before is None and not after["parent"]:
        after["parent"] = after["incident"]
    if before is not None and _reassigned(before, after):
        after["reassignment_count"] = str(int(before["reassignment_count"] or 0) + 1)
    _close(table, before, after, given, (now, user_id))


def _keep_in_step(before: Record | None, after: Record, given: Record, twin: str) -> None:
    """`state` and its older twin follow whichever was changed; where both were, `state` leads."""
    if before is None:
        leads = "state" if "state" in given or twin not in given else twin
    else:
        leads = "state" if after["state"] != before["state"] else twin
    after["state"] = after[twin] = after[leads]


def _reassigned(before: Record, after: Record) -> bool:
    return any(before[name] and before[name] != after[name] for name in ("assignment_group", "assigned_to"))


def _close(table: str, before: Record | None, after: Record, given: Record, writer: tuple[str, str]) -> None:
    now, user_id = writer
    closed = _CLOSED.get(table, _CLOSED_TASK)
    after["active"] = "false" if after["state"] in closed else "true"
    if before is not None and before["state"] == after["state"]:
        return
    if table == "incident":
        _resolve(before, after, given, writer)
    if after["state"] in closed:
        after["closed_at"] = given.get("closed_at") or now
        after["closed_by"] = given.get("closed_by") or user_id
    elif before is not None and before["state"] in closed:
        after["closed_at"] = after["closed_by"] = ""


def _resolve(before: Record | None, after: Record, given: Record, writer: tuple[str, str]) -> None:
    now, user_id = writer
    if after["state"] == RESOLVED or (after["state"] == "7" and not after["resolved_at"]):
        after["resolved_at"] = given.get("resolved_at") or now
        after["resolved_by"] = given.get("resolved_by") or user_id
    done = {RESOLVED, "7", "8"}
    if before is not None and before["state"] in done and after["state"] not in done:
        after["resolved_at"] = after["resolved_by"] = ""
        after["reopened_time"], after["reopened_by"] = now, user_id
        after["reopen_count"] = str(int(before["reopen_count"] or 0) + 1)
