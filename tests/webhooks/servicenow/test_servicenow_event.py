"""What ServiceNow's messages say: our fixtures, odd fields, and anything at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhooks.envelope import Envelope, Malformed
from webhooks.servicenow.event import read, reader

FIXTURES = Path(__file__).parents[3] / "webhooks" / "servicenow" / "fixtures"
INCIDENT = "7d1f04c2a95e4b3c8f60b1d2e3a49586"
GOOD = {
    "table": "incident",
    "sys_id": INCIDENT,
    "sys_mod_count": "6",
    "operation": "update",
    "record": {"number": "INC0048213", "state": "2"},
}
# event, number, version, acted on, partial, deleted
OUTCOMES = {
    "incident-inserted": ("incident.insert", "INC0048213", 0, True, False, False),
    "incident-accepted-as-major": ("incident.update", "INC0048213", 6, True, False, False),
    "incident-updated-without-record": ("incident.update", "", 7, True, True, False),
    "incident-deleted": ("incident.delete", "INC0048213", 9, True, False, True),
    "incident-task-closed": ("incident_task.update", "TASK0091577", 3, True, False, False),
    "task-seen-by-a-rule-on-its-parent-table": ("incident_task.update", "TASK0091577", 3, True, False, False),
    "lasting-task-display-values": ("task.insert", "TSK0010442", 3, True, False, False),
    "service-recovery-objective-changed": ("cmdb_ci_service_business.update", "Card payments", 12, True, False, False),
    "knowledge-article-retired": ("kb_knowledge.update", "KB0010417", 4, True, False, False),
    "bcm-plan-inserted": ("sn_bcp_plan.insert", "Card payments: fail over", 0, True, False, False),
    "plans-recovery-task-updated": ("sn_bcp_recovery_task.update", "", 2, True, False, False),
    "plans-asset-updated": ("sn_bcp_plan_asset.update", "Card payments", 1, True, True, False),
    "change-request-updated": ("change_request.update", "CHG0030190", None, False, False, False),
}


def sent(**changes: object) -> Envelope:
    message = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return read({"webhook-id": "msg_7"}, json.dumps(message).encode())


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_each_fixture_has_its_outcome(path):
    envelope = read({"Webhook-Id": "msg_7"}, path.read_bytes())

    assert OUTCOMES[path.stem] == (
        envelope.event,
        envelope.number,
        envelope.version,
        not envelope.ignored,
        envelope.partial,
        envelope.deleted,
    )
    assert envelope.key == "msg_7"
    assert envelope.raw["sys_id"]


def test_a_continuity_record_without_what_says_whether_it_is_in_use_is_read_again():
    record = {"name": "Card payments", "sys_updated_on": "2026-03-02 10:15:42"}

    assert sent(table="cmdb_ci_service", record=record).partial
    assert not sent(table="cmdb_ci_service", record={**record, "install_status": ""}).partial


def test_there_is_a_fixture_for_each_outcome():
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(OUTCOMES)


def test_the_record_is_completed_with_its_table_its_id_and_its_count():
    assert sent().raw == {
        "number": "INC0048213",
        "state": "2",
        "sys_class_name": "incident",
        "sys_id": INCIDENT,
        "sys_mod_count": "6",
    }


def test_the_class_of_the_record_goes_before_the_table_of_the_rule():
    assert sent(table="task", record={"sys_class_name": "incident_task"}).event == "incident_task.update"


def test_a_table_that_is_not_followed_is_ignored_by_name():
    envelope = sent(table="change_request", sys_mod_count=..., sys_id="odd")
    followed = "cmdb_ci_service, cmdb_ci_service_business, cmdb_ci_service_technical, incident, incident_task, "
    followed += "kb_knowledge, problem, sn_bcp_plan, sn_bcp_plan_asset, sn_bcp_recovery_task, task"
    assert envelope.ignored == f"table change_request is not followed (followed: {followed})"
    assert envelope.ticket == ""


def test_a_connection_may_follow_a_table_of_its_own():
    body = json.dumps({**GOOD, "table": "u_recovery_task"}).encode()
    assert reader(["u_recovery_task"])({}, body).ignored == ""


def test_the_count_of_the_record_goes_before_the_one_beside_it():
    assert sent(sys_mod_count="6", record={"sys_mod_count": "8"}).version == 8


def test_a_record_with_a_few_columns_only_has_to_be_read_again():
    whole = {"number": "I", "state": "1", "sys_updated_on": "", "priority": "1", "opened_at": "", "cmdb_ci": ""}
    assert not sent(record=whole).partial
    assert sent(record={name: whole[name] for name in whole if name != "cmdb_ci"}).partial
    assert sent(record=...).partial


def test_an_operation_left_out_means_an_update():
    assert sent(operation=...).event == "incident.update"


def test_without_a_delivery_id_the_body_names_the_delivery():
    body = json.dumps(GOOD).encode()
    assert read({}, body).key == read({}, body).key
    assert read({}, body).key.startswith("sha256:")
    assert read({}, body).key != read({}, body + b" ").key


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"table": ...}, 'table: missing; send current.getTableName(), e.g. "incident"'),
        ({"table": "Incident table"}, "table: found 'Incident table'; send current.getTableName(), e.g. \"incident\""),
        (
            {"operation": "upsert"},
            'operation: found \'upsert\'; send "insert", "update" or "delete" (current.operation())',
        ),
        (
            {"sys_id": ...},
            "sys_id: missing; send the 32 hexadecimal characters of current.getUniqueValue()",
        ),
        (
            {"sys_id": "INC0048213"},
            "sys_id: found 'INC0048213'; send the 32 hexadecimal characters of current.getUniqueValue()",
        ),
        (
            {"sys_mod_count": "many"},
            (
                "sys_mod_count: found 'many'; send the record's sys_mod_count, a whole number: "
                "it tells which of two messages is newer"
            ),
        ),
        ({"record": "INC0048213"}, "record: found 'INC0048213'; send an object of column names and values"),
        (
            {"record": {"sys_id": "0" * 32}},
            f"sys_id: '{INCIDENT}' differs from record.sys_id '{'0' * 32}'; send both of the same record",
        ),
    ],
)
def test_a_message_that_cannot_be_used_says_what_to_send(changes, what):
    with pytest.raises(Malformed) as caught:
        sent(**changes)
    assert caught.value.what == what


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["incident", INCIDENT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "sys_id", "x"]), inner),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "number"], ANYTHING)).map(
            lambda changes: json.dumps({**GOOD, **changes}).encode()
        ),
    )
)
def test_no_body_makes_the_reader_fail_in_another_way_than_malformed(body):
    try:
        envelope = read({}, body)
    except Malformed:
        return
    assert envelope.ignored or len(envelope.ticket) == 32
