"""Columns that a mapping names by their labels: found, kept, and told where they cannot be."""

from __future__ import annotations

import requests

from adapters.servicenow.batch import Answer
from adapters.servicenow.binding import KEEP, KEEP_ABSENT, PRESSING, Binding
from connector.ticketing import Watch, Write
from mappings.library import load

OUTAGE = 'fields: {outage_began_at: {field: "Outage start", direction: read, type: datetime}}'
WRITTEN = 'fields: {recovery_status: {field: "Recovery at a glance"}}'
COLUMN = {"table": "task", "name": "u_outage_start", "label": "Outage start", "kind": "glide_date_time"}
GLANCE = {"table": "incident", "name": "u_glance", "label": "Recovery at a glance", "length": 255}


def test_a_label_is_read_from_its_column_also_on_a_table_above(make):
    world = make(incident=OUTAGE)
    world.order("add-column", **COLUMN)
    incident = world.post("incident", u_outage_start="2026-03-02 09:00:00")

    (ticket,) = world.adapter.read("incident", [incident])

    assert ticket.values["outage_began_at"].isoformat() == "2026-03-02T09:00:00+00:00"
    assert ticket.problems == ()


def test_a_label_is_written_to_its_column(make):
    world = make(incident=WRITTEN)
    world.order("add-column", **GLANCE)
    incident = world.post("incident")

    (outcome,) = world.adapter.send([Write("k", "update", "incident", id=incident, values={"recovery_status": "1/3"})])

    assert (outcome.status, outcome.warnings) == ("done", ())
    assert world.row(incident)["u_glance"] == "1/3"


def test_a_label_that_a_child_table_gives_an_inherited_column_is_known(make):
    world = make(incident='fields: {summary: {field: "What happened", direction: read}}')
    world.order("change-column", table="incident", name="short_description", label="What happened")
    incident = world.post("incident", short_description="Payments fail")

    (ticket,) = world.adapter.read("incident", [incident])

    assert ticket.values["summary"] == "Payments fail"


def test_labels_are_asked_for_once_and_not_at_all_where_none_is_named(make):
    labelled, plain = make(incident=OUTAGE), make()
    labelled.order("add-column", **COLUMN)
    for world in (labelled, plain):
        for _ in range(3):
            world.adapter.read("incident", [world.post("incident")])

    assert (len(labelled.calls), len(plain.calls)) == (4, 3)


def test_two_columns_of_one_label_are_told_and_none_is_taken(make):
    world = make(incident=OUTAGE)
    world.order("add-column", **COLUMN)
    world.order("add-column", **COLUMN | {"table": "incident", "name": "u_began"})
    incident = world.post("incident", u_outage_start="2026-03-02 09:00:00", u_began="2026-03-02 10:00:00")

    (ticket,) = world.adapter.read("incident", [incident])

    assert "outage_began_at" not in ticket.values
    assert ticket.problems == (
        (
            "mappings/servicenow/incident.yaml:1: fields.outage_began_at: outage_began_at was not read: 2 columns of incident "
            "are labelled 'Outage start' (u_began, u_outage_start); name the column that you mean"
        ),
    )
    assert (
        "error: mappings/servicenow/incident.yaml:1: fields.outage_began_at: 2 columns of incident are labelled "
        "'Outage start': u_began, u_outage_start; name the one that you mean by its column name"
    ) in world.told()


def test_a_label_that_nothing_bears_is_told_with_the_value_that_was_not_written(make):
    world = make(incident=WRITTEN)
    incident = world.post("incident")
    values = {"recovery_status": "1/3", "recovery_progress": 33}

    (outcome,) = world.adapter.send([Write("k", "update", "incident", id=incident, values=values)])

    assert outcome.warnings == (
        (
            "mappings/servicenow/incident.yaml:1: fields.recovery_status: recovery_status was not written: no column of "
            "incident is labelled 'Recovery at a glance'; name the column that you mean"
        ),
    )
    assert world.row(incident)["u_recovery_progress"] == "33"


def test_a_default_that_was_not_written_is_told_on_a_create_alone(make):
    world = make(recovery_task='fields: {x_a: {field: "Contact by", default: phone, direction: write}}')
    values = {"title": "x", "state": "open", "incident": world.post("incident")}

    (made,) = world.adapter.send([Write("k", "create", "recovery_task", values=values)])
    (changed,) = world.adapter.send([Write("l", "update", "recovery_task", id=made.id, values={"state": "done"})])

    assert [warning.partition(": fields.")[2] for warning in made.warnings] == [
        "x_a: x_a was not written: no column of incident_task is labelled 'Contact by'; name the column that you mean"
    ]
    assert changed.warnings == ()


def test_while_nobody_can_be_asked_the_plain_fields_go_on(make):
    world = make(incident=WRITTEN)
    world.order("add-column", **GLANCE)
    incident = world.post("incident")
    world.fail(path="sys_dictionary", kind="500", inner=True, times=None)
    world.fail(path="sys_documentation", kind="500", inner=True, times=None)
    world.fail(path="sys_db_object", kind="500", inner=True, times=None)
    values = {"recovery_status": "1/3", "recovery_progress": 33}

    (outcome,) = world.adapter.send([Write("k", "update", "incident", id=incident, values=values)])

    assert outcome.status == "done"
    assert world.row(incident)["u_recovery_progress"] == "33"
    assert outcome.warnings == (
        (
            "mappings/servicenow/incident.yaml:1: fields.recovery_status: recovery_status was not written: the instance could "
            "not be asked which column of incident is labelled 'Recovery at a glance'; name the column that you mean"
        ),
    )


def test_a_webhook_is_parsed_with_labels_though_nothing_was_read_before(make):
    world = make(incident=OUTAGE)
    world.order("add-column", **COLUMN)

    ticket = world.adapter.parse({"sys_class_name": "incident", "u_outage_start": "2026-03-02 09:00:00"})

    assert "outage_began_at" in ticket.values


def test_a_label_in_lower_case_is_found_by_the_live_check_and_kept(make):
    world = make(incident="fields: {outage_began_at: {field: outage, direction: read, type: datetime}}")
    world.order("add-column", **COLUMN | {"label": "Outage"})

    assert world.told() == []
    ticket = world.adapter.parse({"sys_class_name": "incident", "u_outage_start": "2026-03-02 09:00:00"})

    assert "outage_began_at" in ticket.values


def test_a_name_that_would_be_a_condition_never_gets_into_a_query(make):
    text = 'fields: {parent: {field: "parent_incident=x^ORactive", direction: read, type: reference}}'
    world = make(incident=text)
    incident = world.post("incident")

    tickets = world.adapter.changed(Watch(None, majors=False, incidents=(incident,)))
    told = world.told()

    assert [ticket.id for ticket in tickets] == [incident]
    assert "ORactive" not in requests.get(f"{world.running.url}/_sandbox/calls", timeout=5).text
    assert told == [
        (
            "error: mappings/servicenow/incident.yaml:1: fields.parent: the instance has no column of incident that is called "
            "or labelled 'parent_incident=x^ORactive'; add the column to incident, or take the field out of the mapping of incident"
        )
    ]


def test_what_columns_are_called_can_be_asked(make):
    world, plain = make(incident=OUTAGE), make()
    world.order("add-column", **COLUMN)

    unasked, asked = world.adapter.field_labels(), world.adapter.field_labels(ask=True)

    assert unasked is None
    assert (asked["u_outage_start"], asked["state"]) == ("Outage start", "state")
    assert plain.adapter.field_labels() == {}


LABELLED = {
    "tables:0": Answer(200, {"result": [{"name": "incident", "super_class.name": "task"}, {"name": "problem"}]}),
    "columns:0": Answer(
        200, {"result": [{"name": "task", "element": "u_outage_start", "column_label": "Outage start"}]}
    ),
}


def bound(tmp_path, clock):
    folder = tmp_path / "mappings" / "servicenow"
    folder.mkdir(parents=True)
    (folder / "incident.yaml").write_text(OUTAGE)
    return Binding(load("servicenow", tmp_path), clock)


def place(binding):
    item = binding.mappings["incident"].named("outage_began_at")
    return item.id if item else None


def test_what_a_label_means_is_kept_for_an_hour_and_outdated_is_better_than_unknown(tmp_path):
    now = [0.0]
    binding = bound(tmp_path, lambda: now[0])
    at_first = (binding.due(), place(binding))
    binding.learn(LABELLED)

    known = (binding.due(), place(binding))
    now[0] = KEEP
    aged = binding.due()
    binding.learn(None)

    assert (at_first, known, aged) == ((True, None), (False, "u_outage_start"), True)
    assert (binding.due(), place(binding)) == (False, "u_outage_start")


def test_after_a_hiccup_a_write_asks_again_sooner_than_a_read(tmp_path):
    now = [0.0]
    binding = bound(tmp_path, lambda: now[0])
    refused = Answer(403, {"error": {"message": "no", "detail": None}})
    binding.learn(LABELLED | {"columns:0": refused})

    now[0] = PRESSING
    asked = (binding.due(), binding.due(pressing=True))
    now[0] = KEEP_ABSENT

    assert (asked, binding.due()) == ((False, True), True)


def test_a_label_that_was_not_found_is_asked_for_again_after_a_minute(tmp_path):
    now = [0.0]
    binding = bound(tmp_path, lambda: now[0])
    binding.learn(LABELLED | {"columns:0": Answer(200, {"result": []})})

    soon = binding.due(pressing=True)
    now[0] = KEEP_ABSENT

    assert (soon, binding.due()) == (False, True)
