"""What the instance wants filled held against what our creates surely fill: each message word for word."""

from __future__ import annotations

import pytest

from sandbox.servicenow.options import Options
from tests.adapters.servicenow.test_servicenow_check import TASK, column


def mandatory(table: str, name: str) -> tuple[str, dict[str, object]]:
    return "change-column", {"table": table, "name": name, "mandatory": True}


FORM = (
    "is mandatory on forms and nothing of ours is sure to fill it: a recovery task is made without it, and people "
    "cannot save it until they fill it in; map a field to it with a default:"
)
FILE = "mappings/servicenow/recovery_task.yaml: fields"
MAPPED, CONDITIONAL = f"{TASK}: fields.x_a", f"{FORM.rpartition(';')[0]}; give it a default: and no when:"
DEMANDS = {
    "mandatory on forms only": (
        "fields: {}",
        [mandatory("incident_task", "cmdb_ci")],
        [f"warning: {FILE}: incident_task.cmdb_ci ('Configuration item') {FORM}"],
    ),
    "mandatory on both tables": (
        "fields: {}",
        [mandatory("task", "cmdb_ci")],
        [
            f"warning: {FILE}: incident_task.cmdb_ci ('Configuration item') {FORM}",
            f"warning: {FILE}: task.cmdb_ci ('Configuration item') {FORM}",
        ],
    ),
    "mandatory and always written": (
        "fields: {}",
        [mandatory("task", "short_description"), mandatory("task", "state")],
        [],
    ),
    "mandatory and filled by a default": (
        "fields: {x_a: {field: contact_type, default: phone, direction: write}}",
        [mandatory("task", "contact_type")],
        [],
    ),
    "mandatory and filled by a default only for some": (
        "fields: {x_a: {field: contact_type, default: phone, direction: write, when: exercise}}",
        [mandatory("incident_task", "contact_type")],
        [
            f"warning: {MAPPED}: incident_task.contact_type ('Contact type') {CONDITIONAL}",
        ],
    ),
    "mandatory and filled by the instance itself": (
        "fields: {}",
        [column("task", "u_source", default="api", mandatory=True)],
        [],
    ),
    "wanted by a data policy": (
        "fields: {}",
        [("require-column", {"table": "incident_task", "column": "cmdb_ci"})],
        [
            (
                f"error: {FILE}: a data policy wants incident_task.cmdb_ci ('Configuration item') filled and nothing of ours "
                "is sure to: each new recovery task is refused; map a field to it with a default:"
            )
        ],
    ),
    "wanted by a data policy under a condition": (
        "fields: {}",
        [("require-column", {"table": "incident_task", "column": "close_notes", "conditions": "state=3^EQ"})],
        [
            (
                f"warning: {FILE}: a data policy wants incident_task.close_notes ('Close notes') filled under a condition "
                "(state=3) and nothing of ours is sure to; map a field to it with a default:"
            )
        ],
    ),
    "wanted by a data policy and computed": (
        "fields: {x_a: {field: contact_type, compute: \"exercise ? 'drill' : 'phone'\", direction: write}}",
        [("require-column", {"table": "incident_task", "column": "contact_type"})],
        [],
    ),
}


@pytest.mark.parametrize(("text", "orders", "told"), DEMANDS.values(), ids=DEMANDS)
def test_what_a_new_task_needs_is_held_against_what_is_written(make, text, orders, told):
    world = make(Options(policy_acl=False), recovery_task=text)
    for path, body in orders:
        world.order(path, **body)

    assert [line for line in world.told() if "recovery_task" in line] == told


def test_a_policy_on_incidents_is_told_as_their_updates_are_refused(make):
    world = make(Options(policy_acl=False))
    world.order("require-column", table="incident", column="cmdb_ci")

    assert world.told() == [
        (
            "warning: mappings/servicenow/incident.yaml: fields: a data policy wants incident.cmdb_ci ('Configuration item') "
            "filled: what we write to an incident that lacks it is refused; see that the desk fills it, or have the policy "
            "spare web services"
        )
    ]


def test_policies_that_cannot_be_seen_are_told(make):
    world = make()
    world.order("require-column", table="incident_task", column="cmdb_ci")

    assert world.told() == [
        (
            "warning: connection desk: Continuity Connector (continuity.integration) cannot see all data policies of these "
            "tables (1 hidden), so that columns which they make mandatory stay unchecked; grant read access to "
            "sys_data_policy2 and sys_data_policy_rule, or look there for what a new task needs"
        )
    ]
