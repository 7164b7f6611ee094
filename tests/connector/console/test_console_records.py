"""How records that are kept in step are listed, for the read API and the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.console.records import Record, listed
from connector.record_merge import Rule
from tests.records_in_step import HOUR, Office


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
        found = {(item["kind"], item["connection"]): item for item in listed(tx)}

    (conflict,) = found["service", "desk"]["conflicts"]
    (taken,) = found["service", "desk"]["taken"]
    assert (conflict["ours"], conflict["ours_said"]) == (3600, "1h")
    assert (conflict["theirs"], conflict["theirs_said"], conflict["since"]) == (7200, "2h", office.now)
    assert (taken["value_said"], taken["in_file_said"]) == ("2", "1")
    assert {"ours_said", "theirs_said"} <= set(Record().fields["conflicts"].inner.schema.fields)
