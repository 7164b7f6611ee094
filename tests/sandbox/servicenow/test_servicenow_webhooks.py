"""Outgoing webhooks: body, signature, order, and that nothing is ever sent again."""

from __future__ import annotations

import base64
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@pytest.fixture
def told(desk, ear):
    desk.control("webhooks", {"targets": [{"url": ear.url, "secret": SECRET, "style": "standard"}]})
    return desk


def bodies(desk, ear):
    desk.control("webhooks/flush", {})
    return [json.loads(body) for _, body in ear.heard]


def test_an_insert_and_an_update_are_told_with_the_record(told, ear):
    made = told.create("incident", cmdb_ci="payments-db", short_description="down")
    told.patch("incident", made, impact="1", urgency="1")

    first, second = bodies(told, ear)

    assert (first["table"], first["sys_id"], first["operation"]) == ("incident", made["sys_id"], "insert")
    assert (first["sys_mod_count"], second["sys_mod_count"], second["operation"]) == ("0", "1", "update")
    assert first["record"]["cmdb_ci"] == {"value": made["cmdb_ci"]["value"], "display_value": "payments-db"}
    assert first["record"]["parent_incident"] == ""
    assert second["record"]["priority"] == "1"
    assert {type(value) for value in first["record"].values()} == {str, dict}


@pytest.mark.parametrize("table", ["incident", "incident_task", "problem", "problem_task", "task"])
def test_every_kind_of_ticket_is_told(told, ear, table):
    told.create(table)

    assert [body["table"] for body in bodies(told, ear)] == [table]


def test_other_tables_and_empty_changes_are_not_told(told, ear):
    made = told.create("incident")
    told.patch("incident", made, short_description="", u_unknown="1")
    told.create("cmdb_ci_outage", cmdb_ci="payments-db")

    assert len(bodies(told, ear)) == 1


def test_the_signature_is_that_of_standard_webhooks_with_real_time(told, ear):
    told.control("clock", {"now": "2020-01-01T00:00:00Z"})
    told.create("incident", short_description="Zahlung für Kunden gestört")
    told.control("webhooks/flush", {})
    headers, body = ear.heard[0]

    Webhook(SECRET).verify(body, headers)

    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


def test_the_static_style_sends_the_secret_in_a_header(desk, ear):
    desk.control("webhooks", {"targets": [{"url": ear.url, "secret": "shared", "style": "static"}]})
    desk.create("incident")
    desk.control("webhooks/flush", {})

    headers, _ = ear.heard[0]
    assert headers["x-continuity-secret"] == "shared"
    assert "webhook-signature" not in headers


def test_each_event_has_its_own_id(told, ear):
    for _ in range(3):
        told.create("incident")
    told.control("webhooks/flush", {})

    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 3


def test_the_tasks_that_a_closure_closes_are_told_before_the_incident(told, ear):
    incident = told.create("incident")
    told.create("incident_task", incident=incident["sys_id"])
    told.patch("incident", incident, state="7")

    closing = bodies(told, ear)[2:]

    assert [(body["table"], body["record"]["state"]) for body in closing] == [("incident_task", "4"), ("incident", "7")]


def test_a_promotion_into_a_new_incident_tells_both(make_desk, ear):
    desk = make_desk(promote="create_new")
    made = desk.create("incident")
    desk.control("webhooks", {"targets": [{"url": ear.url, "secret": SECRET}]})
    desk.control("promote", {"number": made["number"]})

    new, child = bodies(desk, ear)

    assert (new["operation"], new["record"]["major_incident_state"]) == ("insert", "accepted")
    assert (child["operation"], child["record"]["parent_incident"]["value"]) == ("update", new["sys_id"])


def test_an_effect_whose_answer_is_dropped_is_still_told(told, ear):
    told.control("faults", {"faults": [{"kind": "500_after", "method": "POST"}]})

    assert told.ask("POST", "table/incident", {}).status_code == 500
    assert len(bodies(told, ear)) == 1


def test_a_note_written_alone_is_told_without_its_text(told, ear):
    made = told.create("incident")
    told.patch("incident", made, work_notes="internal")

    assert bodies(told, ear)[1]["record"]["work_notes"] == ""
