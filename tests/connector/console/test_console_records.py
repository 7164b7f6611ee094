"""How records that are kept in step are listed and explained, for the read API and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from connector.console.explanation_shapes import Why
from connector.console.records import Record, listed
from connector.evidence import Version
from connector.explanation import plain_data
from connector.explanation.explainer import Explainer
from connector.explanation.ticket_why import TicketWhy
from connector.record_merge import Rule
from connector.store.counterparts import write_key
from connector.why.verdict import FieldWhy
from mappings import library
from tests.records_in_step import HOUR, PAYMENTS, Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office with a conflict over the RTO, and a criticality taken from the desk."""
    made = Office(tmp_path_factory.mktemp("listed"), create=True, changed={"desk": {"rto": Rule(policy="manual")}})
    made.sweep()
    (ticket,) = made["desk"].tickets("service")
    made["desk"].change(ticket.id, rto=2 * 3600, criticality=2)
    made.webhook("desk", ticket.id)
    made.edit(rto=HOUR)
    made.settle()
    yield made
    made.close()


def test_values_are_told_as_they_are_and_as_people_write_them(office: Office) -> None:
    with office.database.begin() as tx:
        found = {(item["kind"], item["connection"]): item for item in listed(tx, office.parts.records.read(tx))}

    (conflict,) = found["service", "desk"]["conflicts"]
    (taken,) = found["service", "desk"]["taken"]
    assert (conflict["ours"], conflict["ours_said"]) == (3600, "1h")
    assert (conflict["theirs"], conflict["theirs_said"], conflict["since"]) == (7200, "2h", office.now)
    assert (taken["value_said"], taken["in_file_said"]) == ("2", "1")
    assert {"ours_said", "theirs_said"} <= set(Record().fields["conflicts"].inner.schema.fields)


def explained(office: Office, connection: str) -> TicketWhy:
    """Explain a service by the mapping that is shipped for services in Jira, as platforms in memory have none."""
    version = Version(0, library.build("jira", {})["service"], library.sourced("jira", "service", ()))
    explainer = Explainer(office.parts.connections, lambda: office.now, _versions={(0, connection, "service"): version})
    with office.database.begin() as tx:
        (place,) = explainer.kept(tx, "service", "payments", connection)
        found = explainer.known(tx, place)
        assert explainer.places(tx, found.number, connection) == [place]
    sent = json.loads(json.dumps(plain_data.as_json(found), default=datetime.isoformat))
    assert Why().validate(sent) == {}
    return found


def fields(found: TicketWhy) -> dict[str, FieldWhy]:
    return {item.name: item for item in found.fields}


def test_a_record_is_explained_as_such_with_both_values_the_last_agreed_and_whose_counts(office: Office) -> None:
    found = explained(office, "desk")
    told = fields(found)

    assert (found.record, found.key, found.why) == ("service", "payments", "conflict")
    assert found.story[0].startswith("It is the service payments, kept in step: conflict since 2026-03-02 09:00Z")
    assert any(line.startswith("Last heard of 2026-03-02 09:00Z: D") for line in found.story)
    assert any(line.startswith("Last write 2026-03-02 09:00Z: W") for line in found.story)
    rto = told["rto"]
    assert (rto.verdict, rto.ours, rto.theirs, rto.agreed) == ("waiting", 3600, 7200, 4 * 3600)
    assert rto.counts == "both sides may change it; where both did, a person decides"
    assert "`continuity settle service payments rto` with --ours or --theirs decides" in rto.reason
    assert (told["criticality"].verdict, told["criticality"].agreed) == ("read", 2)
    assert told["criticality"].reason.endswith("and stands over the file, which says 1")
    assert told["text"].counts == "ours alone"
    assert (told["name"].verdict, told["name"].agreed) == ("written", "Payments")


def test_a_write_that_is_parked_is_told_on_its_field_with_what_to_do(office: Office) -> None:
    office["board"].fail("refuse", key=write_key(office.counterpart("board"), office.counterpart("board").writes))
    office.edit(rpo=2 * HOUR)
    office.settle()
    found = explained(office, "board")
    rpo = fields(found)["rpo"]

    assert (rpo.verdict, rpo.ours, rpo.theirs, rpo.agreed) == ("parked", 7200, 900, 900)
    assert rpo.write is not None
    assert f"mend that, then `continuity replay W{rpo.write.id}`" in rpo.reason
    with office.database.begin() as tx:
        listing = listed(tx, office.parts.records.read(tx), connection="board", state="parked")
    assert [item["problems"][0].startswith(f"W{rpo.write.id} is parked: ") for item in listing] == [True]
    assert found.advice == (f"Mend the cause, then `continuity replay W{rpo.write.id}`.",)


def test_a_name_that_a_platform_gave_to_two_is_taken_and_told(office: Office) -> None:
    office.services["orders"] = replace(PAYMENTS, key="orders", name="Orders", identifiers=())
    office.apply()
    office.settle()
    ticket = office.counterpart("desk", "orders")
    office["desk"].change(ticket.platform_id, name=" payments")
    office.webhook("desk", ticket.platform_id)
    office.settle()

    with office.database.begin() as tx:
        found = {(item["key"], item["connection"]): item for item in listed(tx, office.parts.records.read(tx))}

    assert office.ours("orders")["name"] == " payments"
    told = "the service orders has the same name: rename one, so that people can tell which is meant"
    assert told in found["payments", "board"]["problems"]
    assert told.replace("orders", "payments") in found["orders", "desk"]["problems"]
    assert found["PAY-DR", "desk"]["problems"] == []
    assert any("orders has the same name" in line for line in explained(office, "desk").story)
