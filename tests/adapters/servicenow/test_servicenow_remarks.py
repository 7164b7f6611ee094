"""What people wrote, taken from a journal as it is displayed, in whatever format and time zone the account has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from adapters.servicenow import remarks
from adapters.servicenow.polling import Listing
from adapters.servicenow.writes import marker, noted
from connector.ticketing import Unavailable, Write
from mappings.library import load

TASK = load("servicenow")["recovery_task"]
JOURNAL = Listing("task", "", ())
AT = datetime(2026, 3, 2, 9, 30, 5, tzinfo=UTC)


def read(shown, stamp=("2026-03-02 09:31:00", "2026-03-02 09:31:00"), since=None, **columns):
    row = {"sys_id": "a" * 32, "sys_updated_on": {"value": stamp[0], "display_value": stamp[1]}}
    row |= {name: {"value": "", "display_value": text} for name, text in ({"work_notes": shown} | columns).items()}
    return remarks.read(TASK, [(JOURNAL, row)], since)


@pytest.mark.parametrize(
    ("updated", "shown"),
    [
        ("2026-03-02 09:31:00", "2026-03-02 09:30:05"),
        ("02.03.2026 10:31:00", "02.03.2026 10:30:05"),
        ("03/02/2026 04:31:00 AM", "03/02/2026 04:30:05 AM"),
        ("02-03-2026 15.01.00", "02-03-2026 15.00.05"),
        ("2026-03-02 22:31:00", "2026-03-02 22:30:05"),
    ],
)
def test_an_instant_is_understood_in_the_zone_and_format_in_which_the_account_is_shown_it(updated, shown):
    (found,) = read(f"{shown} - Dana Reyes (Work notes)\nOn my way.\n\n", ("2026-03-02 09:31:00", updated))

    assert (found.written_at, found.author, found.text) == (AT, "Dana Reyes", "On my way.")


def test_an_instant_that_could_be_two_is_none_and_is_not_left_out():
    # On the 3rd of March nobody can tell the day from the month.
    text = "02/03/2026 09:30:05 - Dana Reyes (Work notes)\nOn my way.\n\n"

    (found,) = read(text, ("2026-03-03 09:31:00", "03/03/2026 09:31:00"), since=datetime(2026, 3, 3, tzinfo=UTC))

    assert (found.written_at, found.text) == (None, "On my way.")


def test_entries_come_oldest_first_with_all_their_lines_and_what_is_said_twice_is_twice():
    head = "2026-03-02 09:3{}:00 - Dana (Night shift) Reyes (Work notes)\n"
    text = f"{head.format(2)}Done.\n\n{head.format(1)}One - two (three)\n\n - four\n\n\n{head.format(0)}Done.\n\n"

    found = read(text)

    assert [remark.text for remark in found] == ["Done.", "One - two (three)\n\n - four", "Done."]
    assert {remark.author for remark in found} == {"Dana (Night shift) Reyes"}
    assert len({remark.id for remark in found}) == 3


def test_a_remark_keeps_its_id_when_the_author_is_renamed_the_zone_changes_or_more_is_written():
    before = read("2026-03-02 09:30:05 - Dana Reyes (Work notes)\nDone.\n\n")
    text = "02.03.2026 10:40:00 - Tom (Arbeitsnotizen)\nDone.\n\n02.03.2026 10:30:05 - D. Reyes (Arbeitsnotizen)\nDone.\n\n"

    after = read(text, ("2026-03-02 09:41:00", "02.03.2026 10:41:00"))

    assert [remark.id for remark in after][:1] == [before[0].id]


def test_what_customers_are_told_is_read_too_and_in_the_order_of_time():
    notes = "2026-03-02 09:32:00 - Dana Reyes (Work notes)\nSecond\n\n"
    told = "2026-03-02 09:31:00 - Dana Reyes (Additional comments)\nFirst\n\n"

    assert [remark.text for remark in read(notes, comments=told)] == ["First", "Second"]


def test_a_note_of_ours_is_left_out_even_where_what_it_quotes_looks_like_an_entry():
    quoted = "Tom on Jira:\n\n2026-03-02 08:00:00 - Dana Reyes (Work notes)\nNot hers."
    ours = noted(Write("k", "update", "recovery_task", id="a" * 32, note=quoted))

    found = read(f"2026-03-02 09:30:05 - Continuity Connector (Work notes)\n{ours}\n\n")

    assert found == []
    assert ours.endswith(marker("k"))


def test_a_person_signed_in_as_our_account_is_heard():
    found = read("2026-03-02 09:30:05 - Continuity Connector (Work notes)\nI am a person.\n\n")

    assert [remark.text for remark in found] == ["I am a person."]


def test_the_remarks_of_a_hundred_tickets_are_one_call_and_files_change_no_ticket(make):
    world = make()
    writes = [Write(f"act:{n}", "create", "recovery_task", values={"title": "T", "lasting": n < 2}) for n in range(100)]
    made = [outcome.id for outcome in world.adapter.send(writes)]
    before = world.row(made[3])["sys_mod_count"]
    asked = {"table_name": "incident_task", "table_sys_id": made[3], "file_name": "failover.log"}
    url = f"{world.running.url}/api/now/attachment/file"
    kind, auth = {"Content-Type": "text/plain"}, ("dana.desk", "sandbox-password")
    answer = requests.post(url, params=asked, data=b"fine", headers=kind, auth=auth, timeout=5)
    world.calls.clear()

    found = world.adapter.remarks("recovery_task", made, AT)

    assert [(remark.ticket, remark.text, remark.author) for remark in found] == [(made[3], "failover.log", "dana.desk")]
    assert requests.get(found[0].url, auth=("dana.desk", "sandbox-password"), timeout=5).content == b"fine"
    assert len(world.calls) == 1
    assert world.row(made[3])["sys_mod_count"] == before
    assert answer.status_code == 201


def test_files_that_cannot_be_asked_for_are_not_taken_for_none(make):
    world = make()
    (made,) = world.adapter.send([Write("act:1", "create", "recovery_task", values={"title": "T"})])
    world.fail(method="GET", path="/attachment", kind="429", inner=True)

    with pytest.raises(Unavailable, match="attachment"):
        world.adapter.remarks("recovery_task", [made.id])


def test_what_is_no_id_is_not_asked_for(make):
    world = make()

    assert world.adapter.remarks("recovery_task", ["INCTSK0001", ""]) == []
    assert world.calls == []


def test_a_knowledge_article_has_no_journal_and_only_its_files_are_asked_for():
    mapping = load("servicenow")["plan"]

    assert [listing.path for listing in remarks.listings(mapping, ["a" * 32], None)] == [remarks.ATTACHMENTS]
