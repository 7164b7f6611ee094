"""Files on records: the class on which they hang, rights, and pages that are no file."""

from __future__ import annotations

import io

import pytest

from adapters.servicenow import ClientCredentials, ServiceNow, remarks
from adapters.servicenow.polling import Listing
from connector.ticketing import Refused, Remark, Unavailable, Write
from mappings.library import load
from sandbox.servicenow.options import Options


def made(world, **values):
    (outcome,) = world.adapter.send([Write("act:1", "create", "recovery_task", values={"title": "T"} | values)])
    return outcome.id


def attach(world, ticket, name="failover.log", content=b"fine", adapter=None):
    values = {"file": name, "size": len(content), "type": "text/plain"}
    write = Write("act:f", "attach", "recovery_task", ticket, values=values, content=io.BytesIO(content))
    (outcome,) = (adapter or world.adapter).send([write])
    return outcome


@pytest.mark.parametrize(("lasting", "table"), [(False, "incident_task"), (True, "task")])
def test_a_file_hangs_on_the_class_of_its_record_which_is_asked_for_once(make, lasting, table):
    world = make()
    ticket = made(world, lasting=lasting)
    world.calls.clear()

    outcomes = [attach(world, ticket), attach(world, ticket, "more.log")]

    assert {world.row(outcome.id)["table_name"] for outcome in outcomes} == {table}
    assert len(world.calls) == 3
    assert world.row(ticket)["sys_mod_count"] == "0"


def test_rights_types_and_records_that_lack_are_refused_with_the_platforms_words(make):
    world = make(Options(attachment_rights=frozenset({"read"})))
    typed = make(Options(attachment_extensions=frozenset({"png"})))
    ticket = made(typed)

    assert "ACL Exception" in attach(world, made(world)).reason
    assert "not allowed" in attach(typed, ticket).reason
    assert attach(typed, "0" * 32).reason == "no such record, or the account may not see it"
    assert attach(typed, "INC1").status == "refused"


@pytest.mark.parametrize(
    ("kind", "status"), [("429", "retry"), ("500", "unclear"), ("html_200", "unclear"), ("503_after", "unclear")]
)
def test_the_fate_of_a_file_is_told_as_of_any_write(make, kind, status):
    world = make()
    ticket = made(world)
    world.fail(method="POST", path="/attachment/file", kind=kind)

    outcome = attach(world, ticket)

    assert outcome.status == status
    assert "fine" not in outcome.reason


@pytest.mark.parametrize("kind", ["429", "500", "html_200", "drop_after"])
def test_a_content_that_does_not_come_now_is_asked_for_later(make, kind):
    world = make()
    outcome = attach(world, made(world))
    world.fail(method="GET", path="/attachment", kind=kind)

    with pytest.raises(Unavailable):
        world.adapter.content(Remark("", outcome.id, "attachment", "", None, "failover.log"), io.BytesIO())


def test_a_token_that_runs_out_while_a_file_is_sent_is_fetched_anew(make):
    world = make()
    ticket = made(world)
    auth = ClientCredentials("continuity-client", "sandbox-secret")
    adapter = ServiceNow("desk", world.running.url, auth, load("servicenow"), fallback_team="Service Desk")
    attach(world, ticket, adapter=adapter)
    adapter._rest._auth._token = "revoked"

    outcome = attach(world, ticket, "more.log", b"whole", adapter)

    (file,) = (item for item in adapter.remarks("recovery_task", [ticket]) if item.id == outcome.id)
    into = io.BytesIO()
    adapter.content(file, into)
    assert (outcome.status, file.own, into.getvalue()) == ("done", True, b"whole")
    adapter.close()


def test_an_id_that_is_none_is_asked_for_nowhere(make):
    world = make()

    with pytest.raises(Refused):
        world.adapter.content(Remark("", "../table/sys_user", "attachment", "", None, "x"), io.BytesIO())

    assert world.calls == []


def test_a_picture_in_a_field_is_no_file_that_people_added():
    row = {"table_name": "ZZ_YYincident_task", "table_sys_id": "a" * 32, "sys_id": "b" * 32, "file_name": "photo"}
    listing = Listing("sys_attachment", "", (), remarks.ATTACHMENTS)

    assert remarks.read(load("servicenow")["recovery_task"], [(listing, row)], None) == []
