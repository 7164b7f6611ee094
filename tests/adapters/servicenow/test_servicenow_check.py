"""What the live check finds: each with its level, its line, what is wrong and what to do, word for word."""

from __future__ import annotations

import pytest

from adapters.servicenow import inspection
from adapters.servicenow.batch import Answer
from connector.ticketing import Names
from mappings.library import load
from sandbox.servicenow.options import Options

INC, TASK = "mappings/servicenow/incident.yaml:1", "mappings/servicenow/recovery_task.yaml:1"


def column(table: str, name: str, **facts: object) -> tuple[str, dict[str, object]]:
    return "add-column", {"table": table, "name": name, "label": name.removeprefix("u_").capitalize()} | facts


FIELDS = {
    "a column that is not there": (
        "recovery_task",
        "fields: {x_a: {field: u_vendor}}",
        [],
        [
            (
                f"error: {TASK}: fields.x_a: the instance has no column incident_task.u_vendor; add the column to "
                "incident_task, or take the field out of the mapping of recovery_task"
            )
        ],
    ),
    "a column with a slip of the pen": (
        "recovery_task",
        "fields: {x_a: {field: shortdescription, direction: read}}",
        [],
        [
            (
                f"error: {TASK}: fields.x_a: the instance has no column incident_task.shortdescription; did you mean "
                "'short_description'?"
            )
        ],
    ),
    "one that may be lacking": (
        "incident",
        "fields: {x_a: {field: u_vendor, direction: read, optional: true}}",
        [],
        [
            (
                f"warning: {INC}: fields.x_a: the instance has no column incident.u_vendor; add the column to incident, or "
                "take the field out of the mapping of incident"
            )
        ],
    ),
    "one that an admin switched off": (
        "incident",
        "fields: {x_a: {field: u_vip, direction: read}}",
        [column("incident", "u_vip"), ("change-column", {"table": "incident", "name": "u_vip", "active": False})],
        [
            (
                f"error: {INC}: fields.x_a: column incident.u_vip is switched off; switch it on in the dictionary, or map "
                "another column"
            )
        ],
    ),
    "a label that nothing bears": (
        "incident",
        "fields: {x_a: {field: Asignment Group, direction: read}}",
        [],
        [
            (
                f"error: {INC}: fields.x_a: the instance has no column of incident that is called or labelled 'Asignment "
                "Group'; did you mean 'Assignment group'?"
            )
        ],
    ),
    "a label that is only a little like another": (
        "incident",
        "fields: {x_a: {field: Cost centre, direction: read}}",
        [],
        [
            (
                f"error: {INC}: fields.x_a: the instance has no column of incident that is called or labelled 'Cost "
                "centre'; add the column to incident, or take the field out of the mapping of incident"
            )
        ],
    ),
    "a column on a table above": ("incident", "fields: {x_a: {field: u_vip}}", [column("task", "u_vip")], []),
    "a read-only column": (
        "incident",
        "fields: {x_a: {field: u_vip, direction: write}}",
        [column("task", "u_vip"), ("change-column", {"table": "task", "name": "u_vip", "read_only": True})],
        [
            (
                f"warning: {INC}: fields.x_a: column incident.u_vip is read-only; map a writable column, or say direction: "
                "read"
            )
        ],
    ),
    "a column that only this table makes read-only": (
        "incident",
        "fields: {x_a: {field: u_vip, direction: write}}",
        [column("task", "u_vip"), ("change-column", {"table": "incident", "name": "u_vip", "read_only": True})],
        [
            (
                f"warning: {INC}: fields.x_a: column incident.u_vip is read-only; map a writable column, or say direction: "
                "read"
            )
        ],
    ),
    "a read-only column that is only read": (
        "incident",
        "fields: {x_a: {field: sys_created_by, direction: read}}",
        [],
        [],
    ),
    "a dot-walk that is read": (
        "incident",
        "fields: {x_a: {field: caller_id.department.name, direction: read}}",
        [],
        [],
    ),
    "a dot-walk that is written": (
        "incident",
        "fields: {x_a: {field: caller_id.email}}",
        [],
        [
            (
                f"error: {INC}: fields.x_a: caller_id.email stands on another record, which a write to incident does not "
                "reach: its value would be dropped; say direction: read"
            )
        ],
    ),
    "a dot-walk with a wrong second step": (
        "incident",
        "fields: {x_a: {field: caller_id.departmnt, direction: read}}",
        [],
        [f"error: {INC}: fields.x_a: the instance has no column sys_user.departmnt; did you mean 'department'?"],
    ),
    "a dot-walk with a wrong third step": (
        "incident",
        "fields: {x_a: {field: caller_id.department.boss, direction: read}}",
        [],
        [
            (
                f"error: {INC}: fields.x_a: the instance has no column cmn_department.boss; add the column to "
                "cmn_department, or map another"
            )
        ],
    ),
    "a dot-walk over what is no reference": (
        "incident",
        "fields: {x_a: {field: category.name, direction: read}}",
        [],
        [
            (
                f"error: {INC}: fields.x_a: incident.category is no reference, so that category.name leads nowhere; walk on "
                "from a reference, or map the column itself"
            )
        ],
    ),
    "a journal as a field": (
        "recovery_task",
        "fields: {x_a: {field: work_notes, direction: write}}",
        [],
        [
            (
                f"error: {TASK}: fields.x_a: incident_task.work_notes is a journal: each write, and each retry, would add "
                "the text once more; take the field out and say note: work_notes at the top of the file"
            )
        ],
    ),
    "a journal that is read": (
        "incident",
        "fields: {x_a: {field: comments, direction: read}}",
        [],
        [
            (
                f"warning: {INC}: fields.x_a: incident.comments is a journal, which reads as empty; take the field out, or "
                "map another column"
            )
        ],
    ),
    "a column that tasks which outlive their incident lack": (
        "recovery_task",
        "fields: {x_a: {field: u_step}}",
        [column("incident_task", "u_step")],
        [
            (
                f"warning: {TASK}: fields.x_a: the instance has no column task.u_step, and tasks that outlive their incident "
                "stand on task; add it to task, or name another one under lasting_fields:"
            )
        ],
    ),
    "a text that does not fit in": (
        "incident",
        "fields: {recovery_status: {field: u_short}}",
        [column("incident", "u_short", length=40)],
        [
            (
                f"warning: {INC}: fields.recovery_status: incident.u_short takes 40 characters, and recovery_status may have "
                "255: the rest would be cut; make the column longer, or map a longer one"
            )
        ],
    ),
    "a team looked up on another table than its column's": (
        "recovery_task",
        "fields: {assignee: {type: team, field: assigned_to}}",
        [],
        [
            (
                f"warning: {TASK}: fields.assignee: incident_task.assigned_to refers to sys_user, and a team is looked up on "
                "sys_user_group; map a reference to sys_user_group, or say another kind:"
            )
        ],
    ),
    "a service that is a configuration item": (
        "incident",
        "fields: {x_a: {field: business_service, type: reference, kind: ci, part: display_value, direction: read}}",
        [],
        [],
    ),
    "a lookup by a column that there is not": (
        "recovery_task",
        "fields: {assignee: {direction: write, lookup: {by: employee_nr}}}",
        [],
        [
            (
                f"error: {TASK}: fields.assignee.lookup.by: the instance has no column sys_user.employee_nr, by which names "
                "are looked up; did you mean 'employee_number'?"
            )
        ],
    ),
}


@pytest.mark.parametrize("case", FIELDS.values(), ids=FIELDS)
def test_a_field_is_held_against_its_column(make, case):
    record, text, orders, told = case
    world = make(**{record: text})
    for path, body in orders:
        world.order(path, **body)

    assert world.told() == told


def test_a_table_that_is_not_there_is_told_and_the_rest_is_checked(make):
    world = make(recovery_task="table: incident_tsk", incident="fields: {x_a: {field: u_vendor, optional: true}}")

    assert world.told() == [
        (
            "error: mappings/servicenow/recovery_task.yaml: table: the instance has no table 'incident_tsk'; did you mean "
            "'incident'?"
        ),
        (
            f"warning: {INC}: fields.x_a: the instance has no column incident.u_vendor; add the column to incident, or take "
            "the field out of the mapping of incident"
        ),
    ]


def test_a_table_that_knows_no_correlation_is_told(make):
    world = make(review="{table: cmdb_ci_outage, fields: {}}")

    assert (
        "error: mappings/servicenow/review.yaml: table: the instance has no column cmdb_ci_outage.correlation_id, by "
        "which tickets of ours are known again; use a table that extends task"
    ) in world.told()


def test_names_that_a_mapping_writes_itself_are_looked_up(make):
    text = "fields: {team: {default: Night shift, else: {write: Desk of Nobody}}, assignee: {default: priya.dba}}"

    assert make(recovery_task=text).told() == [
        (
            f"warning: {TASK}: fields.team.default: no active group 'Night shift' (or several of that name) on the instance; "
            "create it, or correct the name"
        ),
        (
            f"warning: {TASK}: fields.team.else.write: no active group 'Desk of Nobody' (or several of that name) on the "
            "instance; create it, or correct the name"
        ),
    ]


def test_a_group_that_was_switched_off_is_told(make):
    world = make()
    world.order("change-group", name="Network Operations", active=False)

    assert world.told(Names(teams=("Network Operations", "Database Operations"))) == [
        (
            "warning: connection desk: no active group 'Network Operations' (or several of that name) on the instance; create "
            "it, or correct the name, or its tasks go to 'Service Desk'"
        )
    ]


def test_an_account_without_a_role_that_writes_is_told(make):
    world = make(user="rosa")
    rosa = world.as_admin("sys_user", user_name="rosa", name="Rosa Lind")
    world.as_admin("sys_user_has_role", user=rosa, role=world.as_admin("sys_user_role", name="catalog"))

    assert world.told() == [
        (
            "warning: connection desk: Rosa Lind (rosa) has none of the roles itil, admin, sn_incident_write; grant the "
            "role itil"
        )
    ]


def test_a_table_that_the_account_may_not_read_is_told_with_the_platforms_words():
    refusal = Answer(403, {"error": {"message": "Operation Failed", "detail": "ACL Exception"}, "status": "failure"})

    def ask(inners):
        return {inner.id: refusal if inner.id == "read:problem" else Answer(200, {"result": []}) for inner in inners}

    found = inspection.inspected("desk", load("servicenow"), "rosa", ask, Answer(200, {"result": []}))

    assert [str(problem) for problem in found.problems] == [
        (
            "connection desk: rosa may not read problem (HTTP 403: Operation Failed: ACL Exception); grant read access to "
            "the table, for example by the role itil"
        ),
        (
            "connection desk: the account cannot see tables and columns, so that mappings stay unchecked; grant read "
            "access to sys_db_object, sys_dictionary and sys_choice (role personalize_dictionary)"
        ),
    ]


def test_a_plugin_that_is_not_used_is_not_checked(make):
    text = "fields: {major_state: {field: major_incident_stat, values: {accepted: acepted}}}"

    assert make(settings={"major_incident_management": False}, incident=text).told() == []
    assert len(make(incident=text).told()) == 1


def test_all_that_is_wrong_is_told_at_once(make):
    world = make(
        Options(policy_acl=False),
        recovery_task="fields: {x_a: {field: u_vendor}, x_b: {field: work_notes}}",
        incident="fields: {x_c: {field: u_vip, direction: read}}",
    )
    world.order("require-column", table="task", column="cmdb_ci")
    world.order("change-group", name="Service Desk", active=False)

    assert len([line for line in world.told() if line.startswith("error")]) == 7
