"""Creates held against the instance as it stands now: what would be refused, and what would be lost."""

from __future__ import annotations

import pytest

from connector.ticketing import Names, Write
from sandbox.servicenow.options import Options

VALUES = {"title": "Fail over", "text": "Do it.", "state": "open", "team": "Database Operations", "incident": "a" * 32}


def told(world, **values):
    write = Write("act:t1", "create", "recovery_task", values=VALUES | values)
    return [f"{problem.level}: {problem}" for problem in world.adapter.preflight([write])]


def test_a_task_that_can_be_made_has_no_problems_and_is_not_made(make):
    world = make()

    assert told(world, due_at="2026-03-02T09:00:00+00:00", order=100, priority=1) == []
    assert {path for _, path, _ in world.calls} == {"/v1/batch"}


BROKEN = {
    "a data policy": (
        [("require-column", {"table": "task", "column": "cmdb_ci"})],
        {},
        (
            "error: act:t1: cmdb_ci: a data policy wants incident_task.cmdb_ci ('Configuration item') filled: the ticket would "
            "be refused; map a field to it with a default: (mappings/servicenow/recovery_task.yaml: fields)"
        ),
    ),
    "a data policy on the other table": (
        [("require-column", {"table": "task", "column": "cmdb_ci"})],
        {"lasting": True},
        (
            "error: act:t1: cmdb_ci: a data policy wants task.cmdb_ci ('Configuration item') filled: the ticket would be "
            "refused; map a field to it with a default: (mappings/servicenow/recovery_task.yaml: fields)"
        ),
    ),
    "a choice that is another": (
        [("change-choice", {"table": "incident_task", "column": "state", "value": "1", "to": "11"})],
        {},
        "warning: act:t1: state: incident_task.state offers no choice '1'; use one of: -5, 11, 2, 3, 4, 7",
    ),
    "a column that was made read-only": (
        [("change-column", {"table": "task", "name": "description", "read_only": True})],
        {},
        (
            "warning: act:t1: description: incident_task.description is read-only: 'Do it.' would be dropped; map a writable "
            "column"
        ),
    ),
    "a column that was switched off": (
        [("change-column", {"table": "task", "name": "description", "active": False})],
        {},
        (
            "warning: act:t1: description: the instance has no column incident_task.description: its value would be dropped; "
            "add the column, or take the field out of the mapping"
        ),
    ),
    "a column that was made shorter": (
        [("change-column", {"table": "task", "name": "short_description", "length": 5})],
        {},
        (
            "warning: act:t1: short_description: incident_task.short_description takes 5 characters, and this text has 9: the "
            "rest would be cut; make the column longer, or the text shorter"
        ),
    ),
    "a group that was switched off": (
        [("change-group", {"name": "Database Operations", "active": False})],
        {},
        "warning: act:t1: no group 'Database Operations' on ServiceNow: given to 'Service Desk'; create the group, or correct the plan",
    ),
}


@pytest.mark.parametrize(("orders", "values", "problem"), BROKEN.values(), ids=BROKEN)
def test_what_an_admin_changed_the_day_before_is_told(make, orders, values, problem):
    world = make(Options(policy_acl=False))
    before = told(world, **values)
    for path, body in orders:
        world.order(path, **body)
    world.adapter._lookups._entries.clear()

    assert (before, told(world, **values)) == ([], [problem])


def test_a_data_policy_about_a_column_that_is_mapped_names_its_line(make):
    world = make(Options(policy_acl=False), recovery_task="fields: {x_item: {field: cmdb_ci, direction: write}}")
    world.order("require-column", table="task", column="cmdb_ci")

    assert told(world) == [
        (
            "error: act:t1: cmdb_ci: a data policy wants incident_task.cmdb_ci ('Configuration item') filled: the ticket "
            "would be refused; give it a default: (mappings/servicenow/recovery_task.yaml:1: fields.x_item)"
        )
    ]


def test_policies_that_cannot_be_seen_are_left_to_the_live_check_which_tells_it_once(make):
    world = make()
    world.order("require-column", table="incident_task", column="cmdb_ci")

    hidden = [problem for problem in world.adapter.check(Names()).problems if "data policies" in problem.what]

    assert told(world) == []
    assert len(hidden) == 1


def test_a_value_that_its_column_would_drop_is_told(make):
    world = make(recovery_task="fields: {due_at: {format: '%d.%m.%Y %H:%M:%S'}}")

    assert told(world, due_at="2026-03-02T09:00:00+00:00") == [
        (
            "warning: act:t1: due_date: incident_task.due_date is of type glide_date_time and would drop '02.03.2026 09:00:00'; map "
            "another column, or correct type: and format:"
        )
    ]


def test_a_preflight_of_an_unseen_dictionary_goes_on_with_what_is_known(make):
    world = make()
    for path in ("sys_dictionary", "sys_db_object", "sys_choice"):
        world.fail(path=path, kind="500", inner=True, times=None)

    assert told(world, team="Nobody") == [
        "warning: act:t1: no group 'Nobody' on ServiceNow: given to 'Service Desk'; create the group, or correct the plan"
    ]
