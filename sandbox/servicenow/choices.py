"""The choices of coded columns: the value that is stored and the label that a person sees."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.servicenow.schema import Schema

_TASK_STATES = {
    "-5": "Pending",
    "1": "Open",
    "2": "Work in Progress",
    "3": "Closed Complete",
    "4": "Closed Incomplete",
    "7": "Closed Skipped",
}
_INCIDENT_STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
}
_PROBLEM_STATES = {
    "101": "New",
    "102": "Assess",
    "103": "Root Cause Analysis",
    "104": "Fix in Progress",
    "106": "Resolved",
    "107": "Closed",
}
_THREE = {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}

CHOICES: dict[tuple[str, str], dict[str, str]] = {
    ("task", "state"): _TASK_STATES,
    ("task", "impact"): _THREE,
    ("task", "urgency"): _THREE,
    ("task", "priority"): {
        "1": "1 - Critical",
        "2": "2 - High",
        "3": "3 - Moderate",
        "4": "4 - Low",
        "5": "5 - Planning",
    },
    ("task", "approval"): {"not requested": "Not Yet Requested", "requested": "Requested", "approved": "Approved"},
    ("incident", "state"): _INCIDENT_STATES,
    ("incident", "incident_state"): _INCIDENT_STATES,
    ("incident", "hold_reason"): {"1": "Awaiting Caller", "3": "Awaiting Problem", "4": "Awaiting Vendor"},
    ("incident", "category"): {
        "inquiry": "Inquiry / Help",
        "software": "Software",
        "hardware": "Hardware",
        "network": "Network",
        "database": "Database",
    },
    ("incident", "close_code"): {
        "Solved (Permanently)": "Solved (Permanently)",
        "Solved (Work Around)": "Solved (Work Around)",
        "Not Solved (Not Reproducible)": "Not Solved (Not Reproducible)",
    },
    ("incident", "major_incident_state"): {
        "proposed": "Proposed",
        "accepted": "Accepted",
        "rejected": "Rejected",
        "canceled": "Canceled",
    },
    ("problem", "state"): _PROBLEM_STATES,
    ("problem", "problem_state"): _PROBLEM_STATES,
    ("problem_task", "state"): {"151": "New", "152": "Assess", "154": "Work in Progress", "157": "Closed"},
    ("cmdb_ci", "install_status"): {"1": "Installed", "3": "In Maintenance", "6": "In Stock", "7": "Retired"},
    ("cmdb_ci", "operational_status"): {
        "1": "Operational",
        "2": "Non-Operational",
        "3": "Repair in Progress",
        "4": "DR Standby",
        "5": "Ready",
        "6": "Retired",
    },
    ("kb_knowledge", "workflow_state"): {
        "draft": "Draft",
        "review": "Review",
        "published": "Published",
        "outdated": "Outdated",
        "retired": "Retired",
    },
    ("sn_bcp_plan", "state"): {
        "draft": "Draft",
        "in_review": "In review",
        "pending_approval": "Pending approval",
        "approved": "Approved",
        "archived": "Archived",
    },
    ("cmdb_ci_service", "busines_criticality"): {
        "1 - most critical": "1 - most critical",
        "2 - somewhat critical": "2 - somewhat critical",
        "3 - less critical": "3 - less critical",
        "4 - not critical": "4 - not critical",
    },
}


def of(schema: Schema, table: str, column: str) -> Mapping[str, str]:
    """Labels by value for a column of a table, the nearest definition up its line; empty where it has no choices."""
    for name in schema.line(table):
        found = schema.choices.get((name, column))
        if found is not None:
            return found
    return {}
